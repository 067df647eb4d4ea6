/* Writes models to files. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "data/token_kind.h"
#include "io/fields_json.h"
#include "io/model_file.h"
#include "nn/model_object.h"
#include "nn/placement.h"
#include "nn/quantize.h"

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

static void put_config(recur_json_writer *json, const recur_model *model)
{
    const recur_model_config *config = recur_model_get_config(model);
    recur_json_open(json, NULL, '{');
    recur_fields_put(json, recur_model_field, config, false);
    recur_json_put_bool(json, "vocab", recur_model_vocab(model) != NULL);
    recur_fields_put(json, recur_model_field, config, true);
    if (recur_model_quantization(model) != RECUR_QUANTIZATION_NONE)
        recur_json_put_text(json, "quantization",
                            recur_quantization_name(recur_model_quantization(model)));
    recur_json_close(json, '}');
}

static void put_text_config(recur_json_writer *json, const recur_text_config *text)
{
    recur_json_open(json, NULL, '{');
    recur_fields_put(json, recur_text_field, text, false);
    recur_fields_put(json, recur_text_field, text, true);
    recur_json_close(json, '}');
}

/* Is the token written as a number? Only a byte that may be part of a character is; other tokens
 * are text. */
static bool is_number(const recur_vocab *vocab, recur_token token)
{
    return token.size == 1 && recur_token_kind_of(recur_vocab_text(vocab))->parts_of_character;
}

/* Is the token a list of bytes because it is parts of characters? */
static bool are_numbers(const recur_vocab *vocab, recur_token token)
{
    return recur_token_kind_of(recur_vocab_text(vocab))->parts &&
           !recur_utf8_valid(token.bytes, token.size);
}

static void put_numbers(recur_json_writer *json, recur_token token)
{
    recur_json_open(json, NULL, '[');
    for (size_t i = 0; i < token.size; i++)
        recur_json_put_u64(json, NULL, (unsigned char)token.bytes[i]);
    recur_json_close(json, ']');
}

static void put_vocab(recur_json_writer *json, const recur_vocab *vocab)
{
    recur_json_open(json, NULL, '{');
    recur_json_put_u64(json, "reserved", recur_vocab_reserved(vocab));
    recur_json_open(json, "tokens", '[');
    for (size_t id = 0; id < recur_vocab_size(vocab); id++) {
        recur_token token = recur_vocab_token(vocab, (int32_t)id);
        if (is_number(vocab, token))
            recur_json_put_u64(json, NULL, (unsigned char)token.bytes[0]);
        else if (are_numbers(vocab, token))
            put_numbers(json, token);
        else
            recur_json_put_bytes(json, NULL, token.bytes, token.size);
    }
    recur_json_close(json, ']');
    recur_json_open(json, "counts", '[');
    for (size_t id = 0; id < recur_vocab_size(vocab); id++)
        recur_json_put_u64(json, NULL, recur_vocab_count(vocab, (int32_t)id));
    recur_json_close(json, ']');
    recur_json_close(json, '}');
}

void recur_vocab_to_json(const recur_vocab *vocab, recur_json_writer *text,
                         recur_json_writer *entries)
{
    put_text_config(text, recur_vocab_text(vocab));
    put_vocab(entries, vocab);
}

static void put_epoch(recur_json_writer *json, const recur_epoch *epoch, size_t numbers)
{
    recur_json_open(json, NULL, '{');
    recur_json_put_u64(json, "epoch", epoch->epoch);
    for (size_t n = 0; n < numbers; n++) {
        double value;
        memcpy(&value, (const char *)epoch + recur_epoch_numbers[n].offset, sizeof value);
        if (isfinite(value))
            recur_json_put_number(json, recur_epoch_numbers[n].name, value, RECUR_DOUBLE_DIGITS);
    }
    recur_json_close(json, '}');
}

static void put_history(recur_json_writer *json, const recur_model *model, bool times)
{
    size_t count;
    const recur_epoch *epochs = recur_model_history(model, &count);
    recur_json_open(json, NULL, '[');
    for (size_t i = 0; i < count; i++)
        put_epoch(json, &epochs[i], RECUR_EPOCH_NUMBERS + (times ? RECUR_EPOCH_TIMES : 0));
    recur_json_close(json, ']');
}

recur_json_writer *recur_metadata_add(struct recur_new_metadata *metadata, const char *key)
{
    size_t place = metadata->view.count++;
    assert(place < sizeof metadata->values / sizeof *metadata->values);
    metadata->properties[place].key = key;
    return &metadata->values[place];
}

void recur_metadata_add_words(struct recur_new_metadata *metadata, const char *key,
                              const char *words)
{
    recur_metadata_add(metadata, key);
    metadata->properties[metadata->view.count - 1].value = words;
}

enum recur_status recur_metadata_finish(struct recur_new_metadata *metadata, const char *path,
                                        recur_error *error)
{
    char what[sizeof(recur_printable) + 20];
    snprintf(what, sizeof what, "the header of %s", recur_show_name(path).text);
    for (size_t i = 0; i < metadata->view.count; i++) {
        RECUR_TRY(recur_json_check(&metadata->values[i], what, error));
        if (metadata->values[i].text)
            metadata->properties[i].value = metadata->values[i].text;
    }
    metadata->view.properties = metadata->properties;
    return RECUR_OK;
}

void recur_metadata_release(struct recur_new_metadata *metadata)
{
    for (size_t i = 0; i < metadata->view.count; i++)
        recur_json_writer_free(&metadata->values[i]);
    metadata->view.count = 0;
}

/* Nothing where there are none. */
static void put_ancestors(recur_json_writer *json, const recur_origin *origin)
{
    if (!origin->ancestor_count)
        return;
    recur_json_open(json, "ancestors", '[');
    for (size_t i = 0; i < origin->ancestor_count; i++) {
        const recur_ancestor *ancestor = &origin->ancestors[i];
        recur_json_open(json, NULL, '{');
        if (ancestor->text)
            recur_json_put_text(json, "text", ancestor->text);
        if (ancestor->command)
            recur_json_put_text(json, "command", ancestor->command);
        recur_json_put_u64(json, "train_tokens", ancestor->train_tokens);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static void put_origin(struct recur_new_metadata *metadata, const recur_origin *origin)
{
    recur_json_writer *json = recur_metadata_add(metadata, RECUR_KEY_ORIGIN);
    recur_json_open(json, NULL, '{');
    if (origin->settings) {
        recur_json_put_u64(json, "kept_epoch", origin->kept_epoch);
        recur_json_put_u64(json, "train_tokens", origin->train_tokens);
        recur_json_put_u64(json, "valid_tokens", origin->valid_tokens);
    }
    if (origin->text)
        recur_json_put_text(json, "text", origin->text);
    if (origin->command)
        recur_json_put_text(json, "command", origin->command);
    put_ancestors(json, origin);
    recur_json_close(json, '}');
    if (origin->settings)
        recur_trainer_config_to_json(origin->settings,
                                     recur_metadata_add(metadata, RECUR_KEY_SETTINGS));
}

static void put_metadata(struct recur_new_metadata *metadata, const recur_model *model,
                         enum recur_holder holder)
{
    const recur_vocab *vocab = recur_model_vocab(model);
    recur_metadata_add_words(metadata, RECUR_KEY_FORMAT, RECUR_MODEL_FORMAT);
    recur_metadata_add_words(metadata, RECUR_KEY_VERSION, RECUR_MODEL_VERSION);
    put_config(recur_metadata_add(metadata, RECUR_KEY_CONFIG), model);
    if (vocab) {
        recur_json_writer *text = recur_metadata_add(metadata, RECUR_KEY_TEXT);
        recur_vocab_to_json(vocab, text, recur_metadata_add(metadata, RECUR_KEY_VOCAB));
    }
    if (recur_model_labels(model))
        put_vocab(recur_metadata_add(metadata, RECUR_KEY_LABELS), recur_model_labels(model));
    if (recur_model_characters(model))
        put_vocab(recur_metadata_add(metadata, RECUR_KEY_CHARACTERS),
                  recur_model_characters(model));
    put_history(recur_metadata_add(metadata, RECUR_KEY_HISTORY), model,
                holder == RECUR_HOLDER_CHECKPOINT);
    if (holder != RECUR_HOLDER_GRAPH && recur_model_origin(model))
        put_origin(metadata, recur_model_origin(model));
}

/* A vocabulary that a caller made may have tokens that cannot be saved. */
enum recur_status recur_vocab_check_saved(const recur_vocab *vocab, recur_error *error)
{
    for (size_t id = 0; id < recur_vocab_size(vocab); id++) {
        recur_token token = recur_vocab_token(vocab, (int32_t)id);
        if (!recur_utf8_valid(token.bytes, token.size) && !is_number(vocab, token) &&
            !are_numbers(vocab, token))
            return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                              "token %zu of the vocabulary is not UTF-8, which model files need",
                              id);
    }
    return RECUR_OK;
}

/* The file's tensors in order: the parameters, then the tensors of the training. */
struct tensors {
    const recur_model *model;
    const recur_trainer *trainer; /* NULL: no training */
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

/* How tensor number t is written. A model that is being trained is not quantised. */
static enum recur_number number_of(const recur_model *model, size_t t)
{
    enum recur_quantization kind = recur_model_quantization(model);
    if (kind == RECUR_QUANTIZATION_NONE || recur_model_tensor(model, t).rank < 2)
        return RECUR_NUMBER_F32;
    bool bytes = kind == RECUR_QUANTIZATION_INT8 && recur_network_multiplies(&model->network, t);
    return bytes ? RECUR_NUMBER_I8 : RECUR_NUMBER_BF16;
}

/* Computes each row's scale and divides the row by it, so that the values are whole numbers. */
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

/* The contents of the file: tensors, each tensor of bytes followed by its scales. */
struct contents {
    struct recur_safetensor *entries;
    char (*names)[RECUR_SCALE_NAME]; /* names of the scales */
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

static enum recur_status write_file(const struct tensors *tensors,
                                    const struct recur_metadata *metadata,
                                    const struct contents *contents, const char *path,
                                    recur_error *error)
{
    struct recur_safetensors_writer writer;
    RECUR_TRY(recur_safetensors_create(path, contents->entries, contents->count, metadata, &writer,
                                       error));
    enum recur_status status = put_tensors(tensors, &writer, error);
    if (status == RECUR_OK)
        status = recur_model_check_device(tensors->model, error);
    if (status == RECUR_OK)
        return recur_safetensors_commit(&writer, error);
    recur_safetensors_discard(&writer);
    return status;
}

enum recur_status recur_model_write(const recur_model *model, const recur_trainer *trainer,
                                    const struct recur_metadata *metadata, const char *path,
                                    recur_error *error)
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

enum recur_status recur_model_metadata(const recur_model *model, enum recur_holder holder,
                                       const char *path, struct recur_new_metadata *metadata,
                                       recur_error *error)
{
    const recur_vocab *vocab = recur_model_vocab(model);
    *metadata = (struct recur_new_metadata){0};
    if (vocab)
        RECUR_TRY(recur_vocab_check_saved(vocab, error));
    if (recur_model_labels(model))
        RECUR_TRY(recur_vocab_check_saved(recur_model_labels(model), error));
    put_metadata(metadata, model, holder);
    return recur_metadata_finish(metadata, path, error);
}

enum recur_status recur_model_save(const recur_model *model, const char *path, recur_error *error)
{
    struct recur_new_metadata metadata;
    enum recur_status status =
        recur_model_metadata(model, RECUR_HOLDER_MODEL, path, &metadata, error);
    if (status == RECUR_OK)
        status = recur_model_write(model, NULL, &metadata.view, path, error);
    recur_metadata_release(&metadata);
    return status;
}
