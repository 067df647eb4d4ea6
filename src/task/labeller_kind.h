/* What differs between models that label words and models that label texts, and what both use. */
#ifndef RECUR_TASK_LABELLER_KIND_H
#define RECUR_TASK_LABELLER_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct recur_engine;
struct recur_label_set;
struct recur_labeller;
struct recur_labeller_room;
struct recur_minibatch;
struct recur_network;

struct recur_labeller_kind {
    bool words; /* each word of a sentence has a label; else a text has one */
    /* Plans the parts; a minibatch has at most `cells` sequences times steps. */
    enum recur_status (*init)(struct recur_labeller *l, const struct recur_label_set *set,
                              const struct recur_labeller_room *room, size_t cells,
                              recur_error *error);
    /* Loads the rest of a minibatch; NULL: there is none. */
    void (*load)(struct recur_labeller *l, const struct recur_label_set *set,
                 const size_t *members);
    /* The work of recur_labeller_learn and recur_labeller_predict. */
    enum recur_status (*learn)(struct recur_labeller *l, uint64_t minibatch, double *loss,
                               recur_error *error);
    enum recur_status (*predict)(struct recur_labeller *l, recur_error *error);
};

extern const struct recur_labeller_kind recur_word_labeller, recur_text_labeller;

/* Allocates an array (count, width) with room for whole panels, because kernels work on whole
 * panels. Errors: MEMORY. */
enum recur_status recur_labeller_alloc(size_t count, size_t width, float **floats,
                                       recur_error *error);

/* Plans an engine for one part of the model; it shares the learner with the other parts. Errors:
 * MEMORY. */
enum recur_status recur_labeller_plan(const struct recur_labeller *l,
                                      const struct recur_network *network,
                                      const struct recur_labeller_room *room, size_t batch,
                                      size_t steps, size_t rows, struct recur_engine **engine,
                                      recur_error *error);

/* What the layers read of the minibatch; the caller adds targets where they learn a softmax. */
struct recur_minibatch recur_labeller_input(const struct recur_labeller *l, bool drops,
                                            uint64_t minibatch);

#endif
