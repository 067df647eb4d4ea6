/* Unpacks compressed bytes, a block at a time: gzip, xz and zstd, whose libraries are loaded by the
 * first file that needs them. */
#ifndef RECUR_BASE_UNPACK_H
#define RECUR_BASE_UNPACK_H

#include "base/kind.h"

struct recur_unpacker;

/* Input and output; a step advances both. */
struct recur_unpack_step {
    const unsigned char *in;
    size_t in_size;
    bool in_end; /* there is no more than that */
    unsigned char *out;
    size_t out_size;
};

/* Errors: MEMORY, UNSUPPORTED where this build or machine lacks the library. Sentences do not name
 * the file. */
enum recur_status recur_unpacker_create(enum recur_packing packing,
                                        struct recur_unpacker **unpacker, recur_error *error);
void recur_unpacker_free(struct recur_unpacker *unpacker); /* NULL is fine */

/* Continues while there is input to read and room to write; sets `*end` where the packed data are
 * complete. Errors: FORMAT for data that are damaged or cut off, UNSUPPORTED where unpacking would
 * take more than RECUR_UNPACK_MEMORY, MEMORY. */
enum recur_status recur_unpacker_step(struct recur_unpacker *unpacker,
                                      struct recur_unpack_step *step, bool *end,
                                      recur_error *error);

/* What xz -9 and zstd --ultra -22 need, with their own windows. */
#define RECUR_UNPACK_MEMORY ((size_t)144 << 20)

#endif
