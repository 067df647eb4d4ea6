/* Runs on labelled texts: a labeller learns from their minibatches. */

#include "eval/scores.h"
#include "task/labeller.h"
#include "train/trainer_object.h"

struct recur_label_run {
    struct recur_label_set set;
    struct recur_labeller labeller;
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
    recur_buckets_config buckets = recur_buckets_config_default();
    buckets.batch = config->batch;
    buckets.seed = config->seed;
    buckets.tokens = recur_labeller_tokens(trainer->model);
    RECUR_TRY(recur_source_of_labels(train, valid, &buckets, &trainer->source, error));
    RECUR_TRY(recur_trainer_prepare(trainer, error));
    const struct recur_labeller_room room = {
        .batch = trainer->source->batch,
        .steps = trainer->source->steps,
        .tokens = trainer->source->rows,
        .seed = config->seed,
        .precision = config->precision,
    };
    RECUR_TRY(recur_labeller_init(&run->labeller, trainer->model, &run->set, &room, trainer->team,
                                  trainer->learner, error));
    return recur_trainer_list_tensors(trainer, error);
}

static void free_run(recur_trainer *trainer)
{
    struct recur_label_run *run = trainer->run;
    recur_label_set_free(&run->set);
    recur_labeller_free(&run->labeller);
}

static void load(recur_trainer *trainer, struct recur_source_minibatch *minibatch)
{
    struct recur_label_run *run = trainer->run;
    recur_labeller_load(&run->labeller, &run->set, minibatch->members, minibatch->count,
                        trainer->config.seed, trainer->updates);
}

static enum recur_status learn(recur_trainer *trainer,
                               const struct recur_source_minibatch *minibatch, recur_error *error)
{
    (void)minibatch;
    struct recur_label_run *run = trainer->run;
    RECUR_TRY(recur_labeller_learn(&run->labeller, trainer->updates, &trainer->loss, error));
    /* This is done even where the loss is not finite, because other ranks wait for this one's
     * gradients. */
    const struct recur_learning how = {.lr = trainer->lr, .number = trainer->updates + 1};
    return trainer->backend->update(trainer->learner, &how, &trainer->norm, error);
}

static enum recur_status validate(recur_trainer *trainer, recur_epoch *epoch, recur_error *error)
{
    const recur_labels *valid = trainer->source->held_out.labels;
    recur_score_table *table;
    if (!valid)
        return RECUR_OK;
    RECUR_TRY(
        recur_score_on(trainer->team, trainer->model, valid, RECUR_SCHEME_AUTO, &table, error));
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
    .load = load, .learn = learn, .validate = validate, .free = free_run};

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
