/* recur info: what a model file holds. */
#include <math.h>
#include <stdio.h>

#include "message.h"
#include "model_text.h"
#include "output.h"
#include "quote.h"
#include "recur/model.h"
#include "text_options.h"

struct info_options {
    bool json;
};

enum { SHOWN_TOKENS = 16, SHOWN_EPOCHS = 10 };

static json_t *config_json(const recur_model_config *config)
{
    json_t *hidden = json_array();
    for (size_t i = 0; i < config->layers; i++)
        json_array_append_new(hidden, json_integer((json_int_t)config->hidden[i]));
    json_t *json = json_pack(
        "{ss ss ss sI so sb ss sI sI sI sI so ss}", "task", recur_task_name(config->task), "cell",
        recur_cell_name(config->cell), "activation", recur_activation_name(config->activation),
        "layers", (json_int_t)config->layers, "hidden", hidden, "bidirectional",
        config->bidirectional, "merge", recur_merge_name(config->merge), "inputs",
        (json_int_t)config->inputs, "embedding", (json_int_t)config->embedding, "vocabulary",
        (json_int_t)config->vocabulary, "biases", (json_int_t)config->biases, "dropout",
        recur_json_number((double)config->dropout, 7), "init", recur_init_name(config->init));
    json_t *labels = NULL;
    if (config->task == RECUR_TASK_TAG)
        labels = json_pack("{sI ss sI sI sI}", "labels", (json_int_t)config->labels, "decoder",
                           recur_decoder_name(config->decoder), "characters",
                           (json_int_t)config->characters, "character_embedding",
                           (json_int_t)config->character_embedding, "character_hidden",
                           (json_int_t)config->character_hidden);
    if (config->task == RECUR_TASK_CLASSIFY)
        labels = json_pack("{sI ss}", "labels", (json_int_t)config->labels, "pool",
                           recur_pool_name(config->pool));
    if (labels)
        json_object_update_new(json, labels);
    return json;
}

static json_t *tensors_json(const recur_model *model)
{
    json_t *tensors = json_array();
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info tensor = recur_model_tensor(model, i);
        json_t *shape = json_pack("[I]", (json_int_t)tensor.shape[0]);
        if (tensor.rank == 2)
            json_array_append_new(shape, json_integer((json_int_t)tensor.shape[1]));
        json_array_append_new(tensors,
                              json_pack("{ss so sI}", "name", tensor.name, "shape", shape, "count",
                                        (json_int_t)(tensor.shape[0] * tensor.shape[1])));
    }
    return tensors;
}

static json_t *vocab_json(const recur_vocab *vocab)
{
    if (!vocab)
        return json_null();
    const recur_text_config *text = recur_vocab_text(vocab);
    json_t *entries = json_array();
    for (size_t id = 0; id < recur_vocab_size(vocab); id++)
        json_array_append_new(entries, recur_json_token(recur_vocab_token(vocab, (int32_t)id)));
    return json_pack("{ss ss sI sI so}", "tokens", recur_tokens_name(text->tokens), "clean",
                     recur_clean_name(text->clean), "size", (json_int_t)recur_vocab_size(vocab),
                     "reserved", (json_int_t)recur_vocab_reserved(vocab), "entries", entries);
}

/* The names that the model gives. */
static json_t *labels_json(const recur_vocab *vocab)
{
    json_t *labels = json_array();
    for (size_t id = 1; id < recur_vocab_size(vocab); id++)
        json_array_append_new(labels, recur_json_token(recur_vocab_token(vocab, (int32_t)id)));
    return labels;
}

static json_t *history_json(const recur_model *model)
{
    size_t count;
    const recur_epoch *history = recur_model_history(model, &count);
    json_t *epochs = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(epochs, recur_json_epoch(&history[i]));
    return epochs;
}

static int print_json(const struct command *command, const recur_model *model)
{
    json_t *object = json_pack(
        "{so sI so so so}", "config", config_json(recur_model_get_config(model)), "parameters",
        (json_int_t)recur_model_parameters(model), "tensors", tensors_json(model), "vocabulary",
        vocab_json(recur_model_vocab(model)), "history", history_json(model));
    if (recur_model_labels(model))
        json_object_set_new(object, "labels", labels_json(recur_model_labels(model)));
    return recur_json_print(command, object);
}

static void print_tensors(const recur_model *model)
{
    printf("\n%-28s %-16s %10s\n", "tensor", "shape", "count");
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info tensor = recur_model_tensor(model, i);
        char shape[48];
        if (tensor.rank == 2)
            snprintf(shape, sizeof shape, "(%zu, %zu)", tensor.shape[0], tensor.shape[1]);
        else
            snprintf(shape, sizeof shape, "(%zu)", tensor.shape[0]);
        printf("%-28s %-16s %10zu\n", tensor.name, shape, tensor.shape[0] * tensor.shape[1]);
    }
}

static void print_vocab(const recur_vocab *vocab)
{
    if (!vocab) {
        printf("\nvocabulary: none\n");
        return;
    }
    const recur_text_config *text = recur_vocab_text(vocab);
    size_t size = recur_vocab_size(vocab), shown = size < SHOWN_TOKENS ? size : SHOWN_TOKENS;
    printf("\nvocabulary: %zu %s, tokens %s, clean %s\n", size, size == 1 ? "entry" : "entries",
           recur_tokens_name(text->tokens), recur_clean_name(text->clean));
    for (size_t id = 0; id < shown; id++)
        printf(" %s", recur_quote(recur_vocab_token(vocab, (int32_t)id)).text);
    printf("%s\n", shown < size ? " ..." : "");
}

static void print_labels(const recur_vocab *vocab)
{
    if (!vocab)
        return;
    size_t size = recur_vocab_size(vocab), shown = size < SHOWN_TOKENS ? size : SHOWN_TOKENS;
    printf("\nlabels: %zu\n", size - 1);
    for (size_t id = 1; id < shown; id++)
        printf(" %s", recur_quote(recur_vocab_token(vocab, (int32_t)id)).text);
    printf("%s\n", shown < size ? " ..." : "");
}

/* All epochs of a short history, evenly chosen ones of a long one, the last always. */
static void print_history(const recur_model *model)
{
    size_t count;
    const recur_epoch *history = recur_model_history(model, &count);
    printf("\nhistory: %zu epoch%s\n", count, recur_plural(count));
    if (count == 0)
        return;
    bool labels = recur_model_labels(model) != NULL;
    printf("%8s %10s %12s %12s %16s\n", "epoch", "loss", "perplexity", "valid loss",
           labels ? "valid accuracy" : "valid perplexity");
    size_t lines = count < SHOWN_EPOCHS ? count : SHOWN_EPOCHS;
    for (size_t i = 1; i <= lines; i++) {
        const recur_epoch *e = &history[i * count / lines - 1];
        printf("%8llu %10.4f %12.3f ", (unsigned long long)e->epoch, e->loss, exp(e->loss));
        if (isfinite(e->valid_loss))
            printf("%12.4f %16.*f\n", e->valid_loss, labels ? 4 : 3,
                   labels ? e->valid_accuracy : exp(e->valid_loss));
        else
            printf("%12s %16s\n", "-", "-");
    }
}

static int info(const struct command *command, int argc, char **argv)
{
    struct info_options options = {0};
    struct arguments arguments;
    recur_model *model;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    const char *path = arguments.count ? arguments.operands[0] : STANDARD_MODEL;
    status = recur_load_model(command, path, NULL, NULL, &model);
    if (status)
        return status;
    if (options.json) {
        status = print_json(command, model);
    } else {
        printf("%s: ", recur_path(path).text);
        recur_print_model(stdout, model, RECUR_FORMAT_RECUR);
        print_tensors(model);
        print_vocab(recur_model_vocab(model));
        print_labels(recur_model_labels(model));
        print_history(model);
        status = 0;
    }
    recur_model_free(model);
    return status;
}

static const struct option_spec options[] = {
    {OPTION_FLAG, 0, "json", NULL, offsetof(struct info_options, json),
     .help = "one JSON object: config, parameters, tensors, vocabulary, history, of a model that "
             "labels also labels"},
    {.help = NULL},
};

const struct command recur_command_info = {
    .name = "info",
    .summary = "show what a model file holds",
    .operands = "[MODEL]",
    .about = "Shows a model's configuration, its parameters, its vocabulary and the history of "
             "its training. MODEL is a file or - for standard input, by default "
             "model.safetensors.",
    .examples = "  recur info model.safetensors\n",
    .options = options,
    .most = 1,
    .run = info,
};
