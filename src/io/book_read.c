/* Reads the D2L book's networks from scratch: one layer, one tensor for each gate, weights [in,
 * out], one bias per gate, one-hot input. The book's GRU applies the reset gate before the product.
 * Newer editions keep the tensors in modules, so any prefix may stand before a name. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/foreign.h"
#include "io/format.h"
#include "io/numbers.h"

enum { GATES_MAX = 4 };

/* The book's letters for the gates, in recur's order. */
static const struct network {
    size_t gates;
    const char *letters;
} networks[] = {
    {4, "ifco"},
    {3, "rzh"},
    {1, "h"},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

struct import {
    struct recur_safetensors *file;
    const struct network *network;
    struct recur_foreign found;
};

/* The tensor whose name without its prefix is `name`; NULL where there is none. */
static const struct recur_safetensor *find(const struct recur_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++) {
        const char *dot = strrchr(file->tensors[i].name, '.');
        if (strcmp(dot ? dot + 1 : file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    }
    return NULL;
}

/* Makes a name such as "W_xi" of a kind, "W_x", and a gate's letter. */
static const char *gate_name(const char *kind, char letter, char name[8])
{
    size_t length = strlen(kind);
    memcpy(name, kind, length);
    name[length] = letter;
    name[length + 1] = '\0';
    return name;
}

/* The network whose first gate the file has. */
static const struct network *network_of(const struct recur_safetensors *file)
{
    char name[8];
    for (size_t n = 0; n < NETWORKS; n++)
        if (find(file, gate_name("W_x", networks[n].letters[0], name)))
            return &networks[n];
    return NULL;
}

static bool recognise(const struct recur_format_input *input)
{
    return input->tensors && network_of(input->tensors);
}

/* Takes a tensor of shape (rows, columns), or (rows) where columns is 0. */
static enum recur_status take(struct import *import, const char *name, size_t rows, size_t columns,
                              const struct recur_safetensor **tensor, recur_error *error)
{
    const size_t shape[] = {rows, columns};
    const struct recur_safetensor *found = find(import->file, name);
    if (!found)
        return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %s is missing", name);
    *tensor = recur_safetensors_take(import->file, found->name);
    return recur_check_shape(found->name, found->shape, found->rank, shape, columns ? 2 : 1, error);
}

/* Reads [in, out] as (out, in). */
static enum recur_status read_transposed(struct import *import,
                                         const struct recur_safetensor *tensor, float *values,
                                         recur_error *error)
{
    size_t rows = tensor->shape[0], columns = tensor->shape[1];
    float *stored;
    RECUR_TRY(recur_alloc(rows * columns, sizeof *stored, "a tensor", &stored, error));
    enum recur_status status = recur_safetensors_get_f32(import->file, tensor, stored, error);
    recur_transpose(stored, rows, columns, values);
    free(stored);
    return status;
}

/* Takes one of the book's tensors as `rows` rows of one of recur's; `columns` 0 is a vector. */
static enum recur_status take_block(struct import *import, const char *name, size_t rows,
                                    size_t columns, float *values, recur_error *error)
{
    const struct recur_safetensor *tensor = NULL;
    if (columns == 0) {
        RECUR_TRY(take(import, name, rows, 0, &tensor, error));
        return values ? recur_safetensors_get_f32(import->file, tensor, values, error) : RECUR_OK;
    }
    RECUR_TRY(take(import, name, columns, rows, &tensor, error));
    return values ? read_transposed(import, tensor, values, error) : RECUR_OK;
}

/* A recur_tensor_fn over the book's tensors. */
static enum recur_status take_tensor(void *user, const recur_tensor_info *info, float *values,
                                     recur_error *error)
{
    static const struct {
        const char *name, *kind;
    } gated[] = {
        {"rnn.weight_ih_l0", "W_x"}, {"rnn.weight_hh_l0", "W_h"}, {"rnn.bias_ih_l0", "b_"}};
    struct import *import = user;
    if (!info)
        return recur_safetensors_check_taken(import->file, error);
    size_t columns = info->rank == 2 ? info->shape[1] : 0;
    for (size_t k = 0; k < sizeof gated / sizeof *gated; k++) {
        if (strcmp(info->name, gated[k].name) != 0)
            continue;
        size_t rows = info->shape[0] / import->network->gates, block = rows * info->shape[1];
        for (size_t g = 0; g < import->network->gates; g++) {
            char name[8];
            gate_name(gated[k].kind, import->network->letters[g], name);
            RECUR_TRY(
                take_block(import, name, rows, columns, values ? values + g * block : NULL, error));
        }
        return RECUR_OK;
    }
    return take_block(import, columns ? "W_hq" : "b_q", info->shape[0], columns, values, error);
}

/* Where the caller names no cell, the first one with the file's number of gates. */
static const enum recur_cell cells[] = {RECUR_CELL_LSTM, RECUR_CELL_GRU_RESET_BEFORE,
                                        RECUR_CELL_GRU, RECUR_CELL_RNN};

static enum recur_status read(const struct recur_format_input *input,
                              const recur_import_config *said, recur_model **model,
                              bool *fresh_head, recur_error *error)
{
    char name[8];
    struct recur_safetensors *file = input->tensors;
    const struct network *network = network_of(file);
    (void)fresh_head;
    if (said->inputs)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the D2L book's networks from scratch read tokens, and inputs cannot be "
                          "given");
    struct import import = {
        .file = file, .network = network, .found.config = recur_model_config_default()};
    recur_model_config *config = &import.found.config;
    const struct recur_safetensor *weight = find(file, gate_name("W_x", network->letters[0], name));
    if (weight->rank != 2)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %.300s has %zu dimension%s, expected 2", weight->name,
                          weight->rank, recur_plural(weight->rank));
    config->vocabulary = weight->shape[0];
    config->hidden = &weight->shape[1];
    config->biases = 1;
    RECUR_TRY(recur_foreign_cell(cells, sizeof cells / sizeof *cells, network->gates, said, false,
                                 config, error));
    return recur_foreign_model(&import.found, said->vocab, take_tensor, &import, model, error);
}

RECUR_FORMAT_KIND(book) = {
    .info = {.size = sizeof(recur_format_info), .available = true},
    .recognise = recognise,
    .read = read,
};
