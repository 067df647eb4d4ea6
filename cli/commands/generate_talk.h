/* recur generate -i: continues one text after the other, with one state. */
#ifndef RECUR_CLI_COMMANDS_GENERATE_TALK_H
#define RECUR_CLI_COMMANDS_GENERATE_TALK_H

#include <stdbool.h>

#include "common/command.h"
#include "recur/generate.h"

struct talk_config {
    const char *prompt; /* the first text; "" for none */
    size_t count;       /* tokens to make after each text */
    const recur_sampler_config *sampling;
    bool shows_texts; /* before their continuations, where nobody typed them */
};

/* Reads texts from standard input, line by line, and continues each until its end. Returns the exit
 * status. */
int recur_generate_talk(const struct command *command, recur_stepper *stepper,
                        const struct talk_config *config);

#endif
