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

static void put_config(recur_json_writer *json, const recur_model_config *config)
{
    recur_json_open(json, "config", '{');
    recur_json_put_text(json, "task", recur_task_name(config->task));
    recur_json_put_text(json, "cell", recur_cell_name(config->cell));
    recur_json_put_text(json, "activation", recur_activation_name(config->activation));
    recur_json_put_u64(json, "layers", config->layers);
    recur_json_open(json, "hidden", '[');
    for (size_t i = 0; i < config->layers; i++)
        recur_json_put_u64(json, NULL, config->hidden[i]);
    recur_json_close(json, ']');
    recur_json_put_bool(json, "bidirectional", config->bidirectional);
    recur_json_put_text(json, "merge", recur_merge_name(config->merge));
    recur_json_put_u64(json, "inputs", config->inputs);
    recur_json_put_u64(json, "embedding", config->embedding);
    recur_json_put_u64(json, "vocabulary", config->vocabulary);
    recur_json_put_u64(json, "biases", config->biases);
    recur_json_put_rounded(json, "dropout", (double)config->dropout, 7);
    recur_json_put_text(json, "init", recur_init_name(config->init));
    if (config->task >= RECUR_TASK_TAG)
        recur_json_put_u64(json, "labels", config->labels);
    if (config->task == RECUR_TASK_TAG) {
        recur_json_put_text(json, "decoder", recur_decoder_name(config->decoder));
        recur_json_put_u64(json, "characters", config->characters);
        recur_json_put_u64(json, "character_embedding", config->character_embedding);
        recur_json_put_u64(json, "character_hidden", config->character_hidden);
    }
    if (config->task == RECUR_TASK_CLASSIFY)
        recur_json_put_text(json, "pool", recur_pool_name(config->pool));
    if (config->word_column)
        recur_json_put_u64(json, "word_column", config->word_column);
    if (config->label_column)
        recur_json_put_u64(json, "label_column", config->label_column);
    recur_json_close(json, '}');
}

static void put_tensors(recur_json_writer *json, const recur_model *model)
{
    recur_json_open(json, "tensors", '[');
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info tensor = recur_model_tensor(model, i);
        recur_json_open(json, NULL, '{');
        recur_json_put_text(json, "name", tensor.name);
        recur_json_open(json, "shape", '[');
        for (size_t d = 0; d < tensor.rank; d++)
            recur_json_put_u64(json, NULL, tensor.shape[d]);
        recur_json_close(json, ']');
        recur_json_put_u64(json, "count", tensor.shape[0] * tensor.shape[1]);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

/* The entries of a vocabulary from `first` on. */
static void put_entries(recur_json_writer *json, const char *key, const recur_vocab *vocab,
                        size_t first)
{
    recur_json_open(json, key, '[');
    for (size_t id = first; id < recur_vocab_size(vocab); id++)
        recur_json_put_token(json, NULL, recur_vocab_token(vocab, (int32_t)id));
    recur_json_close(json, ']');
}

static void put_vocab(recur_json_writer *json, const recur_vocab *vocab)
{
    if (!vocab) {
        recur_json_put_null(json, "vocabulary");
        return;
    }
    const recur_text_config *text = recur_vocab_text(vocab);
    recur_json_open(json, "vocabulary", '{');
    recur_json_put_text(json, "tokens", recur_tokens_name(text->tokens));
    recur_json_put_text(json, "clean", recur_clean_name(text->clean));
    recur_json_put_u64(json, "size", recur_vocab_size(vocab));
    recur_json_put_u64(json, "reserved", recur_vocab_reserved(vocab));
    put_entries(json, "entries", vocab, 0);
    recur_json_close(json, '}');
}

static void put_history(recur_json_writer *json, const recur_model *model)
{
    size_t count;
    const recur_epoch *history = recur_model_history(model, &count);
    recur_json_open(json, "history", '[');
    for (size_t i = 0; i < count; i++) {
        recur_json_open(json, NULL, '{');
        recur_json_put_epoch(json, &history[i]);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static int print_json(const struct command *command, const recur_model *model)
{
    recur_json_writer json = RECUR_JSON_SHOWN;
    recur_json_open(&json, NULL, '{');
    put_config(&json, recur_model_get_config(model));
    recur_json_put_u64(&json, "parameters", recur_model_parameters(model));
    put_tensors(&json, model);
    put_vocab(&json, recur_model_vocab(model));
    put_history(&json, model);
    if (recur_model_labels(model)) /* the first stands for what the model never gives */
        put_entries(&json, "labels", recur_model_labels(model), 1);
    recur_json_close(&json, '}');
    return recur_json_print(command, &json);
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
