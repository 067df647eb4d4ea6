#include "io/fields_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/model_file.h"

static void put_value(recur_json_writer *json, const recur_field *field, const void *config)
{
    recur_value value = recur_field_get(field, config);
    int digits = field->type == RECUR_TYPE_FLOAT ? RECUR_FLOAT_DIGITS : RECUR_DOUBLE_DIGITS;
    switch (recur_field_kind(field)) {
    case RECUR_FIELD_FLAG: recur_json_put_bool(json, field->name, value.count); return;
    case RECUR_FIELD_COUNT: recur_json_put_u64(json, field->name, value.count); return;
    case RECUR_FIELD_NUMBER: recur_json_put_number(json, field->name, value.number, digits); return;
    case RECUR_FIELD_CHOICE: recur_json_put_text(json, field->name, value.name); return;
    case RECUR_FIELD_WIDTHS:
        recur_json_open(json, field->name, '[');
        for (size_t i = 0; i < value.count; i++)
            recur_json_put_u64(json, NULL, value.widths[i]);
        recur_json_close(json, ']');
        return;
    }
}

static bool is_default(const recur_field *field, const void *config)
{
    recur_value value = recur_field_get(field, config), standard = recur_field_get(field, NULL);
    return value.count == standard.count && !(value.number < standard.number) &&
           !(value.number > standard.number);
}

static bool belongs(const recur_field *field, const void *config, bool later)
{
    if (field->type == RECUR_TYPE_DOUBLE && !isfinite(recur_field_get(field, config).number))
        return false;
    if (field->file == RECUR_FILE_LATER)
        return later && recur_field_applies(field, config) &&
               (field->applies || !is_default(field, config));
    return !later && field->file != RECUR_FILE_NEVER;
}

void recur_fields_put(recur_json_writer *json, recur_fields *fields, const void *config, bool later)
{
    for (size_t i = 0; fields(i); i++)
        if (belongs(fields(i), config, later))
            put_value(json, fields(i), config);
}

static enum recur_status get_choice(const recur_json *json, const char *what, const char *blame,
                                    const recur_field *field, recur_value *value,
                                    recur_error *error)
{
    const struct recur_names *names = field->names;
    const char *text = recur_json_text(json);
    size_t index = 0;
    if (!text && blame)
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s is not a text", what);
    enum recur_status status =
        recur_name_find(names->names, names->count, names->what, text ? text : "", &index, error);
    value->count = index;
    return recur_blame_file(status, blame ? blame : what, error);
}

static enum recur_status get_value(const recur_json *json, const char *what, const char *blame,
                                   const recur_field *field, recur_value *value, recur_error *error)
{
    switch (recur_field_kind(field)) {
    case RECUR_FIELD_FLAG:
        if (json->kind != RECUR_JSON_BOOL)
            return recur_fail(error, RECUR_ERROR_FORMAT, "%s is not true or false", what);
        value->count = json->truth;
        return RECUR_OK;
    case RECUR_FIELD_COUNT: return recur_json_get_u64(json, what, &value->count, error);
    case RECUR_FIELD_NUMBER:
        if (!recur_json_get_number(json, &value->number))
            return recur_fail(error, RECUR_ERROR_FORMAT, "%s is not a number", what);
        return RECUR_OK;
    case RECUR_FIELD_CHOICE: return get_choice(json, what, blame, field, value, error);
    case RECUR_FIELD_WIDTHS: return RECUR_OK;
    }
    return RECUR_OK;
}

/* May a file lack the field? */
static bool optional(const recur_field *field)
{
    return field->file != RECUR_FILE_ALWAYS || field->type == RECUR_TYPE_DOUBLE;
}

enum recur_status recur_fields_get(const recur_json *json, const char *what, const char *blame,
                                   recur_fields *fields, void *config, recur_error *error)
{
    if (json->kind != RECUR_JSON_OBJECT)
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s is not an object", what);
    for (size_t i = 0; fields(i); i++) {
        const recur_field *field = fields(i);
        const recur_json *member = recur_json_member(json, field->name);
        char where[80];
        recur_value value = {.number = (double)NAN};
        if (field->file == RECUR_FILE_NEVER || field->type == RECUR_TYPE_WIDTHS)
            continue;
        snprintf(where, sizeof where, "%s: %s", what, field->name);
        if (member)
            RECUR_TRY(get_value(member, where, blame, field, &value, error));
        else if (!optional(field))
            return recur_fail(error, RECUR_ERROR_FORMAT, "%s is missing", where);
        if (member || (field->type == RECUR_TYPE_DOUBLE && !field->standard))
            recur_field_put(field, config, value);
    }
    return RECUR_OK;
}

enum recur_status recur_fields_get_others(const recur_json *json, const char *what,
                                          recur_fields *fields,
                                          const struct recur_json_field *others, size_t count,
                                          recur_error *error)
{
    enum { MOST = 64 };
    struct recur_json_field all[MOST];
    const recur_json *known;
    size_t size = 0;
    for (; size < count; size++)
        all[size] = others[size];
    for (size_t i = 0; fields(i); i++)
        if (fields(i)->file != RECUR_FILE_NEVER && size < MOST)
            all[size++] =
                (struct recur_json_field){fields(i)->name, RECUR_JSON_FIELD_ANY, true, &known};
    return recur_json_get_fields(json, what, all, size, error);
}

#define STATE(field)                                                                               \
    {                                                                                              \
        RECUR_FIELD_OF(recur_trainer_state, field)                                                 \
    }

static const struct recur_field states[] = {
    STATE(text_tokens),
    STATE(text_fingerprint),
    STATE(epochs),
    STATE(minibatch),
    STATE(updates),
    STATE(loss_sum),
    STATE(norm_sum),
    STATE(seconds),
    STATE(lr),
    STATE(best_epoch),
    STATE(best_loss),
    STATE(plateau_factor),
    STATE(plateau_best),
    STATE(plateau_bad_epochs),
    {RECUR_FIELD_OF(recur_trainer_state, averaged), .file = RECUR_FILE_LATER},
};

static RECUR_FIELDS(state_field, states)

    /* Refuses a member that is not a field. */
    static enum recur_status
    check_known(const recur_json *json, const char *what, recur_fields *fields, recur_error *error)
{
    size_t known = 0;
    for (size_t i = 0; fields(i); i++)
        known += fields(i)->file != RECUR_FILE_NEVER && recur_json_member(json, fields(i)->name);
    if (known == json->size)
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_FORMAT, "%s holds %zu fields, only %zu are known", what,
                      json->size, known);
}

void recur_trainer_config_to_json(const recur_trainer_config *config, recur_json_writer *json)
{
    recur_json_open(json, NULL, '{');
    recur_fields_put(json, recur_trainer_field, config, false);
    recur_fields_put(json, recur_trainer_field, config, true);
    recur_json_close(json, '}');
}

void recur_trainer_state_to_json(const recur_trainer_state *state, recur_json_writer *json)
{
    recur_json_open(json, NULL, '{');
    recur_fields_put(json, state_field, state, false);
    recur_fields_put(json, state_field, state, true);
    recur_json_close(json, '}');
}

enum recur_status recur_trainer_config_from_json(const recur_json *json, const char *what,
                                                 recur_trainer_config *config, recur_error *error)
{
    *config = recur_trainer_config_default();
    RECUR_TRY(recur_fields_get(json, what, NULL, recur_trainer_field, config, error));
    return check_known(json, what, recur_trainer_field, error);
}

enum recur_status recur_trainer_state_from_json(const recur_json *json, const char *what,
                                                recur_trainer_state *state, recur_error *error)
{
    *state = (recur_trainer_state){0};
    RECUR_TRY(recur_fields_get(json, what, NULL, state_field, state, error));
    return check_known(json, what, state_field, error);
}
