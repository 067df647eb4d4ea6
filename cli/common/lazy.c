#include "common/lazy.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

bool recur_lazy_load(const char *library, const char *const *names, size_t count, void *functions,
                     char *why, size_t size)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    void *function = handle;
    for (size_t i = 0; function && i < count; i++) {
        function = dlsym(handle, names[i]);
        memcpy((char *)functions + i * sizeof function, &function, sizeof function);
    }
    if (!function)
        snprintf(why, size, "%s", dlerror());
    return function != NULL;
}
