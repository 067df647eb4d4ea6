#define _GNU_SOURCE /* memmem */
#include "commands/generate_stop.h"

#include <stdlib.h>
#include <string.h>

/* How many of the last bytes are the beginning of the text. */
static size_t begun(const struct grown_text *kept, const char *text)
{
    size_t length = strlen(text) - 1;
    length = length < kept->size ? length : kept->size;
    while (length > 0 && memcmp(kept->bytes + kept->size - length, text, length) != 0)
        length--;
    return length;
}

enum recur_status recur_stop_put(void *user, const char *bytes, size_t size, recur_error *error)
{
    struct stop *stop = user;
    struct grown_text *kept = &stop->kept;
    if (!stop->text)
        return recur_text_sink_put(stop->sink, bytes, size, error);
    enum recur_status status = recur_grow_text(kept, bytes, size, "a continuation", error);
    if (status != RECUR_OK)
        return status;
    const char *found = memmem(kept->bytes, kept->size, stop->text, strlen(stop->text));
    size_t left = found ? 0 : begun(kept, stop->text);
    size_t ready = found ? (size_t)(found - kept->bytes) : kept->size - left;
    if (ready > 0)
        status = recur_text_sink_put(stop->sink, kept->bytes, ready, error);
    memmove(kept->bytes, kept->bytes + kept->size - left, left);
    kept->size = left;
    return status == RECUR_OK && found ? RECUR_STOP : status;
}

void recur_stop_end(struct stop *stop)
{
    recur_error error;
    if (stop->kept.size > 0)
        recur_text_sink_put(stop->sink, stop->kept.bytes, stop->kept.size, &error);
    free(stop->kept.bytes);
    stop->kept = (struct grown_text){0};
}
