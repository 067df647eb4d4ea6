/* The driver API: streams, events, waiting. */
#include <stdlib.h>
#include <time.h>

#include "api.h"
#include "end.h"

/* All streams are one: whatever is put into a stream has ended when the call returns. */
static struct CUstream_st {
    int nothing;
} the_stream;

struct CUevent_st {
    struct timespec at;
    bool recorded;
};

CUresult cuCtxSynchronize(void)
{
    GPU_ENTER(true)
    gpu_counts.synchronisations++;
    return CUDA_SUCCESS;
}

CUresult cuStreamCreate(CUstream *stream, unsigned flags)
{
    GPU_ENTER(true)
    (void)flags;
    *stream = &the_stream;
    gpu_alive.streams++;
    return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream)
{
    GPU_ENTER(true)
    (void)stream;
    gpu_counts.synchronisations++;
    return CUDA_SUCCESS;
}

CUresult cuStreamQuery(CUstream stream)
{
    GPU_ENTER(true)
    (void)stream;
    return CUDA_SUCCESS;
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags)
{
    GPU_ENTER(true)
    (void)stream;
    (void)event;
    (void)flags;
    return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream)
{
    GPU_ENTER(true)
    (void)stream;
    gpu_alive.streams--;
    return CUDA_SUCCESS;
}

CUresult cuEventCreate(CUevent *event, unsigned flags)
{
    GPU_ENTER(true)
    (void)flags;
    *event = gpu_need(1, sizeof **event);
    gpu_alive.events++;
    return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream stream)
{
    GPU_ENTER(true)
    (void)stream;
    timespec_get(&event->at, TIME_UTC);
    event->recorded = true;
    return CUDA_SUCCESS;
}

CUresult cuEventSynchronize(CUevent event)
{
    GPU_ENTER(true)
    (void)event;
    gpu_counts.synchronisations++;
    return CUDA_SUCCESS;
}

CUresult cuEventQuery(CUevent event)
{
    GPU_ENTER(true)
    (void)event;
    return CUDA_SUCCESS;
}

CUresult cuEventElapsedTime(float *milliseconds, CUevent from, CUevent to)
{
    GPU_ENTER(true)
    if (!from->recorded || !to->recorded)
        return CUDA_ERROR_INVALID_HANDLE;
    *milliseconds = (float)((double)(to->at.tv_sec - from->at.tv_sec) * 1e3 +
                            (double)(to->at.tv_nsec - from->at.tv_nsec) * 1e-6);
    return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event)
{
    GPU_ENTER(true)
    free(event);
    gpu_alive.events--;
    return CUDA_SUCCESS;
}
