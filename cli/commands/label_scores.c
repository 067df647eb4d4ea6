#include "commands/label_scores.h"

#include <math.h>
#include <string.h>

#include "common/message.h"
#include "common/output.h"
#include "common/progress.h"
#include "common/quote.h"
#include "files/reading.h"
#include "options/text_options.h"

enum { MATRIX_LABELS = 12 };

/* Widths on a terminal: the column of names is as wide as it needs to be, between NAME_LEAST and
 * NAME_MOST; a column of numbers has at least NUMBER_LEAST. */
enum { NAME_LEAST = 16, NAME_MOST = 40, NUMBER_LEAST = 9 };

bool recur_read_labels(const struct command *command, const recur_model *model, const char *path,
                       const char *encoding, const struct label_options *columns, bool unlabelled,
                       recur_labels **data)
{
    recur_error error;
    const recur_model_config *trained = recur_model_get_config(model);
    enum recur_task task = trained->task;
    recur_vocab *vocab = recur_model_vocab(model);
    recur_text_config text = recur_text_config_default();
    recur_labels_config config = recur_labels_config_default();
    bool texts = recur_task_serves(task, RECUR_USE_LABEL_TEXTS);
    if (!texts && !recur_task_serves(task, RECUR_USE_LABEL_WORDS)) {
        recur_failure(
            command,
            "the model is of the task %s, which labels nothing; train one with --task tag "
            "or classify",
            recur_task_name(task));
        return false;
    }
    config.task = task;
    config.unlabelled = unlabelled;
    if (vocab && texts)
        text = *recur_vocab_text(vocab);
    text.encoding = encoding;
    config.text = &text;
    config.word_column = trained->word_column;
    config.label_column = trained->label_column;
    config.known_words = vocab;
    config.known_labels = recur_model_labels(model);
    recur_label_options_config(columns, &config);
    recur_progress_files("reading", &path, 1);
    enum recur_status status = recur_labels_read(&path, 1, &config, data, &error);
    recur_progress_end();
    if (status != RECUR_OK) {
        recur_library_failure(command, &error);
        return false;
    }
    recur_warn_read(command, recur_path(path).text, encoding, recur_labels_stats(*data)->invalid,
                    recur_labels_marks(*data));
    if (recur_warn_doubts(command, recur_path(path).text, *data))
        return true;
    recur_labels_free(*data);
    return false;
}

static bool same(recur_token a, recur_token b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static size_t find(const recur_token *names, size_t count, recur_token name)
{
    size_t i = 0;
    while (i < count && !same(names[i], name))
        i++;
    return i;
}

/* Collects the names of the cells' labels; returns more than MATRIX_LABELS where they are too many
 * to show. */
static size_t collect(const recur_score_cell *cell, size_t count, recur_token *names)
{
    size_t labels = 0;
    for (size_t i = 0; i < 2 * count && labels <= MATRIX_LABELS; i++) {
        recur_token name = i < count ? cell[i].truth : cell[i - count].predicted;
        if (find(names, labels, name) == labels)
            names[labels++] = name;
    }
    return labels;
}

static size_t name_width(recur_token name, size_t least)
{
    size_t width = recur_columns(recur_fit(name, NAME_MOST).text);
    return width > least ? width : least;
}

static void print_name(recur_token name, size_t width, bool right)
{
    recur_printable shown = recur_fit(name, NAME_MOST);
    int space = (int)(width - recur_columns(shown.text));
    printf("%*s%s%*s", right ? space : 0, "", shown.text, right ? 0 : space, "");
}

static size_t times_met(const recur_score_cell *cell, size_t count, recur_token truth,
                        recur_token predicted)
{
    for (size_t k = 0; k < count; k++)
        if (same(cell[k].truth, truth) && same(cell[k].predicted, predicted))
            return cell[k].count;
    return 0;
}

/* Prints the confusion matrix, unless there are too many labels. */
static void print_matrix(const recur_score_table *table)
{
    size_t count, width = NAME_LEAST;
    const recur_score_cell *cell = recur_score_table_cells(table, &count);
    recur_token names[MATRIX_LABELS + 1];
    size_t labels = collect(cell, count, names);
    if (labels > MATRIX_LABELS) {
        printf("\nmore than %d labels: --json shows the confusion matrix\n", MATRIX_LABELS);
        return;
    }
    printf("\nconfusion matrix: a row for each label of the data, a column for each prediction\n");
    for (size_t i = 0; i < labels; i++)
        width = name_width(names[i], width);
    print_name((recur_token){"", 0}, width, false);
    for (size_t j = 0; j < labels; j++) {
        putchar(' ');
        print_name(names[j], name_width(names[j], NUMBER_LEAST), true);
    }
    putchar('\n');
    for (size_t i = 0; i < labels; i++) {
        print_name(names[i], width, false);
        for (size_t j = 0; j < labels; j++)
            printf(" %*zu", (int)name_width(names[j], NUMBER_LEAST),
                   times_met(cell, count, names[i], names[j]));
        putchar('\n');
    }
}

static double share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static void print_spans(const recur_score_table *table)
{
    size_t count, width = NAME_LEAST;
    const recur_score_cell *span = recur_score_table_spans(table, &count);
    for (size_t i = 0; i < count; i++)
        width = name_width(span[i].truth, width);
    if (count)
        printf("\n%-*s %9s %9s %9s %9s %9s\n", (int)width, "spans", "precision", "recall", "f1",
               "in data", "predicted");
    for (size_t i = 0; i < count; i++) {
        double p = share(span[i].right, span[i].predictions);
        double r = share(span[i].right, span[i].count);
        print_name(span[i].truth, width, false);
        printf(" %9.4f %9.4f %9.4f %9zu %9zu\n", p, r, p + r > 0 ? 2 * p * r / (p + r) : 0,
               span[i].count, span[i].predictions);
    }
}

static void put_cells(recur_json_writer *json, const recur_score_table *table)
{
    size_t count;
    const recur_score_cell *cell = recur_score_table_cells(table, &count);
    recur_json_open(json, "confusion", '[');
    for (size_t i = 0; i < count; i++) {
        recur_json_open(json, NULL, '{');
        recur_json_put_token(json, "label", cell[i].truth);
        recur_json_put_token(json, "predicted", cell[i].predicted);
        recur_json_put_u64(json, "count", cell[i].count);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static void put_spans(recur_json_writer *json, const recur_score_table *table)
{
    size_t count;
    const recur_score_cell *span = recur_score_table_spans(table, &count);
    recur_json_open(json, "spans", '[');
    for (size_t i = 0; i < count; i++) {
        recur_json_open(json, NULL, '{');
        recur_json_put_token(json, "type", span[i].truth);
        recur_json_put_u64(json, "count", span[i].count);
        recur_json_put_u64(json, "predicted", span[i].predictions);
        recur_json_put_u64(json, "right", span[i].right);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static int print_json(const struct command *command, const recur_score_table *table, bool tags)
{
    const recur_scores *scores = recur_score_table_scores(table);
    recur_json_writer json = RECUR_JSON_SHOWN;
    recur_json_open(&json, NULL, '{');
    recur_json_put_u64(&json, "sequences", scores->sequences);
    recur_json_put_u64(&json, "labels", scores->labels);
    recur_json_put_u64(&json, "unknown_labels", scores->unknown);
    recur_json_put_rounded(&json, "loss", scores->loss, 12);
    recur_json_put_scores(&json, scores, "");
    put_cells(&json, table);
    if (tags) {
        bool spans = scores->scheme != RECUR_SCHEME_NONE;
        if (spans)
            recur_json_put_text(&json, "scheme", recur_scheme_name(scores->scheme));
        else
            recur_json_put_null(&json, "scheme");
        recur_json_put_bool(&json, "suffix", scores->suffix);
        put_spans(&json, table);
    }
    recur_json_close(&json, '}');
    return recur_json_print(command, &json);
}

/* The usual spelling of a scheme's name. */
static const char *scheme_shown(enum recur_scheme scheme)
{
    switch (scheme) {
    case RECUR_SCHEME_AUTO:
    case RECUR_SCHEME_NONE: break;
    case RECUR_SCHEME_BIO: return "BIO (IOB2)";
    case RECUR_SCHEME_IOB1: return "IOB1";
    case RECUR_SCHEME_IOE: return "IOE";
    case RECUR_SCHEME_BIOES: return "BIOES (IOBES)";
    case RECUR_SCHEME_BILOU: return "BILOU";
    case RECUR_SCHEME_BMES: return "BMES";
    }
    return "none";
}

static void print_text(const recur_score_table *table, bool tags)
{
    const recur_scores *scores = recur_score_table_scores(table);
    const char *macro = tags ? "" : "macro ";
    printf("%-19s %zu\n", tags ? "sentences" : "texts", scores->sequences);
    if (tags)
        printf("%-19s %zu\n", "words", scores->labels);
    if (isfinite(scores->loss))
        printf("%-19s %.4f nats per label\n", "loss", scores->loss);
    printf("%-19s %.4f\n", "accuracy", scores->accuracy);
    if (scores->scheme != RECUR_SCHEME_NONE)
        printf("%-19s %s%s\n", "scheme", scheme_shown(scores->scheme),
               scores->suffix ? ", behind the type" : "");
    if (isfinite(scores->f1)) {
        printf("%s%-*s %.4f\n", macro, 19 - (int)strlen(macro), "precision", scores->precision);
        printf("%s%-*s %.4f\n", macro, 19 - (int)strlen(macro), "recall", scores->recall);
        printf("%s%-*s %.4f\n", macro, 19 - (int)strlen(macro), "f1", scores->f1);
    }
    if (tags)
        print_spans(table);
    else
        print_matrix(table);
}

static void warn_unknown(const struct command *command, const recur_scores *scores, bool tags)
{
    size_t unknown = scores->unknown, labels = scores->labels;
    if (unknown > 0)
        recur_warning(
            command, "the model never met the label%s of %zu of %zu %s%s, which cannot be right",
            recur_plural(unknown), unknown, labels, tags ? "word" : "text", recur_plural(labels));
    if (scores->strays > 0)
        recur_warning(command,
                      "%zu of %zu word%s ha%s a label that the scheme %s lacks and that counts as "
                      "O; --scheme none counts no spans",
                      scores->strays, labels, recur_plural(labels),
                      scores->strays == 1 ? "s" : "ve", recur_scheme_name(scores->scheme));
}

int recur_print_scores(const struct command *command, const recur_model *model, const char *path,
                       const struct label_options *columns, const struct scoring_options *options)
{
    recur_error error;
    recur_labels *data;
    recur_score_table *table;
    bool tags = recur_task_serves(recur_model_get_config(model)->task, RECUR_USE_LABEL_WORDS);
    enum recur_scheme scheme = RECUR_SCHEME_AUTO;
    /* The table of options lets only the library's names pass, and two other usual ones. */
    const char *name = strcmp(options->scheme, "iob2") == 0    ? "bio"
                       : strcmp(options->scheme, "iobes") == 0 ? "bioes"
                                                               : options->scheme;
    recur_scheme_parse(name, &scheme, NULL);
    if (!recur_read_labels(command, model, path, options->encoding, columns, false, &data))
        return STATUS_FAILURE;
    int status = 0;
    recur_progress_count("evaluating", tags ? "sentences" : "texts");
    size_t threads = (size_t)options->threads;
    const struct ranks *ranks = &options->ranks;
    enum recur_status scored =
        ranks->all
            ? recur_score_ranks(ranks->all, model, data, scheme, threads ? threads : ranks->threads,
                                (double)ranks->seconds, &table, &error)
            : recur_score_spans(model, data, scheme, threads, &table, &error);
    recur_progress_end();
    if (scored != RECUR_OK) {
        status = recur_library_failure(command, &error);
    } else {
        warn_unknown(command, recur_score_table_scores(table), tags);
        if (options->json)
            status = print_json(command, table, tags);
        else
            print_text(table, tags);
        recur_score_table_free(table);
    }
    recur_labels_free(data);
    return status;
}
