/* --log: writes one line with an object for each epoch. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/lock.h"
#include "common/message.h"
#include "common/output.h"
#include "train/observer.h"
#include "train/run.h"

struct log {
    FILE *file; /* NULL: there is no log, or no longer */
    bool begun, failed;
};

/* Empties the log, once it is known that no other run writes to it. */
static int open_file(const struct run *run, struct log *log)
{
    const char *path = run->options.out.log;
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file >= 0 && recur_lock(file) == LOCK_TAKEN) {
        close(file);
        return recur_failure(run->command, "--log: another run writes %s: give this one another",
                             recur_path(path).text);
    }
    struct stat info;
    bool regular = file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode);
    bool good = file >= 0 && (!regular || ftruncate(file, 0) == 0);
    log->file = good ? fdopen(file, "w") : NULL;
    if (log->file)
        return 0;
    int failure = recur_failure(run->command, "--log: cannot write %s: %s", recur_path(path).text,
                                strerror(errno));
    if (file >= 0)
        close(file);
    return failure;
}

static void close_file(struct log *log)
{
    if (log->file && fclose(log->file) != 0)
        log->failed = true;
    log->file = NULL;
}

/* Puts the settings that the run was given, by which recur plot tells runs apart. Names of files
 * and texts, and what does not change the run, are none of them. */
static void put_settings(recur_json_writer *json, const struct run *run)
{
    struct option_set given = run->texts.given;
    struct option_spec option;
    for (size_t row = 0; recur_option_row(run->command, row, &option); row++)
        if (option.kind == OPTION_FILE || option.kind == OPTION_TEXT ||
            option.kind == OPTION_TEXTS || (option.name && !recur_run_is_of_model(option.name)))
            recur_option_remove(&given, row);
    recur_options_put_words(json, "options", run->command, &given, &run->options);
}

/* Adds an epoch; the first one also has the run's settings. If that fails, prints a warning, and
 * the run goes on. */
static void add(struct run *run, struct log *log, const recur_epoch *epoch)
{
    if (!log->file)
        return;
    recur_json_writer json = RECUR_JSON_SHOWN;
    recur_error error;
    recur_json_open(&json, NULL, '{');
    recur_json_put_epoch(&json, epoch);
    if (!log->begun)
        put_settings(&json, run);
    log->begun = true;
    recur_json_close(&json, '}');
    bool built = recur_json_check(&json, "an epoch as JSON", &error) == RECUR_OK;
    bool written = built && fprintf(log->file, "%s\n", json.text) > 0 && fflush(log->file) == 0;
    const char *why = built ? strerror(errno) : error.message;
    recur_json_writer_free(&json);
    if (written)
        return;
    recur_warning(run->command, "--log: cannot write %s: %s; training goes on without it",
                  recur_path(run->options.out.log).text, why);
    log->failed = true;
    close_file(log);
}

static int open_log(struct run *run, void *state)
{
    int status = run->options.out.log ? open_file(run, state) : 0;
    if (status != 0)
        return status;
    /* The log of a killed run may be ahead of its checkpoint or lag behind it. The history agrees
     * with the checkpoint, so the log is written anew from it. */
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    for (size_t i = 0; i < count; i++)
        add(run, state, &history[i]);
    return 0;
}

static int epoch(struct run *run, void *state)
{
    add(run, state, &run->epoch);
    return 0;
}

static int close_log(struct run *run, void *state)
{
    struct log *log = state;
    close_file(log);
    if (!log->failed || !run->kept)
        return 0;
    return recur_failure(run->command,
                         "--log: %s lacks epochs: it could not be written; the model is in "
                         "%s",
                         recur_path(run->options.out.log).text,
                         recur_path(run->options.out.output).text);
}

const struct observer recur_observe_log = {
    .size = sizeof(struct log),
    .at = {[MOMENT_OPEN] = open_log, [MOMENT_EPOCH] = epoch, [MOMENT_CLOSE] = close_log},
};
