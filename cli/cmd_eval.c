/* recur eval: how well a model knows a text. */
#include <stdio.h>

#include "message.h"
#include "model_text.h"
#include "options.h"
#include "output.h"
#include "recur/evaluate.h"

struct eval_options {
    const char *model;
    uint64_t threads;
    bool json;
};

/* Of a model that fills in, its accuracy as well. */
static int print_result(const struct command *command, const recur_model *model,
                        const recur_evaluation *result, bool json)
{
    bool fills = recur_model_get_config(model)->task == RECUR_TASK_FILL;
    if (json) {
        json_t *object = json_pack("{sI so so so}", "tokens", (json_int_t)result->tokens, "loss",
                                   recur_json_number(result->loss, 12), "perplexity",
                                   recur_json_number(result->perplexity, 12), "bits_per_character",
                                   recur_json_number(result->bits_per_character, 12));
        if (fills)
            json_object_set_new(object, "accuracy", recur_json_number(result->accuracy, 12));
        return recur_json_print(command, object);
    }
    printf("tokens              %llu\n", (unsigned long long)result->tokens);
    printf("loss                %.4f nats per token\n", result->loss);
    printf("perplexity          %.4f\n", result->perplexity);
    printf("bits per character  %.4f\n", result->bits_per_character);
    if (fills)
        printf("accuracy            %.4f\n", result->accuracy);
    return 0;
}

static int eval(const struct command *command, int argc, char **argv)
{
    struct eval_options options = {0};
    struct arguments arguments;
    struct model_text opened;
    recur_evaluation result;
    recur_error error;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    status = recur_model_text_open(command, options.model, arguments.operands[0], NULL, &opened);
    if (status == 0)
        status = recur_evaluate(opened.model, opened.corpus, 0, 0, (size_t)options.threads, &result,
                                &error) == RECUR_OK
                     ? print_result(command, opened.model, &result, options.json)
                     : recur_library_failure(command, &error);
    recur_model_text_free(&opened);
    return status;
}

#define AT(field) offsetof(struct eval_options, field)

static const struct option_spec options[] = {
    {OPTION_FILE, 'm', "model", "MODEL", AT(model), .standard = "model.safetensors",
     .help = "the model's file, - for standard input"},
    {OPTION_COUNT, 0, "threads", "N", AT(threads), .least = 1, .most = 1024, .shown = "all cores",
     .help = "threads to compute with; the result is the same with any number"},
    {OPTION_FLAG, 0, "json", NULL, AT(json),
     .help = "one JSON object: tokens, loss, perplexity, bits_per_character, accuracy where blanks "
             "are filled"},
    {.help = NULL},
};

const struct command recur_command_eval = {
    .name = "eval",
    .summary = "measure how well a model predicts a text",
    .operands = "TEXT",
    .about = "Predicts every token of a text (a file, - for standard input, or a dataset's name) "
             "from those before it, or, with a model of the task fill, from those around it, and "
             "prints the mean loss in nats, the perplexity e^loss, the bits per character and, "
             "where blanks are filled, the share of the tokens that were the most probable.",
    .examples = "  recur eval -m model.safetensors chapter2.txt\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = eval,
};
