#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

const char *recur_version(void)
{
    return RECUR_VERSION;
}

int recur_version_number(void)
{
    return RECUR_VERSION_NUMBER;
}

const char *recur_status_name(enum recur_status status)
{
    switch (status) {
    case RECUR_OK: return "ok";
    case RECUR_ERROR_ARGUMENT: return "invalid argument";
    case RECUR_ERROR_MEMORY: return "out of memory";
    case RECUR_ERROR_FILE: return "file error";
    case RECUR_ERROR_FORMAT: return "invalid file";
    case RECUR_ERROR_DATA: return "unsuitable text";
    case RECUR_ERROR_DIVERGED: return "training diverged";
    case RECUR_ERROR_UNSUPPORTED: return "not supported";
    case RECUR_STOP: return "stopped";
    case RECUR_ERROR_DEVICE: return "GPU error";
    }
    return "unknown status";
}

/* A sentence may quote a file or its name. */
static void put(recur_error *error, const char *sentence)
{
    recur_printable shown = recur_show(sentence, strlen(sentence), SIZE_MAX, NULL);
    static_assert(sizeof shown.text == sizeof error->message, "any sentence fits");
    memcpy(error->message, shown.text, sizeof error->message);
}

void recur_error_write(recur_error *error, enum recur_status status, const char *format, ...)
{
    if (!error)
        return;
    char sentence[2 * sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    put(error, sentence);
    error->status = status;
}

enum recur_status recur_fail_memory(recur_error *error, size_t bytes, const char *what)
{
    return recur_fail(error, RECUR_ERROR_MEMORY, "out of memory: %zu byte%s for %s", bytes,
                      recur_plural(bytes), what);
}

enum recur_status recur_called_back(enum recur_status status, const recur_error *own,
                                    recur_error *error)
{
    if (status == RECUR_OK || status == RECUR_STOP)
        return status;
    if (!*own->message)
        return recur_fail(error, status,
                          "a function that was called back failed without a word: %s",
                          recur_status_name(status));
    return recur_fail(error, status, "%s", own->message);
}

void recur_error_prefix(recur_error *error, const char *prefix)
{
    if (!error)
        return;
    char sentence[2 * sizeof error->message];
    snprintf(sentence, sizeof sentence, "%s: %s", prefix, error->message);
    put(error, sentence);
}
