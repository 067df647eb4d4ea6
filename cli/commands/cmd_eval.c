/* recur eval: how well a model predicts a text. */
#include <math.h>
#include <stdio.h>

#include "commands/label_scores.h"
#include "common/message.h"
#include "common/output.h"
#include "common/progress.h"
#include "files/model_text.h"
#include "options/model_options.h"
#include "options/text_options.h"
#include "recur/evaluate.h"

struct eval_options {
    struct text_list models;
    const char *device;
    bool dynamic;
    recur_dynamic_config learning;
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
        if (fills && isfinite(result->accuracy))
            recur_json_put_rounded(&object, "accuracy", result->accuracy, 12);
        recur_json_close(&object, '}');
        return recur_json_print(command, &object);
    }
    printf("tokens              %llu\n", (unsigned long long)result->tokens);
    printf("loss                %.4f nats per token\n", result->loss);
    printf("perplexity          %.4f\n", result->perplexity);
    printf("bits per character  %.4f\n", result->bits_per_character);
    if (fills && isfinite(result->accuracy))
        printf("accuracy            %.4f\n", result->accuracy);
    return 0;
}

/* Evaluates models that predict tokens. */
static int evaluate(const struct command *command, const struct eval_options *options,
                    const char *text, const struct ensemble *models, struct model_text *opened)
{
    recur_evaluation result;
    recur_error error;
    int status = recur_model_text_read(command, recur_model_name(&options->models), text,
                                       options->scoring.encoding, NULL, opened);
    if (status != 0)
        return status;
    recur_progress_count("evaluating", "tokens");
    size_t threads = (size_t)options->scoring.threads;
    enum recur_status evaluated;
    if (options->dynamic)
        evaluated = recur_evaluate_dynamic(opened->model, opened->corpus, 0, 0, &options->learning,
                                           threads, &result, &error);
    else if (options->scoring.ranks.all && models->count == 1)
        evaluated = recur_evaluate_ranks(options->scoring.ranks.all, opened->model, opened->corpus,
                                         threads ? threads : options->scoring.ranks.threads,
                                         (double)options->scoring.ranks.seconds, &result, &error);
    else
        evaluated =
            recur_evaluate_ensemble((const recur_model *const *)models->model, models->count,
                                    opened->corpus, 0, 0, threads, &result, &error);
    recur_progress_end();
    if (evaluated != RECUR_OK)
        return recur_library_failure(command, &error);
    return print_result(command, opened->model, &result, options->scoring.json);
}

/* Several models only predict tokens, and what labels is not dynamic. */
static int check_models(const struct command *command, const struct eval_options *options,
                        const struct ensemble *models)
{
    if (options->dynamic && models->count && recur_model_labels(models->model[0]))
        return recur_usage_error(command,
                                 "--dynamic is for models that predict tokens, and %s labels",
                                 recur_path(recur_model_name(&options->models)).text);
    if (models->count < 2 || (!options->dynamic && !recur_model_labels(models->model[0])))
        return 0;
    return recur_usage_error(command, "%s takes one model, not %zu",
                             options->dynamic ? "--dynamic" : "scoring labels", models->count);
}

/* Measures what the options say. */
static int measure(const struct command *command, const struct eval_options *options,
                   const struct arguments *arguments)
{
    struct model_text opened = {.model = NULL};
    struct ensemble models;
    const char *text = arguments->operands[0];
    const recur_ranks *ranks = options->scoring.ranks.all;
    int status = recur_ensemble_load(command, options->models.items, options->models.count, text,
                                     "text", &models);
    if (status == 0)
        status = check_models(command, options, &models);
    for (size_t m = 0; m < models.count && status == 0; m++)
        status = recur_choose_device(command, models.model[m], NULL, options->device,
                                     ranks ? ranks->here : 0);
    opened.model = models.count ? models.model[0] : NULL;
    if (status != 0) {
        /* it has said why */
    } else if (!recur_label_options_fit(command, arguments,
                                        recur_model_get_config(opened.model)->task)) {
        status = STATUS_USAGE;
    } else if (recur_model_labels(opened.model)) {
        const char *path = recur_dataset_resolve(command, text, &opened.datasets);
        status = path ? recur_print_scores(command, opened.model, path, &options->columns,
                                           &options->scoring)
                      : STATUS_FAILURE;
    } else {
        status = evaluate(command, options, text, &models, &opened);
    }
    opened.model = NULL; /* it is the first of the models */
    recur_model_text_free(&opened);
    recur_ensemble_free(&models);
    return status;
}

static int eval(const struct command *command, int argc, char **argv)
{
    struct eval_options options = {.learning = recur_dynamic_config_default()};
    struct arguments arguments;
    int status;
    recur_ranks_hush(&options.scoring.ranks);
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return recur_ranks_leave(command, &options.scoring.ranks, status);
    if (!options.dynamic && !recur_none_given(command, &arguments, recur_dynamic_field, "dynamic"))
        return recur_ranks_leave(command, &options.scoring.ranks, STATUS_USAGE);
    status = recur_ranks_join(command, &options.scoring.ranks, (size_t)options.scoring.threads,
                              recur_ranks_patience());
    if (status == 0)
        status = measure(command, &options, &arguments);
    return recur_ranks_leave(command, &options.scoring.ranks, status);
}

#define AT(field) offsetof(struct eval_options, field)

static const struct option_spec options[] = {
    MODELS_ROW(struct eval_options, models),
    {OPTION_FLAG, 0, "dynamic", NULL, AT(dynamic),
     .help = "dynamic evaluation: after each --steps tokens a language model learns from them, so "
             "that it adapts to the text; the file of the model stays as it is"},
    LEARNING_ROW(struct eval_options, learning, "lr"),
    LEARNING_ROW(struct eval_options, learning, "steps"),
    LEARNING_ROW(struct eval_options, learning, "optimizer"),
    LEARNING_ROW(struct eval_options, learning, "clip"),
    LEARNING_ROW(struct eval_options, learning, "decay"),
    {OPTION_CHOICE, 0, "scheme", "NAME", AT(scoring.scheme), .choices = SCHEME_CHOICES,
     .standard = "auto",
     .help = "of words: how labels say where spans are, auto as the labels look; none counts no "
             "spans"},
    LABEL_OPTION_ROWS(struct eval_options, "as in training, or "),
    LAYOUT_OPTION_ROW(struct eval_options),
    THREADS_ROW(struct eval_options, scoring.threads),
    DEVICE_ROW(struct eval_options, device),
    ENCODING_ROW(struct eval_options, scoring.encoding),
    {OPTION_FLAG, 0, "json", NULL, AT(scoring.json),
     .help = "one JSON object: tokens, loss, perplexity, bits_per_character, accuracy where blanks "
             "are filled; of labels sequences, labels, unknown_labels, loss, accuracy, precision, "
             "recall, f1, confusion and, of words, scheme, suffix, spans"},
    {OPTION_FIELDS, .fields = recur_dynamic_field, .at = AT(learning), .help = ""},
    {.help = NULL},
};

const struct command recur_command_eval = {
    .name = "eval",
    .summary = "measure how well a model predicts a text",
    .operands = "TEXT",
    .about = "Predicts every token of a text (a file, - for standard input, or a dataset's name) "
             "from those before it, or, with a model of the task fill, from those around it, and "
             "prints the mean loss in nats, the perplexity e^loss, the bits per character and, "
             "where blanks are filled, the share of the tokens that were the most probable. With "
             "--dynamic the model learns from what it has read.\n\nWith "
             "a model that labels (recur predict), labels a file that has its labels and compares. "
             "Of texts it prints the accuracy, precision, recall and F1 averaged over the labels "
             "(macro), and the confusion matrix; of words the accuracy and, where labels are spans "
             "(BIO, also called IOB2, IOB1, IOE, BIOES or IOBES, BILOU, BMES), the scheme and "
             "precision, recall and F1 of spans, counted as conlleval does and seqeval by default.",
    .examples = "  recur eval -m model.safetensors chapter2.txt\n"
                "  recur eval -m model.safetensors --dynamic chapter2.txt\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = eval,
};
