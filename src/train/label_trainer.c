/* Runs on labelled texts: a labeller learns from their minibatches. */

#include <stdlib.h>

#include "base/memory.h"
#include "eval/scores.h"
#include "ranks/collective.h"
#include "task/labeller.h"
#include "train/trainer_object.h"

struct recur_label_run {
    struct recur_label_set set;
    struct recur_labeller labeller;
    struct recur_source_minibatch *minibatch; /* (accumulate): those of an update */
};

/* Does any sequence have a loss? With a CRF only sentences without missing labels have one. */
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

/* Checks the held-out data, by which the best epoch is chosen. */
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
    RECUR_TRY(recur_label_set_init(&run->set, trainer->model, train, error));
    if (valid)
        RECUR_TRY(check_valid(trainer->model, valid, error));
    if (recur_labels_count(train) && !has_loss(trainer->model, &run->set))
        return recur_fail(error, RECUR_ERROR_DATA, "there is not one label to learn from");
    if (config->sampled_softmax)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "a sampled softmax learns from texts alone, not from labels");
    recur_buckets_config buckets = recur_buckets_config_default();
    buckets.batch = config->batch;
    buckets.seed = config->seed;
    buckets.tokens = recur_labeller_tokens(trainer->model);
    RECUR_TRY(recur_source_of_labels(train, valid, &buckets, &trainer->source, error));
    RECUR_TRY(recur_trainer_divide(trainer, error));
    RECUR_TRY(recur_alloc(config->accumulate, sizeof *run->minibatch, "a minibatch",
                          &run->minibatch, error));
    return recur_trainer_prepare(trainer, error);
}

static enum recur_status plan(recur_trainer *trainer, recur_error *error)
{
    struct recur_label_run *run = trainer->run;
    const struct recur_labeller_room room = {
        .batch = trainer->source->batch,
        .steps = trainer->source->steps,
        .tokens = trainer->source->rows,
        .seed = trainer->config.seed,
        .precision = trainer->config.precision,
    };
    return recur_labeller_init(&run->labeller, trainer->model, &run->set, &room, trainer->team,
                               trainer->learner, error);
}

static void unplan(recur_trainer *trainer)
{
    struct recur_label_run *run = trainer->run;
    if (run)
        recur_labeller_free(&run->labeller);
}

static void free_run(recur_trainer *trainer)
{
    struct recur_label_run *run = trainer->run;
    recur_label_set_free(&run->set);
    free(run->minibatch);
}

/* Learns from sequences `members`; `number` is theirs among all that were learnt from. */
static enum recur_status learn_from(recur_trainer *trainer, const size_t *members, size_t count,
                                    uint64_t number, double *loss, recur_error *error)
{
    struct recur_label_run *run = trainer->run;
    double start = recur_clock();
    recur_labeller_load(&run->labeller, &run->set, members, count, trainer->config.seed, number);
    recur_trainer_loaded(trainer, start);
    return recur_labeller_learn(&run->labeller, number, loss, error);
}

/* Where the sequences of this rank's block number `block` begin among those of a minibatch. */
static size_t share(const recur_trainer *trainer, const struct recur_source_minibatch *minibatch,
                    size_t block)
{
    const struct recur_collective *collective = trainer->collective;
    size_t first = collective ? recur_collective_first(collective) : 0;
    return recur_pairwise_cut(minibatch->count, first + block, collective ? collective->blocks : 1);
}

/* Draws all minibatches of an update. Where their gradients are gathered the mean is over the
 * labels of all, and the rows of tables are those of all. */
static enum recur_status draw(recur_trainer *trainer, recur_error *error)
{
    struct recur_label_run *run = trainer->run;
    bool gathers = trainer->learner->plan.gathers;
    double start = recur_clock();
    run->labeller.all = 0;
    if (gathers)
        trainer->backend->begin(trainer->learner);
    for (size_t i = 0; i < trainer->turns; i++) {
        struct recur_source_minibatch *minibatch = &run->minibatch[i];
        RECUR_TRY(trainer->source->kind->next(trainer->source, minibatch, error));
        if (!gathers)
            continue;
        recur_labeller_announce(&run->labeller, &run->set, minibatch->members, minibatch->count);
        size_t first = trainer->local ? share(trainer, minibatch, 0) : 0;
        size_t end = trainer->local ? share(trainer, minibatch, 1) : minibatch->count;
        run->labeller.all += recur_labeller_count(&run->labeller, &run->set,
                                                  minibatch->members + first, end - first);
    }
    trainer->idle = trainer->local && run->labeller.all == 0;
    recur_trainer_loaded(trainer, start);
    return RECUR_OK;
}

/* Gathers the gradients of this rank's blocks of a minibatch, or of all of it. */
static enum recur_status gather(recur_trainer *trainer,
                                const struct recur_source_minibatch *minibatch, recur_error *error)
{
    size_t blocks = trainer->collective ? trainer->collective->blocks : 1;
    size_t first = trainer->collective ? recur_collective_first(trainer->collective) : 0;
    size_t own = trainer->collective ? recur_collective_count(trainer->collective) : 1;
    for (size_t i = 0; i < own; i++) {
        size_t from = share(trainer, minibatch, i);
        size_t count = share(trainer, minibatch, i + 1) - from;
        double loss;
        if (!count)
            continue;
        RECUR_TRY(learn_from(trainer, minibatch->members + from, count,
                             recur_trainer_number(trainer) * blocks + first + i, &loss, error));
        trainer->backend->gather(trainer->learner, i, loss);
    }
    return RECUR_OK;
}

static enum recur_status learn(recur_trainer *trainer, recur_error *error)
{
    struct recur_label_run *run = trainer->run;
    const struct recur_learning how = recur_trainer_learning(trainer);
    bool gathers = trainer->learner->plan.gathers;
    RECUR_TRY(draw(trainer, error));
    if (!gathers)
        RECUR_TRY(learn_from(trainer, run->minibatch->members, run->minibatch->count,
                             trainer->updates, &trainer->loss, error));
    for (; gathers && trainer->turn < trainer->turns; trainer->turn++)
        RECUR_TRY(gather(trainer, &run->minibatch[trainer->turn], error));
    if (trainer->idle) {
        trainer->loss = trainer->norm = 0;
        return RECUR_OK;
    }
    /* This is done even where the loss is not finite, because other ranks wait for this one's
     * gradients. */
    RECUR_TRY(trainer->backend->update(trainer->learner, &how, &trainer->norm, error));
    if (gathers)
        trainer->loss = trainer->backend->gathered_loss(trainer->learner);
    return RECUR_OK;
}

static enum recur_status validate(recur_trainer *trainer, recur_epoch *epoch, recur_error *error)
{
    const recur_labels *valid = trainer->source->held_out.labels;
    recur_score_table *table;
    if (!valid)
        return RECUR_OK;
    RECUR_TRY(recur_score_on(trainer->team, trainer->model, valid, RECUR_SCHEME_AUTO,
                             trainer->collective, &table, error));
    const recur_scores *scores = recur_score_table_scores(table);
    epoch->valid_loss = scores->loss;
    epoch->valid_accuracy = scores->accuracy;
    epoch->valid_precision = scores->precision;
    epoch->valid_recall = scores->recall;
    epoch->valid_f1 = scores->f1;
    recur_score_table_free(table);
    return RECUR_OK;
}

static const struct recur_run_kind label_run = {
    .learn = learn,
    .validate = validate,
    .free = free_run,
    .plan = plan,
    .unplan = unplan,
    .apart = true,
};

enum recur_status recur_trainer_create_labels(recur_model *model, const recur_labels *train,
                                              const recur_labels *valid,
                                              const recur_trainer_config *config,
                                              recur_trainer **out, recur_error *error)
{
    recur_trainer *trainer;
    RECUR_TRY(recur_trainer_make(model, &label_run, sizeof(struct recur_label_run), config,
                                 &trainer, error));
    enum recur_status status = fill_in(trainer, train, valid, error);
    if (status != RECUR_OK) {
        recur_trainer_free(trainer);
        return status;
    }
    *out = trainer;
    return RECUR_OK;
}
