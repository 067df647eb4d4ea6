/* The inside of recur_model, for the rooms that run it. */
#ifndef RECUR_NN_MODEL_OBJECT_H
#define RECUR_NN_MODEL_OBJECT_H

#include "nn/network.h"

struct recur_model {
    recur_model_config config; /* its `hidden` is the model's own copy */
    size_t *hidden;
    recur_vocab *vocab; /* NULL where the model has none */
    const struct recur_kernels *kernels;
    struct recur_network network;
    real *parameters; /* flat, as network.params says */
    recur_epoch *history;
    size_t history_count, history_capacity;
};

/* DIVERGED: `what` came out as no number. Every parameter is finite, sums of them need not be. */
enum recur_status recur_fail_overflow(const char *what, recur_error *error);

#endif
