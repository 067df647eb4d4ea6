/* What tests of the GPU's backend need: the stand-in as the GPU, and small trainings on it. Include
 * cmocka first. */
#ifndef RECUR_TESTS_GPU_WORK_H
#define RECUR_TESTS_GPU_WORK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/cuda_engine.h"
#include "recur/checkpoint.h"
#include "recur/machine.h"
#include "recur/trainer.h"

enum { VOCABULARY = 20, TOKENS = 500, UPDATES_MOST = 20 };

/* A training: a model's and a run's settings. */
struct training {
    enum recur_cell cell;
    size_t layers, hidden;
    bool both; /* fills in, with both directions */
    enum recur_optimizer optimizer;
    enum recur_precision precision;
    float dropout, momentum;
    size_t embedding, batch, steps;
};

static inline recur_corpus *gpu_corpus(void)
{
    static int32_t ids[TOKENS];
    recur_corpus *corpus;
    uint32_t x = 12345;
    for (size_t i = 0; i < TOKENS; i++) {
        x = x * 1664525U + 1013904223U;
        ids[i] = i % 7 ? (ids[i - 1] * 3 + 1) % VOCABULARY : (int32_t)((x >> 16) % VOCABULARY);
    }
    assert_int_equal(recur_corpus_from_ids(ids, TOKENS, VOCABULARY, &corpus, NULL), RECUR_OK);
    return corpus;
}

static inline recur_model *gpu_model(const struct training *training)
{
    const size_t hidden[] = {training->hidden, training->hidden + 3};
    recur_model_config config = recur_model_config_default();
    recur_model *model;
    config.task = training->both ? RECUR_TASK_FILL : RECUR_TASK_LM;
    config.bidirectional = training->both;
    config.cell = training->cell;
    config.layers = training->layers;
    config.hidden = hidden;
    config.vocabulary = VOCABULARY;
    config.embedding = training->embedding;
    config.dropout = training->dropout;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static inline recur_trainer *gpu_trainer(const struct training *training, recur_model *model,
                                         const recur_corpus *corpus, enum recur_device device)
{
    recur_trainer_config config = recur_trainer_config_default();
    recur_error error = {0};
    recur_trainer *trainer;
    config.batch = training->batch ? training->batch : 4;
    config.steps = training->steps ? training->steps : 5;
    config.optimizer = training->optimizer;
    config.precision = training->precision;
    config.momentum = training->momentum;
    config.weight_decay = training->optimizer == RECUR_OPTIMIZER_ADAMW ? 0.01F : 0;
    config.lr = training->optimizer == RECUR_OPTIMIZER_SGD ? 0.5F : 0.005F;
    config.validation = 0;
    config.threads = 1;
    config.device = device;
    if (recur_trainer_create(model, corpus, &config, &trainer, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    assert_int_equal(recur_model_device(model).device, device);
    return trainer;
}

/* The losses of the next updates. */
static inline void gpu_steps(recur_trainer *trainer, size_t updates, double *losses)
{
    recur_error error = {0};
    for (size_t i = 0; i < updates; i++) {
        recur_step step;
        if (recur_trainer_step(trainer, &step, &error) != RECUR_OK)
            fail_msg("%s", error.message);
        losses[i] = step.loss;
    }
}

/* All parameters, one behind the other; free() them. */
static inline float *gpu_parameters(const recur_model *model)
{
    float *values = malloc(recur_model_parameters(model) * sizeof *values), *to = values;
    assert_non_null(values);
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info info = recur_model_tensor(model, i);
        recur_model_get_tensor(model, i, to);
        to += info.shape[0] * info.shape[1];
    }
    return values;
}

/* A whole training; the parameters at its end, to be freed. */
static inline float *gpu_train(const struct training *training, enum recur_device device,
                               size_t updates, double *losses)
{
    recur_corpus *corpus = gpu_corpus();
    recur_model *model = gpu_model(training);
    recur_trainer *trainer = gpu_trainer(training, model, corpus, device);
    gpu_steps(trainer, updates, losses);
    float *parameters = gpu_parameters(model);
    recur_trainer_free(trainer);
    recur_model_free(model);
    recur_corpus_free(corpus);
    return parameters;
}

#endif
