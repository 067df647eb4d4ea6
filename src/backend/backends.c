/* The table of backends; the first one computes unless another is asked for. A new backend needs a
 * folder and a row here. */
#include "backend/backend.h"

#include <string.h>

#include "base/names.h"

RECUR_NAMED_ENUM(device, "device", "auto", "cpu", "cuda")

extern const struct recur_backend recur_cpu_backend;
#ifdef HAVE_CUDA
extern const struct recur_backend recur_cuda_backend;
#endif

static const struct recur_backend *const backends[] = {
    &recur_cpu_backend,
#ifdef HAVE_CUDA
    &recur_cuda_backend,
#endif
};

const struct recur_backend *recur_backend_default(void)
{
    return backends[0];
}

const struct recur_backend *recur_backend_of(enum recur_device device)
{
    const char *name = recur_device_name(device);
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        if (strcmp(backends[i]->name, name) == 0)
            return backends[i];
    return NULL;
}

enum recur_status recur_machine_device(recur_device_info *info, recur_error *error)
{
    const struct recur_backend *backend = recur_backend_of(RECUR_DEVICE_CUDA);
    recur_error own;
    bool there = false;
    *info = (recur_device_info){0};
    if (!backend || backend->find(0, info, &there, &own) == RECUR_OK || !there)
        return RECUR_OK;
    return recur_fail(error, own.status, "%s", own.message);
}

enum recur_status recur_gpu_open(const struct recur_backend *backend, size_t number,
                                 struct recur_gpu **gpu, recur_error *error)
{
    RECUR_TRY(backend->open(number, gpu, error));
    (*gpu)->backend = backend;
    (*gpu)->holders = 1;
    return RECUR_OK;
}

void recur_gpu_fail(struct recur_gpu *gpu, const recur_error *failure)
{
    pthread_mutex_lock(&gpu->mutex);
    if (!*gpu->failure.message)
        gpu->failure = *failure;
    pthread_mutex_unlock(&gpu->mutex);
}

enum recur_status recur_gpu_check(struct recur_gpu *gpu, recur_error *error)
{
    enum recur_status status = RECUR_OK;
    if (!gpu)
        return RECUR_OK;
    pthread_mutex_lock(&gpu->mutex);
    if (*gpu->failure.message)
        status = recur_fail(error, gpu->failure.status, "%s", gpu->failure.message);
    pthread_mutex_unlock(&gpu->mutex);
    return status;
}

struct recur_gpu *recur_gpu_share(struct recur_gpu *gpu)
{
    if (gpu)
        __atomic_add_fetch(&gpu->holders, 1, __ATOMIC_RELAXED);
    return gpu;
}

void recur_gpu_release(struct recur_gpu *gpu)
{
    if (gpu && __atomic_sub_fetch(&gpu->holders, 1, __ATOMIC_ACQ_REL) == 0)
        gpu->backend->close(gpu);
}
