/* What fuzz targets share. A target is one file with LLVMFuzzerTestOneInput: it hands what it gets
 * to one reader of recur's and goes on with whatever that accepts. It ends the program where
 * something is wrong. */
#ifndef RECUR_TESTS_FUZZ_H
#define RECUR_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "recur/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A file of these bytes, without a name of its own; the path that opens it. */
struct fuzz_file {
    int descriptor;
    char path[32];
};
struct fuzz_file fuzz_file_make(const uint8_t *bytes, size_t size);
void fuzz_file_end(const struct fuzz_file *file);

/* Ends the program unless the condition holds. */
#define FUZZ_CHECK(condition, ...) ((condition) ? (void)0 : fuzz_broken(__VA_ARGS__))
_Noreturn void fuzz_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A reader that fails says why: a status of its own, and one sentence on one line. */
void fuzz_check_error(enum recur_status status, const recur_error *error);

/* Between these two a reader may have taken at most FUZZ_EXTRA bytes and FUZZ_FACTOR times the
 * input's size (docs/reliability.md), and must have given everything back. With FUZZ_SAYS in the
 * environment fuzz_memory_end says on stderr how much it was, and the above what the sentence is.
 */
enum { FUZZ_EXTRA = 1 << 18, FUZZ_FACTOR = 128 };
ptrdiff_t fuzz_memory_begin(void);
void fuzz_memory_end(ptrdiff_t before, size_t size);

/* The same with another bound, in bytes. */
void fuzz_memory_end_within(ptrdiff_t before, size_t size, size_t allowed);

#endif
