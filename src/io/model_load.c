/* Models from files: every part is checked before the model is handed out. The sentences leave out
 * the file's name, which recur_model_load puts before them. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "io/model_file.h"
#include "nn/model_object.h"
#include "recur/machine.h"

static const char *get_string(const json_t *metadata, const char *key)
{
    return json_string_value(json_object_get(metadata, key));
}

enum recur_status recur_metadata_get(const json_t *metadata, const char *key, size_t flags,
                                     json_t **json, recur_error *error)
{
    const char *text = get_string(metadata, key);
    if (!text)
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s is missing", key);
    return recur_json_parse(text, strlen(text), flags, key, json, error);
}

static enum recur_status check_version(const json_t *metadata, recur_error *error)
{
    const char *version = get_string(metadata, RECUR_KEY_VERSION);
    if (!recur_metadata_is_model(metadata))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "a safetensors file but not a recur model: it has no " RECUR_KEY_CONFIG
                          "; recur convert reads PyTorch's");
    if (version && strcmp(version, RECUR_MODEL_VERSION) != 0)
        return recur_fail(
            error, RECUR_ERROR_UNSUPPORTED,
            "a recur model of version %s, this build reads version " RECUR_MODEL_VERSION, version);
    if (!version)
        return recur_fail(error, RECUR_ERROR_FORMAT, RECUR_KEY_VERSION " is missing");
    return RECUR_OK;
}

static enum recur_status read_hidden(const json_t *json, recur_model_config *config,
                                     size_t **hidden, recur_error *error)
{
    config->layers = json_array_size(json);
    RECUR_TRY(recur_alloc(config->layers, sizeof **hidden, "a list of widths", hidden, error));
    config->hidden = *hidden;
    for (size_t l = 0; l < config->layers; l++) {
        json_int_t width = json_integer_value(json_array_get(json, l));
        if (width < 1)
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              RECUR_KEY_CONFIG ": hidden width %zu is not an integer of at least 1",
                              l);
        (*hidden)[l] = (size_t)width;
    }
    return RECUR_OK;
}

/* `*hidden` is allocated for the configuration, also where the reading fails. */
static enum recur_status read_config(json_t *json, recur_model_config *config, size_t **hidden,
                                     int *has_vocab, enum recur_quantization *quantization,
                                     recur_error *error)
{
    const char *cell, *activation, *init, *merge = recur_merge_name(config->merge);
    const char *task = recur_task_name(config->task);
    const char *quantized = recur_quantization_name(*quantization);
    int bidirectional = config->bidirectional;
    const json_t *widths, *seed;
    const char *pool = recur_pool_name(config->pool),
               *decoder = recur_decoder_name(config->decoder);
    json_int_t inputs = 0, embedding, vocabulary, biases, labels = 0, characters = 0;
    json_int_t character_embedding = (json_int_t)config->character_embedding;
    json_int_t character_hidden = (json_int_t)config->character_hidden;
    double dropout;
    RECUR_TRY(recur_json_unpack(
        json, JSON_STRICT, RECUR_KEY_CONFIG, error,
        "{s?s, s:s, s:s, s:o, s?b, s?s, s?I, s:I, s:I, s:I, s:F, s:s, s:o, s:b, s?s, s?I, s?s, "
        "s?s, s?I, s?I, s?I}",
        "task", &task, "cell", &cell, "activation", &activation, "hidden", &widths, "bidirectional",
        &bidirectional, "merge", &merge, "inputs", &inputs, "embedding", &embedding, "vocabulary",
        &vocabulary, "biases", &biases, "dropout", &dropout, "init", &init, "seed", &seed, "vocab",
        has_vocab, "quantization", &quantized, "labels", &labels, "pool", &pool, "decoder",
        &decoder, "characters", &characters, "character_embedding", &character_embedding,
        "character_hidden", &character_hidden));
    RECUR_TRY(recur_blame_file(recur_quantization_parse(quantized, quantization, error),
                               RECUR_KEY_CONFIG, error));
    config->labels = (size_t)labels;
    config->characters = (size_t)characters;
    config->character_embedding = (size_t)character_embedding;
    config->character_hidden = (size_t)character_hidden;
    config->bidirectional = bidirectional;
    config->inputs = (size_t)inputs;
    config->embedding = (size_t)embedding;
    config->vocabulary = (size_t)vocabulary;
    config->biases = (size_t)biases;
    config->dropout = (float)dropout;
    RECUR_TRY(recur_json_get_u64(seed, RECUR_KEY_CONFIG ": seed", &config->seed, error));
    RECUR_TRY(
        recur_blame_file(recur_task_parse(task, &config->task, error), RECUR_KEY_CONFIG, error));
    RECUR_TRY(
        recur_blame_file(recur_cell_parse(cell, &config->cell, error), RECUR_KEY_CONFIG, error));
    RECUR_TRY(recur_blame_file(recur_activation_parse(activation, &config->activation, error),
                               RECUR_KEY_CONFIG, error));
    RECUR_TRY(
        recur_blame_file(recur_merge_parse(merge, &config->merge, error), RECUR_KEY_CONFIG, error));
    RECUR_TRY(
        recur_blame_file(recur_init_parse(init, &config->init, error), RECUR_KEY_CONFIG, error));
    RECUR_TRY(
        recur_blame_file(recur_pool_parse(pool, &config->pool, error), RECUR_KEY_CONFIG, error));
    RECUR_TRY(recur_blame_file(recur_decoder_parse(decoder, &config->decoder, error),
                               RECUR_KEY_CONFIG, error));
    return read_hidden(widths, config, hidden, error);
}

static enum recur_status read_text_config(json_t *json, recur_text_config *text, recur_error *error)
{
    const char *tokens, *clean;
    RECUR_TRY(recur_json_unpack(json, JSON_STRICT, RECUR_KEY_TEXT, error, "{s:s, s:s}", "tokens",
                                &tokens, "clean", &clean));
    RECUR_TRY(
        recur_blame_file(recur_tokens_parse(tokens, &text->tokens, error), RECUR_KEY_TEXT, error));
    return recur_blame_file(recur_clean_parse(clean, &text->clean, error), RECUR_KEY_TEXT, error);
}

/* A vocabulary being read: (V) of each. */
struct entries {
    recur_token *tokens;
    char *bytes; /* what tokens that are single bytes point to */
    uint64_t *counts;
};

static enum recur_status read_entries(const json_t *tokens, const json_t *counts,
                                      struct entries *entries, recur_error *error)
{
    for (size_t id = 0; id < json_array_size(tokens); id++) {
        const json_t *token = json_array_get(tokens, id);
        json_int_t byte = json_integer_value(token);
        if (json_is_string(token)) {
            entries->tokens[id] =
                (recur_token){json_string_value(token), json_string_length(token)};
        } else if (json_is_integer(token) && byte >= 0 && byte <= UCHAR_MAX) {
            entries->bytes[id] = (char)byte;
            entries->tokens[id] = (recur_token){&entries->bytes[id], 1};
        } else {
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              RECUR_KEY_VOCAB ": token %zu is neither a string nor a byte", id);
        }
        RECUR_TRY(recur_json_get_u64(json_array_get(counts, id), RECUR_KEY_VOCAB ": a count",
                                     &entries->counts[id], error));
    }
    return RECUR_OK;
}

static enum recur_status read_vocab(json_t *json, const recur_text_config *text,
                                    recur_vocab **vocab, recur_error *error)
{
    json_int_t reserved;
    json_t *tokens, *counts;
    RECUR_TRY(recur_json_unpack(json, JSON_STRICT, RECUR_KEY_VOCAB, error, "{s:I, s:o, s:o}",
                                "reserved", &reserved, "tokens", &tokens, "counts", &counts));
    size_t size = json_array_size(tokens);
    if (reserved < 0 || size != json_array_size(counts))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          RECUR_KEY_VOCAB
                          ": tokens (%zu), counts (%zu) and reserved tokens (%" JSON_INTEGER_FORMAT
                          ") do not go together",
                          size, json_array_size(counts), reserved);
    struct entries entries = {0};
    enum recur_status status;
    RECUR_TRY_GOTO(
        recur_alloc(size, sizeof *entries.tokens, "a vocabulary", &entries.tokens, error), done);
    RECUR_TRY_GOTO(recur_alloc(size, 1, "a vocabulary", &entries.bytes, error), done);
    RECUR_TRY_GOTO(
        recur_alloc(size, sizeof *entries.counts, "a vocabulary", &entries.counts, error), done);
    RECUR_TRY_GOTO(read_entries(tokens, counts, &entries, error), done);
    status = recur_vocab_from_entries(entries.tokens, entries.counts, size, (size_t)reserved, text,
                                      vocab, error);
done:
    free(entries.tokens);
    free(entries.bytes);
    free(entries.counts);
    return status;
}

static enum recur_status get_vocab(const json_t *metadata, recur_vocab **vocab, recur_error *error)
{
    recur_text_config config = recur_text_config_default();
    json_t *text = NULL, *json = NULL;
    enum recur_status status;
    if (!get_string(metadata, RECUR_KEY_VOCAB))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "the model's vocabulary is missing: there is no " RECUR_KEY_VOCAB);
    RECUR_TRY_GOTO(recur_metadata_get(metadata, RECUR_KEY_TEXT, 0, &text, error), done);
    RECUR_TRY_GOTO(read_text_config(text, &config, error), done);
    RECUR_TRY_GOTO(recur_metadata_get(metadata, RECUR_KEY_VOCAB, JSON_ALLOW_NUL, &json, error),
                   done);
    status = read_vocab(json, &config, vocab, error);
done:
    json_decref(text);
    json_decref(json);
    return status;
}

/* A dictionary beside the tokens': labels, or the characters of words. */
static enum recur_status get_other(const json_t *metadata, const char *key,
                                   enum recur_tokens tokens, size_t size, recur_vocab **vocab,
                                   recur_error *error)
{
    recur_text_config text = recur_text_config_default();
    json_t *json = NULL;
    text.tokens = tokens;
    RECUR_TRY(recur_metadata_get(metadata, key, JSON_ALLOW_NUL, &json, error));
    enum recur_status status = read_vocab(json, &text, vocab, error);
    json_decref(json);
    if (status == RECUR_ERROR_FORMAT)
        recur_error_prefix(error, key);
    if (status == RECUR_OK && recur_vocab_size(*vocab) != size)
        return recur_fail(
            error, RECUR_ERROR_FORMAT, "%s has %zu %s, but %zu go with " RECUR_KEY_CONFIG, key,
            recur_vocab_size(*vocab), recur_vocab_size(*vocab) == 1 ? "entry" : "entries", size);
    return status;
}

/* As in labelled texts: a label is a name in rows, in JSON and on terminals. */
static enum recur_status check_labels(const recur_vocab *labels, recur_error *error)
{
    for (size_t id = 0; id < recur_vocab_size(labels); id++) {
        recur_token label = recur_vocab_token(labels, (int32_t)id);
        if (recur_text_acts(label.bytes, label.size))
            return recur_fail(error, RECUR_ERROR_FORMAT, RECUR_KEY_LABELS ": label %zu, \"%s\", %s",
                              id, recur_show(label.bytes, label.size, RECUR_WORD_SHOWN, NULL).text,
                              recur_utf8_valid(label.bytes, label.size)
                                  ? "has a control character, which a label cannot have"
                                  : "is not UTF-8");
    }
    return RECUR_OK;
}

static enum recur_status get_vocabs(const json_t *metadata, const recur_model_config *config,
                                    bool has_vocab, struct recur_model_vocabs *vocabs,
                                    recur_error *error)
{
    if (has_vocab)
        RECUR_TRY(get_vocab(metadata, &vocabs->tokens, error));
    if (vocabs->tokens && recur_vocab_size(vocabs->tokens) != config->vocabulary)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "the vocabulary has %zu token%s, " RECUR_KEY_CONFIG " says %zu",
                          recur_vocab_size(vocabs->tokens),
                          recur_plural(recur_vocab_size(vocabs->tokens)), config->vocabulary);
    if (!has_vocab || config->task < RECUR_TASK_TAG)
        return RECUR_OK;
    RECUR_TRY(get_other(metadata, RECUR_KEY_LABELS, RECUR_TOKENS_WORD, config->labels + 1,
                        &vocabs->labels, error));
    RECUR_TRY(check_labels(vocabs->labels, error));
    if (config->task != RECUR_TASK_TAG || !config->characters)
        return RECUR_OK;
    return get_other(metadata, RECUR_KEY_CHARACTERS, RECUR_TOKENS_CHAR, config->characters,
                     &vocabs->characters, error);
}

/* Makes the model of `config`, whose parameters are still to be read. */
static enum recur_status make_model(const json_t *metadata, const recur_model_config *config,
                                    bool has_vocab, recur_model **model, recur_error *error)
{
    struct recur_model_vocabs vocabs = {.blank = true};
    enum recur_status status = get_vocabs(metadata, config, has_vocab, &vocabs, error);
    if (status == RECUR_OK)
        status = recur_blame_file(recur_model_create_vocabs(config, &vocabs, model, error),
                                  RECUR_KEY_CONFIG, error);
    recur_vocab_free(vocabs.tokens);
    recur_vocab_free(vocabs.labels);
    recur_vocab_free(vocabs.characters);
    return status;
}

static enum recur_status get_model(const json_t *metadata, recur_tensor_fn *source, void *user,
                                   recur_model **model, recur_error *error)
{
    recur_model_config config = recur_model_config_default();
    size_t *hidden = NULL;
    int has_vocab = 0;
    enum recur_quantization quantization = RECUR_QUANTIZATION_NONE;
    json_t *json = NULL;
    RECUR_TRY(recur_metadata_get(metadata, RECUR_KEY_CONFIG, 0, &json, error));
    enum recur_status status =
        read_config(json, &config, &hidden, &has_vocab, &quantization, error);
    json_decref(json);
    if (status == RECUR_OK)
        status = recur_blame_file(recur_model_check_tensors(&config, source, user, error),
                                  RECUR_KEY_CONFIG, error);
    if (status == RECUR_OK)
        status = make_model(metadata, &config, has_vocab, model, error);
    free(hidden);
    if (status == RECUR_OK) /* fresh parameters: what is read takes their place */
        status = recur_blame_file(recur_model_quantize(*model, quantization, error),
                                  RECUR_KEY_CONFIG, error);
    return status;
}

static enum recur_status read_epoch(const json_t *json, recur_epoch *epoch, recur_error *error)
{
    RECUR_TRY(recur_json_get_u64(json_object_get(json, "epoch"),
                                 RECUR_KEY_HISTORY ": an epoch's number", &epoch->epoch, error));
    for (size_t n = 0; n < RECUR_EPOCH_NUMBERS + RECUR_EPOCH_TIMES; n++) {
        const json_t *number = json_object_get(json, recur_epoch_numbers[n].name);
        if (number && !json_is_number(number))
            return recur_fail(error, RECUR_ERROR_FORMAT, RECUR_KEY_HISTORY ": %s is not a number",
                              recur_epoch_numbers[n].name);
        double value = number ? json_number_value(number) : (double)NAN;
        memcpy((char *)epoch + recur_epoch_numbers[n].offset, &value, sizeof value);
    }
    return RECUR_OK;
}

static enum recur_status load_history(const json_t *metadata, recur_model *model,
                                      recur_error *error)
{
    json_t *history = NULL;
    RECUR_TRY(recur_metadata_get(metadata, RECUR_KEY_HISTORY, 0, &history, error));
    enum recur_status status = RECUR_OK;
    if (!json_is_array(history))
        status =
            recur_fail(error, RECUR_ERROR_FORMAT, RECUR_KEY_HISTORY " is not a list of epochs");
    for (size_t i = 0; i < json_array_size(history) && status == RECUR_OK; i++) {
        recur_epoch epoch;
        status = read_epoch(json_array_get(history, i), &epoch, error);
        if (status == RECUR_OK)
            status = recur_model_add_epoch(model, &epoch, error);
    }
    json_decref(history);
    return status;
}

bool recur_metadata_is_model(const json_t *metadata)
{
    const char *format = get_string(metadata, RECUR_KEY_FORMAT);
    return (format && strcmp(format, RECUR_MODEL_FORMAT) == 0) ||
           get_string(metadata, RECUR_KEY_VERSION) || get_string(metadata, RECUR_KEY_CONFIG);
}

enum recur_status recur_model_read(const json_t *metadata, recur_tensor_fn *source, void *user,
                                   recur_model **model, recur_error *error)
{
    recur_model *made = NULL;
    enum recur_status status = check_version(metadata, error);
    if (status == RECUR_OK)
        status = get_model(metadata, source, user, &made, error);
    if (status == RECUR_OK)
        status = recur_model_read_tensors(made, source, user, error);
    if (status == RECUR_OK)
        status = load_history(metadata, made, error);
    if (status == RECUR_OK)
        *model = made;
    else
        recur_model_free(made);
    return status;
}

/* Bytes come with a scale for each row. */
static enum recur_status check_scales(struct recur_safetensors *file,
                                      const struct recur_safetensor *tensor, recur_error *error)
{
    char name[RECUR_SCALE_NAME];
    const struct recur_safetensor *scales =
        recur_safetensors_take(file, recur_scale_name(tensor->name, name));
    if (!scales)
        return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %s is missing", name);
    return recur_check_shape(name, scales->shape, scales->rank, tensor->shape, 1, error);
}

static enum recur_status get_bytes(struct recur_safetensors *file,
                                   const struct recur_safetensor *tensor, float *values,
                                   recur_error *error)
{
    char name[RECUR_SCALE_NAME];
    const struct recur_safetensor *source =
        recur_safetensors_find(file, recur_scale_name(tensor->name, name));
    size_t rows = tensor->shape[0], columns = tensor->rank > 1 ? tensor->shape[1] : 1;
    float *scales;
    RECUR_TRY(recur_alloc(rows, sizeof *scales, "a tensor's scales", &scales, error));
    enum recur_status status = recur_safetensors_get_i8(file, tensor, values, error);
    if (status == RECUR_OK)
        status = recur_safetensors_get_f32(file, source, scales, error);
    for (size_t i = 0; i < rows * columns && status == RECUR_OK; i++)
        values[i] *= scales[i / columns];
    free(scales);
    return status;
}

enum recur_status recur_take_tensor(void *user, const recur_tensor_info *info, float *values,
                                    recur_error *error)
{
    struct recur_safetensors *file = user;
    if (!info) {
        if (recur_safetensors_metadata(file, RECUR_KEY_TRAINING))
            recur_safetensors_take_all(file, RECUR_TRAINING_PREFIX);
        return recur_safetensors_check_taken(file, error);
    }
    const struct recur_safetensor *tensor = recur_safetensors_take(file, info->name);
    if (values && strcmp(tensor->dtype, "I8") == 0)
        return get_bytes(file, tensor, values, error);
    if (values)
        return recur_safetensors_get_f32(file, tensor, values, error);
    if (!tensor)
        return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %s is missing", info->name);
    RECUR_TRY(recur_check_shape(tensor->name, tensor->shape, tensor->rank, info->shape, info->rank,
                                error));
    return strcmp(tensor->dtype, "I8") == 0 ? check_scales(file, tensor, error) : RECUR_OK;
}

enum recur_status recur_model_from_safetensors(struct recur_safetensors *file, recur_model **model,
                                               recur_error *error)
{
    return recur_model_read(recur_safetensors_all_metadata(file), recur_take_tensor, file, model,
                            error);
}

enum recur_status recur_model_load(const char *path, recur_model **model, recur_error *error)
{
    const char *isa;
    RECUR_TRY(recur_machine_isa(&isa, error)); /* what fails from here on is the file's fault */
    struct recur_safetensors file;
    RECUR_TRY(recur_safetensors_load(path, &file, error));
    enum recur_status status = recur_model_from_safetensors(&file, model, error);
    recur_safetensors_free(&file);
    if (status != RECUR_OK && status != RECUR_ERROR_MEMORY)
        recur_error_prefix(error, recur_file_name(path).text);
    return status;
}
