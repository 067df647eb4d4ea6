/* Runs that are cut off, written down and resumed, through the public interface. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "model_example.h"
#include "recur/checkpoint.h"

enum { VOCABULARY = 12, TOKENS = 150, EPOCHS = 3 };

struct run {
    recur_model *model;
    recur_corpus *corpus;
    recur_trainer *trainer;
};

/* What makes runs differ in what they have to remember. */
struct variant {
    const char *name;
    enum recur_task task;
    enum recur_cell cell;
    enum recur_activation activation;
    enum recur_merge merge;
    bool bidirectional;
    float dropout, validation, momentum;
    enum recur_sampling sampling;
    enum recur_optimizer optimizer;
    enum recur_schedule schedule;
};

static const struct variant variants[] = {
    {.name = "adam, cosine",
     .cell = RECUR_CELL_LSTM,
     .dropout = 0.3f,
     .optimizer = RECUR_OPTIMIZER_ADAM,
     .schedule = RECUR_SCHEDULE_COSINE},
    {.name = "sgd, plateau, held out",
     .cell = RECUR_CELL_GRU,
     .validation = 0.2f,
     .momentum = 0.9f,
     .schedule = RECUR_SCHEDULE_PLATEAU},
    {.name = "random sampling, rmsprop",
     .cell = RECUR_CELL_GRU_RESET_BEFORE,
     .sampling = RECUR_SAMPLING_RANDOM,
     .validation = 0.1f,
     .optimizer = RECUR_OPTIMIZER_RMSPROP},
    {.name = "fill, both directions, adamw",
     .task = RECUR_TASK_FILL,
     .cell = RECUR_CELL_LSTM,
     .merge = RECUR_MERGE_SUM,
     .bidirectional = true,
     .dropout = 0.2f,
     .validation = 0.1f,
     .optimizer = RECUR_OPTIMIZER_ADAMW},
    {.name = "sigmoid, whose empty lanes are not zero",
     .cell = RECUR_CELL_RNN,
     .activation = RECUR_ACTIVATION_SIGMOID},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static recur_corpus *make_corpus(uint64_t seed, size_t tokens)
{
    int32_t ids[TOKENS + 1];
    recur_corpus *corpus;
    struct recur_rng rng;
    recur_rng_seed(&rng, seed, 0);
    for (size_t i = 0; i < tokens; i++)
        ids[i] = (int32_t)recur_rng_below(&rng, VOCABULARY);
    assert_int_equal(recur_corpus_from_ids(ids, tokens, VOCABULARY, &corpus, NULL), RECUR_OK);
    return corpus;
}

static struct run begin(const struct variant *variant, size_t threads)
{
    const size_t hidden[] = {10, 7};
    recur_model_config model = recur_model_config_default();
    model.task = variant->task;
    model.cell = variant->cell;
    model.activation = variant->activation;
    model.merge = variant->merge;
    model.bidirectional = variant->bidirectional;
    model.layers = 2;
    model.hidden = hidden;
    model.vocabulary = VOCABULARY;
    model.dropout = variant->dropout;
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = 4;
    config.steps = 6;
    config.epochs = EPOCHS;
    config.lr = 0.02f;
    config.patience = 0;
    config.validation = variant->validation;
    config.momentum = variant->momentum;
    config.sampling = variant->sampling;
    config.optimizer = variant->optimizer;
    config.schedule = variant->schedule;
    config.threads = threads;
    struct run run = {.corpus = make_corpus(8, TOKENS)};
    recur_error error;
    if (recur_model_create(&model, NULL, &run.model, &error) != RECUR_OK ||
        recur_trainer_create(run.model, run.corpus, &config, &run.trainer, &error) != RECUR_OK)
        fail_msg("%s: %s", variant->name, error.message);
    return run;
}

static void end(struct run *run)
{
    recur_trainer_free(run->trainer);
    recur_corpus_free(run->corpus);
    recur_model_free(run->model);
}

/* Frees the run and takes it up from the file. */
static void reopen(struct run *run, const char *path, size_t threads)
{
    recur_error error;
    recur_checkpoint *checkpoint;
    recur_resume_config config = recur_resume_config_default();
    config.threads = threads;
    end(run);
    run->corpus = make_corpus(8, TOKENS);
    if (recur_checkpoint_load(path, &checkpoint, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    assert_string_equal(recur_checkpoint_note(checkpoint), "a note");
    if (recur_checkpoint_resume(checkpoint, run->corpus, &config, &run->model, &run->trainer,
                                &error) != RECUR_OK)
        fail_msg("%s", error.message);
    recur_checkpoint_free(checkpoint);
    assert_int_equal(recur_trainer_threads(run->trainer), threads);
}

static void save(struct run *run, const char *path)
{
    recur_error error;
    if (recur_checkpoint_save(run->trainer, "a note", path, &error) != RECUR_OK)
        fail_msg("%s", error.message);
}

/* Trains to the run's end. Before minibatch number `cut`, counted over all epochs, and where
 * `at_end` after its epoch's last minibatch but before its end, the run is cut and resumed. */
static void train(struct run *run, const char *path, uint64_t cut, bool before_end, size_t threads)
{
    recur_step step = {0};
    uint64_t count = 0;
    while (recur_trainer_epochs(run->trainer) < EPOCHS) {
        if (count++ == cut && !before_end) {
            save(run, path);
            reopen(run, path, threads);
        }
        assert_int_equal(recur_trainer_step(run->trainer, &step, NULL), RECUR_OK);
        if (!step.end_of_epoch)
            continue;
        if (before_end && step.epoch == cut) {
            save(run, path);
            reopen(run, path, threads);
        }
        assert_int_equal(recur_trainer_end_epoch(run->trainer, NULL, NULL), RECUR_OK);
    }
}

/* The model's file: parameters, configuration and history. */
static unsigned char *result(struct run *run, struct scratch *scratch, size_t *size)
{
    const char *path = scratch_path(scratch, "model.safetensors");
    assert_int_equal(recur_trainer_finish(run->trainer, NULL), RECUR_OK);
    assert_int_equal(recur_model_save(run->model, path, NULL), RECUR_OK);
    return scratch_read(path, size);
}

/* Cut before every single minibatch, resumed on one to four threads. */
static void resumed_runs_end_in_the_same_bits(void **state)
{
    struct scratch *scratch = *state;
    char path[600];
    snprintf(path, sizeof path, "%s/checkpoint", scratch->folder);
    for (size_t v = 0; v < VARIANTS; v++) {
        struct run run = begin(&variants[v], 2);
        size_t size, got;
        train(&run, path, UINT64_MAX, false, 1);
        unsigned char *wanted = result(&run, scratch, &size);
        uint64_t steps = 0;
        recur_trainer_state at;
        if (recur_trainer_get_state(run.trainer, &at, NULL) == RECUR_OK)
            steps = at.updates;
        else
            steps = EPOCHS * 4; /* put back to the best epoch: it says no more */
        end(&run);
        assert_in_range(steps, EPOCHS * 4, EPOCHS * 6);
        for (uint64_t cut = 0; cut < steps + EPOCHS; cut++) {
            bool before_end = cut >= steps;
            run = begin(&variants[v], 1);
            train(&run, path, before_end ? cut - steps + 1 : cut, before_end, 1 + cut % 4);
            unsigned char *bytes = result(&run, scratch, &got);
            if (got != size || memcmp(bytes, wanted, size) != 0)
                fail_msg("%s: other bits when cut at %llu", variants[v].name,
                         (unsigned long long)cut);
            free(bytes);
            end(&run);
        }
        free(wanted);
    }
    scratch_files(scratch, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed_runs_end_in_the_same_bits),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
