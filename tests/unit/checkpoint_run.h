/* Runs that are cut off, written down and resumed, whatever they learn from. Included behind
 * cmocka.h. */
#ifndef RECUR_TESTS_CHECKPOINT_RUN_H
#define RECUR_TESTS_CHECKPOINT_RUN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recur/checkpoint.h"
#include "scratch.h"

enum { EPOCHS = 3 };

struct run {
    recur_corpus *corpus;        /* or: */
    recur_labels *train, *valid; /* valid NULL: none */
    recur_model *model;
    recur_trainer *trainer;
    const void *variant;
    void (*read)(struct run *run); /* makes the data anew */
};

typedef struct run begin_fn(const void *variant, size_t threads);

static inline void end(struct run *run)
{
    recur_trainer_free(run->trainer);
    recur_model_free(run->model);
    recur_corpus_free(run->corpus);
    recur_labels_free(run->train);
    recur_labels_free(run->valid);
    *run = (struct run){.variant = run->variant, .read = run->read};
}

static inline enum recur_status resume_run(struct run *run, const char *path,
                                           const recur_resume_config *config, recur_error *error)
{
    recur_checkpoint *checkpoint;
    enum recur_status status = recur_checkpoint_load(path, &checkpoint, error);
    if (status != RECUR_OK)
        return status;
    assert_string_equal(recur_checkpoint_note(checkpoint), "a note");
    status = run->corpus
                 ? recur_checkpoint_resume(checkpoint, run->corpus, config, &run->model,
                                           &run->trainer, error)
                 : recur_checkpoint_resume_labels(checkpoint, run->train, run->valid, config,
                                                  &run->model, &run->trainer, error);
    recur_checkpoint_free(checkpoint);
    return status;
}

/* Frees the run and takes it up from the file. */
static inline void reopen(struct run *run, const char *path, size_t threads)
{
    recur_error error;
    recur_resume_config config = recur_resume_config_default();
    config.threads = threads;
    end(run);
    run->read(run);
    if (resume_run(run, path, &config, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    assert_int_equal(recur_trainer_threads(run->trainer), threads);
}

static inline void save(struct run *run, const char *path)
{
    recur_error error;
    if (recur_checkpoint_save(run->trainer, "a note", path, &error) != RECUR_OK)
        fail_msg("%s", error.message);
}

/* Trains to the run's end. Before minibatch number `cut`, counted over all epochs, or, where
 * `before_end`, after the last one of epoch `cut`, the run is cut and resumed. Returns
 * how many minibatches there were. */
static inline uint64_t train(struct run *run, const char *path, uint64_t cut, bool before_end,
                             size_t threads)
{
    recur_step step = {0};
    uint64_t count = 0;
    while (!recur_trainer_over(run->trainer)) {
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
    return count;
}

/* The model's file: parameters, configuration and history. */
static inline unsigned char *result(struct run *run, struct scratch *scratch, size_t *size)
{
    const char *path = scratch_path(scratch, "model.safetensors");
    assert_int_equal(recur_trainer_finish(run->trainer, NULL), RECUR_OK);
    assert_int_equal(recur_model_save(run->model, path, NULL), RECUR_OK);
    return scratch_read(path, size);
}

/* Cuts the run before every single minibatch and epoch's end, resumes it on one to four threads,
 * and expects the model of a run left alone. `falls`: a plateau's factor has to fall. */
static inline void cut_everywhere(struct scratch *scratch, const char *name, begin_fn *begin,
                                  const void *variant, bool falls)
{
    char path[600];
    snprintf(path, sizeof path, "%s/checkpoint", scratch->folder);
    struct run run = begin(variant, 2);
    size_t size, got;
    uint64_t steps = train(&run, path, UINT64_MAX, false, 1);
    recur_trainer_state at;
    assert_int_equal(recur_trainer_get_state(run.trainer, &at, NULL), RECUR_OK);
    assert_int_equal(at.updates, steps);
    if (recur_trainer_get_config(run.trainer)->average != RECUR_AVERAGE_NONE)
        assert_in_range(at.averaged, 1, steps);
    if (recur_trainer_get_config(run.trainer)->schedule == RECUR_SCHEDULE_PLATEAU)
        assert_true((at.plateau_factor < 1) == falls);
    unsigned char *wanted = result(&run, scratch, &size);
    end(&run);
    assert_in_range(steps, EPOCHS * 4, EPOCHS * 6);
    for (uint64_t cut = 0; cut < steps + EPOCHS; cut++) {
        bool before_end = cut >= steps;
        run = begin(variant, 1);
        train(&run, path, before_end ? cut - steps + 1 : cut, before_end, 1 + cut % 4);
        unsigned char *bytes = result(&run, scratch, &got);
        if (got != size || memcmp(bytes, wanted, size) != 0)
            fail_msg("%s: other bits when cut at %llu", name, (unsigned long long)cut);
        free(bytes);
        end(&run);
    }
    free(wanted);
    scratch_files(scratch, 1);
}

#endif
