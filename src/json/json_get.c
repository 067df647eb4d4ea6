/* What a value holds. */
#include <string.h>

#include "base/error.h"
#include "json/json.h"

const recur_json *recur_json_member(const recur_json *json, const char *key)
{
    size_t length = strlen(key);
    if (!recur_json_is(json, RECUR_JSON_OBJECT))
        return NULL;
    const recur_json *name = recur_json_first(json);
    for (size_t i = 0; i < json->size; i++, name = recur_json_next(name + 1))
        if (name->size == length && memcmp(name->text, key, length) == 0)
            return name + 1;
    return NULL;
}

/* A text of digits alone. */
static bool read_digits(const recur_json *json, uint64_t *value)
{
    uint64_t number = 0;
    for (size_t i = 0; i < json->size; i++) {
        uint64_t digit = (uint64_t)(unsigned char)json->text[i] - '0';
        if (digit > 9 || number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *value = number;
    return json->size > 0;
}

enum recur_status recur_json_get_u64(const recur_json *json, const char *what, uint64_t *value,
                                     recur_error *error)
{
    if (recur_json_is(json, RECUR_JSON_INTEGER) && !json->negative) {
        *value = json->magnitude;
        return RECUR_OK;
    }
    if (recur_json_is(json, RECUR_JSON_TEXT) && read_digits(json, value))
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_FORMAT, "%s is not an integer of at least 0", what);
}

bool recur_json_get_number(const recur_json *json, double *value)
{
    if (recur_json_is(json, RECUR_JSON_INTEGER)) {
        *value = json->negative ? -(double)json->magnitude : (double)json->magnitude;
        return true;
    }
    if (!recur_json_is(json, RECUR_JSON_REAL))
        return false;
    *value = json->real;
    return true;
}

static enum recur_status get_field(const recur_json *json, const char *what,
                                   const struct recur_json_field *field, recur_error *error)
{
    const char *expected = NULL;
    switch (field->kind) {
    case RECUR_JSON_FIELD_U64:
        if (recur_json_get_u64(json, what, field->to, NULL) != RECUR_OK)
            expected = "an integer of at least 0";
        break;
    case RECUR_JSON_FIELD_SIZE:
        if (json->kind == RECUR_JSON_INTEGER && !json->negative)
            *(size_t *)field->to = (size_t)json->magnitude;
        else
            expected = "an integer of at least 0";
        break;
    case RECUR_JSON_FIELD_NUMBER:
        if (!recur_json_get_number(json, field->to))
            expected = "a number";
        break;
    case RECUR_JSON_FIELD_TEXT:
        if (json->kind == RECUR_JSON_TEXT)
            *(const char **)field->to = json->text;
        else
            expected = "a text";
        break;
    case RECUR_JSON_FIELD_BOOL:
        if (json->kind == RECUR_JSON_BOOL)
            *(bool *)field->to = json->truth;
        else
            expected = "true or false";
        break;
    case RECUR_JSON_FIELD_LIST:
        if (json->kind == RECUR_JSON_LIST)
            *(const recur_json **)field->to = json;
        else
            expected = "a list";
        break;
    case RECUR_JSON_FIELD_ANY: *(const recur_json **)field->to = json; break;
    }
    return expected ? recur_fail(error, RECUR_ERROR_FORMAT, "%s: %s is not %s", what, field->name,
                                 expected)
                    : RECUR_OK;
}

static bool is_known(const recur_json *key, const struct recur_json_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, key->text) == 0)
            return true;
    return false;
}

enum recur_status recur_json_get_fields(const recur_json *json, const char *what,
                                        const struct recur_json_field *fields, size_t count,
                                        recur_error *error)
{
    if (!recur_json_is(json, RECUR_JSON_OBJECT))
        return recur_fail(error, RECUR_ERROR_FORMAT, "%s is not an object", what);
    for (size_t i = 0; i < count; i++) {
        const recur_json *member = recur_json_member(json, fields[i].name);
        if (member)
            RECUR_TRY(get_field(member, what, &fields[i], error));
        else if (!fields[i].optional)
            return recur_fail(error, RECUR_ERROR_FORMAT, "%s: %s is missing", what, fields[i].name);
    }
    const recur_json *key = recur_json_first(json);
    for (size_t i = 0; i < json->size; i++, key = recur_json_next(key + 1))
        if (!is_known(key, fields, count))
            return recur_fail(error, RECUR_ERROR_FORMAT, "%s: \"%s\" is no field that is known",
                              what,
                              recur_show(key->text, key->size, RECUR_WORD_SHOWN, "\"\\").text);
    return RECUR_OK;
}
