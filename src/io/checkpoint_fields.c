#include "io/checkpoint_fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/model_file.h"

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

static void put_value(recur_json_writer *json, const struct field *field, const union value *value)
{
    const char *name = field->name;
    switch (field->kind) {
    case SIZE: recur_json_put_u64(json, name, value->size); return;
    case COUNT: recur_json_put_u64(json, name, value->count); return;
    case FLOAT:
        recur_json_put_number(json, name, (double)value->single, RECUR_FLOAT_DIGITS);
        return;
    case DOUBLE: recur_json_put_number(json, name, value->real, RECUR_DOUBLE_DIGITS); return;
    case SAMPLING: recur_json_put_text(json, name, recur_sampling_name(value->sampling)); return;
    case OPTIMIZER: recur_json_put_text(json, name, recur_optimizer_name(value->optimizer)); return;
    case SCHEDULE: recur_json_put_text(json, name, recur_schedule_name(value->schedule)); return;
    case PRECISION: recur_json_put_text(json, name, recur_precision_name(value->precision)); return;
    }
}

static void to_json(const struct field *fields, size_t count, const void *from,
                    recur_json_writer *json)
{
    recur_json_open(json, NULL, '{');
    for (size_t i = 0; i < count; i++) {
        union value value;
        memcpy(&value, (const char *)from + fields[i].offset, width(fields[i].kind));
        if (fields[i].kind != DOUBLE || isfinite(value.real))
            put_value(json, &fields[i], &value);
    }
    recur_json_close(json, '}');
}

static enum recur_status value_from_json(const recur_json *json, enum kind kind, const char *what,
                                         union value *value, recur_error *error)
{
    const char *text = recur_json_text(json) ? recur_json_text(json) : "";
    double number = 0;
    if ((kind == FLOAT || kind == DOUBLE) && !recur_json_get_number(json, &number))
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s is not a number", what);
    switch (kind) {
    case SIZE:
        RECUR_TRY(recur_json_get_u64(json, what, &value->count, error));
        value->size = (size_t)value->count;
        return RECUR_OK;
    case COUNT: return recur_json_get_u64(json, what, &value->count, error);
    case FLOAT: value->single = (float)number; return RECUR_OK;
    case DOUBLE: value->real = number; return RECUR_OK;
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

static enum recur_status from_json(const recur_json *json, const char *what,
                                   const struct field *fields, size_t count, void *to,
                                   recur_error *error)
{
    size_t found = 0;
    if (json->kind != RECUR_JSON_OBJECT)
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s is not an object", what);
    for (size_t i = 0; i < count; i++) {
        char where[80];
        union value value = {.real = (double)NAN};
        const recur_json *field = recur_json_member(json, fields[i].name);
        found += field != NULL;
        snprintf(where, sizeof where, "%s: %s", what, fields[i].name);
        if (!field && fields[i].kind != DOUBLE)
            return recur_fail(error, RECUR_ERROR_FORMAT, "%s is missing", where);
        if (field)
            RECUR_TRY(value_from_json(field, fields[i].kind, where, &value, error));
        memcpy((char *)to + fields[i].offset, &value, width(fields[i].kind));
    }
    if (found < json->size)
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s holds %zu fields, only %zu are known",
                          what, json->size, found);
    return RECUR_OK;
}

void recur_trainer_config_to_json(const recur_trainer_config *config, recur_json_writer *json)
{
    to_json(config_fields, LENGTH(config_fields), config, json);
}

void recur_trainer_state_to_json(const recur_trainer_state *state, recur_json_writer *json)
{
    to_json(state_fields, LENGTH(state_fields), state, json);
}

enum recur_status recur_trainer_config_from_json(const recur_json *json, const char *what,
                                                 recur_trainer_config *config, recur_error *error)
{
    *config = recur_trainer_config_default();
    return from_json(json, what, config_fields, LENGTH(config_fields), config, error);
}

enum recur_status recur_trainer_state_from_json(const recur_json *json, const char *what,
                                                recur_trainer_state *state, recur_error *error)
{
    *state = (recur_trainer_state){0};
    return from_json(json, what, state_fields, LENGTH(state_fields), state, error);
}
