#include "common/lazy.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

bool recur_lazy_load(const char *library, const char *const *names, size_t count, void *functions,
                     char *why, size_t size)
{
    errno = 0;
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    bool short_memory = !handle && errno == ENOMEM; /* dlerror() may not say this */
    void *function = handle;
    for (size_t i = 0; function && i < count; i++) {
        function = dlsym(handle, names[i]);
        memcpy((char *)functions + i * sizeof function, &function, sizeof function);
    }
    if (short_memory)
        snprintf(why, size, "out of memory for %s", library);
    else if (!function)
        snprintf(why, size, "%s", dlerror());
    return function != NULL;
}
