/* The CPU's row of the table of backends. */
#include "backend/backend.h"
#include "backend/cpu/bf16.h"
#include "backend/cpu/int8.h"
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/quantize.h"
#include "base/memory.h"

extern const struct recur_backend recur_cpu_backend;

const struct recur_backend recur_cpu_backend = {
    .name = "cpu",
    .choose_kernels = recur_kernels_select,
    .permit_bf16 = recur_kernels_permit_tiles,
};

enum recur_status recur_model_narrow(const recur_model *model, struct recur_workspace *work,
                                     size_t threads, recur_error *error)
{
    if (model->quantization == RECUR_QUANTIZATION_BF16)
        return recur_bf16_create(work, &model->network, threads, error);
    if (model->quantization == RECUR_QUANTIZATION_INT8)
        return recur_int8_create(work, &model->network, error);
    return RECUR_OK;
}

size_t recur_model_rows(const recur_model *model)
{
    const size_t least = (size_t)256 << 10, times = 64;
    size_t file = recur_size_mul(model->network.params.learned, recur_model_number_bytes(model));
    size_t room = recur_size_add(least, recur_size_mul(times, file));
    size_t rows = room / recur_workspace_row_bytes(&model->network);
    return rows ? rows : 1;
}
