/* Checkpoints of a run while it trains. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/lock.h"
#include "common/message.h"
#include "common/need.h"
#include "common/output.h"
#include "recur/machine.h"
#include "train/run.h"

/* How the run is started again: its options, its operands, and what the last bits depend on. */
static enum recur_status make_note(struct run *run, const struct arguments *texts,
                                   recur_error *error)
{
    const char *isa = "";
    recur_json_writer note = {0};
    recur_machine_isa(&isa, NULL);
    recur_json_open(&note, NULL, '{');
    recur_options_put_words(&note, "options", run->command, &texts->given, &run->options);
    recur_json_open(&note, "texts", '[');
    for (size_t i = 0; i < texts->count; i++) {
        char *name = recur_run_text_name(run, texts->operands[i]);
        recur_json_put_text(&note, NULL, name);
        run->texts_elsewhere |= !recur_run_text_within(name);
        free(name);
    }
    recur_json_close(&note, ']');
    recur_json_put_text(&note, "isa", isa);
    recur_json_close(&note, '}');
    run->given = texts;
    run->note = note.text;
    return recur_json_check(&note, "the checkpoint's note", error);
}

int recur_run_plan_checkpoints(struct run *run, const struct arguments *texts)
{
    const char *output = run->options.output;
    size_t length = strlen(output), end = strlen(MODEL_END);
    struct stat info;
    enum recur_status status;
    recur_error error;
    if (!run->options.checkpoint_every)
        return 0;
    if (stat(output, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return recur_usage_error(run->command,
                                 "--checkpoint-every needs a file as --output, beside which the "
                                 "checkpoint is put, got %s",
                                 recur_path(output).text);
    if (length > end && strcmp(output + length - end, MODEL_END) == 0)
        length -= end;
    size_t room = length + sizeof CHECKPOINT_END;
    run->checkpoint = recur_need(run->command, room, 1, "a file's name");
    snprintf(run->checkpoint, room, "%.*s" CHECKPOINT_END, (int)length, output);
    int folder = recur_lock_folder(run->checkpoint);
    enum lock lock = recur_lock_path(run->checkpoint, &run->lock);
    if (folder >= 0)
        close(folder);
    if (lock == LOCK_TAKEN)
        return recur_failure(run->command,
                             "another run writes its checkpoints to %s: wait for its end, or give "
                             "this one another --output",
                             recur_path(run->checkpoint).text);
    status = make_note(run, texts, &error);
    if (status == RECUR_ERROR_FORMAT)
        return recur_usage_error(run->command, "--checkpoint-every: an option or a file's name is "
                                               "not UTF-8, which checkpoints need");
    return status == RECUR_OK ? 0 : recur_library_failure(run->command, &error);
}

/* A lock is on a file, and each checkpoint is a new one: another file in its place is another
 * run's. */
static void see_whether_shared(struct run *run)
{
    bool ours = run->lock < 0 || recur_lock_is_of(run->checkpoint, run->lock);
    if (ours || run->shared)
        return;
    run->shared = true;
    recur_progress_clear(&run->progress);
    recur_warning(
        run->command,
        "another run writes its checkpoints to %s too, so that each loses the other's: end "
        "one of them and give it another --output",
        recur_path(run->checkpoint).text);
}

static enum recur_status save(struct run *run, recur_error *error)
{
    see_whether_shared(run);
    int folder = recur_lock_folder(run->checkpoint);
    enum recur_status status =
        recur_checkpoint_save(run->trainer, run->note, run->checkpoint, error);
    if (status == RECUR_OK)
        recur_lock_path(run->checkpoint, &run->lock);
    if (folder >= 0)
        close(folder);
    return status;
}

/* From the beginning there is a checkpoint of this run, so that nobody resumes another one. */
enum recur_status recur_run_first_checkpoint(struct run *run, recur_error *error)
{
    if (!run->checkpoint ||
        (run->options.resume && recur_overwrites(run->checkpoint, run->options.resume)))
        return RECUR_OK;
    return save(run, error);
}

void recur_run_checkpoint(struct run *run)
{
    recur_error error;
    bool failed = run->checkpoint_failed;
    run->checkpoint_failed = save(run, &error) != RECUR_OK;
    if (!run->checkpoint_failed)
        run->saved = run->minibatches;
    if (run->checkpoint_failed == failed)
        return;
    recur_progress_clear(&run->progress);
    if (failed)
        recur_warning(run->command, "%s is written again", recur_path(run->checkpoint).text);
    else
        recur_warning(run->command, "%s; training goes on, and the last checkpoint is kept",
                      error.message);
}

void recur_run_checkpoint_if_due(struct run *run)
{
    if (run->checkpoint && run->minibatches % run->options.checkpoint_every == 0)
        recur_run_checkpoint(run);
}
