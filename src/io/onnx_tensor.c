/* Reads the numbers of ONNX tensors. */
#include <string.h>

#include "base/memory.h"
#include "io/numbers.h"
#include "io/onnx_tensor.h"

/* The name that safetensors files have for the type of the raw bytes; NULL for other types. */
static const char *type_name(const Recur__Onnx__Tensor *tensor)
{
    switch (tensor->data_type) {
    case RECUR_ONNX_FLOAT: return "F32";
    case RECUR_ONNX_DOUBLE: return "F64";
    case RECUR_ONNX_FLOAT16: return "F16";
    case RECUR_ONNX_BFLOAT16: return "BF16";
    default: return NULL;
    }
}

static size_t type_bytes(const Recur__Onnx__Tensor *tensor)
{
    switch (tensor->data_type) {
    case RECUR_ONNX_INT64:
    case RECUR_ONNX_DOUBLE: return 8;
    case RECUR_ONNX_FLOAT: return 4;
    default: return 2;
    }
}

/* How many numbers the field for the tensor's type holds. */
static size_t field_count(const Recur__Onnx__Tensor *tensor)
{
    switch (tensor->data_type) {
    case RECUR_ONNX_INT64: return tensor->n_int64_data;
    case RECUR_ONNX_DOUBLE: return tensor->n_double_data;
    case RECUR_ONNX_FLOAT: return tensor->n_float_data;
    default: return 0;
    }
}

enum recur_status recur_onnx_check_tensor(const Recur__Onnx__Tensor *tensor, recur_error *error)
{
    const char *name = tensor->name;
    size_t count = 1, bytes = type_bytes(tensor);
    if (tensor->data_location != 0)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "tensor %.100s is kept in another file, which is not read", name);
    if (tensor->data_type != RECUR_ONNX_INT64 && !type_name(tensor))
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "tensor %.100s has numbers of type %d, expected 1 (float), 7 (int64), 10 "
                          "(float16), 11 (double) or 16 (bfloat16)",
                          name, (int)tensor->data_type);
    if (tensor->n_dims > RECUR_ONNX_RANK_MAX)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %.100s has %zu dimensions, expected at most %d", name,
                          tensor->n_dims, RECUR_ONNX_RANK_MAX);
    for (size_t i = 0; i < tensor->n_dims; i++) {
        if (tensor->dims[i] < 1)
            return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %.100s: dimension %zu is below 1",
                              name, i);
        count = recur_size_mul(count, (size_t)tensor->dims[i]);
    }
    size_t got = tensor->has_raw_data ? tensor->raw_data.len / bytes : field_count(tensor);
    if (got != count || (tensor->has_raw_data && tensor->raw_data.len % bytes != 0))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %.100s has %zu number%s, its shape needs %zu", name, got,
                          recur_plural(got), count);
    return RECUR_OK;
}

void recur_onnx_shape(const Recur__Onnx__Tensor *tensor, size_t *shape)
{
    for (size_t i = 0; i < tensor->n_dims; i++)
        shape[i] = (size_t)tensor->dims[i];
}

void recur_onnx_floats(const Recur__Onnx__Tensor *tensor, size_t first, size_t count, float *values)
{
    if (tensor->has_raw_data)
        recur_numbers_read(type_name(tensor), tensor->raw_data.data + first * type_bytes(tensor),
                           count, values);
    else
        for (size_t i = 0; i < count; i++)
            values[i] = tensor->data_type == RECUR_ONNX_FLOAT
                            ? tensor->float_data[first + i]
                            : (float)tensor->double_data[first + i];
}

bool recur_onnx_is_ints(const Recur__Onnx__Tensor *tensor, const int64_t *values, size_t count)
{
    if (tensor->data_type != RECUR_ONNX_INT64 || tensor->n_dims != 1 ||
        (size_t)tensor->dims[0] != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 0;
        if (tensor->has_raw_data)
            for (size_t byte = 8; byte-- > 0;)
                number = number << 8 | tensor->raw_data.data[8 * i + byte];
        else
            number = (uint64_t)tensor->int64_data[i];
        if (number != (uint64_t)values[i])
            return false;
    }
    return true;
}
