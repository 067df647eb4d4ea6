#include "recur/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "infer/detokenizer.h"
#include "nn/model_object.h"

/* Models that read one text, each with a session of its own. */
struct voices {
    recur_stepper *const *steppers;
    size_t count, vocabulary;
    recur_session **session; /* (count) */
    double *sum;             /* (V) probabilities; NULL where there is one model */
    float *logits;           /* (V) likewise */
    float *masked;           /* (V) of the first token */
};

static enum recur_status open_voices(struct voices *voices, recur_error *error)
{
    size_t count = voices->count;
    const char *what = "a session";
    RECUR_TRY(recur_alloc(count, sizeof *voices->session, what, &voices->session, error));
    RECUR_TRY(
        recur_alloc(voices->vocabulary, sizeof *voices->masked, what, &voices->masked, error));
    for (size_t m = 0; m < count; m++)
        RECUR_TRY(recur_session_create(recur_stepper_model(voices->steppers[m]),
                                       &voices->session[m], error));
    if (count == 1)
        return RECUR_OK;
    RECUR_TRY(recur_alloc(voices->vocabulary, sizeof *voices->sum, what, &voices->sum, error));
    return recur_alloc(voices->vocabulary, sizeof *voices->logits, what, &voices->logits, error);
}

static void close_voices(struct voices *voices)
{
    for (size_t m = 0; voices->session && m < voices->count; m++)
        recur_session_free(voices->session[m]);
    free(voices->session);
    free(voices->sum);
    free(voices->logits);
    free(voices->masked);
}

/* Adds a model's probabilities to the sum. */
static void add_probabilities(struct voices *voices, const float *logits)
{
    double top = (double)logits[0], total = 0;
    for (size_t v = 1; v < voices->vocabulary; v++)
        top = (double)logits[v] > top ? (double)logits[v] : top;
    for (size_t v = 0; v < voices->vocabulary; v++)
        total += exp((double)logits[v] - top);
    for (size_t v = 0; v < voices->vocabulary; v++)
        voices->sum[v] += exp((double)logits[v] - top) / total;
}

/* Feeds a token to all; returns the logits of the next one. */
static const float *feed(struct voices *voices, int32_t id)
{
    if (voices->count == 1)
        return recur_stepper_feed(voices->steppers[0], voices->session[0], id);
    memset(voices->sum, 0, voices->vocabulary * sizeof *voices->sum);
    for (size_t m = 0; m < voices->count; m++)
        add_probabilities(voices, recur_stepper_feed(voices->steppers[m], voices->session[m], id));
    for (size_t v = 0; v < voices->vocabulary; v++)
        voices->logits[v] = (float)log(voices->sum[v] / (double)voices->count);
    return voices->logits;
}

/* Makes up to `count` tokens; *made becomes their number. */
static enum recur_status write_tokens(struct voices *voices, recur_sampler *sampler,
                                      const float *logits, size_t count,
                                      recur_detokenizer *detokenizer, recur_text_fn *text,
                                      void *user, size_t *made, recur_error *error)
{
    while (logits && *made < count) {
        int32_t id = recur_sample(sampler, logits);
        if (!isfinite(logits[id]))
            return recur_fail_overflow("a logit", error);
        ++*made;
        RECUR_TRY(recur_detokenizer_write(detokenizer, id, text, user, error));
        if (*made < count)
            logits = feed(voices, id);
    }
    return recur_detokenizer_finish(detokenizer, text, user, error);
}

/* Continues a prompt with the voices' steppers. */
static enum recur_status generate(struct voices *voices, const char *prompt, size_t prompt_size,
                                  size_t count, const recur_sampler_config *sampling,
                                  recur_text_fn *text, void *user, recur_generation *generation,
                                  recur_error *error)
{
    const recur_model *model = recur_stepper_model(voices->steppers[0]);
    const recur_vocab *vocab = recur_model_vocab(model);
    RECUR_TRY(recur_check_writes(model, error));
    recur_generation done = {0};
    recur_sampler *sampler = NULL;
    recur_detokenizer *detokenizer = NULL;
    recur_prompt read = {0};
    enum recur_status status;
    RECUR_TRY_GOTO(recur_sampler_create(sampling, recur_vocab_size(vocab),
                                        recur_vocab_reserved(vocab), &sampler, error),
                   cleanup);
    voices->vocabulary = recur_vocab_size(vocab);
    RECUR_TRY_GOTO(open_voices(voices, error), cleanup);
    RECUR_TRY_GOTO(recur_detokenizer_create(vocab, prompt, prompt_size, &detokenizer, error),
                   cleanup);
    RECUR_TRY_GOTO(recur_prompt_encode(vocab, prompt, prompt_size, &read, error), cleanup);
    const float *logits = NULL;
    for (size_t i = 0; i < read.count; i++)
        logits = feed(voices, read.ids[i]);
    if (logits) /* there is always a token */
        logits = recur_prompt_mask(vocab, prompt, prompt_size, logits, voices->masked);
    recur_sampler_read(sampler, read.ids, read.tokens);
    done.prompt_tokens = read.tokens;
    done.prompt_unknown = read.unknown;
    status =
        write_tokens(voices, sampler, logits, count, detokenizer, text, user, &done.tokens, error);
    if (status == RECUR_STOP)
        status = RECUR_OK;
    if (status == RECUR_OK && generation)
        *generation = done;
cleanup:
    free(read.ids);
    recur_detokenizer_free(detokenizer);
    close_voices(voices);
    recur_sampler_free(sampler);
    return status;
}

enum recur_status recur_generate_on(recur_stepper *stepper, const char *prompt, size_t prompt_size,
                                    size_t count, const recur_sampler_config *sampling,
                                    recur_text_fn *text, void *user, recur_generation *generation,
                                    recur_error *error)
{
    struct voices voices = {.steppers = &stepper, .count = 1};
    return generate(&voices, prompt, prompt_size, count, sampling, text, user, generation, error);
}

enum recur_status recur_generate_ensemble(recur_stepper *const *steppers, size_t stepper_count,
                                          const char *prompt, size_t prompt_size, size_t count,
                                          const recur_sampler_config *sampling, recur_text_fn *text,
                                          void *user, recur_generation *generation,
                                          recur_error *error)
{
    struct voices voices = {.steppers = steppers, .count = stepper_count};
    const recur_model **models;
    RECUR_TRY(recur_alloc(stepper_count, sizeof *models, "a list of models", &models, error));
    for (size_t m = 0; m < stepper_count; m++)
        models[m] = recur_stepper_model(steppers[m]);
    enum recur_status status = recur_model_check_together(models, stepper_count, error);
    free(models);
    if (status != RECUR_OK)
        return status;
    return generate(&voices, prompt, prompt_size, count, sampling, text, user, generation, error);
}

enum recur_status recur_generate(const recur_model *model, const char *prompt, size_t prompt_size,
                                 size_t count, const recur_sampler_config *sampling,
                                 recur_text_fn *text, void *user, recur_generation *generation,
                                 recur_error *error)
{
    recur_stepper *stepper;
    RECUR_TRY(recur_check_writes(model, error));
    RECUR_TRY(recur_stepper_create(model, 1, 1, &stepper, error));
    enum recur_status status = recur_generate_on(stepper, prompt, prompt_size, count, sampling,
                                                 text, user, generation, error);
    recur_stepper_free(stepper);
    return status;
}
