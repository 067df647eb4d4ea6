/* Rows of options that commands with a model share. */
#ifndef RECUR_CLI_OPTIONS_MODEL_OPTIONS_H
#define RECUR_CLI_OPTIONS_MODEL_OPTIONS_H

#include "common/output.h"
#include "options/options.h"

/* The row of --model. */
#define MODEL_ROW(settings, field)                                                                 \
    {                                                                                              \
        .kind = OPTION_FILE, .letter = 'm', .name = "model", .metavar = "MODEL",                   \
        .at = offsetof(settings, field), .standard = STANDARD_MODEL,                               \
        .help = "the model's file, - for standard input"                                           \
    }

/* The row of --threads, for commands whose result does not depend on the number of threads. */
#define THREADS_ROW(settings, field)                                                               \
    {                                                                                              \
        .kind = OPTION_COUNT, .name = "threads", .metavar = "N", .at = offsetof(settings, field),  \
        .least = 1, .most = 1024, .shown = "all cores",                                            \
        .help = "threads to compute with; the result is the same with any number"                  \
    }

#endif
