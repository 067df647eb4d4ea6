/* generate --stop: a text before which a continuation ends. */
#ifndef RECUR_CLI_COMMANDS_GENERATE_STOP_H
#define RECUR_CLI_COMMANDS_GENERATE_STOP_H

#include "common/need.h"
#include "common/text_out.h"

struct stop {
    const char *text; /* NULL: nothing stops */
    struct text_sink *sink;
    struct grown_text kept; /* what may be the beginning of the text */
};

/* A recur_text_fn with a struct stop: hands on what stands before the text, then stops. */
enum recur_status recur_stop_put(void *user, const char *bytes, size_t size, recur_error *error);

/* Hands on what was kept, once there is no more, and frees it. */
void recur_stop_end(struct stop *stop);

#endif
