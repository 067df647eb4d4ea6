#include "base/names.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct name_list {
    char text[256];
};

/* "a, b or c". */
static struct name_list list(const char *const *names, size_t count)
{
    struct name_list all = {""};
    for (size_t i = 0, used = 0; i < count; i++) {
        const char *joint = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        size_t room = sizeof all.text - used;
        int size = snprintf(all.text + used, room, "%s%s", joint, names[i]);
        used += size > 0 && (size_t)size < room ? (size_t)size : 0;
    }
    return all;
}

enum recur_status recur_name_find(const char *const *names, size_t count, const char *what,
                                  const char *name, size_t *index, recur_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            *index = i;
            return RECUR_OK;
        }
    }
    return recur_fail(error, RECUR_ERROR_ARGUMENT, "unknown %s \"%s\": expected %s", what,
                      recur_show(name, strlen(name), RECUR_WORD_SHOWN, NULL).text,
                      list(names, count).text);
}

const char *recur_name_at(const char *const *names, size_t count, size_t index)
{
    return index < count ? names[index] : "unknown";
}

enum recur_status recur_name_check(const char *const *names, size_t count, const char *what,
                                   size_t index, recur_error *error)
{
    if (index < count)
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_ARGUMENT, "unknown %s %d: expected %s", what, (int)index,
                      list(names, count).text);
}
