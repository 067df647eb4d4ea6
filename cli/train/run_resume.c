/* Resumes a run from a checkpoint. */
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "common/need.h"
#include "common/progress.h"
#include "recur/machine.h"
#include "train/run.h"

/* May the option be given with --resume? It may if it says where results go, how much is shown, on
 * what the run computes, or how long. Any other would change the run. */
static bool is_free(const char *option)
{
    static const char *const names[] = {
        "resume",      "checkpoint-every", "output",   "predict",
        "log",         "predict-every",    "report",   "plot",
        "tensorboard", "dashboard",        "quiet",    "threads",
        "device",      "epochs",           "patience", "rank-seconds",
        "time"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(option, names[i]) == 0)
            return true;
    return false;
}

bool recur_run_is_of_model(const char *option)
{
    return strcmp(option, "epochs") == 0 || strcmp(option, "patience") == 0 || !is_free(option);
}

/* Did the run, which was given `then`, begin with the same value that `now` gives? */
static bool same(const struct command *command, size_t row, const struct train_options *settings,
                 const struct option_set *now, const struct train_options *settings_then,
                 const struct option_set *then)
{
    struct option_spec option;
    struct option_set one_now = {{NULL}}, one_then = {{NULL}};
    recur_option_row(command, row, &option);
    /* If an option was not given and its value follows from others, no words show that value. */
    if (!option.standard && option.kind != OPTION_FLAG && !recur_option_in(then, row))
        return false;
    recur_option_add(&one_now, row, now->value[row]);
    recur_option_add(&one_then, row, then->value[row]);
    recur_json_writer a = {0}, b = {0};
    recur_options_put_words(&a, NULL, command, &one_now, settings);
    recur_options_put_words(&b, NULL, command, &one_then, settings_then);
    recur_error error;
    recur_need_success(command, recur_json_check(&a, "an option", &error), &error);
    recur_need_success(command, recur_json_check(&b, "an option", &error), &error);
    bool equal = a.status == RECUR_OK && b.status == RECUR_OK && strcmp(a.text, b.text) == 0;
    recur_json_writer_free(&a);
    recur_json_writer_free(&b);
    return equal;
}

/* Merges the options of this call into those that the run began with. */
static int merge(struct run *run, struct train_options *then, struct arguments *arguments)
{
    const struct arguments *now = &run->texts;
    const struct command *command = run->command;
    struct option_spec option;
    for (size_t i = 0; recur_option_row(command, i, &option); i++) {
        if (!recur_option_in(&now->given, i))
            continue;
        if (is_free(option.name)) {
            recur_option_copy(&option, then, &run->options);
            if (option.at != offsetof(struct train_options, out.resume)) /* for this start only */
                recur_option_add(&arguments->given, i, now->given.value[i]);
        } else if (!same(command, i, &run->options, &now->given, then, &arguments->given)) {
            return recur_usage_error(command,
                                     "--%s cannot change with --resume: the run in %s was started "
                                     "with something else",
                                     option.name, recur_path(run->options.out.resume).text);
        }
    }
    if (recur_option_given(command, now, "epochs"))
        run->resumed_epochs = run->options.trainer.epochs;
    int status = recur_run_find_outputs(run, &now->given, then, arguments);
    if (status != 0)
        return status;
    if (then->time > 0 && !recur_train_schedule_fits(then->trainer.schedule))
        return recur_usage_error(command,
                                 "--time cannot prolong a run with --schedule %s, which is laid "
                                 "out for its length",
                                 recur_schedule_name(then->trainer.schedule));
    then->predict_given |= run->options.predict_given;
    then->predict_by_time = then->predict_by_time && run->options.predict_by_time;
    return recur_train_options_fit(command, then, arguments) ? 0 : STATUS_USAGE;
}

static int not_ours(const struct run *run)
{
    return recur_failure(run->command,
                         "%s was not written by recur train: its recur.note does not say how the "
                         "run was started",
                         recur_path(run->options.out.resume).text);
}

static bool all_strings(const recur_json *list)
{
    if (!recur_json_is(list, RECUR_JSON_LIST))
        return false;
    const recur_json *item = recur_json_first(list);
    for (size_t i = 0; i < list->size; i++, item = recur_json_next(item))
        if (item->kind != RECUR_JSON_TEXT)
            return false;
    return true;
}

static void add_words(struct run *run, const recur_json *list, size_t *count)
{
    const recur_json *item = recur_json_first(list);
    for (size_t i = 0; i < list->size; i++, item = recur_json_next(item))
        run->words[(*count)++] = item->text;
}

/* Reads the words of the command line with which the run was started. Returns 0 or the exit
 * status. */
static int read_words(struct run *run, int *count)
{
    recur_error error;
    const char *note = recur_checkpoint_note(run->resumed);
    enum recur_status status =
        recur_json_parse(note, strlen(note), false, "recur.note", &run->started_by, &error);
    recur_need_success(run->command, status, &error);
    const recur_json *options = recur_json_member(run->started_by, "options");
    const recur_json *texts = recur_json_member(run->started_by, "texts");
    if (!all_strings(options) || !all_strings(texts))
        return not_ours(run);
    size_t words = 0;
    run->words = recur_need(run->command, options->size + texts->size + 1, sizeof *run->words,
                            "the run's options");
    add_words(run, options, &words);
    run->words[words++] = "--";
    add_words(run, texts, &words);
    *count = (int)words;
    return 0;
}

/* Warns if the instruction set differs, because the last bits depend on it. */
static void compare_isa(const struct run *run)
{
    const char *then = recur_json_text(recur_json_member(run->started_by, "isa")), *now = "";
    recur_machine_isa(&now, NULL);
    if (then && strcmp(then, now) != 0)
        recur_warning(
            run->command,
            "the run began with %s instructions and goes on with %s: the model's last bits "
            "will be others",
            then, now);
}

/* The same if the device differs. Notes name a GPU only. */
static void compare_device(const struct run *run)
{
    const char *noted = recur_json_text(recur_json_member(run->started_by, "device"));
    const char *then = noted ? noted : "cpu";
    struct device_text now = recur_device_text(run->model);
    if (strcmp(then, now.text) != 0)
        recur_warning(
            run->command,
            "the run began on %s and goes on with %s: the model's last bits will be others",
            recur_show(then, strlen(then), 60, NULL).text, now.text);
}

int recur_run_reopen(struct run *run)
{
    struct arguments *texts = &run->texts;
    recur_error error;
    struct train_options then;
    struct arguments arguments;
    int count = 0, status;
    if (!run->options.out.quiet)
        recur_progress_files("reading", &run->options.out.resume, 1);
    enum recur_status loaded =
        recur_checkpoint_load(run->options.out.resume, &run->resumed, &error);
    recur_progress_end();
    if (loaded != RECUR_OK)
        return recur_library_failure(run->command, &error);
    status = read_words(run, &count);
    if (status != 0)
        return status;
    if (!recur_train_options_parse(run->command, count, (char **)run->words, &then, &arguments,
                                   &status) ||
        then.out.resume)
        return not_ours(run);
    if (then.init_from && recur_checkpoint_model(run->resumed, &run->from, &error) != RECUR_OK)
        return recur_library_failure(run->command, &error);
    if (then.init_from &&
        (!recur_model_vocab(run->from) ||
         recur_train_options_inherit(run->command, &then, &arguments, run->from) != 0))
        return not_ours(run);
    if (!then.text.word_rule) /* of a version that had no other */
        then.text.word_rule = "space";
    status = merge(run, &then, &arguments);
    if (status != 0)
        return status;
    if (texts->count > 0) {
        arguments.operands = texts->operands;
        arguments.count = texts->count;
    } else {
        status = recur_run_find_texts(run, &arguments);
    }
    if (status != 0)
        return status;
    run->options = then;
    *texts = arguments;
    compare_isa(run);
    return 0;
}

/* Says why the run cannot go on as asked, and how a run goes on whose length is none of epochs. */
static int fail(const struct run *run, enum recur_status status, const recur_error *error)
{
    const recur_trainer_config *config = recur_checkpoint_config(run->resumed);
    bool by_time = recur_train_schedule_fits(config->schedule) &&
                   (config->updates || config->schedule == RECUR_SCHEDULE_WSD);
    bool longer = run->resumed_epochs && run->resumed_epochs != config->epochs;
    if (status == RECUR_ERROR_ARGUMENT && longer && by_time)
        return recur_usage_error(run->command, "%s (--time T goes on for T)", error->message);
    return recur_library_failure(run->command, error);
}

int recur_run_resume(struct run *run)
{
    recur_error error;
    recur_resume_config config = recur_resume_config_default();
    config.vocab = run->vocab;
    config.epochs = run->resumed_epochs;
    config.threads = run->options.threads ? (size_t)run->options.threads : run->ranks.threads;
    config.ranks = run->ranks.all;
    config.rank_seconds = run->options.trainer.rank_seconds;
    config.device = run->options.trainer.device;
    enum recur_status status =
        run->options.labels
            ? recur_checkpoint_resume_labels(run->resumed, run->train, run->valid, &config,
                                             &run->model, &run->trainer, &error)
            : recur_checkpoint_resume(run->resumed, run->corpus, &config, &run->model,
                                      &run->trainer, &error);
    if (status != RECUR_OK)
        return fail(run, status, &error);
    compare_device(run);
    const recur_origin *origin = recur_model_origin(run->model);
    run->spliced = !origin || !origin->command;
    recur_checkpoint_free(run->resumed);
    run->resumed = NULL;
    return 0;
}
