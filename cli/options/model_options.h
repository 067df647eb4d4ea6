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

/* The same for commands in which several models predict together. */
#define MODELS_ROW(settings, field)                                                                \
    {                                                                                              \
        .kind = OPTION_TEXTS, .letter = 'm', .name = "model", .metavar = "MODEL",                  \
        .at = offsetof(settings, field), .shown = STANDARD_MODEL,                                  \
        .help = "the model's file, - for standard input; repeat it for several models of one "     \
                "vocabulary, which predict together by the mean of their probabilities"            \
    }

/* The first of them. */
static inline const char *recur_model_name(const struct text_list *models)
{
    return models->count ? models->items[0] : STANDARD_MODEL;
}

/* The row of --threads, for commands whose result does not depend on the number of threads. */
#define THREADS_ROW(settings, field)                                                               \
    {                                                                                              \
        .kind = OPTION_COUNT, .name = "threads", .metavar = "N", .at = offsetof(settings, field),  \
        .least = 1, .most = 1024, .shown = "all cores",                                            \
        .help = "threads to compute with; the result is the same with any number"                  \
    }

/* A setting of how a model learns from the text that it reads. */
#define LEARNING_ROW(settings, field, option)                                                      \
    {                                                                                              \
        .kind = OPTION_FIELD, .name = option, .at = offsetof(settings, field),                     \
        .fields = recur_dynamic_field, .help = ""                                                  \
    }

/* The row of --device, for commands that read many steps at once. */
#define DEVICE_ROW(settings, field)                                                                \
    {                                                                                              \
        .kind = OPTION_CHOICE, .name = "device", .metavar = "NAME",                                \
        .at = offsetof(settings, field), .choices = "auto|cpu|cuda", .standard = "cpu",            \
        .help = "what computes: cuda is an NVIDIA GPU, auto the GPU where there is one that can, " \
                "else the cpu"                                                                     \
    }

#endif
