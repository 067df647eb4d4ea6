/* How functions fail: they fill in the caller's error and return the status. */
#ifndef RECUR_BASE_ERROR_H
#define RECUR_BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "recur/status.h"

/* Writes the sentence to `error` (which may be NULL) and returns `status`. This is a macro, so that
 * compilers and analysers see in the caller that the status is not RECUR_OK. */
#define recur_fail(error, status, ...) (recur_error_write(error, status, __VA_ARGS__), (status))

void recur_error_write(recur_error *error, enum recur_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* MEMORY with the usual sentence: "out of memory: 1234 bytes for WHAT". */
enum recur_status recur_fail_memory(recur_error *error, size_t bytes, const char *what);

/* How many characters of a file's name, or of any other word from outside, a sentence shows. */
#define RECUR_NAME_SHOWN 200
#define RECUR_WORD_SHOWN 60

/* A file's name for a sentence: recur_fail(..., "cannot read %s", recur_show_name(path).text). An
 * empty one is "". */
recur_printable recur_show_name(const char *name);

/* Checks what a function of the caller's returned (recur/status.h), which got an error of its own,
 * {0} before. Where the function failed, its sentence goes to `error`, or a sentence that says that
 * it left none. */
enum recur_status recur_called_back(enum recur_status status, const recur_error *own,
                                    recur_error *error);

/* Whether a terminal obeys a character instead of showing it, so that recur_show escapes it: a
 * control character or one that turns the direction of writing. Whether a text has one of these, or
 * bytes that are not UTF-8. */
bool recur_code_acts(uint32_t code);
bool recur_text_acts(const char *bytes, size_t size);

/* Puts "PREFIX: " before a sentence that is already there. */
void recur_error_prefix(recur_error *error, const char *prefix);

/* Returns from the calling function with a status that is not RECUR_OK. */
#define RECUR_TRY(call)                                                                            \
    do {                                                                                           \
        enum recur_status recur_try_status = (call);                                               \
        if (recur_try_status != RECUR_OK)                                                          \
            return recur_try_status;                                                               \
    } while (0)

/* The same in functions that release what they hold at `label`, with `status` in scope. */
#define RECUR_TRY_GOTO(call, label)                                                                \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != RECUR_OK)                                                                    \
            goto label;                                                                            \
    } while (0)

#endif
