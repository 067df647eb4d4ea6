/* Reads models from files and checks every part before it hands the model out. Sentences do not
 * name the file: recur_model_load puts its name before them. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/kind.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "io/fields_json.h"
#include "io/model_file.h"
#include "nn/model_object.h"
#include "nn/origin.h"
#include "recur/machine.h"

enum recur_status recur_metadata_get(const struct recur_metadata *metadata, const char *key,
                                     bool nul, recur_json **json, recur_error *error)
{
    const char *text = recur_metadata_find(metadata, key);
    if (!text)
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s is missing", key);
    return recur_json_parse(text, strlen(text), nul, key, json, error);
}

static enum recur_status check_version(const struct recur_metadata *metadata, recur_error *error)
{
    const char *version = recur_metadata_find(metadata, RECUR_KEY_VERSION);
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

static enum recur_status read_hidden(const recur_json *json, recur_model_config *config,
                                     size_t **hidden, recur_error *error)
{
    config->layers = json->size;
    RECUR_TRY(recur_alloc(config->layers, sizeof **hidden, "a list of widths", hidden, error));
    config->hidden = *hidden;
    const recur_json *width = recur_json_first(json);
    for (size_t l = 0; l < config->layers; l++, width = recur_json_next(width)) {
        if (width->kind != RECUR_JSON_INTEGER || width->negative || width->magnitude < 1)
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              RECUR_KEY_CONFIG ": hidden width %zu is not an integer of at least 1",
                              l);
        (*hidden)[l] = (size_t)width->magnitude;
    }
    return RECUR_OK;
}

/* `*hidden` is allocated for the configuration, also where reading fails. */
static enum recur_status read_config(const recur_json *json, recur_model_config *config,
                                     size_t **hidden, bool *has_vocab,
                                     enum recur_quantization *quantization, recur_error *error)
{
    const char *what = RECUR_KEY_CONFIG, *quantized = recur_quantization_name(*quantization);
    const recur_json *widths = NULL;
    const struct recur_json_field others[] = {
        {"hidden", RECUR_JSON_FIELD_LIST, false, &widths},
        {"vocab", RECUR_JSON_FIELD_BOOL, false, has_vocab},
        {"quantization", RECUR_JSON_FIELD_TEXT, true, &quantized},
    };
    RECUR_TRY(recur_fields_get(json, what, what, recur_model_field, config, error));
    RECUR_TRY(recur_fields_get_others(json, what, recur_model_field, others, 3, error));
    RECUR_TRY(
        recur_blame_file(recur_quantization_parse(quantized, quantization, error), what, error));
    return read_hidden(widths, config, hidden, error);
}

static enum recur_status read_text_config(const recur_json *json, recur_text_config *text,
                                          recur_error *error)
{
    RECUR_TRY(
        recur_fields_get(json, RECUR_KEY_TEXT, RECUR_KEY_TEXT, recur_text_field, text, error));
    return recur_fields_get_others(json, RECUR_KEY_TEXT, recur_text_field, NULL, 0, error);
}

/* A vocabulary that is being read; each array is (V). */
struct entries {
    recur_token *tokens;
    char *bytes; /* the bytes of those tokens that are numbers */
    uint64_t *counts;
};

/* How many bytes stand as numbers in the list. */
static size_t count_numbers(const recur_json *tokens)
{
    size_t numbers = 0;
    const recur_json *token = recur_json_first(tokens);
    for (size_t id = 0; id < tokens->size; id++, token = recur_json_next(token))
        numbers += token->kind == RECUR_JSON_LIST ? token->size : token->kind == RECUR_JSON_INTEGER;
    return numbers;
}

static bool read_byte(const recur_json *number, char *byte)
{
    bool is_byte =
        number->kind == RECUR_JSON_INTEGER && !number->negative && number->magnitude <= UCHAR_MAX;
    *byte = is_byte ? (char)number->magnitude : 0;
    return is_byte;
}

/* Reads a token, a string, a byte or a list of bytes; bytes go to *to, which moves behind them. */
static bool read_token(const recur_json *json, char **to, recur_token *token)
{
    bool list = json->kind == RECUR_JSON_LIST;
    const recur_json *byte = list ? recur_json_first(json) : json;
    *token = (recur_token){json->text, json->size};
    if (json->kind == RECUR_JSON_TEXT)
        return true;
    *token = (recur_token){*to, list ? json->size : 1};
    for (size_t i = 0; i < token->size; i++, byte = recur_json_next(byte))
        if (!read_byte(byte, (*to)++))
            return false;
    return true;
}

static enum recur_status read_entries(const recur_json *tokens, const recur_json *counts,
                                      struct entries *entries, recur_error *error)
{
    const recur_json *token = recur_json_first(tokens), *count = recur_json_first(counts);
    char *to = entries->bytes;
    for (size_t id = 0; id < tokens->size; id++) {
        if (!read_token(token, &to, &entries->tokens[id]))
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              RECUR_KEY_VOCAB ": token %zu is neither a string nor bytes", id);
        RECUR_TRY(
            recur_json_get_u64(count, RECUR_KEY_VOCAB ": a count", &entries->counts[id], error));
        token = recur_json_next(token);
        count = recur_json_next(count);
    }
    return RECUR_OK;
}

static enum recur_status read_vocab(const recur_json *json, const recur_text_config *text,
                                    recur_vocab **vocab, recur_error *error)
{
    size_t reserved = 0;
    const recur_json *tokens = NULL, *counts = NULL;
    const struct recur_json_field fields[] = {
        {"reserved", RECUR_JSON_FIELD_SIZE, false, &reserved},
        {"tokens", RECUR_JSON_FIELD_LIST, false, &tokens},
        {"counts", RECUR_JSON_FIELD_LIST, false, &counts},
    };
    RECUR_TRY(recur_json_get_fields(json, RECUR_KEY_VOCAB, fields, 3, error));
    size_t size = tokens->size;
    if (size != counts->size)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          RECUR_KEY_VOCAB ": %zu tokens and %zu counts do not go together", size,
                          counts->size);
    struct entries entries = {0};
    enum recur_status status;
    RECUR_TRY_GOTO(
        recur_alloc(size, sizeof *entries.tokens, "a vocabulary", &entries.tokens, error), done);
    RECUR_TRY_GOTO(recur_alloc(count_numbers(tokens) + 1, 1, "a vocabulary", &entries.bytes, error),
                   done);
    RECUR_TRY_GOTO(
        recur_alloc(size, sizeof *entries.counts, "a vocabulary", &entries.counts, error), done);
    RECUR_TRY_GOTO(read_entries(tokens, counts, &entries, error), done);
    status = recur_vocab_from_entries(entries.tokens, entries.counts, size, reserved, text, vocab,
                                      error);
done:
    free(entries.tokens);
    free(entries.bytes);
    free(entries.counts);
    return status;
}

enum recur_status recur_vocab_from_json(const recur_json *text, const recur_json *entries,
                                        recur_vocab **vocab, recur_error *error)
{
    recur_text_config config = recur_text_config_default();
    RECUR_TRY(read_text_config(text, &config, error));
    return read_vocab(entries, &config, vocab, error);
}

static enum recur_status get_vocab(const struct recur_metadata *metadata, recur_vocab **vocab,
                                   recur_error *error)
{
    recur_json *text = NULL, *json = NULL;
    enum recur_status status;
    if (!recur_metadata_find(metadata, RECUR_KEY_VOCAB))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "the model's vocabulary is missing: there is no " RECUR_KEY_VOCAB);
    RECUR_TRY_GOTO(recur_metadata_get(metadata, RECUR_KEY_TEXT, false, &text, error), done);
    RECUR_TRY_GOTO(recur_metadata_get(metadata, RECUR_KEY_VOCAB, true, &json, error), done);
    status = recur_vocab_from_json(text, json, vocab, error);
done:
    free(text);
    free(json);
    return status;
}

/* Reads a dictionary other than that of the tokens: labels, or characters of words. */
static enum recur_status get_other(const struct recur_metadata *metadata, const char *key,
                                   enum recur_tokens tokens, size_t size, recur_vocab **vocab,
                                   recur_error *error)
{
    recur_text_config text = recur_text_config_default();
    recur_json *json = NULL;
    text.tokens = tokens;
    RECUR_TRY(recur_metadata_get(metadata, key, true, &json, error));
    enum recur_status status = read_vocab(json, &text, vocab, error);
    free(json);
    if (status == RECUR_ERROR_FORMAT)
        recur_error_prefix(error, key);
    if (status == RECUR_OK && recur_vocab_size(*vocab) != size)
        return recur_fail(
            error, RECUR_ERROR_FORMAT, "%s has %zu %s, but %zu go with " RECUR_KEY_CONFIG, key,
            recur_vocab_size(*vocab), recur_vocab_size(*vocab) == 1 ? "entry" : "entries", size);
    return status;
}

/* Checks labels as labelled texts do, because a label is a name in rows, in JSON and on
 * terminals. */
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

static enum recur_status get_vocabs(const struct recur_metadata *metadata,
                                    const recur_model_config *config, bool has_vocab,
                                    struct recur_model_vocabs *vocabs, recur_error *error)
{
    if (has_vocab)
        RECUR_TRY(get_vocab(metadata, &vocabs->tokens, error));
    if (vocabs->tokens && recur_vocab_size(vocabs->tokens) != config->vocabulary)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "the vocabulary has %zu token%s, " RECUR_KEY_CONFIG " says %zu",
                          recur_vocab_size(vocabs->tokens),
                          recur_plural(recur_vocab_size(vocabs->tokens)), config->vocabulary);
    if (!has_vocab || !recur_task_of(config->task)->labels)
        return RECUR_OK;
    RECUR_TRY(get_other(metadata, RECUR_KEY_LABELS, RECUR_TOKENS_WORD, config->labels + 1,
                        &vocabs->labels, error));
    RECUR_TRY(check_labels(vocabs->labels, error));
    if (!recur_task_of(config->task)->each_word || !config->characters)
        return RECUR_OK;
    return get_other(metadata, RECUR_KEY_CHARACTERS, RECUR_TOKENS_CHAR, config->characters,
                     &vocabs->characters, error);
}

/* Makes the model of `config`, whose parameters are read later. */
static enum recur_status make_model(const struct recur_metadata *metadata,
                                    const recur_model_config *config, bool has_vocab,
                                    recur_model **model, recur_error *error)
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

static enum recur_status get_model(const struct recur_metadata *metadata, recur_tensor_fn *source,
                                   void *user, recur_model **model, recur_error *error)
{
    recur_model_config config = recur_model_config_default();
    size_t *hidden = NULL;
    bool has_vocab = false;
    enum recur_quantization quantization = RECUR_QUANTIZATION_NONE;
    recur_json *json = NULL;
    RECUR_TRY(recur_metadata_get(metadata, RECUR_KEY_CONFIG, false, &json, error));
    enum recur_status status =
        read_config(json, &config, &hidden, &has_vocab, &quantization, error);
    free(json);
    if (status == RECUR_OK)
        status = recur_blame_file(recur_model_check_tensors(&config, source, user, error),
                                  RECUR_KEY_CONFIG, error);
    if (status == RECUR_OK)
        status = make_model(metadata, &config, has_vocab, model, error);
    free(hidden);
    if (status == RECUR_OK) /* fresh parameters, which the file's replace */
        status = recur_blame_file(recur_model_quantize(*model, quantization, error),
                                  RECUR_KEY_CONFIG, error);
    return status;
}

static enum recur_status read_epoch(const recur_json *json, recur_epoch *epoch, recur_error *error)
{
    RECUR_TRY(recur_json_get_u64(recur_json_member(json, "epoch"),
                                 RECUR_KEY_HISTORY ": an epoch's number", &epoch->epoch, error));
    for (size_t n = 0; n < RECUR_EPOCH_NUMBERS + RECUR_EPOCH_TIMES; n++) {
        const recur_json *number = recur_json_member(json, recur_epoch_numbers[n].name);
        double value = (double)NAN;
        if (number && !recur_json_get_number(number, &value))
            return recur_fail(error, RECUR_ERROR_FORMAT, RECUR_KEY_HISTORY ": %s is not a number",
                              recur_epoch_numbers[n].name);
        memcpy((char *)epoch + recur_epoch_numbers[n].offset, &value, sizeof value);
    }
    return RECUR_OK;
}

static enum recur_status load_history(const struct recur_metadata *metadata, recur_model *model,
                                      recur_error *error)
{
    recur_json *history = NULL;
    RECUR_TRY(recur_metadata_get(metadata, RECUR_KEY_HISTORY, false, &history, error));
    enum recur_status status = RECUR_OK;
    const recur_json *item = recur_json_first(history);
    if (history->kind != RECUR_JSON_LIST)
        status =
            recur_fail(error, RECUR_ERROR_FORMAT, RECUR_KEY_HISTORY " is not a list of epochs");
    for (size_t i = 0; i < history->size && status == RECUR_OK; i++, item = recur_json_next(item)) {
        recur_epoch epoch;
        status = read_epoch(item, &epoch, error);
        if (status == RECUR_OK)
            status = recur_model_add_epoch(model, &epoch, error);
    }
    free(history);
    return status;
}

/* `list` may be NULL. */
static enum recur_status read_ancestors(const recur_json *list, recur_model *model,
                                        recur_error *error)
{
    const recur_json *item = list ? recur_json_first(list) : NULL;
    for (size_t i = 0; list && i < list->size; i++, item = recur_json_next(item)) {
        recur_ancestor ancestor = {NULL, NULL, 0};
        const struct recur_json_field fields[] = {
            {"text", RECUR_JSON_FIELD_TEXT, true, &ancestor.text},
            {"command", RECUR_JSON_FIELD_TEXT, true, &ancestor.command},
            {"train_tokens", RECUR_JSON_FIELD_U64, true, &ancestor.train_tokens},
        };
        RECUR_TRY(recur_json_get_fields(item, RECUR_KEY_ORIGIN ": an ancestor", fields,
                                        sizeof fields / sizeof *fields, error));
        RECUR_TRY(recur_model_add_ancestor(model, &ancestor, error));
    }
    return RECUR_OK;
}

static enum recur_status read_origin(const recur_json *json, const recur_trainer_config *settings,
                                     recur_model *model, recur_error *error)
{
    uint64_t kept_epoch = 0, train_tokens = 0, valid_tokens = 0;
    const char *text = NULL, *command = NULL;
    const recur_json *ancestors = NULL;
    const struct recur_json_field fields[] = {
        {"kept_epoch", RECUR_JSON_FIELD_U64, true, &kept_epoch},
        {"train_tokens", RECUR_JSON_FIELD_U64, true, &train_tokens},
        {"valid_tokens", RECUR_JSON_FIELD_U64, true, &valid_tokens},
        {"text", RECUR_JSON_FIELD_TEXT, true, &text},
        {"command", RECUR_JSON_FIELD_TEXT, true, &command},
        {"ancestors", RECUR_JSON_FIELD_LIST, true, &ancestors},
    };
    RECUR_TRY(recur_json_get_fields(json, RECUR_KEY_ORIGIN, fields, sizeof fields / sizeof *fields,
                                    error));
    recur_model_note_training(model, settings, kept_epoch, train_tokens, valid_tokens);
    RECUR_TRY(read_ancestors(ancestors, model, error));
    return recur_model_set_origin(model, text, command, error);
}

/* Reads where the model comes from, if the file says so. */
static enum recur_status load_origin(const struct recur_metadata *metadata, recur_model *model,
                                     recur_error *error)
{
    recur_trainer_config settings;
    recur_json *json = NULL;
    bool has_settings = recur_metadata_find(metadata, RECUR_KEY_SETTINGS) != NULL;
    if (has_settings) {
        RECUR_TRY(recur_metadata_get(metadata, RECUR_KEY_SETTINGS, false, &json, error));
        enum recur_status status =
            recur_trainer_config_from_json(json, RECUR_KEY_SETTINGS, &settings, error);
        free(json);
        if (status != RECUR_OK)
            return status;
    }
    if (!recur_metadata_find(metadata, RECUR_KEY_ORIGIN))
        return RECUR_OK;
    RECUR_TRY(recur_metadata_get(metadata, RECUR_KEY_ORIGIN, false, &json, error));
    enum recur_status status = read_origin(json, has_settings ? &settings : NULL, model, error);
    free(json);
    return status;
}

bool recur_metadata_is_model(const struct recur_metadata *metadata)
{
    const char *format = recur_metadata_find(metadata, RECUR_KEY_FORMAT);
    return (format && strcmp(format, RECUR_MODEL_FORMAT) == 0) ||
           recur_metadata_find(metadata, RECUR_KEY_VERSION) ||
           recur_metadata_find(metadata, RECUR_KEY_CONFIG);
}

enum recur_status recur_model_read(const struct recur_metadata *metadata, recur_tensor_fn *source,
                                   void *user, recur_model **model, recur_error *error)
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
        status = load_origin(metadata, made, error);
    if (status == RECUR_OK)
        *model = made;
    else
        recur_model_free(made);
    return status;
}

/* Checks the scales: a tensor of bytes has one scale for each row. */
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
        if (recur_metadata_find(&file->metadata, RECUR_KEY_TRAINING))
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
    return recur_model_read(&file->metadata, recur_take_tensor, file, model, error);
}

enum recur_status recur_model_load(const char *path, recur_model **model, recur_error *error)
{
    const char *isa;
    RECUR_TRY(recur_machine_isa(&isa, error)); /* an error from here on is the file's fault */
    struct recur_safetensors file;
    RECUR_TRY(recur_safetensors_load(path, &file, error));
    enum recur_status status = recur_model_from_safetensors(&file, model, error);
    recur_safetensors_free(&file);
    return recur_blame_path(status, path, error);
}

bool recur_model_recognise(const char *path)
{
    unsigned char start[64];
    struct stat info;
    FILE *file = stat(path, &info) == 0 && S_ISREG(info.st_mode) ? fopen(path, "rb") : NULL;
    if (!file)
        return false;
    size_t size = recur_file_take(file, start, sizeof start);
    fclose(file);
    return recur_kind_is_model(recur_kind_of(start, size, size < sizeof start));
}
