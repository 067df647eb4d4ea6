/* Where a model is computed. */
#include "nn/placement.h"

#include <stdio.h>

#include "base/config.h"
#include "base/names.h"
#include "nn/model_object.h"

RECUR_ENUM_CHECK(device);

static enum recur_status fail_no_kernels(recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_DEVICE,
                      "this build has no kernels for GPUs: it was made without a clang that makes "
                      "PTX");
}

static enum recur_status serves(const struct recur_backend *backend, const recur_model *model,
                                const recur_trainer_config *config, recur_error *error)
{
    return backend->serves(&model->config, model->quantization, config, error);
}

/* The GPU of a backend that serves, opened unless the model has one already. *there: there is a
 * GPU, whatever came of it. */
static enum recur_status open_gpu(const struct recur_backend *backend, size_t number,
                                  const recur_model *model, const recur_trainer_config *config,
                                  bool *there, struct recur_gpu **gpu, recur_error *error)
{
    recur_device_info info;
    *there = model->place.gpu != NULL;
    if (*there) {
        RECUR_TRY(serves(backend, model, config, error));
        *gpu = recur_gpu_share(model->place.gpu);
        return RECUR_OK;
    }
    if (!backend)
        return fail_no_kernels(error);
    RECUR_TRY(backend->find(number, &info, there, error));
    *there = true;
    RECUR_TRY(serves(backend, model, config, error));
    return recur_gpu_open(backend, number, gpu, error);
}

enum recur_status recur_model_place(recur_model *model, enum recur_device device, size_t number,
                                    const recur_trainer_config *config, recur_error *error)
{
    struct recur_placement place = {.backend = recur_backend_default()};
    recur_error own = {0};
    bool there = false;
    if (device != RECUR_DEVICE_CPU) {
        const struct recur_backend *backend = recur_backend_of(RECUR_DEVICE_CUDA);
        enum recur_status status =
            open_gpu(backend, number, model, config, &there, &place.gpu, &own);
        if (status == RECUR_OK)
            place.backend = backend;
        else if (device == RECUR_DEVICE_CUDA)
            return recur_fail(error, status, "%s", own.message);
        else if (there)
            snprintf(place.why, sizeof place.why, "%s", own.message);
    }
    recur_placement_release(&model->place);
    model->place = place;
    return RECUR_OK;
}

enum recur_status recur_model_place_awhile(recur_model *model, enum recur_device device,
                                           size_t number, const recur_trainer_config *config,
                                           struct recur_placement *before, recur_error *error)
{
    struct recur_placement now = model->place;
    recur_gpu_share(now.gpu);
    enum recur_status status = recur_model_place(model, device, number, config, error);
    if (status == RECUR_OK)
        *before = now;
    else
        recur_placement_release(&now);
    return status;
}

void recur_model_place_back(recur_model *model, struct recur_placement *before)
{
    if (!before->backend)
        return;
    recur_placement_release(&model->place);
    model->place = *before;
    *before = (struct recur_placement){0};
}

bool recur_model_fall_back(recur_model *model, enum recur_device device, const recur_error *failure)
{
    if (device != RECUR_DEVICE_AUTO || !model->place.gpu)
        return false;
    recur_placement_release(&model->place);
    model->place = (struct recur_placement){.backend = recur_backend_default()};
    snprintf(model->place.why, sizeof model->place.why, "%s", failure->message);
    return true;
}

enum recur_status recur_model_check_device(const recur_model *model, recur_error *error)
{
    return recur_gpu_check(model->place.gpu, error);
}

void recur_placement_release(struct recur_placement *place)
{
    recur_gpu_release(place->gpu);
    *place = (struct recur_placement){0};
}

enum recur_status recur_model_set_device(recur_model *model, enum recur_device device,
                                         recur_error *error)
{
    return recur_model_set_gpu(model, device, 0, error);
}

enum recur_status recur_model_set_gpu(recur_model *model, enum recur_device device, size_t number,
                                      recur_error *error)
{
    RECUR_TRY(recur_device_check(device, error));
    return recur_model_place(model, device, number, NULL, error);
}

enum recur_status recur_device_trains(enum recur_device device, const recur_model_config *model,
                                      const recur_trainer_config *config, recur_error *error)
{
    recur_model_config network = recur_model_config_default();
    recur_trainer_config training = recur_trainer_config_default();
    RECUR_TRY(recur_device_check(device, error));
    RECUR_TRY(recur_config_take(&network, model, "recur_model_config", error));
    RECUR_TRY(recur_config_take(&training, config, "recur_trainer_config", error));
    if (device != RECUR_DEVICE_CUDA)
        return RECUR_OK;
    const struct recur_backend *backend = recur_backend_of(device);
    return backend ? backend->serves(&network, RECUR_QUANTIZATION_NONE, &training, error)
                   : fail_no_kernels(error);
}

recur_device_use recur_model_device(const recur_model *model)
{
    const struct recur_placement *place = &model->place;
    recur_device_use use = {.device = RECUR_DEVICE_CPU, .why = place->why};
    if (place->gpu) {
        use.device = RECUR_DEVICE_CUDA;
        use.info = place->gpu->info;
    }
    return use;
}
