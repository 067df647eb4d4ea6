/* Models to files. What makes JSON returns NULL where memory is short; jansson's setters take that
 * NULL and fail in turn. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "io/model_file.h"
#include "nn/int8.h"
#include "nn/model_object.h"

const struct recur_epoch_number recur_epoch_numbers[RECUR_EPOCH_NUMBERS + RECUR_EPOCH_TIMES] = {
    {"loss", offsetof(recur_epoch, loss)},
    {"valid_loss", offsetof(recur_epoch, valid_loss)},
    {"gradient_norm", offsetof(recur_epoch, gradient_norm)},
    {"lr", offsetof(recur_epoch, lr)},
    {"valid_accuracy", offsetof(recur_epoch, valid_accuracy)},
    {"valid_precision", offsetof(recur_epoch, valid_precision)},
    {"valid_recall", offsetof(recur_epoch, valid_recall)},
    {"valid_f1", offsetof(recur_epoch, valid_f1)},
    {"tokens_per_second", offsetof(recur_epoch, tokens_per_second)},
    {"seconds", offsetof(recur_epoch, seconds)},
};

/* What was made, or NULL where a part of it failed. */
static json_t *unless(int failed, json_t *made)
{
    if (!failed)
        return made;
    json_decref(made);
    return NULL;
}

static json_t *make_hidden(const recur_model_config *config)
{
    json_t *hidden = json_array();
    int failed = 0;
    for (size_t l = 0; l < config->layers; l++)
        failed |= json_array_append_new(hidden, json_integer((json_int_t)config->hidden[l]));
    return unless(failed, hidden);
}

static json_t *make_config(const recur_model *model)
{
    const recur_model_config *config = recur_model_get_config(model);
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:o, s:b, s:s, s:I, s:I, s:I, s:f, s:s, s:o, s:b}", "task",
        recur_task_name(config->task), "cell", recur_cell_name(config->cell), "activation",
        recur_activation_name(config->activation), "hidden", make_hidden(config), "bidirectional",
        config->bidirectional, "merge", recur_merge_name(config->merge), "embedding",
        (json_int_t)config->embedding, "vocabulary", (json_int_t)config->vocabulary, "biases",
        (json_int_t)config->biases, "dropout", (double)config->dropout, "init",
        recur_init_name(config->init), "seed", recur_json_u64(config->seed), "vocab",
        recur_model_vocab(model) != NULL);
    int failed = config->inputs &&
                 json_object_set_new(json, "inputs", json_integer((json_int_t)config->inputs));
    if (recur_model_quantization(model) != RECUR_QUANTIZATION_NONE)
        failed |= json_object_set_new(
            json, "quantization",
            json_string(recur_quantization_name(recur_model_quantization(model))));
    json_t *labels = NULL;
    if (config->task == RECUR_TASK_CLASSIFY)
        labels = json_pack("{s:I, s:s}", "labels", (json_int_t)config->labels, "pool",
                           recur_pool_name(config->pool));
    else if (config->task == RECUR_TASK_TAG)
        labels = json_pack("{s:I, s:s, s:I, s:I, s:I}", "labels", (json_int_t)config->labels,
                           "decoder", recur_decoder_name(config->decoder), "characters",
                           (json_int_t)config->characters, "character_embedding",
                           (json_int_t)config->character_embedding, "character_hidden",
                           (json_int_t)config->character_hidden);
    if (config->task >= RECUR_TASK_TAG)
        failed |= json_object_update_new(json, labels);
    return unless(failed, json);
}

static json_t *make_text(const recur_text_config *text)
{
    return json_pack("{s:s, s:s}", "tokens", recur_tokens_name(text->tokens), "clean",
                     recur_clean_name(text->clean));
}

/* A byte of a byte model need not be UTF-8 and stands as a number; all other tokens are text. */
static bool is_number(const recur_vocab *vocab, recur_token token)
{
    return token.size == 1 && recur_vocab_text(vocab)->tokens == RECUR_TOKENS_BYTE;
}

static json_t *make_vocab(const recur_vocab *vocab)
{
    json_t *tokens = json_array(), *counts = json_array();
    int failed = 0;
    for (size_t id = 0; id < recur_vocab_size(vocab); id++) {
        recur_token token = recur_vocab_token(vocab, (int32_t)id);
        json_t *json = is_number(vocab, token) ? json_integer((unsigned char)token.bytes[0])
                                               : json_stringn(token.bytes, token.size);
        failed |= json_array_append_new(tokens, json);
        json = recur_json_u64(recur_vocab_count(vocab, (int32_t)id));
        failed |= json_array_append_new(counts, json);
    }
    return unless(failed,
                  json_pack("{s:I, s:o, s:o}", "reserved", (json_int_t)recur_vocab_reserved(vocab),
                            "tokens", tokens, "counts", counts));
}

static json_t *make_epoch(const recur_epoch *epoch, size_t numbers)
{
    json_t *json = json_pack("{s:o}", "epoch", recur_json_u64(epoch->epoch));
    int failed = 0;
    for (size_t n = 0; n < numbers; n++) {
        double value;
        memcpy(&value, (const char *)epoch + recur_epoch_numbers[n].offset, sizeof value);
        if (isfinite(value))
            failed |= json_object_set_new(json, recur_epoch_numbers[n].name, json_real(value));
    }
    return unless(failed, json);
}

static json_t *make_history(const recur_model *model, size_t numbers)
{
    size_t count;
    const recur_epoch *epochs = recur_model_history(model, &count);
    json_t *history = json_array();
    int failed = 0;
    for (size_t i = 0; i < count; i++)
        failed |= json_array_append_new(history, make_epoch(&epochs[i], numbers));
    return unless(failed, history);
}

int recur_metadata_put(json_t *metadata, const char *key, json_t *value, size_t flags)
{
    char *text = json_dumps(value, JSON_COMPACT | flags);
    int failed = json_object_set_new(metadata, key, text ? json_string(text) : NULL);
    free(text);
    json_decref(value);
    return failed;
}

int recur_metadata_put_times(json_t *metadata, const recur_model *model)
{
    return recur_metadata_put(metadata, RECUR_KEY_HISTORY,
                              make_history(model, RECUR_EPOCH_NUMBERS + RECUR_EPOCH_TIMES),
                              RECUR_DOUBLE_DIGITS);
}

static json_t *make_metadata(const recur_model *model)
{
    const recur_vocab *vocab = recur_model_vocab(model);
    json_t *metadata = json_pack("{s:s, s:s}", RECUR_KEY_FORMAT, RECUR_MODEL_FORMAT,
                                 RECUR_KEY_VERSION, RECUR_MODEL_VERSION);
    int failed =
        recur_metadata_put(metadata, RECUR_KEY_CONFIG, make_config(model), RECUR_FLOAT_DIGITS);
    if (vocab) {
        failed |=
            recur_metadata_put(metadata, RECUR_KEY_TEXT, make_text(recur_vocab_text(vocab)), 0);
        failed |= recur_metadata_put(metadata, RECUR_KEY_VOCAB, make_vocab(vocab), 0);
    }
    if (recur_model_labels(model))
        failed |= recur_metadata_put(metadata, RECUR_KEY_LABELS,
                                     make_vocab(recur_model_labels(model)), 0);
    if (recur_model_characters(model))
        failed |= recur_metadata_put(metadata, RECUR_KEY_CHARACTERS,
                                     make_vocab(recur_model_characters(model)), 0);
    failed |= recur_metadata_put(metadata, RECUR_KEY_HISTORY,
                                 make_history(model, RECUR_EPOCH_NUMBERS), RECUR_DOUBLE_DIGITS);
    return unless(failed, metadata);
}

/* Not so where somebody made a vocabulary of his own. */
static enum recur_status check_tokens(const recur_vocab *vocab, recur_error *error)
{
    for (size_t id = 0; id < recur_vocab_size(vocab); id++) {
        recur_token token = recur_vocab_token(vocab, (int32_t)id);
        if (!recur_utf8_valid(token.bytes, token.size) && !is_number(vocab, token))
            return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                              "token %zu of the vocabulary is not UTF-8, which model files need",
                              id);
    }
    return RECUR_OK;
}

/* The file's tensors in their order: the parameters, then those of the training. */
struct tensors {
    const recur_model *model;
    const recur_trainer *trainer; /* NULL: none */
};

static size_t count_of(const struct tensors *tensors)
{
    return recur_model_tensors(tensors->model) +
           (tensors->trainer ? recur_trainer_tensors(tensors->trainer) : 0);
}

static recur_tensor_info info_of(const struct tensors *tensors, size_t index)
{
    size_t parameters = recur_model_tensors(tensors->model);
    return index < parameters ? recur_model_tensor(tensors->model, index)
                              : recur_trainer_tensor(tensors->trainer, index - parameters);
}

static void get_values(const struct tensors *tensors, size_t index, float *values)
{
    size_t parameters = recur_model_tensors(tensors->model);
    if (index < parameters)
        recur_model_get_tensor(tensors->model, index, values);
    else
        recur_trainer_get_tensor(tensors->trainer, index - parameters, values);
}

/* How tensor number t is written; a model that is trained is not quantised. */
static enum recur_number number_of(const recur_model *model, size_t t)
{
    enum recur_quantization kind = recur_model_quantization(model);
    if (kind == RECUR_QUANTIZATION_NONE || recur_model_tensor(model, t).rank < 2)
        return RECUR_NUMBER_F32;
    bool bytes = kind == RECUR_QUANTIZATION_INT8 && recur_network_multiplies(&model->network, t);
    return bytes ? RECUR_NUMBER_I8 : RECUR_NUMBER_BF16;
}

/* Takes each row's scale out of the values, which are whole numbers then. */
static void split_scales(float *values, size_t rows, size_t columns, float *scales)
{
    for (size_t r = 0; r < rows; r++, values += columns) {
        float most = 0;
        for (size_t c = 0; c < columns; c++)
            most = fmaxf(most, fabsf(values[c]));
        scales[r] = recur_int8_scale(most);
        for (size_t c = 0; c < columns; c++)
            values[c] = rintf(values[c] / scales[r]);
    }
}

static enum recur_status put_tensor(const struct tensors *tensors, size_t t,
                                    struct recur_safetensors_writer *writer, float *values,
                                    recur_error *error)
{
    recur_tensor_info info = info_of(tensors, t);
    size_t count = info.shape[0] * info.shape[1];
    enum recur_number number = number_of(tensors->model, t);
    float *scales = values + count;
    get_values(tensors, t, values);
    RECUR_TRY(recur_check_finite(info.name, values, count, RECUR_ERROR_DIVERGED, error));
    if (number == RECUR_NUMBER_I8)
        split_scales(values, info.shape[0], info.shape[1], scales);
    RECUR_TRY(recur_safetensors_put(writer, number, values, count, error));
    if (number == RECUR_NUMBER_I8)
        RECUR_TRY(recur_safetensors_put_f32(writer, scales, info.shape[0], error));
    return RECUR_OK;
}

static enum recur_status put_tensors(const struct tensors *tensors,
                                     struct recur_safetensors_writer *writer, recur_error *error)
{
    enum recur_status status = RECUR_OK;
    for (size_t t = 0; t < count_of(tensors) && status == RECUR_OK; t++) {
        recur_tensor_info info = info_of(tensors, t);
        float *values;
        RECUR_TRY(recur_alloc(info.shape[0] * (info.shape[1] + 1), sizeof *values, "a tensor",
                              &values, error));
        status = put_tensor(tensors, t, writer, values, error);
        free(values);
    }
    return status;
}

/* What the file holds: the tensors, each of bytes followed by its scales. */
struct contents {
    struct recur_safetensor *entries;
    char (*names)[RECUR_SCALE_NAME]; /* of the scales */
    size_t count;
};

static enum recur_status list_contents(const struct tensors *tensors, struct contents *contents,
                                       recur_error *error)
{
    size_t count = count_of(tensors);
    RECUR_TRY(recur_alloc(count, 2 * sizeof *contents->entries, "a table of tensors",
                          &contents->entries, error));
    RECUR_TRY(
        recur_alloc(count, sizeof *contents->names, "a table of tensors", &contents->names, error));
    for (size_t t = 0; t < count; t++) {
        recur_tensor_info info = info_of(tensors, t);
        enum recur_number number = number_of(tensors->model, t);
        contents->entries[contents->count++] = (struct recur_safetensor){
            .name = info.name,
            .number = number,
            .rank = info.rank,
            .shape = {info.shape[0], info.shape[1]},
        };
        if (number != RECUR_NUMBER_I8)
            continue;
        recur_scale_name(info.name, contents->names[t]);
        contents->entries[contents->count++] = (struct recur_safetensor){
            .name = contents->names[t], .rank = 1, .shape = {info.shape[0]}};
    }
    return RECUR_OK;
}

static enum recur_status write_file(const struct tensors *tensors, json_t *metadata,
                                    const struct contents *contents, const char *path,
                                    recur_error *error)
{
    struct recur_safetensors_writer writer;
    RECUR_TRY(recur_safetensors_create(path, contents->entries, contents->count, metadata, &writer,
                                       error));
    enum recur_status status = put_tensors(tensors, &writer, error);
    if (status == RECUR_OK)
        return recur_safetensors_commit(&writer, error);
    recur_safetensors_discard(&writer);
    return status;
}

enum recur_status recur_model_write(const recur_model *model, const recur_trainer *trainer,
                                    json_t *metadata, const char *path, recur_error *error)
{
    const struct tensors tensors = {model, trainer};
    struct contents contents = {0};
    enum recur_status status = list_contents(&tensors, &contents, error);
    if (status == RECUR_OK)
        status = write_file(&tensors, metadata, &contents, path, error);
    free(contents.entries);
    free(contents.names);
    return status;
}

enum recur_status recur_model_metadata(const recur_model *model, const char *path,
                                       json_t **metadata, recur_error *error)
{
    const recur_vocab *vocab = recur_model_vocab(model);
    if (vocab)
        RECUR_TRY(check_tokens(vocab, error));
    if (recur_model_labels(model))
        RECUR_TRY(check_tokens(recur_model_labels(model), error));
    *metadata = make_metadata(model);
    return *metadata ? RECUR_OK
                     : recur_fail(error, RECUR_ERROR_MEMORY, "out of memory for the header of %s",
                                  recur_show_name(path).text);
}

enum recur_status recur_model_save(const recur_model *model, const char *path, recur_error *error)
{
    json_t *metadata;
    RECUR_TRY(recur_model_metadata(model, path, &metadata, error));
    enum recur_status status = recur_model_write(model, NULL, metadata, path, error);
    json_decref(metadata);
    return status;
}
