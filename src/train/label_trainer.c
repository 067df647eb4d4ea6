/* Runs of labelled data: what differs from a run of text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/memory.h"
#include "base/rng.h"
#include "eval/scores.h"
#include "recur/buckets.h"
#include "task/labeller.h"
#include "train/trainer_object.h"

struct recur_label_run {
    struct recur_label_set set;
    const recur_labels *valid; /* NULL: none */
    recur_buckets *buckets;
    struct recur_labeller labeller;
    size_t tokens; /* of this epoch so far */
};

static enum recur_status create_buckets(struct recur_label_run *run,
                                        const recur_trainer_config *config, recur_error *error)
{
    size_t count = recur_labels_count(run->set.data), *lengths;
    recur_buckets_config buckets = recur_buckets_config_default();
    buckets.batch = config->batch;
    buckets.seed = config->seed;
    buckets.tokens = recur_labeller_tokens(run->set.model);
    RECUR_TRY(recur_alloc(count, sizeof *lengths, "the lengths", &lengths, error));
    for (size_t i = 0; i < count; i++)
        lengths[i] = recur_labels_length(run->set.data, i);
    enum recur_status status = recur_buckets_create(lengths, count, &buckets, &run->buckets, error);
    free(lengths);
    return status;
}

/* Whether any sequence has a loss: with a CRF whole sentences alone have one. */
static bool has_loss(const recur_model *model, const struct recur_label_set *set)
{
    bool crf = model->config.decoder == RECUR_DECODER_CRF, found = false;
    for (size_t i = 0; i < recur_labels_count(set->data) && !found; i++) {
        size_t count = recur_label_set_labels(set, i), known = 0;
        for (size_t t = 0; t < count; t++)
            known += recur_label_set_label(set, i, t) >= 0;
        found = crf ? count && known == count : known > 0;
    }
    return found;
}

/* The best epoch is chosen by what is held out. */
static enum recur_status check_valid(const recur_model *model, const recur_labels *valid,
                                     recur_error *error)
{
    struct recur_label_set set;
    enum recur_status status = recur_label_set_init(&set, model, valid, error);
    bool found = status == RECUR_OK && has_loss(model, &set);
    recur_label_set_free(&set);
    if (status == RECUR_OK && !found)
        return recur_fail(error, RECUR_ERROR_DATA,
                          "no held-out %s has labels that are among those to train on",
                          model->config.decoder == RECUR_DECODER_CRF ? "sentence" : "sequence");
    return status;
}

static enum recur_status fill_in(recur_trainer *trainer, const recur_labels *train,
                                 const recur_labels *valid, recur_error *error)
{
    struct recur_label_run *run = trainer->run;
    const recur_trainer_config *config = &trainer->config;
    RECUR_TRY(recur_trainer_check(config, error));
    RECUR_TRY(recur_label_set_init(&run->set, trainer->model, train, error));
    if (valid)
        RECUR_TRY(check_valid(trainer->model, valid, error));
    run->valid = valid;
    if (recur_labels_count(train) && !has_loss(trainer->model, &run->set))
        return recur_fail(error, RECUR_ERROR_DATA, "there is not one label to learn from");
    RECUR_TRY(create_buckets(run, config, error));
    RECUR_TRY(recur_trainer_prepare(trainer, recur_buckets_most_tokens(run->buckets), error));
    size_t count = recur_labels_count(train);
    const struct recur_labeller_room room = {
        .batch = config->batch < count ? config->batch : count,
        .steps = recur_buckets_longest(run->buckets),
        .tokens = recur_buckets_most_tokens(run->buckets),
        .seed = config->seed,
        .precision = config->precision,
    };
    trainer->train_tokens = recur_labels_tokens(train);
    trainer->valid_tokens = valid ? recur_labels_tokens(valid) + !recur_labels_tokens(valid) : 0;
    RECUR_TRY(recur_labeller_init(&run->labeller, trainer->model, &run->set, &room, trainer->team,
                                  trainer->learner, error));
    return recur_trainer_list_tensors(trainer, error);
}

static void free_run(recur_trainer *trainer)
{
    struct recur_label_run *run = trainer->run;
    recur_label_set_free(&run->set);
    recur_buckets_free(run->buckets);
    recur_labeller_free(&run->labeller);
}

static size_t start(recur_trainer *trainer, uint64_t epoch)
{
    struct recur_label_run *run = trainer->run;
    run->tokens = 0;
    return recur_buckets_start(run->buckets, epoch);
}

/* The members of the next minibatch, whose tokens count. */
static size_t draw(struct recur_label_run *run, const size_t **members)
{
    size_t count = recur_buckets_next(run->buckets, members);
    for (size_t i = 0; i < count; i++)
        run->tokens += recur_labels_length(run->set.data, (*members)[i]);
    return count;
}

static void skip(recur_trainer *trainer, size_t count)
{
    const size_t *members;
    while (count-- > 0)
        draw(trainer->run, &members);
}

static bool next(recur_trainer *trainer)
{
    struct recur_label_run *run = trainer->run;
    const size_t *members;
    size_t count = draw(run, &members);
    if (!count)
        return false;
    recur_labeller_load(&run->labeller, &run->set, members, count, trainer->config.seed,
                        trainer->updates);
    return true;
}

static size_t tokens(const recur_trainer *trainer)
{
    return ((const struct recur_label_run *)trainer->run)->tokens;
}

static enum recur_status learn(recur_trainer *trainer, recur_error *error)
{
    struct recur_label_run *run = trainer->run;
    RECUR_TRY(recur_labeller_learn(&run->labeller, trainer->updates, &trainer->loss, error));
    if (!isfinite(trainer->loss))
        return RECUR_OK;
    const struct recur_learning how = {.lr = trainer->lr, .number = trainer->updates + 1};
    return trainer->backend->update(trainer->learner, &how, &trainer->norm, error);
}

static enum recur_status validate(recur_trainer *trainer, recur_epoch *epoch, recur_error *error)
{
    struct recur_label_run *run = trainer->run;
    recur_score_table *table;
    if (!run->valid)
        return RECUR_OK;
    RECUR_TRY(recur_score_on(trainer->team, trainer->model, run->valid, RECUR_SCHEME_AUTO, &table,
                             error));
    const recur_scores *scores = recur_score_table_scores(table);
    epoch->valid_loss = scores->loss;
    epoch->valid_accuracy = scores->accuracy;
    epoch->valid_precision = scores->precision;
    epoch->valid_recall = scores->recall;
    epoch->valid_f1 = scores->f1;
    recur_score_table_free(table);
    return RECUR_OK;
}

/* A minibatch has at least one sequence. */
static size_t most(const recur_trainer *trainer)
{
    const struct recur_label_run *run = trainer->run;
    return recur_labels_count(run->set.data);
}

struct recur_identity recur_labels_identity(const recur_labels *train, const recur_labels *valid)
{
    struct recur_identity identity = {recur_labels_tokens(train),
                                      recur_mix64(recur_labels_fingerprint(train))};
    if (valid) {
        identity.tokens += recur_labels_tokens(valid);
        identity.fingerprint ^= recur_labels_fingerprint(valid);
    }
    return identity;
}

static struct recur_identity identity(const recur_trainer *trainer)
{
    const struct recur_label_run *run = trainer->run;
    return recur_labels_identity(run->set.data, run->valid);
}

const struct recur_run_kind recur_label_run_kind = {
    .data = "labelled texts are not those",
    .has = "they have",
    .others = ", or other labels",
    .start = start,
    .most = most,
    .skip = skip,
    .next = next,
    .learn = learn,
    .tokens = tokens,
    .validate = validate,
    .identity = identity,
    .free = free_run,
};

enum recur_status recur_trainer_create_labels(recur_model *model, const recur_labels *train,
                                              const recur_labels *valid,
                                              const recur_trainer_config *config,
                                              recur_trainer **out, recur_error *error)
{
    recur_trainer *trainer;
    RECUR_TRY(recur_trainer_make(model, &recur_label_run_kind, sizeof(struct recur_label_run),
                                 config, &trainer, error));
    enum recur_status status = fill_in(trainer, train, valid, error);
    if (status != RECUR_OK) {
        recur_trainer_free(trainer);
        return status;
    }
    *out = trainer;
    return RECUR_OK;
}
