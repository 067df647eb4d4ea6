/* The inside of recur_model, for the rooms that run it. */
#ifndef RECUR_NN_MODEL_OBJECT_H
#define RECUR_NN_MODEL_OBJECT_H

#include "nn/network.h"

struct recur_model {
    recur_model_config config; /* its `hidden` is the model's own copy */
    size_t *hidden;
    recur_vocab *vocab; /* NULL where the model has none, as those below */
    recur_vocab *labels, *characters;
    const struct recur_kernels *kernels;
    struct recur_network network;
    real *parameters; /* flat, as network.params says */
    recur_epoch *history;
    size_t history_count, history_capacity;
};

/* The vocabularies of a model, which it shares; NULL: none. */
struct recur_model_vocabs {
    recur_vocab *tokens, *labels, *characters;
};

/* recur_model_create with all of them; their sizes take the place of the configuration's. */
enum recur_status recur_model_create_vocabs(const recur_model_config *config,
                                            const struct recur_model_vocabs *vocabs,
                                            recur_model **model, recur_error *error);

/* UNSUPPORTED for a model that labels, or one that reads numbers in place of tokens. */
enum recur_status recur_model_check_tokens(const recur_model *model, recur_error *error);

#endif
