/* A program of somebody else's, in C and in C++ alike: every header, and a small loop. */
#include <recur/api.h>
#include <recur/batches.h>
#include <recur/convert.h>
#include <recur/corpus.h>
#include <recur/evaluate.h>
#include <recur/features.h>
#include <recur/fill.h>
#include <recur/generate.h>
#include <recur/machine.h>
#include <recur/model.h>
#include <recur/recur.h>
#include <recur/sample_text.h>
#include <recur/session.h>
#include <recur/status.h>
#include <recur/text.h>
#include <recur/trainer.h>
#include <recur/vocab.h>

#include <stdio.h>

static enum recur_status train(recur_model *model, const recur_corpus *corpus, recur_error *error)
{
    recur_trainer_config config = recur_trainer_config_default();
    recur_trainer *trainer;
    recur_step step;
    config.batch = 2;
    config.steps = 4;
    config.threads = 1;
    enum recur_status status = recur_trainer_create(model, corpus, &config, &trainer, error);
    if (status != RECUR_OK)
        return status;
    for (int i = 0; i < 3 && status == RECUR_OK; i++)
        status = recur_trainer_step(trainer, &step, error);
    recur_trainer_free(trainer);
    return status;
}

static enum recur_status write_text(const recur_model *model, recur_error *error)
{
    recur_session *session = NULL;
    recur_stepper *stepper = NULL;
    recur_sampler *sampler = NULL;
    recur_vocab *vocab = recur_model_vocab(model);
    enum recur_status status = recur_session_create(model, &session, error);
    if (status == RECUR_OK)
        status = recur_stepper_create(model, 1, 1, &stepper, error);
    if (status == RECUR_OK)
        status = recur_sampler_create(NULL, recur_vocab_size(vocab), 0, &sampler, error);
    int32_t id = RECUR_UNKNOWN;
    for (int i = 0; i < 10 && status == RECUR_OK; i++)
        id = recur_sample(sampler, recur_stepper_feed(stepper, session, id));
    if (status == RECUR_OK)
        printf("recur %s wrote, token %d the last\n", recur_version(), id > 0);
    recur_sampler_free(sampler);
    recur_stepper_free(stepper);
    recur_session_free(session);
    return status;
}

int main(void)
{
    recur_error error;
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = NULL;
    recur_model *model = NULL;
    size_t size;
    const char *story = recur_sample_text(&size);
    enum recur_status status =
        recur_corpus_build_memory(story, size, NULL, &corpus, &vocab, &error);
    if (status == RECUR_OK)
        status = recur_model_create(NULL, vocab, &model, &error);
    if (status == RECUR_OK)
        status = train(model, corpus, &error);
    if (status == RECUR_OK)
        status = write_text(model, &error);
    if (status != RECUR_OK)
        fprintf(stderr, "%s\n", error.message);
    recur_model_free(model);
    recur_vocab_free(vocab);
    recur_corpus_free(corpus);
    return status == RECUR_OK ? 0 : 1;
}
