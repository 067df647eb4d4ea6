#include "base/fields.h"

#include <string.h>

const recur_field *recur_field_find(recur_fields *fields, const char *name)
{
    for (size_t i = 0; fields(i); i++)
        if (strcmp(fields(i)->name, name) == 0)
            return fields(i);
    return NULL;
}

enum recur_field_kind recur_field_kind(const recur_field *field)
{
    switch (field->type) {
    case RECUR_TYPE_FLAG: return RECUR_FIELD_FLAG;
    case RECUR_TYPE_COUNT: return RECUR_FIELD_COUNT;
    case RECUR_TYPE_FLOAT:
    case RECUR_TYPE_DOUBLE: return RECUR_FIELD_NUMBER;
    case RECUR_TYPE_ENUM: return RECUR_FIELD_CHOICE;
    case RECUR_TYPE_WIDTHS: return RECUR_FIELD_WIDTHS;
    }
    return RECUR_FIELD_COUNT;
}

const char *recur_field_name(const recur_field *field)
{
    return field->name;
}

const char *recur_field_option(const recur_field *field)
{
    return field->option;
}

const char *recur_field_about(const recur_field *field)
{
    return field->about;
}

const char *recur_field_choice(const recur_field *field, size_t index)
{
    return field->names && index < field->names->count ? field->names->names[index] : NULL;
}

recur_range recur_field_range(const recur_field *field)
{
    return field->range;
}

/* Room for a value of any type. */
union place {
    bool flag;
    uint64_t count;
    size_t size;
    float single;
    double real;
    int choice;
    const size_t *widths;
};

/* A struct that begins with its size, as all configurations do, may come from an older program and
 * lack the field. */
static bool has(const recur_field *field, const void *config)
{
    size_t size;
    memcpy(&size, config, sizeof size);
    return !field->standard || field->offset + field->size <= size;
}

/* What a configuration holds there, or what is the default. */
static union place place_of(const recur_field *field, const void *config)
{
    union place place = {.real = 0};
    const void *from =
        config && has(field, config) ? (const char *)config + field->offset : field->standard;
    if (from)
        memcpy(&place, from, field->size);
    return place;
}

recur_value recur_field_get(const recur_field *field, const void *config)
{
    union place place = place_of(field, config);
    recur_value value = {.name = NULL};
    switch (field->type) {
    case RECUR_TYPE_FLAG: value.count = place.flag; break;
    case RECUR_TYPE_COUNT: value.count = field->size == 8 ? place.count : place.size; break;
    case RECUR_TYPE_FLOAT: value.number = (double)place.single; return value;
    case RECUR_TYPE_DOUBLE: value.number = place.real; return value;
    case RECUR_TYPE_ENUM:
        value.count = (size_t)place.choice;
        value.name = recur_name_at(field->names->names, field->names->count, value.count);
        break;
    case RECUR_TYPE_WIDTHS:
        value.count = place_of(field - 1, config).size; /* how many there are */
        value.widths = place.widths;
        return value;
    }
    value.number = (double)value.count;
    return value;
}

void recur_field_put(const recur_field *field, void *to, recur_value value)
{
    union place place = {.real = 0};
    switch (field->type) {
    case RECUR_TYPE_FLAG: place.flag = value.count != 0; break;
    case RECUR_TYPE_COUNT:
        if (field->size == sizeof place.count)
            place.count = value.count;
        else
            place.size = (size_t)value.count;
        break;
    case RECUR_TYPE_FLOAT: place.single = (float)value.number; break;
    case RECUR_TYPE_DOUBLE: place.real = value.number; break;
    case RECUR_TYPE_ENUM: place.choice = (int)value.count; break;
    case RECUR_TYPE_WIDTHS: place.widths = value.widths; break;
    }
    memcpy((char *)to + field->offset, &place, field->size);
}

static enum recur_status check_number(const recur_field *field, double value, recur_error *error)
{
    const recur_range *r = &field->range;
    bool above = r->above_low ? value > r->low : value >= r->low;
    bool below = r->below_high ? value < r->high : value <= r->high;
    if (above && below)
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_ARGUMENT, "%s must be %s %g and %s %g, got %g",
                      field->words ? field->words : field->name,
                      r->above_low ? "above" : "at least", r->low,
                      r->below_high ? "below" : "at most", r->high, value);
}

static enum recur_status check_count(const recur_field *field, uint64_t value, recur_error *error)
{
    const recur_range *r = &field->range;
    if (value >= r->least && value <= r->most)
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_ARGUMENT,
                      "%s must be at least %llu and at most %llu, got "
                      "%llu",
                      field->words ? field->words : field->name, (unsigned long long)r->least,
                      (unsigned long long)r->most, (unsigned long long)value);
}

enum recur_status recur_fields_check(recur_fields *fields, const void *config, recur_error *error)
{
    for (size_t i = 0; fields(i); i++) {
        const struct recur_names *names = fields(i)->names;
        if (names)
            RECUR_TRY(recur_name_check(names->names, names->count, names->what,
                                       recur_field_get(fields(i), config).count, error));
    }
    for (size_t i = 0; fields(i); i++)
        if (recur_field_kind(fields(i)) == RECUR_FIELD_NUMBER)
            RECUR_TRY(check_number(fields(i), recur_field_get(fields(i), config).number, error));
    return RECUR_OK;
}

enum recur_status recur_field_set(const recur_field *field, void *config, recur_value value,
                                  recur_error *error)
{
    size_t choice;
    if (!has(field, config))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the program was compiled with headers that have no %s", field->name);
    switch (recur_field_kind(field)) {
    case RECUR_FIELD_FLAG: break;
    case RECUR_FIELD_COUNT: RECUR_TRY(check_count(field, value.count, error)); break;
    case RECUR_FIELD_NUMBER: RECUR_TRY(check_number(field, value.number, error)); break;
    case RECUR_FIELD_CHOICE:
        RECUR_TRY(recur_name_find(field->names->names, field->names->count, field->names->what,
                                  value.name ? value.name : "", &choice, error));
        value.count = choice;
        break;
    case RECUR_FIELD_WIDTHS:
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "%s is an array, which is set by hand",
                          field->name);
    }
    recur_field_put(field, config, value);
    return RECUR_OK;
}

bool recur_field_applies(const recur_field *field, const void *config)
{
    return has(field, config) && (!field->applies || field->applies(config));
}
