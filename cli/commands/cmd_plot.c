/* recur plot: draws the logs of runs as one picture. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "common/need.h"
#include "common/output.h"
#include "common/quote.h"
#include "files/reading.h"
#include "options/options.h"
#include "plot/plot.h"

struct plot_options {
    const char *output, *title;
};

/* A log that was read. */
struct log {
    const char *path;
    recur_epoch *epochs;
    size_t count, room;
    recur_json *first; /* its first line, which has the run's options */
    struct grown_text name;
};

/* A number of an epoch; NaN where it is null or missing. */
static double number_of(const recur_json *line, const char *key)
{
    double value;
    return recur_json_get_number(recur_json_member(line, key), &value) ? value : (double)NAN;
}

static bool read_epoch(const recur_json *line, recur_epoch *epoch)
{
    recur_error error;
    const recur_json *number = recur_json_member(line, "epoch");
    *epoch = (recur_epoch){
        .loss = number_of(line, "loss"),
        .valid_loss = number_of(line, "valid_loss"),
        .gradient_norm = number_of(line, "gradient_norm"),
        .lr = number_of(line, "lr"),
        .tokens_per_second = number_of(line, "tokens_per_second"),
        .seconds = number_of(line, "seconds"),
        .valid_accuracy = number_of(line, "valid_accuracy"),
        .valid_precision = number_of(line, "valid_precision"),
        .valid_recall = number_of(line, "valid_recall"),
        .valid_f1 = number_of(line, "valid_f1"),
    };
    return number && isfinite(epoch->loss) &&
           recur_json_get_u64(number, "epoch", &epoch->epoch, &error) == RECUR_OK;
}

static void add_epoch(const struct command *command, struct log *log, const recur_epoch *epoch)
{
    if (log->count == log->room) {
        log->room = log->room ? 2 * log->room : 64;
        log->epochs =
            recur_need_more(command, log->epochs, log->room * sizeof *log->epochs, "the epochs");
    }
    log->epochs[log->count++] = *epoch;
}

/* Reads one line. The first one is kept for its options. */
static bool read_line(const struct command *command, struct log *log, const char *text, size_t size,
                      size_t number)
{
    recur_json *line = NULL;
    recur_epoch epoch;
    recur_error error;
    enum recur_status status =
        recur_json_parse(text, size, false, recur_path(log->path).text, &line, &error);
    recur_need_success(command, status, &error);
    bool good = status == RECUR_OK && read_epoch(line, &epoch) &&
                (log->count == 0 || epoch.epoch > log->epochs[log->count - 1].epoch);
    if (!good)
        recur_failure(command,
                      "%s: line %zu is no epoch of a log that recur train --log has written",
                      recur_path(log->path).text, number);
    if (good)
        add_epoch(command, log, &epoch);
    if (good && log->count == 1)
        log->first = line;
    else
        free(line);
    return good;
}

static bool read_log(const struct command *command, const char *path, struct log *log)
{
    size_t size, number = 1;
    log->path = path;
    char *text = recur_read_whole(command, path, &size);
    bool good = text;
    for (const char *at = text; good && at < text + size; number++) {
        const char *end = memchr(at, '\n', (size_t)(text + size - at));
        size_t length = (size_t)((end ? end : text + size) - at);
        if (length > 0)
            good = read_line(command, log, at, length, number);
        at += length + 1;
    }
    free(text);
    if (good && log->count == 0)
        recur_failure(command, "%s has no epochs", recur_path(path).text);
    return good && log->count > 0;
}

/* The run's option number `index`, a word as "--lr=0.1"; NULL after the last. */
static const char *option_of(const struct log *log, size_t index)
{
    const recur_json *list = recur_json_member(log->first, "options");
    const recur_json *item = recur_json_is(list, RECUR_JSON_LIST) ? recur_json_first(list) : NULL;
    if (!item || index >= list->size)
        return NULL;
    for (size_t i = 0; i < index; i++)
        item = recur_json_next(item);
    return recur_json_text(item);
}

static bool has_option(const struct log *log, const char *word)
{
    const recur_json *list = recur_json_member(log->first, "options");
    const recur_json *item = recur_json_is(list, RECUR_JSON_LIST) ? recur_json_first(list) : NULL;
    for (size_t i = 0; item && i < list->size; i++, item = recur_json_next(item))
        if (recur_json_is(item, RECUR_JSON_TEXT) && strcmp(item->text, word) == 0)
            return true;
    return false;
}

/* Names a run by its file and the options in which it differs from others. */
static void name_run(const struct command *command, struct log *logs, size_t count, size_t index)
{
    const char *word, *between = ": ";
    struct log *log = &logs[index];
    recur_need_word(command, &log->name, "%s", recur_path(log->path).text);
    for (size_t i = 0; (word = option_of(log, i)); i++) {
        bool common = true;
        for (size_t other = 0; other < count; other++)
            common = common && has_option(&logs[other], word);
        if (common && count > 1)
            continue;
        recur_need_word(command, &log->name, "%s%s", between,
                        recur_show(word, strlen(word), SIZE_MAX, NULL).text);
        between = " ";
    }
}

/* The epoch with the best value of what the run is judged by. */
static uint64_t best_epoch(const struct log *log)
{
    const recur_epoch *best = NULL;
    for (size_t i = 0; i < log->count; i++) {
        const recur_epoch *e = &log->epochs[i];
        double loss = isfinite(e->valid_loss) ? e->valid_loss : e->loss;
        double least = !best                        ? (double)INFINITY
                       : isfinite(best->valid_loss) ? best->valid_loss
                                                    : best->loss;
        if (loss < least)
            best = e;
    }
    return best ? best->epoch : 0;
}

static bool draw(const struct command *command, const struct plot_options *options,
                 struct log *logs, size_t count)
{
    char title[40];
    snprintf(title, sizeof title, "%zu runs", count);
    struct plot plot = {.title = options->title ? options->title
                                 : count > 1    ? title
                                                : "",
                        .subtitle = "",
                        .count = count};
    for (size_t i = 0; i < count; i++) {
        name_run(command, logs, count, i);
        plot.runs[i] = (struct plot_run){.name = logs[i].name.bytes,
                                         .epochs = logs[i].epochs,
                                         .count = logs[i].count,
                                         .kept = best_epoch(&logs[i]),
                                         .labels = isfinite(logs[i].epochs->valid_accuracy)};
    }
    for (size_t i = 1; i < count; i++)
        if (plot.runs[i].labels != plot.runs[0].labels) {
            recur_failure(command,
                          "one run has scores of labels, the other not: %s and %s have no "
                          "scale in common",
                          recur_path(logs[0].path).text, recur_path(logs[i].path).text);
            return false;
        }
    bool held_out = logs[0].epochs && isfinite(logs[0].epochs->valid_loss);
    if (count > 1 && held_out && !plot.runs[0].labels)
        plot.subtitle = "lines: validation; dashes: training; rings: the kept epochs";
    else if (count > 1)
        plot.subtitle = "rings: the kept epochs";
    else
        plot.title = options->title ? options->title : plot.runs[0].name;
    return recur_plot_write(command, options->output, &plot);
}

static int plot(const struct command *command, int argc, char **argv)
{
    struct plot_options options = {0};
    struct arguments arguments;
    struct log logs[PLOT_RUNS] = {{0}};
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    if (!options.output)
        return recur_usage_error(command, "--output is missing: a file that ends in .svg or .png");
    if (!recur_plot_check(command, "output", options.output))
        return STATUS_USAGE;
    for (size_t i = 0; i < arguments.count; i++)
        if (recur_overwrites(options.output, arguments.operands[i]))
            return recur_usage_error(command, "--output would overwrite %s",
                                     recur_path(arguments.operands[i]).text);
    status = recur_output_check(command, "output", options.output, OUTPUT_BESIDE);
    size_t read = 0;
    while (status == 0 && read < arguments.count) {
        if (!read_log(command, arguments.operands[read], &logs[read]))
            status = STATUS_FAILURE;
        read++;
    }
    if (status == 0 && !draw(command, &options, logs, read))
        status = STATUS_FAILURE;
    for (size_t i = 0; i < read; i++) {
        free(logs[i].epochs);
        free(logs[i].first);
        free(logs[i].name.bytes);
    }
    return status;
}

static const struct option_spec options[] = {
    {OPTION_FILE, 'o', "output", "FILE", offsetof(struct plot_options, output),
     .help = "where the picture goes, .svg or .png; needed"},
    {OPTION_TEXT, 0, "title", "TEXT", offsetof(struct plot_options, title),
     .shown = "what is drawn", .help = "the picture's title"},
    {.help = NULL},
};

const struct command recur_command_plot = {
    .name = "plot",
    .summary = "draw the curves of one or several runs",
    .operands = "LOG ...",
    .about = "Draws the logs that recur train --log has written, one or up to 16 of them, as a "
             "picture: perplexity (of labels accuracy and F1) over epochs, tokens and seconds, in "
             "training and on held-out data, and below that learning rate and gradient norm. "
             "Several runs are named by the options in which they differ. The epoch of each "
             "whose model was kept is marked.",
    .examples = "  recur train book.txt --log small.jsonl --hidden 128\n"
                "  recur train book.txt --log large.jsonl --hidden 512\n"
                "  recur plot small.jsonl large.jsonl -o runs.svg\n",
    .options = options,
    .least = 1,
    .most = PLOT_RUNS,
    .run = plot,
};
