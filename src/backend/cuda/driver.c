#include "backend/cuda/driver.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY "libcuda.so.1"

/* The first that takes PTX 7.8, which has clusters. */
enum { VERSION_LEAST = 11080 };

struct row {
    const char *symbol;
    size_t offset; /* of its pointer in the table */
};

#define ROW(name, symbol, parameters) {symbol, offsetof(struct recur_cuda_driver, name)},

static const struct row rows[] = {RECUR_CUDA_FUNCTIONS(ROW)};

/* Fills the table. A library that is too old lacks some functions: `missing` is one of them. */
static void look_up(struct recur_cuda_driver *driver, void *library, const char **missing)
{
    *missing = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *function = dlsym(library, rows[i].symbol);
        memcpy((char *)driver + rows[i].offset, &function, sizeof function);
        if (!function && !*missing)
            *missing = rows[i].symbol;
    }
}

static enum recur_status check_version(const struct recur_cuda_driver *driver, const char *name,
                                       const char *missing, recur_error *error)
{
    int version = 0;
    if (driver->cuDriverGetVersion)
        driver->cuDriverGetVersion(&version);
    if (version && version < VERSION_LEAST)
        return recur_fail(error, RECUR_ERROR_DEVICE,
                          "NVIDIA's driver is too old: it serves CUDA %d.%d, and recur needs %d.%d",
                          version / 1000, version % 1000 / 10, VERSION_LEAST / 1000,
                          VERSION_LEAST % 1000 / 10);
    if (missing)
        return recur_fail(error, RECUR_ERROR_DEVICE, "%s lacks the function %s",
                          recur_show_name(name).text, missing);
    return RECUR_OK;
}

enum recur_status recur_cuda_check(const struct recur_cuda_driver *driver, int result,
                                   const char *what, recur_error *error)
{
    const char *name = NULL, *text = NULL;
    if (result == RECUR_CUDA_SUCCESS)
        return RECUR_OK;
    if (driver->cuGetErrorName(result, &name) != RECUR_CUDA_SUCCESS || !name)
        return recur_fail(error, RECUR_ERROR_DEVICE, "the GPU failed while %s: error %d", what,
                          result);
    if (driver->cuGetErrorString(result, &text) != RECUR_CUDA_SUCCESS || !text)
        text = "the driver says no more";
    return recur_fail(error, RECUR_ERROR_DEVICE, "the GPU failed while %s: %.100s, %.200s", what,
                      name, text);
}

static enum recur_status initialise(const struct recur_cuda_driver *driver, const char *name,
                                    bool *there, recur_error *error)
{
    int result = driver->cuInit(0), count = 0;
    if (result == RECUR_CUDA_SUCCESS)
        result = driver->cuDeviceGetCount(&count);
    if (result != RECUR_CUDA_NO_DEVICE && (result != RECUR_CUDA_SUCCESS || count > 0))
        return recur_cuda_check(driver, result, "its driver was made ready", error);
    *there = false;
    return recur_fail(error, RECUR_ERROR_DEVICE, "there is no GPU: %s finds none",
                      recur_show_name(name).text);
}

enum recur_status recur_cuda_driver_open(struct recur_cuda_driver *driver, bool *there,
                                         recur_error *error)
{
    const char *given = getenv("RECUR_CUDA"), *missing;
    const char *name = given ? given : LIBRARY;
    *there = false;
    if (!*name)
        return recur_fail(error, RECUR_ERROR_DEVICE,
                          "no GPU can be used, because RECUR_CUDA is empty");
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    *there = library || name == given;
    if (!library) {
        const char *why = dlerror();
        return recur_fail(error, RECUR_ERROR_DEVICE,
                          "no GPU can be used, because NVIDIA's driver is not here: %.300s",
                          why ? why : name);
    }
    look_up(driver, library, &missing);
    enum recur_status status = check_version(driver, name, missing, error);
    if (status == RECUR_OK)
        return initialise(driver, name, there, error);
    dlclose(library);
    return status;
}
