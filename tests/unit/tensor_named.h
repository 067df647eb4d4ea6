/* The number of a model's tensor, which there is, by its name. */
#ifndef RECUR_TESTS_TENSOR_NAMED_H
#define RECUR_TESTS_TENSOR_NAMED_H

#include <string.h>

#include "recur/model.h"

static inline size_t tensor_named(const recur_model *model, const char *name)
{
    size_t index = 0;
    while (strcmp(recur_model_tensor(model, index).name, name) != 0)
        index++;
    return index;
}

#endif
