/* The names of an enumeration's values, as the command line and model files spell them. */
#ifndef RECUR_BASE_NAMES_H
#define RECUR_BASE_NAMES_H

#include "base/error.h"

#define RECUR_NAMES(names) (names), sizeof(names) / sizeof *(names)

/* Which of `count` names `name` is. ARGUMENT where it is none of them; the sentence lists them:
 * unknown WHAT "x": expected a, b or c. Call it as recur_name_find(RECUR_NAMES(table), ...). */
enum recur_status recur_name_find(const char *const *names, size_t count, const char *what,
                                  const char *name, size_t *index, recur_error *error);

/* The name of value number `index`, "unknown" where there is none. */
const char *recur_name_at(const char *const *names, size_t count, size_t index);

/* ARGUMENT where a number is no value of the enumeration: unknown WHAT 7: expected a, b or c. Call
 * it as recur_name_check(RECUR_NAMES(table), ...). */
enum recur_status recur_name_check(const char *const *names, size_t count, const char *what,
                                   size_t index, recur_error *error);

/* The same of an enumeration as a whole. */
struct recur_names {
    const char *what;
    const char *const *names;
    size_t count;
};

/* Declares what RECUR_NAMED_ENUM defines below and public headers do not declare. */
#define RECUR_ENUM_CHECK(kind)                                                                     \
    enum recur_status recur_##kind##_check(enum recur_##kind value, recur_error *error)
#define RECUR_ENUM_NAMES(kind) extern const struct recur_names recur_##kind##_names

/* Defines recur_KIND_name and recur_KIND_parse of the public enum recur_KIND, and for the library
 * recur_KIND_check, for what callers hand in as one, and recur_KIND_names, for tables of fields;
 * `what` as above, the names in the enum's order. */
#define RECUR_NAMED_ENUM(kind, what, ...)                                                          \
    static const char *const kind##_names[] = {__VA_ARGS__};                                       \
    RECUR_ENUM_NAMES(kind);                                                                        \
    const struct recur_names recur_##kind##_names = {what, RECUR_NAMES(kind##_names)};             \
                                                                                                   \
    const char *recur_##kind##_name(enum recur_##kind value)                                       \
    {                                                                                              \
        return recur_name_at(RECUR_NAMES(kind##_names), (size_t)value);                            \
    }                                                                                              \
                                                                                                   \
    enum recur_status recur_##kind##_parse(const char *name, enum recur_##kind *value,             \
                                           recur_error *error)                                     \
    {                                                                                              \
        size_t found;                                                                              \
        RECUR_TRY(recur_name_find(RECUR_NAMES(kind##_names), what, name, &found, error));          \
        *value = (enum recur_##kind)found;                                                         \
        return RECUR_OK;                                                                           \
    }                                                                                              \
                                                                                                   \
    RECUR_ENUM_CHECK(kind);                                                                        \
    RECUR_ENUM_CHECK(kind)                                                                         \
    {                                                                                              \
        return recur_name_check(RECUR_NAMES(kind##_names), what, (size_t)value, error);            \
    }

#endif
