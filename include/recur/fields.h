/* recur/fields.h - the settings of a configuration by name, for programs that show or set them
 * without a line of code for each, such as a command, a form or a binding to another language.
 *
 *     for (size_t i = 0; recur_model_field(i); i++) {
 *         const recur_field *field = recur_model_field(i);
 *         recur_value value = recur_field_get(field, config);
 *         if (!recur_field_applies(field, config))
 *             continue;
 *         if (value.name)
 *             printf("%s %s\n", recur_field_name(field), value.name);
 *         else if (!value.widths)
 *             printf("%s %g\n", recur_field_name(field), value.number);
 *     }
 *
 * A program can still fill in the configuration's struct; this is a second way to the same fields.
 * The same tables write and read model files and checkpoints, so a field's name here is its key
 * there (docs/formats.md#models).
 *
 * Threads: fields never change; any number of threads may read them. */
#ifndef RECUR_FIELDS_H
#define RECUR_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "recur/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A field of a configuration; opaque, static storage. */
typedef struct recur_field recur_field;

/* A configuration's fields, from 0 up; NULL behind the last one. */
typedef const recur_field *recur_fields(size_t index);

/* Those of a recur_model_config. */
RECUR_API const recur_field *recur_model_field(size_t index);

/* Those of a recur_trainer_config. */
RECUR_API const recur_field *recur_trainer_field(size_t index);

/* Those of a recur_text_config that belong to a vocabulary. */
RECUR_API const recur_field *recur_text_field(size_t index);

/* Those of a recur_sampler_config. */
RECUR_API const recur_field *recur_sampler_field(size_t index);

/* Those of a recur_dynamic_config. */
RECUR_API const recur_field *recur_dynamic_field(size_t index);

/* The field of that name, NULL where there is none: recur_field_find(recur_trainer_field, "lr"). */
RECUR_API const recur_field *recur_field_find(recur_fields *fields, const char *name);

/* What a field holds. */
enum recur_field_kind {
    RECUR_FIELD_FLAG,   /* true or false */
    RECUR_FIELD_COUNT,  /* a whole number */
    RECUR_FIELD_NUMBER, /* any number */
    RECUR_FIELD_CHOICE, /* a value of an enumeration, by name */
    RECUR_FIELD_WIDTHS, /* an array of whole numbers, which belongs to the caller */
};

/* The kind of a field. */
RECUR_API enum recur_field_kind recur_field_kind(const recur_field *field);

/* Its name, as files have it. */
RECUR_API const char *recur_field_name(const recur_field *field);

/* Its name as an option of the command line, without the dashes; NULL where it is none. */
RECUR_API const char *recur_field_option(const recur_field *field);

/* What it is, in a few words that may name other options; NULL where it is no option. */
RECUR_API const char *recur_field_about(const recur_field *field);

/* The name of choice number `index`, from 0 up; NULL behind the last one, and of other kinds. */
RECUR_API const char *recur_field_choice(const recur_field *field, size_t index);

/* What a field may be set to. */
typedef struct recur_range {
    uint64_t least, most;       /* of a count and of widths */
    double low, high;           /* of a number; high may be infinite */
    bool above_low, below_high; /* the bound itself is excluded */
} recur_range;

/* The range of a field. That of a count is what makes sense to offer to people: functions that take
 * the configuration accept more, as their comments say. */
RECUR_API recur_range recur_field_range(const recur_field *field);

/* What a field is. */
typedef struct recur_value {
    double number;        /* of all kinds but widths; of a flag 0 or 1 */
    uint64_t count;       /* likewise; of widths, how many there are */
    const char *name;     /* of a choice; static storage. NULL of all others */
    const size_t *widths; /* of widths, NULL where they are not set; NULL of all others */
} recur_value;

/* The value in a configuration of the field's kind; NULL: the default one. */
RECUR_API recur_value recur_field_get(const recur_field *field, const void *config);

/* Sets the field of a configuration: a choice to value.name, a number to value.number, a flag or a
 * count to value.count. Errors: ARGUMENT where the value is not in the field's range, and for
 * widths, whose array and its length are set by hand, and where a configuration of an older program
 * lacks the field. */
RECUR_API enum recur_status recur_field_set(const recur_field *field, void *config,
                                            recur_value value, recur_error *error);

/* Whether the field counts in that configuration, which is not NULL: the pooling of a model that
 * tags does not. */
RECUR_API bool recur_field_applies(const recur_field *field, const void *config);

#ifdef __cplusplus
}
#endif

#endif
