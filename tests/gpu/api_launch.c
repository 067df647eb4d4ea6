/* The driver API: modules, functions, launches, streams, events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "end.h"

/* ---- modules ---- */

/* The newest PTX that a driver takes: 12.4 has 8.4. */
static unsigned newest_ptx(void)
{
    unsigned major = gpu_device.driver / 1000, minor = gpu_device.driver % 1000 / 10;
    return major >= 12 ? 80 + minor + (major - 12) * 10 : major == 11 ? 70 + minor : 65;
}

static void log_error(unsigned count, const CUjit_option *options, void **values, const char *text)
{
    char *buffer = NULL;
    size_t size = 0;
    for (unsigned k = 0; k < count; k++) {
        if (options[k] == CU_JIT_ERROR_LOG_BUFFER)
            buffer = values[k];
        if (options[k] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
            size = (size_t)(uintptr_t)values[k];
    }
    if (buffer && size)
        snprintf(buffer, size, "%s", text);
}

/* Those of a device that has failed stay: they are its driver's, and no leak of the program's. */
static CUmodule loaded;

static CUresult load(CUmodule *module, const char *text, unsigned count,
                     const CUjit_option *options, void **values)
{
    if (gpu_device.refuse_ptx) {
        log_error(count, options, values,
                  "ptxas application ptx input, line 1; fatal: refused on request");
        return CUDA_ERROR_INVALID_PTX;
    }
    struct module *m = gpu_module_read(text);
    CUresult result = m->ptx_version > newest_ptx()             ? CUDA_ERROR_UNSUPPORTED_PTX_VERSION
                      : m->architecture > gpu_device.capability ? CUDA_ERROR_NO_BINARY_FOR_GPU
                                                                : CUDA_SUCCESS;
    if (result != CUDA_SUCCESS) {
        log_error(count, options, values, "the module's .version or .target is not supported");
        gpu_module_free(m);
        return result;
    }
    struct CUmod_st *made = gpu_need(1, sizeof *made);
    made->module = m;
    made->functions = gpu_need(m->function_count, sizeof *made->functions);
    for (uint32_t k = 0; k < m->function_count; k++)
        made->functions[k] = (struct CUfunc_st){&m->functions[k], made, SHARED_USUAL, false};
    gpu_alive.modules++;
    made->next = loaded;
    loaded = made;
    *module = made;
    return CUDA_SUCCESS;
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count,
                            CUjit_option *options, void **values)
{
    GPU_ENTER(true)
    gpu_counts.module_loads++;
    return load(module, image, count, options, values);
}

CUresult cuModuleLoadData(CUmodule *module, const void *image)
{
    return cuModuleLoadDataEx(module, image, 0, NULL, NULL);
}

CUresult cuModuleUnload(CUmodule module)
{
    GPU_ENTER(true)
    CUmodule *at = &loaded;
    while (*at != module)
        at = &(*at)->next;
    *at = module->next;
    gpu_alive.modules--;
    gpu_module_free(module->module);
    free(module->functions);
    free(module);
    return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
    GPU_ENTER(true)
    for (uint32_t k = 0; k < module->module->function_count; k++)
        if (module->functions[k].function->entry &&
            !strcmp(module->functions[k].function->name, name)) {
            *function = &module->functions[k];
            return CUDA_SUCCESS;
        }
    return CUDA_ERROR_NOT_FOUND;
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule module,
                              const char *name)
{
    GPU_ENTER(true)
    for (uint32_t k = 0; k < module->module->variable_count; k++) {
        const struct variable *v = &module->module->variables[k];
        if (strcmp(v->name, name) != 0)
            continue;
        if (address)
            *address = v->address;
        if (bytes)
            *bytes = v->bytes;
        return CUDA_SUCCESS;
    }
    return CUDA_ERROR_NOT_FOUND;
}

/* ---- functions ---- */

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction f)
{
    GPU_ENTER(true)
    const struct function *of = f->function;
    switch ((int)attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        *value = of->max_threads ? (int)of->max_threads : THREADS_PER_BLOCK;
        break;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: *value = (int)of->shared_bytes; break;
    case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES: *value = 0; break;
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES: *value = (int)f->module->module->local_bytes; break;
    case CU_FUNC_ATTRIBUTE_NUM_REGS: *value = (int)of->registers; break;
    case CU_FUNC_ATTRIBUTE_PTX_VERSION: *value = (int)f->module->module->architecture; break;
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION: *value = (int)gpu_device.capability; break;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: *value = (int)f->max_dynamic; break;
    case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET: *value = of->required_cluster[0] != 0; break;
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED: *value = f->non_portable; break;
    default:
        gpu_end_plainly("cuFuncGetAttribute: the stand-in has no attribute %d", (int)attribute);
    }
    return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction f, CUfunction_attribute attribute, int value)
{
    GPU_ENTER(true)
    switch ((int)attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
        if (value < 0 || (uint32_t)value + f->function->shared_bytes > SHARED_PER_BLOCK)
            return CUDA_ERROR_INVALID_VALUE;
        f->max_dynamic = (uint32_t)value;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED: f->non_portable = value != 0; break;
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT: break;
    default:
        gpu_end_plainly("cuFuncSetAttribute: the stand-in has no attribute %d", (int)attribute);
    }
    return CUDA_SUCCESS;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t gpu_blocks_per_multiprocessor(const struct CUfunc_st *f, uint32_t threads,
                                       uint32_t dynamic)
{
    uint32_t shared = f->function->shared_bytes + dynamic, warps = (threads + LANES - 1) / LANES;
    uint32_t registers = (f->function->registers + 7) / 8 * 8 * LANES * warps;
    if (!threads || threads > THREADS_PER_BLOCK || dynamic > f->max_dynamic ||
        (f->function->max_threads && threads > f->function->max_threads))
        return 0;
    uint32_t blocks =
        least(BLOCKS_PER_MULTIPROCESSOR, THREADS_PER_MULTIPROCESSOR / (warps * LANES));
    blocks = least(blocks, SHARED_PER_MULTIPROCESSOR / (shared + SHARED_RESERVED));
    return registers ? least(blocks, REGISTERS_PER_MULTIPROCESSOR / registers) : blocks;
}

/* A cluster lies within one group of multiprocessors. */
uint32_t gpu_clusters_at_once(const struct CUfunc_st *f, uint32_t threads, uint32_t dynamic,
                              uint32_t size)
{
    uint32_t blocks = gpu_blocks_per_multiprocessor(f, threads, dynamic), clusters = 0;
    if (size == 1)
        return blocks * gpu_device.multiprocessors;
    if (size > gpu_device.max_cluster || (size > PORTABLE_CLUSTER && !f->non_portable))
        return 0;
    for (uint32_t left = gpu_device.multiprocessors; left;) {
        uint32_t group = least(left, MULTIPROCESSORS_OF_GROUP);
        clusters += group * blocks / size;
        left -= group;
    }
    return clusters;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction f, int threads,
                                                     size_t dynamic)
{
    GPU_ENTER(true)
    *blocks = (int)gpu_blocks_per_multiprocessor(f, (uint32_t)threads, (uint32_t)dynamic);
    return CUDA_SUCCESS;
}

/* ---- launches ---- */

struct request {
    uint32_t grid[3], block[3], cluster[3], dynamic;
    bool cooperative;
};

static struct request request_of(const CUlaunchConfig *c)
{
    struct request r = {.grid = {c->gridDimX, c->gridDimY, c->gridDimZ},
                        .block = {c->blockDimX, c->blockDimY, c->blockDimZ},
                        .cluster = {1, 1, 1},
                        .dynamic = c->sharedMemBytes};
    for (unsigned k = 0; k < c->numAttrs; k++) {
        const CUlaunchAttribute *a = &c->attrs[k];
        if (a->id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
            r.cluster[0] = a->value.clusterDim.x;
            r.cluster[1] = a->value.clusterDim.y;
            r.cluster[2] = a->value.clusterDim.z;
        } else if (a->id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE) {
            r.cooperative = a->value.cooperative != 0;
        } else if (a->id != CU_LAUNCH_ATTRIBUTE_IGNORE && a->id != CU_LAUNCH_ATTRIBUTE_PRIORITY &&
                   a->id != CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE) {
            gpu_end_plainly("cuLaunchKernelEx: the stand-in has no attribute %d", (int)a->id);
        }
    }
    return r;
}

CUresult cuOccupancyMaxActiveClusters(int *clusters, CUfunction f, const CUlaunchConfig *c)
{
    GPU_ENTER(true)
    struct request r = request_of(c);
    if (gpu_device.capability < 90)
        return CUDA_ERROR_NOT_SUPPORTED;
    *clusters = (int)gpu_clusters_at_once(f, r.block[0] * r.block[1] * r.block[2], r.dynamic,
                                          r.cluster[0] * r.cluster[1] * r.cluster[2]);
    return CUDA_SUCCESS;
}

/* Whether the device can run it, as the driver answers. */
static CUresult check(const struct CUfunc_st *f, const struct request *r, uint32_t *resident)
{
    uint64_t threads = (uint64_t)r->block[0] * r->block[1] * r->block[2];
    uint64_t blocks = (uint64_t)r->grid[0] * r->grid[1] * r->grid[2];
    uint64_t size = (uint64_t)r->cluster[0] * r->cluster[1] * r->cluster[2];
    if (!threads || threads > THREADS_PER_BLOCK || !blocks || blocks > INT32_MAX ||
        r->grid[1] > 65535 || r->grid[2] > 65535)
        return CUDA_ERROR_INVALID_VALUE;
    if (r->dynamic > f->max_dynamic || r->dynamic + f->function->shared_bytes > SHARED_PER_BLOCK)
        return CUDA_ERROR_INVALID_VALUE;
    if (!size || (size > 1 && gpu_device.capability < 90))
        return CUDA_ERROR_INVALID_VALUE;
    for (int k = 0; k < 3; k++) {
        if (r->grid[k] % r->cluster[k])
            return CUDA_ERROR_INVALID_VALUE;
        if ((f->function->required_threads[k] && f->function->required_threads[k] != r->block[k]) ||
            (f->function->required_cluster[k] && f->function->required_cluster[k] != r->cluster[k]))
            return CUDA_ERROR_INVALID_VALUE;
    }
    if (size > gpu_device.max_cluster || (size > PORTABLE_CLUSTER && !f->non_portable))
        return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    if (!gpu_blocks_per_multiprocessor(f, (uint32_t)threads, r->dynamic))
        return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
    *resident = gpu_clusters_at_once(f, (uint32_t)threads, r->dynamic, (uint32_t)size);
    if (!*resident)
        return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    return r->cooperative && *resident < blocks / size ? CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE
                                                       : CUDA_SUCCESS;
}

static CUresult launch(const struct CUfunc_st *f, const struct request *r, void **parameters)
{
    struct launch l = {.module = f->module->module,
                       .function = f->function,
                       .cooperative = r->cooperative,
                       .dynamic_bytes = r->dynamic,
                       .threads = r->block[0] * r->block[1] * r->block[2]};
    CUresult result = check(f, r, &l.resident);
    if (result != CUDA_SUCCESS)
        return result;
    gpu_counts.launches++;
    if (++gpu_device.launches == gpu_device.fail_launch) {
        gpu_device.failed = CUDA_ERROR_LAUNCH_FAILED; /* the next call says so */
        return CUDA_SUCCESS;
    }
    memcpy(l.grid, r->grid, sizeof l.grid);
    memcpy(l.block, r->block, sizeof l.block);
    memcpy(l.cluster, r->cluster, sizeof l.cluster);
    l.shared_bytes = r->dynamic ? l.module->dynamic_shared + r->dynamic : f->function->shared_bytes;
    l.parameters = gpu_need(f->function->parameter_bytes + 16, 1);
    for (uint32_t k = 0; k < f->function->parameter_count; k++) {
        const struct parameter *p = &f->function->parameters[k];
        memcpy(l.parameters + p->offset, parameters[k], p->bytes);
    }
    gpu_launch_run(&l);
    free(l.parameters);
    return CUDA_SUCCESS;
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction f, void **parameters,
                          void **extra)
{
    GPU_ENTER(true)
    if (extra || !f)
        return CUDA_ERROR_INVALID_VALUE;
    struct request r = request_of(config);
    return launch(f, &r, parameters);
}

static CUlaunchConfig config_of(unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                                unsigned bz, unsigned shared, CUstream stream)
{
    return (CUlaunchConfig){gx, gy, gz, bx, by, bz, shared, stream, NULL, 0};
}

CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                        unsigned by, unsigned bz, unsigned shared, CUstream stream,
                        void **parameters, void **extra)
{
    CUlaunchConfig c = config_of(gx, gy, gz, bx, by, bz, shared, stream);
    return cuLaunchKernelEx(&c, f, parameters, extra);
}

CUresult cuLaunchCooperativeKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                                   unsigned by, unsigned bz, unsigned shared, CUstream stream,
                                   void **parameters)
{
    CUlaunchAttribute a = {.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE, .value.cooperative = 1};
    CUlaunchConfig c = config_of(gx, gy, gz, bx, by, bz, shared, stream);
    c.attrs = &a;
    c.numAttrs = 1;
    return cuLaunchKernelEx(&c, f, parameters, NULL);
}
