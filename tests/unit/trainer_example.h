/* Small models, corpora and trainers. Include cmocka first. */
#ifndef RECUR_TESTS_TRAINER_EXAMPLE_H
#define RECUR_TESTS_TRAINER_EXAMPLE_H

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "recur/trainer.h"

enum { VOCABULARY = 12, TOKENS_MAX = 1000 };

static inline recur_model *make_model(enum recur_cell cell, size_t layers, size_t hidden,
                                      float dropout)
{
    const size_t widths[] = {hidden, hidden / 2 + 1};
    recur_model *model;
    recur_model_config config = recur_model_config_default();
    config.cell = cell;
    config.layers = layers;
    config.hidden = widths;
    config.vocabulary = VOCABULARY;
    config.dropout = dropout;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

/* A text that repeats itself every `period` tokens; 0: random tokens of so many. */
static inline recur_corpus *make_corpus_of(size_t vocabulary, size_t tokens, size_t period)
{
    int32_t ids[TOKENS_MAX];
    recur_corpus *corpus;
    struct recur_rng rng;
    recur_rng_seed(&rng, 8, 0);
    for (size_t i = 0; i < tokens; i++)
        ids[i] = (int32_t)(period ? 1 + i % period : recur_rng_below(&rng, vocabulary));
    assert_int_equal(recur_corpus_from_ids(ids, tokens, vocabulary, &corpus, NULL), RECUR_OK);
    return corpus;
}

static inline recur_corpus *make_corpus(size_t tokens, size_t period)
{
    return make_corpus_of(VOCABULARY, tokens, period);
}

static inline recur_trainer_config small_config(void)
{
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = 4;
    config.steps = 6;
    config.validation = 0;
    config.threads = 1;
    config.lr = 0.02f;
    return config;
}

static inline void release(recur_trainer *trainer, recur_corpus *corpus, recur_model *model)
{
    recur_trainer_free(trainer);
    recur_corpus_free(corpus);
    recur_model_free(model);
}

static inline recur_trainer *make_trainer(recur_model *model, const recur_corpus *corpus,
                                          const recur_trainer_config *config)
{
    recur_trainer *trainer;
    recur_error error;
    if (recur_trainer_create(model, corpus, config, &trainer, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    return trainer;
}

/* All parameters, one tensor after the other; free() them. */
static inline float *parameters_of(const recur_model *model)
{
    float *values = malloc(recur_model_parameters(model) * sizeof *values), *end = values;
    assert_non_null(values);
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info info = recur_model_tensor(model, i);
        recur_model_get_tensor(model, i, end);
        end += info.shape[0] * info.shape[1];
    }
    assert_int_equal(end - values, recur_model_parameters(model));
    return values;
}

static inline void assert_parameters(const recur_model *model, const float *wanted)
{
    float *values = parameters_of(model);
    assert_memory_equal(values, wanted, recur_model_parameters(model) * sizeof *values);
    free(values);
}

#endif
