/* --checkpoint-every: writes the whole run to a file, after so many minibatches each time and at
 * its end. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/lock.h"
#include "common/message.h"
#include "common/need.h"
#include "common/output.h"
#include "recur/machine.h"
#include "train/observer.h"
#include "train/run.h"

struct checkpoints {
    uint64_t saved; /* minibatches since this start of the run that the last checkpoint has */
    bool shared;    /* it was already said that another run writes there */
};

/* Notes how to start the run again: its options, its operands, and what the last bits depend on. */
static enum recur_status make_note(struct run *run, recur_error *error)
{
    const char *isa = "";
    const struct arguments *texts = &run->texts;
    recur_json_writer note = {0};
    recur_machine_isa(&isa, NULL);
    recur_json_open(&note, NULL, '{');
    recur_options_put_words(&note, "options", run->command, &texts->given, &run->options);
    recur_json_open(&note, "texts", '[');
    for (size_t i = 0; i < texts->count; i++) {
        char *name = recur_run_text_name(run, texts->operands[i]);
        recur_json_put_text(&note, NULL, name);
        run->checkpoint.texts_elsewhere |= !recur_run_text_within(name);
        free(name);
    }
    recur_json_close(&note, ']');
    recur_json_put_text(&note, "isa", isa);
    if (run->model && recur_model_device(run->model).device != RECUR_DEVICE_CPU)
        recur_json_put_text(&note, "device", recur_device_text(run->model).text);
    recur_json_close(&note, '}');
    run->checkpoint.note = note.text;
    return recur_json_check(&note, "the checkpoint's note", error);
}

int recur_run_plan_checkpoints(struct run *run)
{
    const char *output = run->options.out.output;
    size_t length = strlen(output), end = strlen(MODEL_END);
    struct stat info;
    enum recur_status status;
    recur_error error;
    if (!run->options.out.checkpoint_every)
        return 0;
    if (stat(output, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return recur_usage_error(run->command,
                                 "--checkpoint-every needs a file as --output, beside which the "
                                 "checkpoint is put, got %s",
                                 recur_path(output).text);
    if (length > end && strcmp(output + length - end, MODEL_END) == 0)
        length -= end;
    size_t room = length + sizeof CHECKPOINT_END;
    run->checkpoint.path = recur_need(run->command, room, 1, "a file's name");
    snprintf(run->checkpoint.path, room, "%.*s" CHECKPOINT_END, (int)length, output);
    if (run->ranks.rank > 0) /* rank 0 writes */
        return 0;
    int folder = recur_lock_folder(run->checkpoint.path);
    enum lock lock = recur_lock_path(run->checkpoint.path, &run->checkpoint.lock);
    if (folder >= 0)
        close(folder);
    if (lock == LOCK_TAKEN)
        return recur_failure(run->command,
                             "another run writes its checkpoints to %s: wait for its end, or give "
                             "this one another --output",
                             recur_path(run->checkpoint.path).text);
    status = make_note(run, &error);
    if (status == RECUR_ERROR_FORMAT)
        return recur_usage_error(run->command, "--checkpoint-every: an option or a file's name is "
                                               "not UTF-8, which checkpoints need");
    return status == RECUR_OK ? 0 : recur_library_failure(run->command, &error);
}

/* Each checkpoint is a new file with a new lock. If another file has taken its place, another run
 * writes there. */
static void see_whether_shared(struct run *run, struct checkpoints *checkpoints)
{
    const struct checkpoint *checkpoint = &run->checkpoint;
    bool ours = checkpoint->lock < 0 || recur_lock_is_of(checkpoint->path, checkpoint->lock);
    if (ours || checkpoints->shared)
        return;
    checkpoints->shared = true;
    recur_warning(
        run->command,
        "another run writes its checkpoints to %s too, so that each loses the other's: end "
        "one of them and give it another --output",
        recur_path(checkpoint->path).text);
}

static enum recur_status save(struct run *run, struct checkpoints *checkpoints, recur_error *error)
{
    struct checkpoint *checkpoint = &run->checkpoint;
    if (run->ranks.rank > 0) /* hands its part to rank 0, which writes it */
        return recur_checkpoint_save(run->trainer, checkpoint->note, checkpoint->path, error);
    see_whether_shared(run, checkpoints);
    int folder = recur_lock_folder(checkpoint->path);
    enum recur_status status =
        recur_checkpoint_save(run->trainer, checkpoint->note, checkpoint->path, error);
    if (status == RECUR_OK)
        recur_lock_path(checkpoint->path, &checkpoint->lock);
    if (folder >= 0)
        close(folder);
    return status;
}

/* Writes a first checkpoint at once, so that nobody resumes another run by mistake. */
static int begin(struct run *run, void *state)
{
    const char *path = run->checkpoint.path, *resume = run->options.out.resume;
    recur_error error;
    bool on_gpu = recur_model_device(run->model).device != RECUR_DEVICE_CPU;
    if (path && !run->ranks.rank && (on_gpu || run->choices || run->fit.end > 0)) {
        free(run->checkpoint.note); /* it does not name the device yet, nor what recur chose */
        recur_need_success(run->command, make_note(run, &error), &error);
    }
    if (!path || (resume && recur_overwrites(path, resume)))
        return 0;
    return save(run, state, &error) == RECUR_OK ? 0 : recur_library_failure(run->command, &error);
}

/* Saves a checkpoint; if that fails, prints a warning, and the run goes on. */
static void save_or_warn(struct run *run, struct checkpoints *checkpoints)
{
    recur_error error;
    struct checkpoint *checkpoint = &run->checkpoint;
    bool failed = checkpoint->failed;
    checkpoint->failed = save(run, checkpoints, &error) != RECUR_OK;
    if (!checkpoint->failed)
        checkpoints->saved = run->minibatches;
    bool lost = checkpoint->failed && error.status == RECUR_ERROR_DEVICE; /* it ends the run */
    if (checkpoint->failed == failed || lost)
        return;
    if (failed)
        recur_warning(run->command, "%s is written again", recur_path(checkpoint->path).text);
    else
        recur_warning(run->command, "%s; training goes on, and the last checkpoint is kept",
                      error.message);
}

/* After the last minibatch of an epoch the checkpoint is written here, so that it has the epoch's
 * end. */
static int epoch(struct run *run, void *state)
{
    uint64_t every = run->options.out.checkpoint_every, before = run->minibatches - run->of_step;
    if (run->checkpoint.path && run->minibatches / every > before / every)
        save_or_warn(run, state);
    return 0;
}

static int step(struct run *run, void *state)
{
    return run->step.end_of_epoch ? 0 : epoch(run, state);
}

static int stop(struct run *run, void *state)
{
    struct checkpoints *checkpoints = state;
    if (!run->failed && run->checkpoint.path && checkpoints->saved != run->minibatches)
        save_or_warn(run, checkpoints);
    return 0;
}

static int close_checkpoints(struct run *run, void *state)
{
    (void)state;
    if (!run->checkpoint.failed || !run->kept)
        return 0;
    return recur_failure(run->command,
                         "%s is of an earlier minibatch: the last checkpoint could not be written",
                         recur_path(run->checkpoint.path).text);
}

const struct observer recur_observe_checkpoints = {
    .size = sizeof(struct checkpoints),
    .all_ranks = true, /* each has a part of the run's state */
    .at = {[MOMENT_BEGIN] = begin,
           [MOMENT_STEP] = step,
           [MOMENT_EPOCH] = epoch,
           [MOMENT_STOP] = stop,
           [MOMENT_CLOSE] = close_checkpoints},
};
