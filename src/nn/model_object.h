/* The contents of recur_model, for the rooms that run it. */
#ifndef RECUR_NN_MODEL_OBJECT_H
#define RECUR_NN_MODEL_OBJECT_H

#include "nn/network.h"
#include "recur/training.h"

/* Where a model comes from (nn/origin.h). */
struct recur_origin_object {
    recur_origin shown; /* points to what follows */
    recur_trainer_config settings;
    char *text, *command;
    recur_ancestor *ancestor; /* their texts are copies */
    size_t ancestors, room;
};

/* Where a model is computed (nn/placement.h). */
struct recur_placement {
    const struct recur_backend *backend;
    struct recur_gpu *gpu; /* that the backend computes with, held; NULL: it is the CPU's */
    char why[512];         /* why `auto` chose the CPU where there is a GPU, a sentence; else "" */
};

struct recur_model {
    recur_model_config config; /* its `hidden` is the model's own copy */
    size_t *hidden;
    recur_vocab *vocab; /* NULL where the model has none; the same holds for the next two */
    recur_vocab *labels, *characters;
    struct recur_placement place;        /* which backend computes with the model */
    const struct recur_kernels *kernels; /* of the CPU: its instruction set */
    struct recur_network network;
    uint64_t changes; /* how often a caller has set tensors */
    real *parameters; /* flat, as network.params says; a leader has newer ones: call
                         recur_model_sync before you read them */
    const struct recur_learner *leader; /* NULL: none */
    enum recur_quantization quantization;
    recur_epoch *history;
    size_t history_count, history_capacity;
    struct recur_origin_object origin;
    recur_progress_fn *watch; /* NULL: nobody watches */
    void *watch_user;
};

/* Tells whoever watches how far the work is. */
static inline void recur_model_tell(const struct recur_model *model, size_t done, size_t total)
{
    if (model->watch)
        model->watch(model->watch_user, done, total);
}

/* Has tensors [first, first + count) up to date in `parameters`, or all of them. Where the GPU
 * fails they are worth nothing (recur_model_check_device). */
void recur_model_sync(const recur_model *model, size_t first, size_t count);
void recur_model_sync_all(const recur_model *model);

/* What a model is made with besides its configuration. */
struct recur_model_vocabs {
    recur_vocab *tokens, *labels, *characters; /* the model shares them; NULL: there are none */
    bool blank; /* its parameters stay 0, because all of them are about to be read */
};

/* recur_model_create with all vocabularies; their sizes replace those of the configuration. */
enum recur_status recur_model_create_vocabs(const recur_model_config *config,
                                            const struct recur_model_vocabs *vocabs,
                                            recur_model **model, recur_error *error);

/* UNSUPPORTED for a model that labels, or one that reads numbers in place of tokens. */
enum recur_status recur_model_check_tokens(const recur_model *model, recur_error *error);

/* Fails with DIVERGED: `what` is not finite. Every parameter is finite, but sums of them need not
 * be. */
enum recur_status recur_fail_overflow(const char *what, recur_error *error);

/* ARGUMENT where a text has a larger vocabulary than the model: `size` entries. */
enum recur_status recur_model_check_vocabulary(const recur_model *model, size_t size,
                                               recur_error *error);

/* ARGUMENT where models cannot predict together: there are none, or they have different
 * vocabularies. */
enum recur_status recur_model_check_together(const recur_model *const *models, size_t count,
                                             recur_error *error);

/* UNSUPPORTED for a quantised model. */
enum recur_status recur_model_check_trains(const recur_model *model, recur_error *error);

/* Bytes of a number in the model's file, and of a weight in a product. */
size_t recur_model_number_bytes(const recur_model *model);

/* Whether parameter number `index` is a weight that activations are multiplied with. */
bool recur_network_multiplies(const struct recur_network *network, size_t index);

#endif
