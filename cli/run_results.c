/* What a training run leaves behind besides its model. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "curve.h"
#include "message.h"
#include "output.h"
#include "plot.h"
#include "quote.h"
#include "recur/machine.h"
#include "run.h"

struct destination {
    const char *option, *path;
};

static bool overwrites(const struct run *run, const struct destination *place,
                       const struct arguments *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (recur_same_file(place->path, texts->operands[i])) {
            recur_usage_error(run->command, "--%s would overwrite the text %s", place->option,
                              texts->operands[i]);
            return true;
        }
    }
    return false;
}

int recur_run_check_outputs(const struct run *run, const struct arguments *texts)
{
    const struct train_options *options = &run->options;
    const struct destination places[] = {
        {"output", options->output},
        {"log", options->log},
        {"report", options->report},
        {"plot", options->plot},
    };
    enum { PLACES = sizeof places / sizeof *places };
    if (options->plot && !recur_plot_check(run->command, options->plot))
        return STATUS_USAGE;
    for (size_t i = 0; i < PLACES; i++) {
        if (!places[i].path)
            continue;
        if (overwrites(run, &places[i], texts))
            return STATUS_USAGE;
        for (size_t j = 0; j < i; j++)
            if (places[j].path && strcmp(places[i].path, places[j].path) == 0)
                return recur_usage_error(run->command, "--%s and --%s are both %s",
                                         places[j].option, places[i].option, places[i].path);
        if (!recur_output_check(run->command, places[i].option, places[i].path))
            return STATUS_FAILURE;
    }
    return 0;
}

void recur_run_log(struct run *run)
{
    if (!run->log)
        return;
    json_t *epoch = recur_json_epoch(&run->epoch);
    if (recur_trainer_scores(run->trainer))
        recur_json_add_scores(epoch, recur_trainer_scores(run->trainer), "valid_");
    char *text = recur_json_text(epoch);
    bool written = text && fprintf(run->log, "%s\n", text) > 0 && fflush(run->log) == 0;
    free(text);
    if (written)
        return;
    recur_progress_clear(&run->progress);
    recur_warning(run->command, "--log: cannot write %s: %s; training goes on without it",
                  run->options.log, strerror(errno));
    fclose(run->log);
    run->log = NULL;
}

/* Prints the continuations and collects them; false where that fails. */
static bool print_predictions(struct run *run, json_t *predictions)
{
    const struct text_list *prefixes = &run->options.predict;
    for (size_t i = 0; i < prefixes->count; i++) {
        recur_error error;
        char *text;
        if (recur_continuation(run->model, prefixes->items[i], &text, &error) != RECUR_OK) {
            recur_library_failure(run->command, &error);
            return false;
        }
        recur_print_line(stdout, text);
        recur_token all = {text, strlen(text)};
        json_array_append_new(predictions, recur_json_token(all));
        free(text);
    }
    return true;
}

static size_t count_tokens(const struct run *run)
{
    if (!run->options.labels)
        return recur_corpus_size(run->corpus);
    return recur_labels_tokens(run->train) + (run->valid ? recur_labels_tokens(run->valid) : 0);
}

static bool write_report(const struct run *run, json_t *predictions, const recur_scores *scores)
{
    const char *isa = NULL;
    struct rusage usage;
    recur_machine_isa(&isa, NULL);
    getrusage(RUSAGE_SELF, &usage);
    json_t *report = recur_json_epoch(&run->epoch);
    json_t *more = json_pack("{sI sI sI sI sI ss ss ss? sI sO}", "parameters",
                             (json_int_t)recur_model_parameters(run->model), "tokens",
                             (json_int_t)count_tokens(run), "epochs",
                             (json_int_t)recur_trainer_epochs(run->trainer), "best_epoch",
                             (json_int_t)recur_trainer_best_epoch(run->trainer), "threads",
                             (json_int_t)recur_trainer_threads(run->trainer), "device", "cpu",
                             "precision", run->options.precision, "isa", isa, "peak_rss_bytes",
                             (json_int_t)usage.ru_maxrss * 1024, "predictions", predictions);
    json_object_update_new(report, more);
    if (scores)
        recur_json_add_scores(report, scores, "");
    char *text = recur_json_text(report);
    if (!text) {
        recur_failure(run->command, "out of memory while writing %s", run->options.report);
        return false;
    }
    size_t size = strlen(text);
    text[size] = '\n'; /* in place of the terminator, which is not written */
    bool written = recur_write_file(run->command, run->options.report, text, size + 1);
    free(text);
    return written;
}

static void print_next(const struct run *run)
{
    const struct train_options *options = &run->options;
    const char *name = options->output;
    const char *prefix = options->predict.count ? options->predict.items[0] : "";
    fprintf(stderr, "\nThe model is in %s. Next:\n", name);
    if (options->labels) {
        fprintf(stderr, "  recur predict -m %s TEXT\n  recur info %s\n  recur eval -m %s TEXT\n",
                name, name, name);
        fprintf(stderr, "  recur train --help\n");
        return;
    }
    if (strcmp(options->task, "fill") == 0) {
        fprintf(stderr, "  recur fill -m %s \"a text with bl_nks", name);
    } else {
        fprintf(stderr, "  recur generate -m %s -p \"", name);
        for (const char *c = prefix; *c; c++)
            fprintf(stderr, strchr("\"\\$`", *c) ? "\\%c" : "%c", *c);
    }
    fprintf(stderr, "\"\n  recur info %s\n  recur eval -m %s TEXT\n", name, name);
    fprintf(stderr, "  recur train --help\n");
}

/* How well the model that was kept labels what was held out, or what it learnt from; its line on
 * stdout. */
static bool print_scores(const struct run *run, recur_scores *scores)
{
    recur_score_table *table;
    recur_error error;
    if (recur_score(run->model, run->valid ? run->valid : run->train, (size_t)run->options.threads,
                    &table, &error) != RECUR_OK) {
        recur_library_failure(run->command, &error);
        return false;
    }
    *scores = *recur_score_table_scores(table);
    recur_score_table_free(table);
    printf("accuracy %.4f", scores->accuracy);
    if (isfinite(scores->f1))
        printf(", f1 %.4f", scores->f1);
    printf(" on %s data, %.1f tokens/sec on cpu\n", run->valid ? "held-out" : "training",
           run->epoch.tokens_per_second);
    return true;
}

int recur_run_results(struct run *run)
{
    const struct train_options *options = &run->options;
    json_t *predictions = json_array();
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    recur_scores scores;
    bool labels = options->labels, done = !labels || print_scores(run, &scores);
    if (!labels)
        printf("perplexity %.1f, %.1f tokens/sec on cpu\n", exp(run->epoch.loss),
               run->epoch.tokens_per_second);
    done = done && print_predictions(run, predictions);
    fflush(stdout);
    if (done && options->report)
        done = write_report(run, predictions, labels ? &scores : NULL);
    if (done && options->plot)
        done = recur_plot_write(run->command, options->plot, history, count);
    json_decref(predictions);
    if (done && !options->quiet) {
        const char *no_color = getenv("NO_COLOR");
        bool color = run->progress.terminal && !(no_color && *no_color);
        recur_curve_print(stderr, history, count, recur_terminal_width(), color);
        print_next(run);
    }
    return done ? 0 : STATUS_FAILURE;
}
