#include "io/model_tensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "nn/network.h"

enum { SHAPE_ROOM = 200 };

enum recur_status recur_model_check_tensors(const recur_model_config *config,
                                            recur_tensor_fn *source, void *user, recur_error *error)
{
    struct recur_network network;
    enum recur_status status = recur_network_init(&network, config, error);
    for (size_t t = 0; status == RECUR_OK && t < network.params.count; t++) {
        const struct recur_param *param = &network.params.entry[t];
        const recur_tensor_info info = {param->name, param->rank, {param->rows, param->columns}};
        status = source(user, &info, NULL, error);
    }
    if (status == RECUR_OK)
        status = source(user, NULL, NULL, error);
    recur_network_free(&network);
    return status;
}

enum recur_status recur_model_read_tensors(recur_model *model, recur_tensor_fn *source, void *user,
                                           recur_error *error)
{
    enum recur_status status = RECUR_OK;
    for (size_t t = 0; status == RECUR_OK && t < recur_model_tensors(model); t++) {
        recur_tensor_info info = recur_model_tensor(model, t);
        size_t count = info.shape[0] * info.shape[1];
        float *values;
        RECUR_TRY(recur_alloc(count, sizeof *values, "a tensor", &values, error));
        recur_model_get_tensor(model, t, values);
        status = source(user, &info, values, error);
        if (status == RECUR_OK)
            status = recur_check_finite(info.name, values, count, RECUR_ERROR_FORMAT, error);
        if (status == RECUR_OK)
            recur_model_set_tensor(model, t, values);
        free(values);
    }
    return status;
}

enum recur_status recur_check_finite(const char *tensor, const float *values, size_t count,
                                     enum recur_status bad, recur_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return recur_fail(error, bad, "tensor %s holds a number that is not finite: %g at %zu",
                              tensor, (double)values[i], i);
    }
    return RECUR_OK;
}

const char *recur_scale_name(const char *tensor, char name[RECUR_SCALE_NAME])
{
    snprintf(name, RECUR_SCALE_NAME, "%s.scale", tensor);
    return name;
}

/* Writes a shape as "(512, 128)"; a long one is cut off. */
static const char *shape_text(const size_t *shape, size_t rank, char text[SHAPE_ROOM])
{
    size_t used = (size_t)snprintf(text, SHAPE_ROOM, "(");
    for (size_t i = 0; i < rank && used < SHAPE_ROOM; i++)
        used += (size_t)snprintf(text + used, SHAPE_ROOM - used, i ? ", %zu" : "%zu", shape[i]);
    if (used < SHAPE_ROOM)
        snprintf(text + used, SHAPE_ROOM - used, ")");
    return text;
}

enum recur_status recur_check_shape(const char *name, const size_t *shape, size_t rank,
                                    const size_t *expected, size_t expected_rank,
                                    recur_error *error)
{
    char got[SHAPE_ROOM], wanted[SHAPE_ROOM];
    if (rank == expected_rank && memcmp(shape, expected, rank * sizeof *shape) == 0)
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %s is %s, expected %s", name,
                      shape_text(shape, rank, got), shape_text(expected, expected_rank, wanted));
}

enum recur_status recur_blame_file(enum recur_status status, const char *where, recur_error *error)
{
    if (status != RECUR_ERROR_ARGUMENT)
        return status;
    if (where)
        recur_error_prefix(error, where);
    if (error)
        error->status = RECUR_ERROR_FORMAT;
    return RECUR_ERROR_FORMAT;
}

enum recur_status recur_blame_path(enum recur_status status, const char *path, recur_error *error)
{
    if (status != RECUR_OK && status != RECUR_ERROR_MEMORY && status != RECUR_ERROR_DEVICE)
        recur_error_prefix(error, recur_file_name(path).text);
    return status;
}
