/* Reads models from ONNX files. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/kind.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "io/model_tensors.h"
#include "io/numbers.h"
#include "io/onnx_tensor.h"
#include "io/onnx_walk.h"
#include "nn/cell.h"
#include "task/task.h"

enum { OPSET_LEAST = 14 };

/* A parsed file may take this many times its size, and a little more. Messages of protobuf can be
 * far larger in memory than in a file, but a model's are not. */
enum { MEMORY_FACTOR = 32, MEMORY_EXTRA = 1 << 16 };

struct budget {
    size_t left;
    bool out_of_memory; /* the system has no memory left, not the budget */
};

static void *budget_alloc(void *user, size_t size)
{
    struct budget *budget = user;
    if (size > budget->left)
        return NULL;
    budget->left -= size;
    void *block = malloc(size);
    budget->out_of_memory = budget->out_of_memory || !block;
    return block;
}

static void budget_free(void *user, void *pointer)
{
    (void)user;
    free(pointer);
}

/* The place in the graph that a name of one of recur's recurrent tensors means. */
struct place {
    const char *name; /* without "rnn." ... */
    size_t length;    /* ... and the layer */
    size_t layer, direction;
    bool weight, recurrent;
};

static struct place parse_name(const char *name)
{
    const char *own = name + strlen("rnn."), *digits = strstr(own, "_l") + 2;
    char *end;
    struct place place = {
        .name = own,
        .length = (size_t)(digits - 2 - own),
        .layer = strtoul(digits, &end, 10),
    };
    place.direction = *end != '\0';
    place.weight = strncmp(own, "weight", 6) == 0;
    place.recurrent = strstr(own, "_hh_") != NULL;
    return place;
}

static enum recur_status check_shape(const Recur__Onnx__Tensor *tensor, const size_t *expected,
                                     size_t rank, recur_error *error)
{
    size_t shape[RECUR_ONNX_RANK_MAX];
    recur_onnx_shape(tensor, shape);
    return recur_check_shape(tensor->name, shape, tensor->n_dims, expected, rank, error);
}

/* Reads a matrix that the graph has transposed, as MatMul reads it. */
static enum recur_status read_transposed(const Recur__Onnx__Tensor *tensor,
                                         const recur_tensor_info *info, float *values,
                                         recur_error *error)
{
    const size_t shape[] = {info->shape[1], info->shape[0]};
    size_t count = shape[0] * shape[1];
    if (!values)
        return check_shape(tensor, shape, 2, error);
    float *stored;
    RECUR_TRY(recur_alloc(count, sizeof *stored, "a tensor", &stored, error));
    recur_onnx_floats(tensor, 0, count, stored);
    recur_transpose(stored, shape[0], shape[1], values);
    free(stored);
    return RECUR_OK;
}

/* Reads all parts of a tensor of a cell that has no operator. */
static enum recur_status read_parts(const struct recur_onnx_found *found, const struct place *place,
                                    const recur_tensor_info *info, float *values,
                                    recur_error *error)
{
    size_t count, read = 0;
    const struct recur_onnx_part *part = recur_onnx_parts(found->foreign.config.cell, &count);
    size_t hidden = found->foreign.config.hidden[place->layer];
    for (size_t i = 0; i < count; i++) {
        const Recur__Onnx__Tensor *tensor = found->scans[place->layer].part[place->direction][i];
        const size_t size = part[i].gates * hidden;
        if (strlen(part[i].tensor) != place->length ||
            strncmp(part[i].tensor, place->name, place->length) != 0)
            continue;
        if (part[i].matrix)
            return read_transposed(tensor, info, values, error);
        read += size;
        if (!values)
            RECUR_TRY(check_shape(tensor, &size, 1, error));
        else
            recur_onnx_floats(tensor, 0, size, values + part[i].first * hidden);
    }
    if (read == info->shape[0])
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_FORMAT, "the graph has %zu numbers of %s, expected %zu",
                      read, info->name, info->shape[0]);
}

/* Reads the part of W, R or B that belongs to one direction. */
static enum recur_status read_gates(const struct recur_onnx_found *found,
                                    const recur_tensor_info *info, float *values,
                                    recur_error *error)
{
    const recur_model_config *config = &found->foreign.config;
    struct place place = parse_name(info->name);
    if (place.layer >= config->layers || (place.direction && !config->bidirectional))
        return recur_fail(error, RECUR_ERROR_FORMAT, "the graph has no %s", info->name);
    if (found->scans)
        return read_parts(found, &place, info, values, error);
    const struct recur_onnx_layer *layer = &found->layers[place.layer];
    const Recur__Onnx__Tensor *tensor = !place.weight     ? layer->b
                                        : place.recurrent ? layer->r
                                                          : layer->w;
    size_t count = info->shape[0] * info->shape[1], gates = recur_cell_kind_of(config->cell)->gates;
    size_t parts = place.weight ? 1 : 2;
    const size_t shape[] = {config->bidirectional ? 2 : 1, parts * info->shape[0], info->shape[1]};
    if (!tensor) {
        if (values)
            memset(values, 0, count * sizeof *values);
        return RECUR_OK;
    }
    if (!values)
        return check_shape(tensor, shape, place.weight ? 3 : 2, error);
    size_t part = parts * place.direction + (parts == 2 && place.recurrent);
    float *stored;
    RECUR_TRY(recur_alloc(count, sizeof *stored, "a tensor", &stored, error));
    recur_onnx_floats(tensor, part * count, count, stored);
    recur_onnx_permute(config->cell, false, stored, count / gates, values);
    free(stored);
    return RECUR_OK;
}

/* A recur_tensor_fn. The walk has already checked that no tensor is left over. */
static enum recur_status read_tensor(void *user, const recur_tensor_info *info, float *values,
                                     recur_error *error)
{
    const struct recur_onnx_found *found = user;
    if (!info)
        return RECUR_OK;
    if (strncmp(info->name, "rnn.", 4) == 0)
        return read_gates(found, info, values, error);
    if (strcmp(info->name, "linear.weight") == 0)
        return read_transposed(found->head_weight, info, values, error);
    bool head = strcmp(info->name, "linear.bias") == 0;
    const Recur__Onnx__Tensor *tensor = head ? found->head_bias : found->embedding;
    if (!tensor)
        return recur_fail(error, RECUR_ERROR_FORMAT, "the graph has no %s", info->name);
    RECUR_TRY(check_shape(tensor, info->shape, info->rank, error));
    if (values)
        recur_onnx_floats(tensor, 0, info->shape[0] * info->shape[1], values);
    return RECUR_OK;
}

/* Checks that numbers [first, first + count) of a tensor are zeros: second biases where the
 * metadata says that biases are single. */
static enum recur_status check_zeros(const Recur__Onnx__Tensor *tensor, size_t first, size_t count,
                                     recur_error *error)
{
    for (size_t i = 0; i < count; i++) {
        float value;
        recur_onnx_floats(tensor, first + i, 1, &value);
        if (value != 0)
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              RECUR_KEY_CONFIG " says single biases, %.100s has second ones",
                              tensor->name);
    }
    return RECUR_OK;
}

/* The same for one direction of a layer. */
static enum recur_status check_single(const struct recur_onnx_found *found, size_t l, size_t d,
                                      recur_error *error)
{
    size_t count;
    if (!found->scans) {
        const Recur__Onnx__Tensor *b = found->layers[l].b;
        size_t half = b ? (size_t)b->dims[1] / 2 : 0;
        return check_zeros(b, (2 * d + 1) * half, half, error);
    }
    const struct recur_onnx_part *part = recur_onnx_parts(found->foreign.config.cell, &count);
    for (size_t i = 0; i < count; i++) {
        const Recur__Onnx__Tensor *tensor = found->scans[l].part[d][i];
        if (strcmp(part[i].tensor, "bias_hh") == 0)
            RECUR_TRY(check_zeros(tensor, 0, (size_t)tensor->dims[0], error));
    }
    return RECUR_OK;
}

static enum recur_status check_single_biases(const struct recur_onnx_found *found,
                                             recur_error *error)
{
    const recur_model_config *config = &found->foreign.config;
    for (size_t l = 0; l < config->layers; l++)
        for (size_t d = 0; d < (config->bidirectional ? 2 : 1); d++)
            RECUR_TRY(check_single(found, l, d, error));
    return RECUR_OK;
}

/* Checks that the metadata describes the network that the graph computes. Widths were already
 * compared as shapes. */
static enum recur_status check_same(const recur_model_config *says,
                                    const struct recur_onnx_found *found, recur_error *error)
{
    const recur_model_config *is = &found->foreign.config;
    const char *what = NULL;
    if (recur_task_of(says->task)->refuses.format)
        what = "task";
    else if (says->cell != is->cell)
        what = "cell";
    else if (recur_cell_kind_of(says->cell)->activated && says->activation != is->activation)
        what = "activation";
    else if (says->layers != is->layers)
        what = "number of layers";
    else if (says->bidirectional != is->bidirectional ||
             (is->bidirectional && says->merge != is->merge))
        what = "direction";
    else if (says->embedding != is->embedding)
        what = "embedding";
    else if (says->inputs != is->inputs)
        what = "number of inputs";
    if (what)
        return recur_fail(error, RECUR_ERROR_FORMAT, RECUR_KEY_CONFIG ": its %s is not the graph's",
                          what);
    return says->biases == 1 ? check_single_biases(found, error) : RECUR_OK;
}

static bool is_own(const Recur__Onnx__Property *property)
{
    return strncmp(property->key, "recur.", 6) == 0 ||
           (strcmp(property->key, RECUR_KEY_FORMAT) == 0 &&
            strcmp(property->value, RECUR_MODEL_FORMAT) == 0);
}

static int compare_keys(const void *a, const void *b)
{
    const struct recur_property *s = a, *t = b;
    return strcmp(s->key, t->key);
}

/* Refuses a key that occurs twice. Sorting keeps this fast for any number of properties. */
static enum recur_status check_keys(struct recur_metadata *metadata, recur_error *error)
{
    qsort(metadata->properties, metadata->count, sizeof *metadata->properties, compare_keys);
    for (size_t i = 1; i < metadata->count; i++)
        if (compare_keys(&metadata->properties[i - 1], &metadata->properties[i]) == 0)
            return recur_fail(error, RECUR_ERROR_FORMAT, "the metadata has %.40s twice",
                              metadata->properties[i].key);
    return RECUR_OK;
}

/* Collects the properties that are recur's; free() them. recur writes them at the end of its files:
 * a file of recur's without them was cut off. */
static enum recur_status collect_metadata(const Recur__Onnx__Model *message,
                                          struct recur_metadata *metadata, recur_error *error)
{
    RECUR_TRY(recur_alloc(message->n_metadata_props, sizeof *metadata->properties, "the metadata",
                          &metadata->properties, error));
    for (size_t i = 0; i < message->n_metadata_props; i++) {
        const Recur__Onnx__Property *property = message->metadata_props[i];
        if (!property->key || !property->value || !is_own(property))
            continue;
        if (!recur_utf8_valid(property->key, strlen(property->key)) ||
            !recur_utf8_valid(property->value, strlen(property->value)))
            return recur_fail(error, RECUR_ERROR_FORMAT, "the metadata's %.40s is not UTF-8",
                              property->key);
        metadata->properties[metadata->count++] =
            (struct recur_property){property->key, property->value};
    }
    RECUR_TRY(check_keys(metadata, error));
    if (!recur_metadata_is_model(metadata) && message->producer_name &&
        strcmp(message->producer_name, RECUR_ONNX_PRODUCER) == 0)
        return recur_fail(
            error, RECUR_ERROR_FORMAT,
            "recur wrote this graph, but its metadata is missing: the file is cut, or "
            "another program left it out");
    return RECUR_OK;
}

static enum recur_status make_model(const Recur__Onnx__Model *message,
                                    const recur_import_config *said, struct recur_onnx_found *found,
                                    recur_model **model, recur_error *error)
{
    struct recur_metadata metadata = {0};
    recur_model *made = NULL;
    enum recur_status status = collect_metadata(message, &metadata, error);
    if (status != RECUR_OK) {
        free(metadata.properties);
        return status;
    }
    if (!recur_metadata_is_model(&metadata)) {
        status =
            recur_foreign_model(&found->foreign, said->vocab, read_tensor, found, &made, error);
    } else if (said->vocab) {
        status = recur_fail(error, RECUR_ERROR_ARGUMENT,
                            "this is a model of recur's own, whose vocabulary cannot be given");
    } else {
        status = recur_model_read(&metadata, read_tensor, found, &made, error);
        if (status == RECUR_OK)
            status = check_same(recur_model_get_config(made), found, error);
    }
    free(metadata.properties);
    if (status == RECUR_OK)
        *model = made;
    else
        recur_model_free(made);
    return status;
}

static enum recur_status fail_other(const unsigned char *bytes, size_t size, recur_error *error)
{
    size_t start = size < RECUR_KIND_BYTES ? size : RECUR_KIND_BYTES;
    const struct recur_kind *kind = recur_kind_of(bytes, start, start == size);
    if (recur_kind_is_model(kind))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "not ONNX but a model as safetensors: name it .safetensors");
    return recur_kind_refuse_model(recur_kind_is_onnx(kind) ? NULL : kind, "an ONNX model",
                                   "it is damaged, or cut off", error);
}

/* Does the file have a version whose operators recur knows? */
static enum recur_status check_message(const Recur__Onnx__Model *message,
                                       const unsigned char *bytes, size_t size, recur_error *error)
{
    if (!message || !message->graph || message->n_opset_import == 0)
        return fail_other(bytes, size, error);
    for (size_t i = 0; i < message->n_opset_import; i++) {
        const Recur__Onnx__Opset *opset = message->opset_import[i];
        if ((!opset->domain || !*opset->domain) && opset->version < OPSET_LEAST)
            return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                              "an ONNX model of opset %lld, expected %d or later",
                              (long long)opset->version, OPSET_LEAST);
    }
    return RECUR_OK;
}

/* The walk's sentence about another program's graph names a node. This adds what to do. */
static void advise(const Recur__Onnx__Model *message, recur_error *error)
{
    char sentence[sizeof error->message];
    bool own = message && message->producer_name &&
               strcmp(message->producer_name, RECUR_ONNX_PRODUCER) == 0;
    if (!error || !message || own)
        return;
    snprintf(sentence, sizeof sentence, "%s", error->message);
    recur_error_write(error, error->status,
                      "%s; recur reads the graphs that it writes, and of PyTorch's models the "
                      "state_dict as .safetensors",
                      sentence);
}

static enum recur_status read_bytes(const unsigned char *bytes, size_t size,
                                    const recur_import_config *said, recur_model **model,
                                    recur_error *error)
{
    struct budget budget = {.left =
                                recur_size_add(recur_size_mul(size, MEMORY_FACTOR), MEMORY_EXTRA)};
    ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
    struct recur_onnx_found found = {.foreign.config = recur_model_config_default()};
    Recur__Onnx__Model *message = recur__onnx__model__unpack(&allocator, size, bytes);
    enum recur_status status = budget.out_of_memory
                                   ? recur_fail_memory(error, size, "an ONNX model")
                                   : check_message(message, bytes, size, error);
    if (status == RECUR_OK)
        status = recur_onnx_walk(message->graph, said, &found, error);
    if (status == RECUR_ERROR_UNSUPPORTED)
        advise(message, error);
    if (status == RECUR_OK)
        status = make_model(message, said, &found, model, error);
    if (message)
        recur__onnx__model__free_unpacked(message, &allocator);
    free(found.layers);
    free(found.scans);
    free(found.foreign.hidden);
    return status;
}

enum recur_status recur_onnx_read(const char *path, const recur_import_config *said,
                                  recur_model **model, recur_error *error)
{
    FILE *file;
    unsigned char *bytes;
    size_t size;
    RECUR_TRY(recur_file_open(path, &file, error));
    enum recur_status status =
        recur_file_read(file, path, (size_t)INT_MAX + 1, &bytes, &size, error);
    recur_file_close(file);
    if (status != RECUR_OK)
        return status;
    if (size > INT_MAX)
        status = recur_fail(error, RECUR_ERROR_FORMAT,
                            "not an ONNX model: it has more than %d bytes", INT_MAX);
    else
        status = read_bytes(bytes, size, said, model, error);
    free(bytes);
    return recur_blame_path(status, path, error);
}
