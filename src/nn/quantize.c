/* Quantised models: every weight becomes a number that the low-precision type can hold. */
#include <math.h>
#include <string.h>

#include "backend/backend.h"
#include "base/bf16.h"
#include "nn/model_object.h"
#include "nn/quantize.h"

/* Rounds the weights of each output to multiples of a 127th of the largest. */
static void round_to_bytes(const struct recur_param *param, real *flat)
{
    for (size_t place = 0; place < param->span; place += param->depth * RECUR_LANES)
        for (size_t i = 0; i < RECUR_LANES; i++) {
            real *w = flat + param->offset + place + i, most = 0;
            for (size_t k = 0; k < param->depth; k++)
                most = fmaxf(most, fabsf(w[k * RECUR_LANES]));
            real scale = recur_int8_scale(most);
            for (size_t k = 0; k < param->depth; k++)
                w[k * RECUR_LANES] = rintf(w[k * RECUR_LANES] / scale) * scale + 0.0f; /* no -0 */
        }
}

bool recur_network_multiplies(const struct recur_network *network, size_t index)
{
    if (index == network->head_weight)
        return true;
    for (size_t l = 0; l < network->layers; l++)
        for (size_t d = 0; d < network->directions; d++) {
            const struct recur_direction *tensors = &network->layer[l].direction[d];
            if (index == tensors->weight_hh ||
                (index == tensors->weight_ih && network->layer[l].dense))
                return true;
        }
    return false;
}

static enum recur_status check(const recur_model *model, enum recur_quantization kind,
                               recur_error *error)
{
    RECUR_TRY(recur_quantization_check(kind, error));
    if (model->quantization != RECUR_QUANTIZATION_NONE)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "the model is quantised to %s already; begin with the one it was made of",
                          recur_quantization_name(model->quantization));
    if (kind == RECUR_QUANTIZATION_NONE)
        return RECUR_OK;
    const struct recur_task_refusals *refuses = &model->network.task->refuses;
    RECUR_TRY(recur_task_check_refusal(refuses->quantization, error));
    if (kind == RECUR_QUANTIZATION_INT8 &&
        (model->config.bidirectional || refuses->session || model->config.inputs))
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "int8 is for language models of one direction, which generate; bf16 "
                          "is for those of both and for models that fill blanks, too");
    if (kind == RECUR_QUANTIZATION_INT8 && model->network.cell->activated &&
        model->config.activation == RECUR_ACTIVATION_RELU)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "int8 needs states that stay between -1 and 1, and relu's grow; bf16 "
                          "does not");
    return RECUR_OK;
}

enum recur_status recur_model_quantize(recur_model *model, enum recur_quantization kind,
                                       recur_error *error)
{
    const struct recur_params *params = &model->network.params;
    RECUR_TRY(check(model, kind, error));
    recur_model_sync_all(model);
    for (size_t i = 0; i < params->span && kind != RECUR_QUANTIZATION_NONE; i++)
        if (!(fabsf(model->parameters[i]) < 1e30F))
            return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                              "a parameter of the model is %g: too large to be quantised",
                              (double)model->parameters[i]);
    for (size_t t = 0; t < params->count && kind != RECUR_QUANTIZATION_NONE; t++) {
        const struct recur_param *param = &params->entry[t];
        if (kind == RECUR_QUANTIZATION_INT8 && recur_network_multiplies(&model->network, t))
            round_to_bytes(param, model->parameters);
        else if (param->rank > 1)
            for (size_t i = 0; i < param->span; i++)
                model->parameters[param->offset + i] =
                    recur_bf16_widen(recur_bf16_round((float)model->parameters[param->offset + i]));
    }
    if (kind != RECUR_QUANTIZATION_NONE)
        recur_backend_default()->permit_tiles(&model->kernels);
    model->quantization = kind;
    return RECUR_OK;
}

enum recur_quantization recur_model_quantization(const recur_model *model)
{
    return model->quantization;
}

enum recur_status recur_model_check_trains(const recur_model *model, recur_error *error)
{
    if (model->quantization == RECUR_QUANTIZATION_NONE)
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                      "a model quantised to %s is not trained on; the one it was made of can be",
                      recur_quantization_name(model->quantization));
}
