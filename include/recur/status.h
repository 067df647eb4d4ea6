/* recur/status.h - how every function of recur reports a failure.
 *
 * A function that can fail returns a recur_status and takes, as its last parameter, an optional
 * recur_error that receives one sentence for a person: what, expected, got, where.
 *
 *     recur_error error;
 *     if (recur_model_load("model.safetensors", &model, &error) != RECUR_OK)
 *         fprintf(stderr, "%s\n", error.message);
 *
 * On failure output parameters are left untouched unless their comment says otherwise. Wherever a
 * function takes a config, NULL means the defaults. The functions recur_KIND_name, which give an
 * enumeration's values the names that command line and model files use, answer "unknown" to any
 * other number, and functions that are handed one fail with ARGUMENT. */
#ifndef RECUR_STATUS_H
#define RECUR_STATUS_H

#include <stddef.h>

#include "recur/api.h"

#ifdef __cplusplus
extern "C" {
#endif

enum recur_status {
    RECUR_OK = 0,
    RECUR_ERROR_ARGUMENT,    /* a value that the function does not accept */
    RECUR_ERROR_MEMORY,      /* memory could not be had */
    RECUR_ERROR_FILE,        /* a file could not be opened, read or written */
    RECUR_ERROR_FORMAT,      /* a file's contents are not what they should be */
    RECUR_ERROR_DATA,        /* a text is empty or too short for what is asked */
    RECUR_ERROR_DIVERGED,    /* the training loss is no longer finite */
    RECUR_ERROR_UNSUPPORTED, /* valid, but this build or version cannot do it */
};

typedef struct recur_error {
    enum recur_status status;
    char message[512]; /* one sentence without a full stop, UTF-8, always terminated */
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

#ifdef __cplusplus
}
#endif

#endif
