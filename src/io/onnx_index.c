#include "io/onnx_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/onnx_tensor.h"

static int compare_initializers(const void *a, const void *b)
{
    const struct recur_onnx_entry *s = a, *t = b;
    return strcmp(s->tensor->name, t->tensor->name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum recur_status sort_inputs(struct recur_onnx_index *index, recur_error *error)
{
    size_t count = index->graph->n_input;
    RECUR_TRY(
        recur_alloc(count, sizeof *index->inputs, "a table of inputs", &index->inputs, error));
    for (size_t i = 0; i < count; i++) {
        const char *name = index->graph->input[i]->name;
        index->inputs[i] = name ? name : "";
    }
    qsort(index->inputs, count, sizeof *index->inputs, compare_names);
    return RECUR_OK;
}

static enum recur_status sort_initializers(struct recur_onnx_index *index, recur_error *error)
{
    size_t count = index->graph->n_initializer;
    RECUR_TRY(recur_alloc(count, sizeof *index->initializers, "a table of tensors",
                          &index->initializers, error));
    for (size_t i = 0; i < count; i++) {
        index->initializers[i].tensor = index->graph->initializer[i];
        if (!index->initializers[i].tensor->name)
            return recur_fail(error, RECUR_ERROR_FORMAT, "initializer %zu has no name", i);
    }
    qsort(index->initializers, count, sizeof *index->initializers, compare_initializers);
    for (size_t i = 1; i < count; i++)
        if (compare_initializers(&index->initializers[i - 1], &index->initializers[i]) == 0)
            return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %.100s stands twice",
                              index->initializers[i].tensor->name);
    return RECUR_OK;
}

enum recur_status recur_onnx_index_create(const Recur__Onnx__Graph *graph,
                                          struct recur_onnx_index *index, recur_error *error)
{
    *index = (struct recur_onnx_index){.graph = graph};
    RECUR_TRY(sort_inputs(index, error));
    return sort_initializers(index, error);
}

void recur_onnx_index_free(struct recur_onnx_index *index)
{
    free((void *)index->inputs);
    free(index->initializers);
}

bool recur_onnx_is_input(const struct recur_onnx_index *index, const char *name)
{
    return *name && bsearch(&name, index->inputs, index->graph->n_input, sizeof *index->inputs,
                            compare_names);
}

static struct recur_onnx_entry *entry_of(const struct recur_onnx_index *index, const char *name)
{
    Recur__Onnx__Tensor named = {.name = (char *)name};
    const struct recur_onnx_entry wanted = {.tensor = &named};
    return bsearch(&wanted, index->initializers, index->graph->n_initializer,
                   sizeof *index->initializers, compare_initializers);
}

const Recur__Onnx__Tensor *recur_onnx_find(const struct recur_onnx_index *index, const char *name)
{
    const struct recur_onnx_entry *entry = entry_of(index, name);
    return entry ? entry->tensor : NULL;
}

enum recur_status recur_onnx_take(struct recur_onnx_index *index, const char *name, size_t rank,
                                  bool ints, const Recur__Onnx__Tensor **tensor, recur_error *error)
{
    struct recur_onnx_entry *found = entry_of(index, name);
    if (!found)
        return recur_fail(error, RECUR_ERROR_FORMAT, "the graph has no tensor %.100s", name);
    *tensor = found->tensor;
    RECUR_TRY(recur_onnx_check_tensor(*tensor, error));
    if (found->taken && (*tensor)->data_type != RECUR_ONNX_INT64)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "tensor %.100s is used twice", name);
    found->taken = true;
    if ((*tensor)->n_dims != rank)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %.100s has %zu dimension%s, expected %zu", name,
                          (*tensor)->n_dims, recur_plural((*tensor)->n_dims), rank);
    if (!ints && (*tensor)->data_type == RECUR_ONNX_INT64)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %.100s holds integers, expected floating-point numbers", name);
    return RECUR_OK;
}

enum recur_status recur_onnx_check_taken(const struct recur_onnx_index *index, recur_error *error)
{
    for (size_t i = 0; i < index->graph->n_initializer; i++)
        if (!index->initializers[i].taken)
            return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %.100s is no part of the model",
                              index->initializers[i].tensor->name);
    return RECUR_OK;
}
