#include "base/names.h"

#include <stdio.h>
#include <string.h>

enum recur_status recur_name_find(const char *const *names, size_t count, const char *what,
                                  const char *name, size_t *index, recur_error *error)
{
    char list[256] = "";
    for (size_t i = 0, used = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            *index = i;
            return RECUR_OK;
        }
        const char *joint = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        int size = snprintf(list + used, sizeof list - used, "%s%s", joint, names[i]);
        used += size > 0 && (size_t)size < sizeof list - used ? (size_t)size : 0;
    }
    return recur_fail(error, RECUR_ERROR_ARGUMENT, "unknown %s \"%.64s\": expected %s", what, name,
                      list);
}
