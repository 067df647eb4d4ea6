/* Recognises the kind of a file by its first bytes: one table for all readers of texts,
 * vocabularies, labels, models and checkpoints. */
#ifndef RECUR_BASE_KIND_H
#define RECUR_BASE_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* How many bytes of a file suffice to recognise it; fewer bytes recognise fewer kinds. */
#define RECUR_KIND_BYTES ((size_t)16 << 10)

enum recur_packing { RECUR_PACKING_NONE, RECUR_PACKING_GZIP, RECUR_PACKING_XZ, RECUR_PACKING_ZSTD };

struct recur_kind {
    const char *what;           /* "a PDF document" */
    bool text;                  /* may be read as a text: */
    bool guess;                 /* by what its bytes are in the mean, not by a mark */
    enum recur_packing packing; /* once it is unpacked, */
    const char *encoding;       /* or converted from this (NULL: it is UTF-8) */
    const char *for_text;       /* what to do where a text is wanted, */
    const char *for_model;      /* and where a model is; NULL of both: nobody knows */
};

/* The kind of a file that begins with these bytes; NULL where it is unknown. `whole`: the file ends
 * there too. */
const struct recur_kind *recur_kind_of(const unsigned char *bytes, size_t size, bool whole);

/* Whether a model that recur_model_load can read begins with these bytes: safetensors. */
bool recur_kind_is_model(const struct recur_kind *kind);

bool recur_kind_is_onnx(const struct recur_kind *kind);

/* FORMAT: "not `wanted` but a PDF document: ADVICE", and for unknown kinds "not `wanted`:
 * `unknown`". The sentence does not name the file. */
enum recur_status recur_kind_refuse_model(const struct recur_kind *kind, const char *wanted,
                                          const char *unknown, recur_error *error);

/* FORMAT where the file is no text; the sentence says so without the file's name. An `encoding`
 * (may be NULL) that the user names overrides guesses. Bytes that were `unpacked` are not unpacked
 * again. */
enum recur_status recur_kind_check_text(const struct recur_kind *kind, const char *encoding,
                                        bool unpacked, recur_error *error);

#endif
