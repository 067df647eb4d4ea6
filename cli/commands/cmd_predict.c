/* recur predict: predicts labels for the words of sentences, or for texts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/label_scores.h"
#include "common/message.h"
#include "common/need.h"
#include "common/output.h"
#include "common/progress.h"
#include "common/quote.h"
#include "common/text_out.h"
#include "files/model_text.h"
#include "options/model_options.h"
#include "options/text_options.h"
#include "recur/predict.h"

/* The default column of labels in CoNLL-U. */
enum { CONLLU_LABEL = 4 };

struct predict_options {
    const char *model, *encoding, *device;
    uint64_t top, threads;
    bool json;
    struct label_options columns;
};

struct printing {
    const struct predict_options *options;
    const recur_model *model;
    const recur_labels *data;
    struct text_out *out;
    size_t *order; /* (K): labels by falling probability; only those that are shown are sorted */
};

static bool labels_words(const recur_model *model)
{
    return recur_task_serves(recur_model_get_config(model)->task, RECUR_USE_LABEL_WORDS);
}

static recur_token label_name(const struct printing *p, size_t label)
{
    return recur_vocab_token(recur_model_labels(p->model), (int32_t)label + 1);
}

static void print_token(const struct printing *p, recur_token token)
{
    recur_text_put(p->out, token.bytes, token.size);
    recur_text_end(p->out);
}

/* Puts the `shown` most probable labels first; of equal ones the lower number first. */
static void find_best(const struct printing *p, const float *probability, size_t labels,
                      size_t shown)
{
    for (size_t i = 0; i < labels; i++)
        p->order[i] = i;
    for (size_t k = 0; k < shown; k++) {
        size_t best = k;
        for (size_t i = k + 1; i < labels; i++)
            if (probability[p->order[i]] > probability[p->order[best]] ||
                (probability[p->order[i]] >= probability[p->order[best]] &&
                 p->order[i] < p->order[best]))
                best = i;
        size_t swap = p->order[k];
        p->order[k] = p->order[best];
        p->order[best] = swap;
    }
}

static void print_text(const struct printing *p, const recur_prediction *prediction, size_t shown)
{
    for (size_t k = 0; k < shown; k++) {
        fputs(k ? "\t" : "", stdout);
        print_token(p, label_name(p, p->order[k]));
        printf("\t%.4f", (double)prediction->probabilities[p->order[k]]);
    }
    putchar('\n');
}

static enum recur_status print_json(const struct printing *p, const recur_prediction *prediction,
                                    size_t shown, recur_error *error)
{
    recur_json_writer json = RECUR_JSON_SHOWN;
    recur_json_open(&json, NULL, '{');
    recur_json_put_token(&json, "label", label_name(p, (size_t)prediction->labels[0]));
    recur_json_open(&json, "probabilities", '{');
    for (size_t k = 0; k < shown; k++) {
        recur_token name = label_name(p, p->order[k]);
        recur_json_put_key(&json, name.bytes, name.size);
        recur_json_put_rounded(&json, NULL, (double)prediction->probabilities[p->order[k]], 7);
    }
    recur_json_close(&json, '}');
    recur_json_close(&json, '}');
    enum recur_status status = recur_json_check(&json, "a prediction as JSON", error);
    if (status == RECUR_OK)
        puts(json.text);
    recur_json_writer_free(&json);
    return status;
}

static enum recur_status print_text_labels(const struct printing *p,
                                           const recur_prediction *prediction, recur_error *error)
{
    size_t labels = recur_model_get_config(p->model)->labels;
    size_t shown = p->options->top < labels ? (size_t)p->options->top : labels;
    find_best(p, prediction->probabilities, labels, shown);
    if (p->options->json)
        return print_json(p, prediction, shown, error);
    print_text(p, prediction, shown);
    return RECUR_OK;
}

/* Finds the label of a CoNLL-U line between its tabs; false where the line has too few columns. */
static bool find_label(const struct printing *p, recur_token line, recur_token *cell)
{
    const recur_labels_config *config = recur_labels_get_config(p->data);
    size_t column = config->label_column ? config->label_column : CONLLU_LABEL;
    const char *at = line.bytes, *end = at + line.size, *tab = memchr(at, '\t', line.size);
    for (; column > 1 && tab; column--) {
        at = tab + 1;
        tab = memchr(at, '\t', (size_t)(end - at));
    }
    *cell = (recur_token){at, (size_t)((tab ? tab : end) - at)};
    return column == 1;
}

/* Prints a line with the label in one more column, or in CoNLL-U's own column if the line has
 * it. */
static void print_word(const struct printing *p, recur_token line, recur_token label)
{
    bool tabs = line.size && memchr(line.bytes, '\t', line.size);
    recur_token cell;
    if (recur_labels_layout(p->data) == RECUR_LAYOUT_CONLLU && find_label(p, line, &cell)) {
        size_t before = (size_t)(cell.bytes - line.bytes);
        print_token(p, (recur_token){line.bytes, before});
        print_token(p, label);
        print_token(p, (recur_token){cell.bytes + cell.size, line.size - before - cell.size});
        return;
    }
    print_token(p, line);
    putchar(tabs ? '\t' : ' ');
    print_token(p, label);
}

/* Prints columns as they are in the file, with the lines between them. A plain sentence is printed
 * as one line for each word; blank lines separate sentences. */
static void print_sentence(const struct printing *p, size_t sequence,
                           const recur_prediction *prediction)
{
    enum recur_layout layout = recur_labels_layout(p->data);
    bool columns = layout == RECUR_LAYOUT_COLUMNS || layout == RECUR_LAYOUT_CONLLU;
    if (!columns && sequence > 0)
        putchar('\n');
    for (size_t t = 0; t < prediction->count; t++) {
        if (columns)
            print_token(p, recur_labels_before(p->data, sequence, t));
        print_word(p, recur_labels_line(p->data, sequence, t),
                   label_name(p, (size_t)prediction->labels[t]));
        if (!columns)
            putchar('\n');
    }
}

/* Prints what follows the last sentence. */
static void print_rest(const struct printing *p)
{
    enum recur_layout layout = recur_labels_layout(p->data);
    if (layout == RECUR_LAYOUT_COLUMNS || layout == RECUR_LAYOUT_CONLLU)
        print_token(p, recur_labels_before(p->data, recur_labels_count(p->data), 0));
}

/* A recur_prediction_fn that prints the labels. */
static enum recur_status print_prediction(void *user, size_t sequence,
                                          const recur_prediction *prediction, recur_error *error)
{
    const struct printing *p = user;
    if (!labels_words(p->model))
        return print_text_labels(p, prediction, error);
    print_sentence(p, sequence, prediction);
    return RECUR_OK;
}

static int print_all(const struct command *command, const struct predict_options *options,
                     const recur_model *model, const char *path)
{
    recur_error error;
    recur_labels *data;
    struct text_out out = recur_text_out(stdout);
    struct printing p = {.options = options, .model = model, .out = &out};
    if (!recur_read_labels(command, model, path, options->encoding, &options->columns, true, &data))
        return STATUS_FAILURE;
    p.data = data;
    p.order =
        recur_need(command, recur_model_get_config(model)->labels, sizeof *p.order, "the labels");
    if (isatty(STDOUT_FILENO) != 1) /* there the labels themselves show how far it is */
        recur_progress_count("labelling", labels_words(model) ? "sentences" : "texts");
    enum recur_status status =
        recur_predict(model, data, (size_t)options->threads, print_prediction, &p, &error);
    recur_progress_end();
    if (status == RECUR_OK && labels_words(model))
        print_rest(&p);
    int result = status == RECUR_OK ? 0 : recur_library_failure(command, &error);
    free(p.order);
    recur_labels_free(data);
    return result;
}

static int predict(const struct command *command, int argc, char **argv)
{
    struct predict_options options = {0};
    struct arguments arguments;
    recur_model *model;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    status = recur_load_model(command, options.model, arguments.operands[0], "text", &model);
    if (status)
        return status;
    const char *of_texts = recur_option_given(command, &arguments, "json")  ? "json"
                           : recur_option_given(command, &arguments, "top") ? "top"
                                                                            : NULL;
    if (of_texts && labels_words(model))
        status = recur_usage_error(command,
                                   "--%s is for texts, and the model, of the task %s, labels words",
                                   of_texts, recur_task_name(recur_model_get_config(model)->task));
    else if (!recur_label_options_fit(command, &arguments, recur_model_get_config(model)->task))
        status = STATUS_USAGE;
    else
        status = recur_choose_device(command, model, NULL, options.device, 0);
    if (status == 0)
        status = print_all(command, &options, model, arguments.operands[0]);
    recur_model_free(model);
    return status;
}

#define AT(field) offsetof(struct predict_options, field)

static const struct option_spec options[] = {
    MODEL_ROW(struct predict_options, model),
    {OPTION_COUNT, 0, "top", "N", AT(top), .least = 1, .most = INT32_MAX, .standard = "3",
     .help = "of texts: how many labels to show with their probabilities"},
    {OPTION_FLAG, 0, "json", NULL, AT(json),
     .help = "of texts: a JSON object a line: label, probabilities"},
    LABEL_OPTION_ROWS(struct predict_options, "as in training, or "),
    LAYOUT_OPTION_ROW(struct predict_options),
    THREADS_ROW(struct predict_options, threads),
    DEVICE_ROW(struct predict_options, device),
    ENCODING_ROW(struct predict_options, encoding),
    {.help = NULL},
};

const struct command recur_command_predict = {
    .name = "predict",
    .summary = "label words or texts with a model that was trained to",
    .operands = "TEXT",
    .about = "Labels a file, - for standard input.\n\nWith a model of the task classify, each line "
             "is a text; what stands before its first tab, if it has one, is its label and not "
             "read. Prints for each the most probable labels, each with its probability, between "
             "tabs.\n\nWith a model of the task tag, each line is a word and blank lines part "
             "sentences; a word is what stands in the first column. Prints each line with the "
             "label as one more column, of CoNLL-U in its column UPOS, and all others, as blank "
             "ones and comments, as they are. Lines of several words without labels are plain "
             "sentences: each word is printed on a line with its label.",
    .examples = "  recur predict -m mood.safetensors reviews.txt\n"
                "  recur predict -m ner.safetensors news.conll > labelled.conll\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = predict,
};
