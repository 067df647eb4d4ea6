/* The names of an enumeration's values, as the command line and model files spell them. */
#ifndef RECUR_BASE_NAMES_H
#define RECUR_BASE_NAMES_H

#include "base/error.h"

#define RECUR_NAMES(names) (names), sizeof(names) / sizeof *(names)

/* Which of `count` names `name` is. ARGUMENT where it is none of them; the sentence lists them:
 * unknown WHAT "x": expected a, b or c. Call it as recur_name_find(RECUR_NAMES(table), ...). */
enum recur_status recur_name_find(const char *const *names, size_t count, const char *what,
                                  const char *name, size_t *index, recur_error *error);

/* Defines recur_KIND_name and recur_KIND_parse of the public enum recur_KIND; `what` as above, the
 * names in the enum's order. */
#define RECUR_NAMED_ENUM(kind, what, ...)                                                          \
    static const char *const kind##_names[] = {__VA_ARGS__};                                       \
                                                                                                   \
    const char *recur_##kind##_name(enum recur_##kind value)                                       \
    {                                                                                              \
        return kind##_names[value];                                                                \
    }                                                                                              \
                                                                                                   \
    enum recur_status recur_##kind##_parse(const char *name, enum recur_##kind *value,             \
                                           recur_error *error)                                     \
    {                                                                                              \
        size_t found;                                                                              \
        RECUR_TRY(recur_name_find(RECUR_NAMES(kind##_names), what, name, &found, error));          \
        *value = (enum recur_##kind)found;                                                         \
        return RECUR_OK;                                                                           \
    }

#endif
