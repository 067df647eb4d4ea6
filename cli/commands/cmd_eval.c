/* recur eval: how well a model predicts a text. */
#include <stdio.h>

#include "commands/label_scores.h"
#include "common/message.h"
#include "common/output.h"
#include "files/model_text.h"
#include "options/model_options.h"
#include "options/text_options.h"
#include "recur/evaluate.h"

struct eval_options {
    const char *model;
    struct scoring_options scoring;
    struct label_options columns;
};

/* Prints the result; for a model that fills blanks also its accuracy. */
static int print_result(const struct command *command, const recur_model *model,
                        const recur_evaluation *result, bool json)
{
    bool fills = recur_task_serves(recur_model_get_config(model)->task, RECUR_USE_FILL);
    if (json) {
        recur_json_writer object = RECUR_JSON_SHOWN;
        recur_json_open(&object, NULL, '{');
        recur_json_put_u64(&object, "tokens", result->tokens);
        recur_json_put_rounded(&object, "loss", result->loss, 12);
        recur_json_put_rounded(&object, "perplexity", result->perplexity, 12);
        recur_json_put_rounded(&object, "bits_per_character", result->bits_per_character, 12);
        if (fills)
            recur_json_put_rounded(&object, "accuracy", result->accuracy, 12);
        recur_json_close(&object, '}');
        return recur_json_print(command, &object);
    }
    printf("tokens              %llu\n", (unsigned long long)result->tokens);
    printf("loss                %.4f nats per token\n", result->loss);
    printf("perplexity          %.4f\n", result->perplexity);
    printf("bits per character  %.4f\n", result->bits_per_character);
    if (fills)
        printf("accuracy            %.4f\n", result->accuracy);
    return 0;
}

/* Evaluates a model that predicts tokens. */
static int evaluate(const struct command *command, const struct eval_options *options,
                    const char *text, struct model_text *opened)
{
    recur_evaluation result;
    recur_error error;
    int status = recur_model_text_read(command, options->model, text, options->scoring.encoding,
                                       NULL, opened);
    if (status != 0)
        return status;
    if (recur_evaluate(opened->model, opened->corpus, 0, 0, (size_t)options->scoring.threads,
                       &result, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    return print_result(command, opened->model, &result, options->scoring.json);
}

static int eval(const struct command *command, int argc, char **argv)
{
    struct eval_options options = {0};
    struct arguments arguments;
    struct model_text opened = {.model = NULL};
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    const char *text = arguments.operands[0];
    status = recur_load_model(command, options.model, text, "text", &opened.model);
    if (status != 0)
        return status;
    if (!recur_label_options_fit(command, &arguments, recur_model_get_config(opened.model)->task)) {
        status = STATUS_USAGE;
    } else if (recur_model_labels(opened.model)) {
        const char *path = recur_dataset_resolve(command, text, &opened.datasets);
        status = path ? recur_print_scores(command, opened.model, path, &options.columns,
                                           &options.scoring)
                      : STATUS_FAILURE;
    } else {
        status = evaluate(command, &options, text, &opened);
    }
    recur_model_text_free(&opened);
    return status;
}

#define AT(field) offsetof(struct eval_options, field)

static const struct option_spec options[] = {
    MODEL_ROW(struct eval_options, model),
    {OPTION_CHOICE, 0, "scheme", "NAME", AT(scoring.scheme), .choices = SCHEME_CHOICES,
     .standard = "auto",
     .help = "of words: how labels say where spans are, auto as the labels look; none counts no "
             "spans"},
    LABEL_OPTION_ROWS(struct eval_options, "as in training, or "),
    LAYOUT_OPTION_ROW(struct eval_options),
    THREADS_ROW(struct eval_options, scoring.threads),
    ENCODING_ROW(struct eval_options, scoring.encoding),
    {OPTION_FLAG, 0, "json", NULL, AT(scoring.json),
     .help = "one JSON object: tokens, loss, perplexity, bits_per_character, accuracy where blanks "
             "are filled; of labels sequences, labels, unknown_labels, loss, accuracy, precision, "
             "recall, f1, confusion and, of words, scheme, suffix, spans"},
    {.help = NULL},
};

const struct command recur_command_eval = {
    .name = "eval",
    .summary = "measure how well a model predicts a text",
    .operands = "TEXT",
    .about =
        "Predicts every token of a text (a file, - for standard input, or a dataset's name) "
        "from those before it, or, with a model of the task fill, from those around it, and "
        "prints the mean loss in nats, the perplexity e^loss, the bits per character and, "
        "where blanks are filled, the share of the tokens that were the most probable.\n\nWith "
        "a model that labels (recur predict), labels a file that has its labels and compares. "
        "Of texts it prints the accuracy, precision, recall and F1 averaged over the labels "
        "(macro), and the confusion matrix; of words the accuracy and, where labels are spans "
        "(BIO, also called IOB2, IOB1, IOE, BIOES or IOBES, BILOU, BMES), the scheme and "
        "precision, recall and F1 of spans, counted as conlleval does and seqeval by default.",
    .examples = "  recur eval -m model.safetensors chapter2.txt\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = eval,
};
