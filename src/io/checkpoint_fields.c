#include "io/checkpoint_fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/model_tensors.h"

enum kind {
    SIZE,     /* size_t */
    COUNT,    /* uint64_t */
    FLOAT,    /* float */
    DOUBLE,   /* double; left out where it is not finite, which JSON cannot say */
    SAMPLING, /* the enumerations, by name */
    OPTIMIZER,
    SCHEDULE,
    PRECISION,
};

struct field {
    const char *name;
    enum kind kind;
    size_t offset;
};

#define CONFIG(kind, field)                                                                        \
    {                                                                                              \
#field, kind, offsetof(recur_trainer_config, field)                                        \
    }
#define STATE(kind, field)                                                                         \
    {                                                                                              \
#field, kind, offsetof(recur_trainer_state, field)                                         \
    }
#define LENGTH(fields) (sizeof(fields) / sizeof *(fields))

static const struct field config_fields[] = {
    CONFIG(SIZE, batch),     CONFIG(SIZE, steps),       CONFIG(SAMPLING, sampling),
    CONFIG(SIZE, epochs),    CONFIG(FLOAT, lr),         CONFIG(OPTIMIZER, optimizer),
    CONFIG(FLOAT, momentum), CONFIG(FLOAT, beta1),      CONFIG(FLOAT, beta2),
    CONFIG(FLOAT, alpha),    CONFIG(FLOAT, epsilon),    CONFIG(FLOAT, weight_decay),
    CONFIG(FLOAT, clip),     CONFIG(FLOAT, warmup),     CONFIG(SCHEDULE, schedule),
    CONFIG(FLOAT, lr_floor), CONFIG(FLOAT, factor),     CONFIG(SIZE, patience),
    CONFIG(FLOAT, blanks),   CONFIG(FLOAT, validation), CONFIG(PRECISION, precision),
    CONFIG(COUNT, seed),
};

static const struct field state_fields[] = {
    STATE(COUNT, text_tokens),   STATE(COUNT, text_fingerprint),
    STATE(COUNT, epochs),        STATE(COUNT, minibatch),
    STATE(COUNT, updates),       STATE(DOUBLE, loss_sum),
    STATE(DOUBLE, norm_sum),     STATE(DOUBLE, seconds),
    STATE(DOUBLE, lr),           STATE(COUNT, best_epoch),
    STATE(DOUBLE, best_loss),    STATE(DOUBLE, plateau_factor),
    STATE(DOUBLE, plateau_best), STATE(COUNT, plateau_bad_epochs),
};

/* One number of any width, out of a struct and into it. */
union value {
    size_t size;
    uint64_t count;
    float single;
    double real;
    enum recur_sampling sampling;
    enum recur_optimizer optimizer;
    enum recur_schedule schedule;
    enum recur_precision precision;
};

static size_t width(enum kind kind)
{
    const union value *v = NULL;
    switch (kind) {
    case SIZE: return sizeof v->size;
    case COUNT: return sizeof v->count;
    case FLOAT: return sizeof v->single;
    case DOUBLE: return sizeof v->real;
    case SAMPLING: return sizeof v->sampling;
    case OPTIMIZER: return sizeof v->optimizer;
    case SCHEDULE: return sizeof v->schedule;
    case PRECISION: return sizeof v->precision;
    }
    return 0;
}

static json_t *value_to_json(enum kind kind, const union value *value)
{
    switch (kind) {
    case SIZE: return recur_json_u64(value->size);
    case COUNT: return recur_json_u64(value->count);
    case FLOAT: return json_real((double)value->single);
    case DOUBLE: return json_real(value->real);
    case SAMPLING: return json_string(recur_sampling_name(value->sampling));
    case OPTIMIZER: return json_string(recur_optimizer_name(value->optimizer));
    case SCHEDULE: return json_string(recur_schedule_name(value->schedule));
    case PRECISION: return json_string(recur_precision_name(value->precision));
    }
    return NULL;
}

static json_t *to_json(const struct field *fields, size_t count, const void *from)
{
    json_t *json = json_object();
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        union value value;
        memcpy(&value, (const char *)from + fields[i].offset, width(fields[i].kind));
        if (fields[i].kind != DOUBLE || isfinite(value.real))
            failed |=
                json_object_set_new(json, fields[i].name, value_to_json(fields[i].kind, &value));
    }
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}

static enum recur_status value_from_json(const json_t *json, enum kind kind, const char *what,
                                         union value *value, recur_error *error)
{
    const char *text = json_is_string(json) ? json_string_value(json) : "";
    if ((kind == FLOAT || kind == DOUBLE) && !json_is_number(json))
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s is not a number", what);
    switch (kind) {
    case SIZE:
        RECUR_TRY(recur_json_get_u64(json, what, &value->count, error));
        value->size = (size_t)value->count;
        return RECUR_OK;
    case COUNT: return recur_json_get_u64(json, what, &value->count, error);
    case FLOAT: value->single = (float)json_number_value(json); return RECUR_OK;
    case DOUBLE: value->real = json_number_value(json); return RECUR_OK;
    case SAMPLING:
        return recur_blame_file(recur_sampling_parse(text, &value->sampling, error), what, error);
    case OPTIMIZER:
        return recur_blame_file(recur_optimizer_parse(text, &value->optimizer, error), what, error);
    case SCHEDULE:
        return recur_blame_file(recur_schedule_parse(text, &value->schedule, error), what, error);
    case PRECISION:
        return recur_blame_file(recur_precision_parse(text, &value->precision, error), what, error);
    }
    return RECUR_OK;
}

static enum recur_status from_json(const json_t *json, const char *what, const struct field *fields,
                                   size_t count, void *to, recur_error *error)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        char where[80];
        union value value = {.real = (double)NAN};
        const json_t *field = json_object_get(json, fields[i].name);
        found += field != NULL;
        snprintf(where, sizeof where, "%s: %s", what, fields[i].name);
        if (!field && fields[i].kind != DOUBLE)
            return recur_fail(error, RECUR_ERROR_FORMAT, "%s is missing", where);
        if (field)
            RECUR_TRY(value_from_json(field, fields[i].kind, where, &value, error));
        memcpy((char *)to + fields[i].offset, &value, width(fields[i].kind));
    }
    if (found < json_object_size(json))
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s holds %zu fields, only %zu are known",
                          what, json_object_size(json), found);
    return RECUR_OK;
}

json_t *recur_trainer_config_to_json(const recur_trainer_config *config)
{
    return to_json(config_fields, LENGTH(config_fields), config);
}

json_t *recur_trainer_state_to_json(const recur_trainer_state *state)
{
    return to_json(state_fields, LENGTH(state_fields), state);
}

enum recur_status recur_trainer_config_from_json(const json_t *json, const char *what,
                                                 recur_trainer_config *config, recur_error *error)
{
    *config = recur_trainer_config_default();
    return from_json(json, what, config_fields, LENGTH(config_fields), config, error);
}

enum recur_status recur_trainer_state_from_json(const json_t *json, const char *what,
                                                recur_trainer_state *state, recur_error *error)
{
    *state = (recur_trainer_state){0};
    return from_json(json, what, state_fields, LENGTH(state_fields), state, error);
}
