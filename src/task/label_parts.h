/* The parts that a network with labels has besides its layers. Some are networks of their own over
 * the same parameters. */
#ifndef RECUR_TASK_LABEL_PARTS_H
#define RECUR_TASK_LABEL_PARTS_H

#include "nn/network.h"

/* A word's case is so many numbers that the layers read; one of them is 1, the others 0
 * (data/words.h). */
#define RECUR_WORD_CASES 7

struct recur_label_parts {
    struct recur_network *chars; /* tag: reads a word's characters in both directions; NULL:
                                    nothing does */
    struct recur_network *head;  /* classify: has no layer; reads a text's pooled states */
    size_t crf_start, crf_end;   /* (K) scores of first and last labels; or RECUR_NO_TENSOR */
    size_t crf_transitions;      /* (K, K): of label j, the column, after label i */
};

static inline const struct recur_label_parts *recur_label_parts(const struct recur_network *network)
{
    return network->parts;
}

/* Gives the network an empty set of parts. Errors: MEMORY. */
enum recur_status recur_label_parts_create(struct recur_network *network,
                                           struct recur_label_parts **parts, recur_error *error);

/* Gives the table of parameters to every part, once all tensors are in it. */
void recur_label_parts_share(struct recur_network *network);

/* For `release` of struct recur_task_kind. */
void recur_label_parts_release(struct recur_network *network);

/* The checks that all tasks with labels share. The first runs before a task's own checks, the
 * second after them, so that of several mistakes always the same one is reported. Errors:
 * ARGUMENT. */
enum recur_status recur_label_check(const recur_model_config *config, recur_error *error);
enum recur_status recur_label_check_sizes(const recur_model_config *config, recur_error *error);

/* What such tasks refuse; `what` they label is "words" or "texts". */
#define RECUR_LABEL_REFUSALS(what)                                                                 \
    {                                                                                              \
        .numbers = "labels no tokens",                                                             \
        .tokens =                                                                                  \
            "the model labels " what " and predicts no tokens: recur predict puts it to use",      \
        .fill = "a model that labels " what " does not fill blanks; recur predict puts it to use", \
        .quantization = "a model that labels cannot be quantised: language models can be, and "    \
                        "models that fill blanks",                                                 \
        .format = "the model labels " what ": its labels and its parts are what",                  \
    }

#endif
