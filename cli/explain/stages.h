/* The stages of the tutorial's way: their names, equations and sources, and what prints each. */
#ifndef RECUR_CLI_EXPLAIN_STAGES_H
#define RECUR_CLI_EXPLAIN_STAGES_H

#include "explain/page.h"

/* All stages in their order, and their titles. */
#define EXPLAIN_STAGE_LIST(STAGE)                                                                  \
    STAGE(lines, "lines", "Lines")                                                                 \
    STAGE(cleaning, "cleaning", "Cleaning")                                                        \
    STAGE(tokens, "tokens", "Tokens")                                                              \
    STAGE(counts, "counts", "Counts")                                                              \
    STAGE(dictionary, "dictionary", "Dictionary")                                                  \
    STAGE(ids, "ids", "Ids")                                                                       \
    STAGE(one_hot, "one-hot", "One-hot vectors")                                                   \
    STAGE(minibatches, "minibatches", "Minibatches X and Y")                                       \
    STAGE(network, "network", "The network's parameters")                                          \
    STAGE(shapes, "shapes", "Shapes on the way")                                                   \
    STAGE(step, "step", "One time step")                                                           \
    STAGE(state, "state", "The hidden state H")                                                    \
    STAGE(logits, "logits", "Logits and probabilities")                                            \
    STAGE(loss, "loss", "The loss")                                                                \
    STAGE(gradients, "gradients", "Gradients back through time")                                   \
    STAGE(clipping, "clipping", "Clipping")                                                        \
    STAGE(update, "update", "The update")                                                          \
    STAGE(training, "training", "Training")                                                        \
    STAGE(prediction, "prediction", "Prediction")

#define EXPLAIN_DECLARE_STAGE(id, name, title) void explain_print_##id(const struct page *page);
EXPLAIN_STAGE_LIST(EXPLAIN_DECLARE_STAGE)

struct explain_stage {
    const char *name, *title;
    void (*print)(const struct page *page);
};

/* Stage number `index`, from 0 up; NULL after the last. */
const struct explain_stage *explain_stage(size_t index);

/* Its equations, a line each, "" where there is none, and the file that computes it. */
const char *explain_stage_equation(const struct explain *explain, const char *name);
const char *explain_stage_source(const struct explain *explain, const char *name);

/* Whether there are stages of a cell. */
bool explain_knows_cell(enum recur_cell cell);

/* The names of a cell's gates, as docs/math.md has them. */
const char *explain_gate_name(const struct explain *explain, size_t gate);

#endif
