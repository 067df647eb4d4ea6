/* Reads PyTorch's state_dicts. A file has one nn.RNN, nn.GRU or nn.LSTM under any prefix. The other
 * tensors are an output layer (a weight with a bias) and an embedding (a weight without one). The
 * word language model of pytorch/examples may tie these two. Its file then has only the weight
 * whose name comes first, and the metadata map the other name to that one
 * (safetensors.torch.save_model). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/foreign.h"
#include "io/pytorch.h"

enum { SUFFIX_ROOM = 64 }; /* of the end of a name: "weight_ih_l0_reverse", ".weight" */

struct import {
    struct recur_safetensors *file;
    struct recur_foreign found;
    size_t prefix;     /* length of what precedes the recurrent tensors' names */
    size_t width, top; /* how many numbers layer 0 reads, and the last layer outputs */
    const char *recurrent, *embedding, *head; /* names of tensors; NULL: there is none */
    bool no_biases, no_head_bias, tied;
    char *name; /* room for the name of any tensor that the file should have */
};

/* What the name of a recurrent tensor says. */
struct part {
    size_t prefix; /* length of the prefix */
    unsigned long layer;
    bool weight, recurrent, reverse;
};

/* The name without the names of its modules. */
static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

static bool parse_part(const char *name, struct part *part)
{
    static const char *const kinds[] = {"weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"};
    const char *own = last_part(name);
    for (size_t k = 0; k < 4; k++) {
        size_t length = strlen(kinds[k]);
        if (strncmp(own, kinds[k], length) != 0)
            continue;
        size_t digits = strspn(own + length, "0123456789");
        if (digits == 0)
            return false;
        const char *rest = own + length + digits;
        *part = (struct part){.prefix = (size_t)(own - name),
                              .layer = strtoul(own + length, NULL, 10),
                              .weight = k < 2,
                              .recurrent = k % 2 == 1,
                              .reverse = *rest != '\0'};
        return *rest == '\0' || strcmp(rest, "_reverse") == 0;
    }
    return false;
}

static bool is_projection(const char *name)
{
    return strncmp(last_part(name), "weight_hr_l", 11) == 0;
}

bool recur_pytorch_recognise(const struct recur_format_input *input)
{
    struct part part;
    for (size_t i = 0; input->tensors && i < input->tensors->count; i++)
        if (parse_part(input->tensors->tensors[i].name, &part) ||
            is_projection(input->tensors->tensors[i].name))
            return true;
    return false;
}

/* Length of what precedes ".weight" or ".bias". */
static size_t stem(const char *name)
{
    return (size_t)(strrchr(name, '.') - name);
}

/* Joins the first `length` characters of `name` and `rest`. */
static const char *join(struct import *import, const char *name, size_t length, const char *rest)
{
    memcpy(import->name, name, length);
    memcpy(import->name + length, rest, strlen(rest) + 1);
    return import->name;
}

static bool has(struct import *import, const char *name, size_t length, const char *rest)
{
    return recur_safetensors_find(import->file, join(import, name, length, rest)) != NULL;
}

/* Finds the recurrent tensors; counts layers, directions and biases. */
static enum recur_status find_recurrent(struct import *import, recur_error *error)
{
    struct recur_foreign *found = &import->found;
    bool bias_ih = false, bias_hh = false;
    found->config.layers = 0;
    for (size_t i = 0; i < import->file->count; i++) {
        const char *name = import->file->tensors[i].name;
        struct part part;
        if (is_projection(name))
            return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                              "tensor %.300s projects the states of an nn.LSTM with proj_size, "
                              "which recur's cells do not",
                              name);
        if (!parse_part(name, &part))
            continue;
        if (!import->recurrent) {
            import->recurrent = name;
            import->prefix = part.prefix;
        } else if (part.prefix != import->prefix ||
                   memcmp(name, import->recurrent, part.prefix) != 0) {
            return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                              "%.100s and %.100s are not of one network, and only one can be read",
                              import->recurrent, name);
        }
        if (part.reverse)
            found->config.bidirectional = true;
        /* a number larger than the count of tensors belongs above a layer that is missing */
        size_t layer = part.layer < import->file->count ? part.layer : import->file->count;
        if (layer >= found->config.layers)
            found->config.layers = layer + 1;
        bias_ih = bias_ih || (!part.weight && !part.recurrent);
        bias_hh = bias_hh || (!part.weight && part.recurrent);
    }
    found->config.biases = bias_hh ? 2 : 1;
    import->no_biases = !bias_ih && !bias_hh;
    return RECUR_OK;
}

/* Does the module's own name say that it is an embedding? */
static bool named_embedding(const char *name)
{
    size_t end = stem(name), start = end;
    while (start > 0 && name[start - 1] != '.')
        start--;
    return strncmp(name + start, "enc", 3) == 0 || strncmp(name + start, "emb", 3) == 0;
}

/* Does the module have a ".weight" that is a matrix of so many columns? */
static bool fits(struct import *import, const char *name, size_t columns)
{
    const struct recur_safetensor *weight =
        recur_safetensors_find(import->file, join(import, name, stem(name), ".weight"));
    return weight && weight->rank == 2 && weight->shape[1] == columns;
}

/* Chooses a module's tensor: the first that fits or, where none fits, the first. */
static void choose(struct import *import, const char **chosen, const char *name, size_t columns)
{
    if (!*chosen || (fits(import, name, columns) && !fits(import, *chosen, columns)))
        *chosen = name;
}

/* Do the metadata say that the module's weight has another name as well? */
static bool has_alias(struct import *import, const char *name)
{
    const struct recur_metadata *metadata = &import->file->metadata;
    const char *weight = join(import, name, stem(name), ".weight");
    for (size_t i = 0; i < metadata->count; i++)
        if (recur_path_ends(metadata->properties[i].key, ".weight") &&
            strcmp(metadata->properties[i].value, weight) == 0)
            return true;
    return false;
}

/* Finds the output layer and the embedding. Other tensors will be left over. */
static enum recur_status find_ends(struct import *import, recur_error *error)
{
    const struct recur_safetensors *file = import->file;
    for (size_t i = 0; i < file->count; i++)
        if (recur_path_ends(file->tensors[i].name, ".bias"))
            choose(import, &import->head, file->tensors[i].name, import->top);
    bool has_bias = import->head;
    for (size_t i = 0; i < file->count; i++) {
        const char *name = file->tensors[i].name;
        if (!recur_path_ends(name, ".weight") || has(import, name, stem(name), ".bias"))
            continue;
        if (has_bias || named_embedding(name) ||
            (fits(import, name, import->width) && !fits(import, name, import->top)))
            choose(import, &import->embedding, name, import->width);
        else if (import->head && import->width == import->top &&
                 fits(import, import->head, import->top) && fits(import, name, import->top))
            return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                              "it does not show which of %.100s and %.100s is the embedding: the "
                              "name of that module must begin with emb or enc",
                              import->head, name);
        else
            choose(import, &import->head, name, import->top);
    }
    import->no_head_bias = !has_bias;
    if (import->head && !import->embedding && has_alias(import, import->head))
        import->embedding = import->head;
    else if (!import->head && import->embedding && has_alias(import, import->embedding))
        import->head = import->embedding;
    return RECUR_OK;
}

/* Finds a weight from which sizes follow. It must have two dimensions, and neither may be 0. */
static enum recur_status find_weight(struct import *import, const char *name, size_t length,
                                     const char *rest, const struct recur_safetensor **weight,
                                     recur_error *error)
{
    *weight = recur_safetensors_find(import->file, join(import, name, length, rest));
    if (!*weight)
        return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %.300s is missing", import->name);
    if ((*weight)->rank != 2)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %.300s has %zu dimension%s, expected 2", import->name,
                          (*weight)->rank, recur_plural((*weight)->rank));
    if ((*weight)->shape[0] == 0 || (*weight)->shape[1] == 0)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %.300s is (%zu, %zu), both dimensions must be 1 or more",
                          import->name, (*weight)->shape[0], (*weight)->shape[1]);
    return RECUR_OK;
}

static enum recur_status find_widths(struct import *import, size_t *gates, recur_error *error)
{
    recur_model_config *config = &import->found.config;
    const struct recur_safetensor *weight;
    *gates = 0;
    for (size_t l = 0; l < config->layers; l++) {
        char rest[SUFFIX_ROOM];
        snprintf(rest, sizeof rest, "weight_hh_l%zu", l);
        RECUR_TRY(find_weight(import, import->recurrent, import->prefix, rest, &weight, error));
        size_t rows = weight->shape[0], width = weight->shape[1], blocks = rows / width;
        if (rows % width != 0 || (blocks != 1 && blocks != 3 && blocks != 4))
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              "tensor %.300s is (%zu, %zu), expected 1, 3 or 4 times as many rows "
                              "as columns",
                              weight->name, rows, width);
        if (l > 0 && blocks != *gates)
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              "tensor %.300s has %zu gate%s, the layers below have %zu",
                              weight->name, blocks, recur_plural(blocks), *gates);
        *gates = blocks;
        import->found.hidden[l] = width;
    }
    return RECUR_OK;
}

/* Finds how many numbers layer 0 reads and the last layer outputs. */
static enum recur_status find_width(struct import *import, size_t gates, recur_error *error)
{
    const recur_model_config *config = &import->found.config;
    const struct recur_safetensor *input;
    RECUR_TRY(
        find_weight(import, import->recurrent, import->prefix, "weight_ih_l0", &input, error));
    const size_t shape[] = {gates * config->hidden[0], input->shape[1]};
    RECUR_TRY(recur_check_shape(input->name, input->shape, input->rank, shape, 2, error));
    import->width = input->shape[1];
    import->top = (config->bidirectional ? 2 : 1) * config->hidden[config->layers - 1];
    return RECUR_OK;
}

/* Finds the embedding of a model that reads tokens through one. */
static enum recur_status find_embedding(struct import *import, recur_error *error)
{
    recur_model_config *config = &import->found.config;
    const struct recur_safetensor *embedding;
    RECUR_TRY(find_weight(import, import->embedding, stem(import->embedding), ".weight", &embedding,
                          error));
    if (!import->head)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "there is an embedding, %.300s, but no output layer", embedding->name);
    const size_t shape[] = {embedding->shape[0], import->width};
    RECUR_TRY(
        recur_check_shape(embedding->name, embedding->shape, embedding->rank, shape, 2, error));
    config->vocabulary = embedding->shape[0];
    config->embedding = embedding->shape[1];
    import->tied = config->embedding == import->top &&
                   !has(import, import->head, stem(import->head), ".weight");
    return RECUR_OK;
}

/* Finds the inputs of a model that reads numbers or one-hot vectors. */
static enum recur_status find_inputs(struct import *import, const recur_import_config *said,
                                     recur_error *error)
{
    recur_model_config *config = &import->found.config;
    const size_t inputs = said->inputs;
    const struct recur_safetensor *head = NULL;
    if (inputs && inputs != import->width)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "layer 0 reads %zu number%s a step, not %zu",
                          import->width, recur_plural(import->width), inputs);
    if (inputs && said->vocab)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a model that reads numbers has no vocabulary");
    if (import->head)
        RECUR_TRY(find_weight(import, import->head, stem(import->head), ".weight", &head, error));
    config->inputs = inputs;
    config->vocabulary = !inputs ? import->width : head ? head->shape[0] : 0;
    if (head && head->shape[0] != config->vocabulary)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %.300s has %zu row%s, and layer 0 reads %zu number%s a step: the "
                          "embedding is missing, or the model reads numbers and inputs %zu must be "
                          "given",
                          head->name, head->shape[0], recur_plural(head->shape[0]), import->width,
                          recur_plural(import->width), import->width);
    if (config->vocabulary == 1 && !inputs)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "layer 0 reads 1 number a step, which is no token: inputs 1 must be "
                          "given");
    import->found.fresh_head = !head && !inputs;
    /* otherwise a fresh head could need more memory than the file's size justifies */
    if (import->found.fresh_head && config->hidden[config->layers - 1] != config->hidden[0])
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "there is no output layer, and the layers are not equally wide");
    return RECUR_OK;
}

/* The file's name for a tensor of the parameter table; NULL where the file need not have it. */
static const char *own_name(struct import *import, const char *name)
{
    static const char recurrent[] = "rnn.";
    const size_t start = sizeof recurrent - 1;
    if (strncmp(name, recurrent, start) == 0) {
        if (import->no_biases && strncmp(name + start, "bias", 4) == 0)
            return NULL;
        return join(import, import->recurrent, import->prefix, name + start);
    }
    if (strcmp(name, "linear.bias") == 0)
        return import->no_head_bias ? NULL
                                    : join(import, import->head, stem(import->head), ".bias");
    if (strcmp(name, "embedding.weight") == 0 || import->tied)
        return join(import, import->embedding, stem(import->embedding), ".weight");
    return import->head ? join(import, import->head, stem(import->head), ".weight") : NULL;
}

/* A recur_tensor_fn over the state_dict's tensors. */
static enum recur_status take_tensor(void *user, const recur_tensor_info *info, float *values,
                                     recur_error *error)
{
    struct import *import = user;
    if (!info)
        return recur_safetensors_check_taken(import->file, error);
    const char *name = own_name(import, info->name);
    if (!name) {
        bool fresh = import->found.fresh_head && strncmp(info->name, "linear.", 7) == 0;
        if (values && !fresh)
            memset(values, 0, info->shape[0] * info->shape[1] * sizeof *values);
        return RECUR_OK;
    }
    const struct recur_safetensor *tensor = recur_safetensors_take(import->file, name);
    if (!tensor)
        return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %.300s is missing", name);
    RECUR_TRY(recur_check_shape(tensor->name, tensor->shape, tensor->rank, info->shape, info->rank,
                                error));
    return values ? recur_safetensors_get_f32(import->file, tensor, values, error) : RECUR_OK;
}

/* Where the caller names no cell, the first one with the file's number of gates. A caller may know
 * that a module with an nn.GRU's tensors computes the other GRU. */
static const enum recur_cell cells[] = {RECUR_CELL_RNN, RECUR_CELL_GRU, RECUR_CELL_LSTM,
                                        RECUR_CELL_GRU_RESET_BEFORE};

static enum recur_status find_network(struct import *import, const recur_import_config *said,
                                      recur_error *error)
{
    struct recur_foreign *found = &import->found;
    size_t longest = 0, gates;
    for (size_t i = 0; i < import->file->count; i++) {
        size_t length = strlen(import->file->tensors[i].name);
        longest = length > longest ? length : longest;
    }
    RECUR_TRY(recur_alloc(longest + SUFFIX_ROOM, 1, "a name", &import->name, error));
    RECUR_TRY(find_recurrent(import, error));
    RECUR_TRY(recur_alloc(found->config.layers, sizeof *found->hidden, "a list of widths",
                          &found->hidden, error));
    found->config.hidden = found->hidden;
    RECUR_TRY(find_widths(import, &gates, error));
    RECUR_TRY(find_width(import, gates, error));
    RECUR_TRY(find_ends(import, error));
    if (import->embedding && said->inputs)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "there is an embedding, %.300s: the model reads tokens, and inputs "
                          "cannot be given",
                          import->embedding);
    RECUR_TRY(import->embedding ? find_embedding(import, error) : find_inputs(import, said, error));
    return recur_foreign_cell(cells, sizeof cells / sizeof *cells, gates, said, true,
                              &found->config, error);
}

enum recur_status recur_pytorch_read(const struct recur_format_input *input,
                                     const recur_import_config *said, recur_model **model,
                                     bool *fresh_head, recur_error *error)
{
    struct import import = {.file = input->tensors, .found.config = recur_model_config_default()};
    enum recur_status status = find_network(&import, said, error);
    if (status == RECUR_OK)
        status =
            recur_foreign_model(&import.found, said->vocab, take_tensor, &import, model, error);
    *fresh_head = import.found.fresh_head;
    free(import.found.hidden);
    free(import.name);
    return status;
}
