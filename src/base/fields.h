/* Tables of a struct's fields: a row says all there is to know of one. They drive files, `recur
 * info`, options, ranges and their sentences; to add a setting is to add a row. */
#ifndef RECUR_BASE_FIELDS_H
#define RECUR_BASE_FIELDS_H

#include <stddef.h>

#include "base/names.h"
#include "recur/fields.h"

enum recur_field_type {
    RECUR_TYPE_FLAG,   /* bool */
    RECUR_TYPE_COUNT,  /* size_t or uint64_t */
    RECUR_TYPE_FLOAT,  /* float */
    RECUR_TYPE_DOUBLE, /* double; NaN where nobody knows, which files leave out */
    RECUR_TYPE_ENUM,   /* an enumeration */
    RECUR_TYPE_WIDTHS, /* const size_t *, whose length is the field before it */
};

/* How files represent a field. */
enum recur_field_file {
    RECUR_FILE_ALWAYS,
    RECUR_FILE_LACKING, /* likewise, but those of older versions may lack it */
    RECUR_FILE_LATER,   /* likewise; behind all of these, and there only where it applies or, if
                           that is always, is not the default: the place of a new setting */
    RECUR_FILE_NEVER,   /* it follows from others, or is of one machine */
};

struct recur_field {
    const char *name; /* in files */
    enum recur_field_type type;
    size_t offset, size;             /* in the struct */
    const void *standard;            /* the default value; NULL: 0 */
    const struct recur_names *names; /* of an enumeration */
    recur_range range;
    const char *words;  /* what sentences call it; NULL: its name */
    const char *option; /* as an option of the command; NULL: it is none */
    const char *about;  /* of an option: what it is */

    /* Whether it counts in that configuration; NULL: always. */
    bool (*applies)(const void *config);
    enum recur_field_file file;
};

/* The first members of a row: the field's name, type and place; RECUR_FIELD adds its default, the
 * value in the constant struct KIND_standard. */
#define RECUR_FIELD_OF(type_name, field)                                                           \
    .name = #field, .type = RECUR_TYPE_OF(((type_name *)0)->field),                                \
    .offset = offsetof(type_name, field), .size = sizeof((type_name *)0)->field
#define RECUR_FIELD(kind, field)                                                                   \
    RECUR_FIELD_OF(recur_##kind##_config, field), .standard = &kind##_standard.field

#define RECUR_TYPE_OF(value)                                                                       \
    _Generic((value),                                                                              \
        bool: RECUR_TYPE_FLAG,                                                                     \
        float: RECUR_TYPE_FLOAT,                                                                   \
        double: RECUR_TYPE_DOUBLE,                                                                 \
        unsigned: RECUR_TYPE_ENUM,                                                                 \
        int: RECUR_TYPE_ENUM,                                                                      \
        const size_t *: RECUR_TYPE_WIDTHS,                                                         \
        default: RECUR_TYPE_COUNT)

/* Defines a recur_fields over a table. */
#define RECUR_FIELDS(function, table)                                                              \
    const recur_field *function(size_t index)                                                      \
    {                                                                                              \
        return index < sizeof(table) / sizeof *(table) ? &(table)[index] : NULL;                   \
    }

/* Sets the field without checking its range; for an enumeration value.count is its value. */
void recur_field_put(const recur_field *field, void *to, recur_value value);

/* ARGUMENT where an enumeration is none of its values or a number, not a count, is outside its
 * range. */
enum recur_status recur_fields_check(recur_fields *fields, const void *config, recur_error *error);

#endif
