#include "train/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/interrupt.h"
#include "common/message.h"
#include "common/quote.h"
#include "common/timing.h"
#include "train/observer.h"

/* The settings of the trainer, for this rank. */
static recur_trainer_config trainer_config(const struct run *run, size_t tokens)
{
    recur_trainer_config config = recur_train_trainer_config(&run->options, tokens);
    config.ranks = run->ranks.all;
    config.threads = config.threads ? config.threads : run->ranks.threads;
    return config;
}

static enum recur_status create_text(struct run *run, recur_error *error)
{
    recur_model_config model =
        recur_train_model_config(&run->options, recur_vocab_size(run->vocab));
    run->config = trainer_config(run, recur_corpus_size(run->corpus));
    enum recur_status status = recur_model_create(&model, run->vocab, &run->model, error);
    if (status == RECUR_OK)
        status = recur_run_inherit(run, error);
    if (status != RECUR_OK)
        return status;
    return recur_trainer_create(run->model, run->corpus, &run->config, &run->trainer, error);
}

static enum recur_status create_labels(struct run *run, recur_error *error)
{
    struct text_config text;
    recur_text_options_config(&run->options.text, &text);
    recur_run_ancestral_text(run, &text);
    recur_model_config model =
        recur_train_model_config(&run->options, recur_labels_forms(run->train));
    run->config = trainer_config(run, recur_labels_tokens(run->train));
    enum recur_status status =
        recur_model_create_labels(&model, run->train, &text.vocab, &run->model, error);
    if (status == RECUR_OK)
        status = recur_run_inherit(run, error);
    if (status != RECUR_OK)
        return status;
    return recur_trainer_create_labels(run->model, run->train, run->valid, &run->config,
                                       &run->trainer, error);
}

int recur_run_create(struct run *run)
{
    recur_error error;
    enum recur_status status =
        run->options.labels ? create_labels(run, &error) : create_text(run, &error);
    return status == RECUR_OK ? 0 : recur_library_failure(run->command, &error);
}

size_t recur_run_minibatch_tokens(const struct run *run)
{
    size_t each = run->config.accumulate;
    if (!run->options.labels)
        return run->config.batch * run->config.steps * each;
    return recur_labels_tokens(run->train) * each / /* the last minibatch is smaller */
           ((recur_labels_count(run->train) - 1) / run->config.batch + 1);
}

/* The only token that the text has; RECUR_UNKNOWN where it has several. */
static int32_t only_token(const struct run *run)
{
    int32_t only = RECUR_UNKNOWN;
    size_t met = 0;
    for (size_t id = 0; id < recur_vocab_size(run->vocab) && met < 2; id++) {
        if (recur_vocab_count(run->vocab, (int32_t)id) == 0)
            continue;
        only = (int32_t)id;
        met++;
    }
    return met == 1 ? only : RECUR_UNKNOWN;
}

/* Warns where all that the run learns from is alike. */
static void warn_alike(const struct run *run)
{
    int32_t only = run->options.labels || run->from ? RECUR_UNKNOWN : only_token(run);
    if (only != RECUR_UNKNOWN)
        recur_warning(run->command, "every token of the text is %s: there is nothing to learn",
                      recur_quote(recur_vocab_token(run->vocab, only)).text);
    if (recur_model_get_config(run->model)->labels == 1)
        recur_warning(
            run->command, "every %s to learn from has the label %s: there is nothing to tell apart",
            recur_task_serves(recur_labels_task(run->train), RECUR_USE_LABEL_WORDS) ? "word"
                                                                                    : "text",
            recur_quote(recur_labels_label(run->train, 0, 0)).text);
}

/* Makes or resumes model and trainer, and all that follows from them. */
static int prepare(struct run *run)
{
    size_t count;
    bool begins = !run->resumed;
    int status = begins ? recur_run_create(run) : recur_run_resume(run);
    if (status != 0)
        return status;
    if (begins)
        warn_alike(run);
    run->config = *recur_trainer_get_config(run->trainer);
    if (!run->vocab) /* that of labelled texts is made with the model */
        run->vocab = recur_vocab_share(recur_model_vocab(run->model));
    const recur_epoch *history = recur_model_history(run->model, &count);
    if (count > 0)
        run->epoch = history[count - 1];
    run->tokens = recur_run_minibatch_tokens(run);
    status = recur_fit_begin(run);
    if (status != 0)
        return status;
    status = recur_run_choose_prefixes(run);
    return status ? status : recur_run_set_origin(run);
}

/* The training diverged. The parameters are those of the best finished epoch again; if there is
 * one, they are kept. */
static int end_diverged(const struct run *run, const recur_error *diverged)
{
    recur_error error = {0};
    if (recur_trainer_epochs(run->trainer) == 0)
        return recur_failure(run->command, "%s; no model was saved", diverged->message);
    if (recur_model_save(run->model, run->options.out.output, &error) != RECUR_OK)
        return recur_failure(run->command, "%s; no model was saved: %s", diverged->message,
                             error.message);
    return recur_failure(run->command, "%s; the model as it was after the best epoch is in %s",
                         diverged->message, recur_path(run->options.out.output).text);
}

/* The GPU failed, and with it what the model is. */
static int end_lost(const struct run *run, const recur_error *failure)
{
    if (!run->checkpoint.path)
        return recur_failure(run->command, "%s; no model was saved", failure->message);
    return recur_failure(run->command, "%s; the run up to its last checkpoint is in %s",
                         failure->message, recur_path(run->checkpoint.path).text);
}

/* Says why the training cannot go on. Returns the exit status. */
static int fail(struct run *run, enum recur_status status, const recur_error *error)
{
    if (status == RECUR_ERROR_DEVICE)
        return end_lost(run, error);
    return status == RECUR_ERROR_DIVERGED ? end_diverged(run, error)
                                          : recur_library_failure(run->command, error);
}

/* Has somebody interrupted the run? All ranks get the same answer after the same minibatch. */
static bool is_interrupted(const struct run *run)
{
    if (!run->ranks.all)
        return recur_interrupt();
    if (recur_interrupt())
        recur_trainer_ask_stop(run->trainer);
    return recur_trainer_stop_asked(run->trainer);
}

static int train_step(struct run *run)
{
    recur_error error;
    uint64_t before = recur_trainer_updates(run->trainer);
    enum recur_status status = recur_trainer_step(run->trainer, &run->step, &error);
    if (status != RECUR_OK)
        return fail(run, status, &error);
    run->of_step = recur_trainer_updates(run->trainer) - before;
    run->minibatches += run->of_step;
    return recur_observe(run, MOMENT_STEP);
}

static int train_epoch(struct run *run)
{
    recur_error error;
    int status;
    do {
        status = recur_fit_step(run);
        if (status == 0)
            status = train_step(run);
    } while (status == 0 && !run->step.end_of_epoch && !is_interrupted(run));
    if (status != 0 || !run->step.end_of_epoch)
        return status;
    double begun = recur_seconds();
    enum recur_status ended = recur_trainer_end_epoch(run->trainer, &run->epoch, &error);
    recur_fit_validated(run, recur_seconds() - begun);
    return ended == RECUR_OK ? recur_observe(run, MOMENT_EPOCH) : fail(run, ended, &error);
}

/* If the run was interrupted in an epoch and has no better parameters, describes the finished part
 * of that epoch as an epoch. */
static void describe_partial_epoch(struct run *run)
{
    const recur_step *step = &run->step;
    if (step->epoch == 0 || step->end_of_epoch || recur_run_best_epoch(run))
        return;
    double tokens = (double)step->minibatch * (double)run->tokens;
    run->epoch = (recur_epoch){
        .epoch = step->epoch,
        .loss = step->epoch_loss,
        .valid_loss = NAN,
        .gradient_norm = step->gradient_norm,
        .lr = step->lr,
        .tokens_per_second = tokens / step->seconds,
        .seconds = step->seconds,
        .valid_accuracy = NAN,
    };
}

static int train(struct run *run)
{
    recur_error error;
    recur_interrupt_catch();
    int status = recur_observe(run, MOMENT_BEGIN);
    run->started = recur_seconds();
    while (status == 0 && !is_interrupted(run) && !recur_trainer_over(run->trainer) &&
           !recur_run_is_out_of_patience(run))
        status = train_epoch(run);
    run->failed = status != 0;
    int stopped = recur_observe(run, MOMENT_STOP);
    if (status != 0 || stopped != 0)
        return status ? status : stopped;
    enum recur_status ended = recur_trainer_finish(run->trainer, &error);
    if (ended == RECUR_OK && recur_fit_end(run) != 0)
        return STATUS_FAILURE;
    if (ended == RECUR_OK && run->ranks.rank == 0)
        ended = recur_model_save(run->model, run->options.out.output, &error);
    if (ended != RECUR_OK)
        return fail(run, ended, &error);
    run->kept = true;
    describe_partial_epoch(run);
    return recur_observe(run, MOMENT_END);
}

/* Some things are for one process: each has a clock of its own, and only the first a standard
 * input. */
static int check_ranks(const struct run *run)
{
    bool several = run->ranks.all && run->ranks.all->count > 1;
    for (size_t i = 0; i < run->texts.count && several; i++)
        if (strcmp(run->texts.operands[i], "-") == 0)
            return recur_usage_error(run->command,
                                     "standard input, -, cannot be read by %zu processes: give "
                                     "the text's file",
                                     run->ranks.all->count);
    if (several && run->options.time > 0)
        return recur_usage_error(run->command,
                                 "--time is for one process, of which the launcher has started "
                                 "%zu: give --epochs or --updates",
                                 run->ranks.all->count);
    return 0;
}

int recur_run(struct run *run)
{
    double begun = recur_seconds();
    if (run->options.time > 0)
        run->fit.end = begun + run->options.time;
    recur_observers_start(run);
    int status = check_ranks(run);
    if (status == 0 && run->ranks.rank == 0)
        status = recur_run_plan_dashboard(run);
    if (status == 0)
        status = recur_run_plan_checkpoints(run);
    if (status == 0 && run->ranks.rank == 0)
        status = recur_run_check_outputs(run);
    if (status == 0)
        status = recur_run_open_ancestor(run);
    if (status == 0)
        status = recur_run_read_texts(run);
    run->fit.text = recur_seconds() - begun;
    if (status == 0)
        status = recur_run_choose(run);
    if (status == 0)
        status = prepare(run);
    if (status == 0)
        status = recur_run_compare(run);
    if (status == 0)
        status = recur_observe(run, MOMENT_OPEN);
    if (status == 0)
        status = train(run);
    int closed = recur_observe(run, MOMENT_CLOSE);
    return closed ? closed : status;
}

const recur_epoch *recur_run_best_epoch(const struct run *run)
{
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    for (size_t i = 0; i < count; i++)
        if (history[i].epoch == recur_trainer_best_epoch(run->trainer))
            return &history[i];
    return NULL;
}

bool recur_run_ends_in_part(const struct run *run)
{
    return !recur_run_best_epoch(run) && run->step.epoch == run->epoch.epoch &&
           !run->step.end_of_epoch;
}

bool recur_run_is_out_of_patience(const struct run *run)
{
    return run->options.patience && recur_trainer_valid_tokens(run->trainer) &&
           recur_trainer_epochs(run->trainer) >=
               recur_trainer_best_epoch(run->trainer) + run->options.patience;
}

uint64_t recur_run_kept_epoch(const struct run *run)
{
    const recur_epoch *best = recur_run_best_epoch(run);
    return best ? best->epoch : recur_run_ends_in_part(run) ? 0 : run->epoch.epoch;
}

void recur_run_free(struct run *run)
{
    recur_trainer_free(run->trainer);
    recur_model_free(run->model);
    recur_model_free(run->from);
    recur_labels_free(run->train);
    recur_labels_free(run->valid);
    recur_corpus_free(run->corpus);
    recur_vocab_free(run->vocab);
    recur_checkpoint_free(run->resumed);
    free(run->started_by);
    free(run->words);
    if (run->checkpoint.lock >= 0)
        close(run->checkpoint.lock);
    free(run->checkpoint.path);
    free(run->checkpoint.note);
    for (size_t i = 0; i < run->text_count; i++)
        free(run->text[i]);
    free(run->text);
    free(run->output);
    free(run->log);
}
