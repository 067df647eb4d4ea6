#include "base/config.h"

#include <string.h>

void recur_config_init(void *config, size_t size, const void *standard, size_t standard_size)
{
    memset(config, 0, size);
    memcpy(config, standard, size < standard_size ? size : standard_size);
    if (size >= sizeof size)
        memcpy(config, &size, sizeof size);
}

enum recur_status recur_config_take(void *own, const void *given, const char *name,
                                    recur_error *error)
{
    size_t known, size;
    if (!given)
        return RECUR_OK;
    memcpy(&known, own, sizeof known);
    memcpy(&size, given, sizeof size);
    if (size < sizeof size || size % sizeof size)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a %s must begin as %s_default() makes it; its size is %zu", name, name,
                          size);
    if (size > known)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a %s has %zu bytes, but this library, recur %s, knows %zu: the program "
                          "was compiled with the headers of a newer one",
                          name, size, recur_version(), known);
    memcpy((char *)own + sizeof size, (const char *)given + sizeof size, size - sizeof size);
    return RECUR_OK;
}
