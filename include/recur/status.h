/* recur/status.h - how every function of recur reports a failure.
 *
 * A function that can fail returns a recur_status and takes, as its last parameter, an optional
 * recur_error that receives one sentence for a person: what, expected, got, where.
 *
 *     recur_model *model;
 *     recur_error error;
 *     if (recur_model_load(path, &model, &error) != RECUR_OK) {
 *         fprintf(stderr, "stream_text: %s\n", error.message);
 *         return 1;
 *     }
 *
 * On failure output parameters are left untouched unless their comment says otherwise, and what the
 * function had allocated is released. A recur_error belongs to the caller and is written on failure
 * only. Comments list a function's errors by the second half of their names: MEMORY stands for
 * RECUR_ERROR_MEMORY.
 *
 * A callback (recur_text_fn and others) reports failures to the library in the same way. Its first
 * parameter is the caller's `user`, its last a recur_error, which is never NULL there. RECUR_OK
 * goes on. RECUR_STOP ends the work without a failure: the function that called the callback
 * returns RECUR_OK. Any other status ends the work as a failure with that status and with the
 * message that the callback wrote to the error; if it wrote none, a sentence says so. */
#ifndef RECUR_STATUS_H
#define RECUR_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "recur/api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a function came to. */
enum recur_status {
    RECUR_OK = 0,            /* all is well */
    RECUR_ERROR_ARGUMENT,    /* a value that the function does not accept */
    RECUR_ERROR_MEMORY,      /* memory could not be had */
    RECUR_ERROR_FILE,        /* a file could not be opened, read or written */
    RECUR_ERROR_FORMAT,      /* a file's contents are not what they should be */
    RECUR_ERROR_DATA,        /* a text is empty or too short for what is asked */
    RECUR_ERROR_DIVERGED,    /* numbers are no longer finite: training went astray, or weights
                                are too large to compute with */
    RECUR_ERROR_UNSUPPORTED, /* valid, but this build or version cannot do it */
    RECUR_STOP,              /* what a function that is called back returns when it has enough; no
                                function of the library returns it */
    RECUR_ERROR_DEVICE,      /* a GPU is not there, cannot be used, or failed */
};

/* Why a function failed. */
typedef struct recur_error {
    enum recur_status status; /* what the function returned */
    char message[512];        /* one sentence without a full stop, UTF-8, always terminated */
} recur_error;

/* A short English name of a status, "out of memory" for instance; static storage. Any other number
 * is an "unknown status". */
RECUR_API const char *recur_status_name(enum recur_status status);

/* Text as recur_show makes it, terminated. */
typedef struct recur_printable {
    char text[512];
} recur_printable;

/* Bytes of any origin (a file's name, an option's value, a token) as they may stand in a sentence
 * and on a terminal: UTF-8 that does nothing but show. Control characters, those that turn the
 * direction of writing and bytes that are no UTF-8 become \n, \t, \r, \x1B or \u202E; characters of
 * `also` (ASCII, may be NULL) get a backslash before them. What has more than `most` characters, or
 * more than fit, ends in an ellipsis. Messages of the library have been through it. */
RECUR_API recur_printable recur_show(const char *bytes, size_t size, size_t most, const char *also);

/* The plural ending of a noun after a number, for sentences: "%zu token%s". */
static inline const char *recur_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

#ifdef __cplusplus
}
#endif

#endif
