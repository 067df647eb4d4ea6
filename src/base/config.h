/* Configurations that grow without breaking the programs that were compiled before.
 *
 * A public configuration begins with `size`, which recur_KIND_config_default() sets to the caller's
 * sizeof. The library reads the fields that lie within it and takes its own defaults for the rest.
 *
 * New fields go to the end, never into padding: what an older program passes there is undefined.
 * RECUR_CONFIG refuses to compile where padding at the end would invite one. */
#ifndef RECUR_BASE_CONFIG_H
#define RECUR_BASE_CONFIG_H

#include <stddef.h>

#include "base/error.h"

/* Defines recur_KIND_config_init. `last` is the last field of the struct. The remaining arguments
 * are initialisers: the defaults of all fields that are not zero. */
#define RECUR_CONFIG(kind, last, ...)                                                              \
    static const recur_##kind##_config kind##_standard = {.size = sizeof kind##_standard,          \
                                                          __VA_ARGS__};                            \
    _Static_assert(sizeof(size_t) != 8 ||                                                          \
                       offsetof(recur_##kind##_config, last) + sizeof kind##_standard.last ==      \
                           sizeof kind##_standard,                                                 \
                   "padding at the end of recur_" #kind "_config");                                \
    void recur_##kind##_config_init(recur_##kind##_config *config, size_t size)                    \
    {                                                                                              \
        recur_config_init(config, size, &kind##_standard, sizeof kind##_standard);                 \
    }

/* Copies the defaults as far as the caller's struct of `size` bytes has them; zeroes the rest. */
void recur_config_init(void *config, size_t size, const void *standard, size_t standard_size);

/* Copies the fields that `given` has to *own, a struct of the same kind that holds the defaults;
 * NULL has none. ARGUMENT where the size is one that this library cannot know: 0 or no multiple of
 * sizeof(size_t), which default() never sets, or more than the size of the library's own struct. */
enum recur_status recur_config_take(void *own, const void *given, const char *name,
                                    recur_error *error);

#endif
