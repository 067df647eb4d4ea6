#include "base/error.h"

#include <stdarg.h>
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
    }
    return "unknown status";
}

/* A sentence may quote a file: control characters become ?, a character cut at the end goes. */
static void tidy(char *sentence)
{
    size_t length = strlen(sentence), start = length;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)sentence[i] < ' ' || sentence[i] == 0x7f)
            sentence[i] = '?';
    while (start > 0 && ((unsigned char)sentence[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)sentence[start - 1];
    size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (bytes > length - start + 1)
        sentence[start - 1] = '\0';
}

void recur_error_write(recur_error *error, enum recur_status status, const char *format, ...)
{
    if (!error)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    tidy(error->message);
    error->status = status;
}

enum recur_status recur_fail_memory(recur_error *error, size_t bytes, const char *what)
{
    return recur_fail(error, RECUR_ERROR_MEMORY, "out of memory: %zu bytes for %s", bytes, what);
}

void recur_error_prefix(recur_error *error, const char *prefix)
{
    if (!error)
        return;
    char sentence[sizeof error->message];
    snprintf(sentence, sizeof sentence, "%s: ", prefix);
    strncat(sentence, error->message, sizeof sentence - strlen(sentence) - 1);
    tidy(sentence);
    memcpy(error->message, sentence, sizeof sentence);
}
