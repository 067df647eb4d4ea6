/* The safetensors format: named arrays in one file (docs/formats.md#safetensors). */
#ifndef RECUR_IO_SAFETENSORS_H
#define RECUR_IO_SAFETENSORS_H

#include <stdbool.h>

#include "base/files.h"
#include "io/numbers.h"
#include "json/json.h"

#define RECUR_SAFETENSORS_MAX_RANK 8

struct recur_safetensor {
    const char *name;
    const char *dtype;        /* spelled as in the file: "F32", "I64", ... */
    enum recur_number number; /* type of a tensor that is to be written; F32 unless it is set */
    size_t rank;              /* 0: a scalar */
    size_t shape[RECUR_SAFETENSORS_MAX_RANK];
    size_t begin, end; /* its bytes in the file's data */
    bool taken;        /* recur_safetensors_take was called for it */
};

/* A file's metadata: strings with names; no name occurs twice. */
struct recur_metadata {
    struct recur_property {
        const char *key, *value;
    } * properties;
    size_t count;
};

/* The value of a key; NULL where there is none. */
const char *recur_metadata_find(const struct recur_metadata *metadata, const char *key);

struct recur_safetensors {
    struct recur_safetensor *tensors; /* sorted by name */
    size_t count;
    unsigned char *data;
    size_t bytes;       /* size of the data */
    recur_json *header; /* holds the names and the metadata's strings */
    struct recur_metadata metadata;
};

/* Reads and checks a whole file; release it with recur_safetensors_free. Errors: FILE, MEMORY,
 * FORMAT, UNSUPPORTED (a tensor of too many dimensions). */
enum recur_status recur_safetensors_load(const char *path, struct recur_safetensors *file,
                                         recur_error *error);
/* The same from a stream, which stays open. */
enum recur_status recur_safetensors_read(FILE *stream, const char *path,
                                         struct recur_safetensors *file, recur_error *error);
void recur_safetensors_free(struct recur_safetensors *file);

/* Finds a tensor; NULL where the file has none of that name. */
const struct recur_safetensor *recur_safetensors_find(const struct recur_safetensors *file,
                                                      const char *name);

/* The same, but also remembers that the tensor was asked for. */
const struct recur_safetensor *recur_safetensors_take(struct recur_safetensors *file,
                                                      const char *name);
/* Takes every tensor whose name begins with `prefix`. */
void recur_safetensors_take_all(struct recur_safetensors *file, const char *prefix);
/* FORMAT where a tensor was never taken; the sentence does not name the file. */
enum recur_status recur_safetensors_check_taken(const struct recur_safetensors *file,
                                                recur_error *error);

/* Copies a tensor's values, row-major, as floats; `values` has room for all of them. F32, F64, F16
 * and BF16 are read. Errors: UNSUPPORTED for other types; the sentence does not name the file. */
enum recur_status recur_safetensors_get_f32(const struct recur_safetensors *file,
                                            const struct recur_safetensor *tensor, float *values,
                                            recur_error *error);
/* The same of a tensor of type I8. */
enum recur_status recur_safetensors_get_i8(const struct recur_safetensors *file,
                                           const struct recur_safetensor *tensor, float *values,
                                           recur_error *error);

/* Writing: first the header, then the tensors' values in the order in which they were declared.
 *
 *     recur_safetensors_create(path, tensors, count, metadata, &writer, error);
 *     recur_safetensors_put_f32(&writer, values, n, error);     for each tensor, whole or in parts
 *     recur_safetensors_commit(&writer, error);                 or recur_safetensors_discard
 *
 * The file appears whole or not at all (base/files.h). */
struct recur_safetensors_writer {
    struct recur_output output;
    size_t left; /* bytes of data that are still to be written */
};

/* Creates the file. `tensors` need name, number, rank and shape only; names and metadata are UTF-8.
 * `metadata` may be NULL. Errors of the three functions: FILE, MEMORY, UNSUPPORTED (a header over
 * the format's limit). */
enum recur_status recur_safetensors_create(const char *path, const struct recur_safetensor *tensors,
                                           size_t count, const struct recur_metadata *metadata,
                                           struct recur_safetensors_writer *writer,
                                           recur_error *error);
enum recur_status recur_safetensors_put_f32(struct recur_safetensors_writer *writer,
                                            const float *values, size_t count, recur_error *error);
/* The same for a tensor of another type, whose numbers the values are. */
enum recur_status recur_safetensors_put(struct recur_safetensors_writer *writer,
                                        enum recur_number number, const float *values, size_t count,
                                        recur_error *error);
/* Finishes the file; releases the writer, also on failure. */
enum recur_status recur_safetensors_commit(struct recur_safetensors_writer *writer,
                                           recur_error *error);
void recur_safetensors_discard(struct recur_safetensors_writer *writer);

#endif
