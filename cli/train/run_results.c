/* What a training run leaves behind besides its model. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/interrupt.h"
#include "common/message.h"
#include "common/number_text.h"
#include "common/output.h"
#include "common/quote.h"
#include "common/terminal.h"
#include "common/text_out.h"
#include "plot/curve.h"
#include "plot/plot.h"
#include "recur/file.h"
#include "recur/machine.h"
#include "train/run.h"

struct destination {
    const char *option, *path;
};

enum { PLACES = 5 };

struct destinations {
    struct destination place[PLACES];
};

/* The checkpoint that the run goes on from is replaced by its next one alone. */
static bool overwrites_run(const struct run *run, const struct destination *place)
{
    const char *resume = run->options.resume;
    if (!resume || place->path == run->checkpoint || !recur_overwrites(place->path, resume))
        return false;
    recur_usage_error(run->command, "--%s would overwrite the checkpoint %s", place->option,
                      recur_path(resume).text);
    return true;
}

static struct destinations destinations(const struct run *run)
{
    const struct train_options *options = &run->options;
    return (struct destinations){{{"output", options->output},
                                  {"log", options->log},
                                  {"report", options->report},
                                  {"plot", options->plot},
                                  {"checkpoint-every", run->checkpoint}}};
}

int recur_run_check_outputs(const struct run *run)
{
    const struct destinations all = destinations(run);
    for (size_t i = 0; i < PLACES; i++) {
        const struct destination *place = &all.place[i];
        if (!place->path)
            continue;
        if (overwrites_run(run, place))
            return STATUS_USAGE;
        int status = recur_output_check(run->command, place->option, place->path, OUTPUT_BESIDE);
        if (status != 0)
            return status;
        for (const struct destination *other = all.place; other < place; other++)
            if (other->path && recur_file_same(place->path, other->path))
                return recur_usage_error(run->command, "--%s and --%s are one file, %s",
                                         other->option, place->option,
                                         recur_path(place->path).text);
    }
    if (run->options.plot && !recur_plot_check(run->command, run->options.plot))
        return STATUS_USAGE;
    return recur_model_name_check(run->command, run->options.output, RECUR_FORMAT_RECUR)
               ? 0
               : STATUS_USAGE;
}

int recur_run_spare_texts(const struct run *run, const char *const *texts, size_t count)
{
    const struct destinations all = destinations(run);
    for (size_t i = 0; i < PLACES; i++)
        for (size_t t = 0; all.place[i].path && t < count; t++)
            if (recur_overwrites(all.place[i].path, texts[t]))
                return recur_usage_error(run->command, "--%s would overwrite the text %s",
                                         all.place[i].option, recur_path(texts[t]).text);
    return 0;
}

void recur_run_log(struct run *run)
{
    if (!run->log)
        return;
    recur_json_writer json = RECUR_JSON_SHOWN;
    recur_error error;
    recur_json_open(&json, NULL, '{');
    recur_json_put_epoch(&json, &run->epoch);
    recur_json_close(&json, '}');
    bool built = recur_json_check(&json, "an epoch as JSON", &error) == RECUR_OK;
    bool written = built && fprintf(run->log, "%s\n", json.text) > 0 && fflush(run->log) == 0;
    const char *why = built ? strerror(errno) : error.message;
    recur_json_writer_free(&json);
    if (written)
        return;
    recur_progress_clear(&run->progress);
    recur_warning(run->command, "--log: cannot write %s: %s; training goes on without it",
                  recur_path(run->options.log).text, why);
    run->log_failed = true;
    recur_run_end_log(run);
}

bool recur_run_end_log(struct run *run)
{
    if (run->log && fclose(run->log) != 0)
        run->log_failed = true;
    run->log = NULL;
    return !run->log_failed;
}

/* The run ends in an epoch that is not finished, whose parameters are those that are kept. */
static bool ends_in_part(const struct run *run)
{
    return !recur_run_best_epoch(run) && run->step.epoch == run->epoch.epoch &&
           !run->step.end_of_epoch;
}

/* The epoch whose parameters are kept; 0 where that is part of one. */
static uint64_t kept_epoch(const struct run *run)
{
    const recur_epoch *best = recur_run_best_epoch(run);
    return best ? best->epoch : ends_in_part(run) ? 0 : run->epoch.epoch;
}

/* Prints the continuations and collects them; false where that fails. */
static bool print_predictions(struct run *run, recur_json_writer *predictions)
{
    const struct text_list *prefixes = &run->options.predict;
    const recur_epoch *best = recur_run_best_epoch(run);
    const recur_sampler_config sampling = recur_run_sampling(
        run, best ? best->epoch : run->epoch.epoch, ends_in_part(run) ? run->step.minibatch : 0);
    for (size_t i = 0; i < prefixes->count; i++) {
        recur_error error;
        char *text;
        size_t size;
        if (recur_continuation(run->model, prefixes->items[i], &sampling, &text, &size, &error) !=
            RECUR_OK) {
            recur_library_failure(run->command, &error);
            return false;
        }
        recur_text_line(stdout, text, size);
        recur_token all = {text, size};
        recur_json_put_token(predictions, NULL, all);
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

static void put_report(recur_json_writer *report, const struct run *run,
                       const recur_json_writer *predictions, const recur_scores *scores)
{
    const char *isa = "";
    struct rusage usage;
    recur_machine_isa(&isa, NULL);
    getrusage(RUSAGE_SELF, &usage);
    recur_json_open(report, NULL, '{');
    recur_json_put_epoch(report, &run->epoch);
    recur_json_put_u64(report, "parameters", recur_model_parameters(run->model));
    recur_json_put_u64(report, "tokens", count_tokens(run));
    recur_json_put_u64(report, "epochs", recur_trainer_epochs(run->trainer));
    recur_json_put_u64(report, "best_epoch", recur_trainer_best_epoch(run->trainer));
    recur_json_put_u64(report, "threads", recur_trainer_threads(run->trainer));
    recur_json_put_text(report, "device", "cpu");
    recur_json_put_text(report, "compute_precision", run->options.precision);
    recur_json_put_text(report, "isa", isa);
    recur_json_put_u64(report, "peak_rss_bytes", (uint64_t)usage.ru_maxrss * 1024);
    recur_json_put_written(report, "predictions", predictions);
    if (scores)
        recur_json_put_scores(report, scores, "");
    recur_json_close(report, '}');
}

static bool write_report(const struct run *run, const recur_json_writer *predictions,
                         const recur_scores *scores)
{
    recur_json_writer report = RECUR_JSON_SHOWN;
    recur_error error;
    put_report(&report, run, predictions, scores);
    bool written = recur_json_check(&report, "the report", &error) == RECUR_OK;
    if (written) {
        report.text[report.size] = '\n'; /* in place of the terminator, which is not written */
        written = recur_write_file(run->command, run->options.report, report.text, report.size + 1);
    } else {
        recur_library_failure(run->command, &error);
    }
    recur_json_writer_free(&report);
    return written;
}

static void print_next(const struct run *run)
{
    const struct train_options *options = &run->options;
    char path[sizeof(recur_printable)];
    const char *prefix = options->predict.count ? options->predict.items[0] : "";
    const recur_printable shown = recur_show(prefix, strlen(prefix), SIZE_MAX, NULL);
    /* What begins with a dash would be an option. */
    snprintf(path, sizeof path, "%s%s", *options->output == '-' ? "./" : "", options->output);
    const recur_printable name = recur_shell_word(path, false);
    fprintf(stderr, "\nThe model is in %s. Next:\n", recur_path(options->output).text);
    if (options->labels) {
        fprintf(stderr, "  recur predict -m %s TEXT\n", name.text);
    } else if (strcmp(options->task, "fill") == 0) {
        fprintf(stderr, "  recur fill -m %s \"a text with bl_nks\"\n", name.text);
    } else if (strcmp(shown.text, prefix) != 0) { /* no shell would pass on what is shown */
        fprintf(stderr, "  recur generate -m %s\n", name.text);
    } else {
        fprintf(stderr, "  recur generate -m %s -p %s\n", name.text,
                recur_shell_word(prefix, true).text);
    }
    fprintf(stderr, "  recur info %s\n  recur eval -m %s TEXT\n  recur train --help\n", name.text,
            name.text);
}

static const char *why_the_best(const struct run *run)
{
    return recur_trainer_valid_tokens(run->trainer) ? "the best on the held-out text"
                                                    : "the one of the lowest loss";
}

static void say_what_was_kept(const struct run *run)
{
    const recur_epoch *kept = recur_run_best_epoch(run);
    unsigned long long best = kept ? kept->epoch : 0;
    if (recur_interrupt()) {
        fprintf(stderr, "recur train: interrupted in epoch %llu; the model",
                (unsigned long long)run->step.epoch);
        if (best > 0)
            fprintf(stderr, " of epoch %llu, %s,", best, why_the_best(run));
        fprintf(stderr, " is in %s", recur_path(run->options.output).text);
        if (run->checkpoint && !run->checkpoint_failed) {
            fputs("; go on with ", stderr);
            recur_run_print_resume(run);
        }
        fputc('\n', stderr);
    } else if (kept && !run->options.quiet) {
        fprintf(stderr, "kept epoch %llu, %s", best, why_the_best(run));
        if (isfinite(kept->valid_loss) && !run->options.labels)
            fprintf(stderr, ": perplexity %s", recur_perplexity(kept->valid_loss).text);
        fputc('\n', stderr);
    }
    if (!run->options.quiet)
        recur_run_advise(run);
}

/* The line on stdout of the model that was kept. Presets have the book's: in training. */
static void print_perplexity(const struct run *run)
{
    const recur_epoch *best = recur_run_best_epoch(run), *kept = best ? best : &run->epoch;
    double speed = run->epoch.tokens_per_second;
    bool validated = isfinite(kept->valid_loss);
    if (run->options.preset)
        printf("perplexity %.1f, %.1f tokens/sec on cpu\n", exp(kept->loss), speed);
    else
        printf("perplexity %s, %.1f tokens/sec on cpu (%s text, epoch %llu)\n",
               recur_perplexity(validated ? kept->valid_loss : kept->loss).text, speed,
               validated ? "held-out" : "training", (unsigned long long)kept->epoch);
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

/* The line on the model in a picture. */
enum { SUBTITLE = 500 };

static bool plot(const struct run *run, const struct measure *measure)
{
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    char line[SUBTITLE] = "";
    FILE *stream = fmemopen(line, sizeof line - 1, "w"); /* what is longer is cut */
    if (!stream) {
        recur_failure(run->command, "out of memory for the picture");
        return false;
    }
    setvbuf(stream, NULL, _IONBF, 0);
    recur_print_model(stream, run->model, RECUR_FORMAT_RECUR);
    fclose(stream);
    line[strcspn(line, "\n")] = '\0';
    const struct plot plotted = {.title = run->name.text,
                                 .subtitle = line,
                                 .measure = *measure,
                                 .epochs = history,
                                 .count = count,
                                 .kept = kept_epoch(run)};
    return recur_plot_write(run->command, run->options.plot, &plotted);
}

int recur_run_results(struct run *run)
{
    const struct train_options *options = &run->options;
    recur_json_writer predictions = RECUR_JSON_SHOWN;
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    recur_scores scores;
    bool labels = options->labels;
    const struct measure measure = recur_measure(history, count, labels);
    say_what_was_kept(run);
    bool done = !labels || print_scores(run, &scores);
    if (!labels)
        print_perplexity(run);
    recur_json_open(&predictions, NULL, '[');
    done = done && print_predictions(run, &predictions);
    recur_json_close(&predictions, ']');
    fflush(stdout);
    if (done && options->report)
        done = write_report(run, &predictions, labels ? &scores : NULL);
    if (done && options->plot)
        done = plot(run, &measure);
    recur_json_writer_free(&predictions);
    if (done && !options->quiet) {
        recur_curve_print(stderr, &measure, history, count, kept_epoch(run), recur_terminal_width(),
                          recur_terminal_colors(stderr));
        print_next(run);
    }
    return done ? 0 : STATUS_FAILURE;
}
