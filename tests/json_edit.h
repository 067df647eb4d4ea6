/* JSON texts with one place changed. */
#ifndef RECUR_TESTS_JSON_EDIT_H
#define RECUR_TESTS_JSON_EDIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"

/* The value as it was read; its key, if it has one, was written. */
static inline void json_copy(recur_json_writer *to, const recur_json *json)
{
    const recur_json *item = recur_json_first(json);
    bool object = json->kind == RECUR_JSON_OBJECT;
    char digits[24];
    recur_json_writer raw = {.text = digits};
    switch ((enum recur_json_kind)json->kind) {
    case RECUR_JSON_NULL: recur_json_put_null(to, NULL); return;
    case RECUR_JSON_BOOL: recur_json_put_bool(to, NULL, json->truth); return;
    case RECUR_JSON_INTEGER:
        raw.size = (size_t)snprintf(digits, sizeof digits, "%s%llu", json->negative ? "-" : "",
                                    (unsigned long long)json->magnitude);
        recur_json_put_written(to, NULL, &raw);
        return;
    case RECUR_JSON_REAL: recur_json_put_number(to, NULL, json->real, 17); return;
    case RECUR_JSON_TEXT: recur_json_put_bytes(to, NULL, json->text, json->size); return;
    case RECUR_JSON_LIST:
    case RECUR_JSON_OBJECT:
        recur_json_open(to, NULL, object ? '{' : '[');
        for (size_t i = 0; i < json->size; i++, item = recur_json_next(item)) {
            if (object) {
                recur_json_put_key(to, item->text, item->size);
                item++;
            }
            json_copy(to, item);
        }
        recur_json_close(to, object ? '}' : ']');
        return;
    }
}

static inline void json_put_edited(recur_json_writer *to, const recur_json *json,
                                   const char *const *path, const recur_json_writer *value)
{
    const recur_json *key = recur_json_first(json);
    bool found = false;
    if (!*path) {
        recur_json_put_written(to, NULL, value);
        return;
    }
    recur_json_open(to, NULL, '{');
    for (size_t i = 0; i < json->size; i++, key = recur_json_next(key + 1)) {
        bool here = strcmp(key->text, *path) == 0;
        found |= here;
        if (here && !path[1] && !value->text)
            continue;
        recur_json_put_key(to, key->text, key->size);
        if (here)
            json_put_edited(to, key + 1, path + 1, value);
        else
            json_copy(to, key + 1);
    }
    if (!found && value->text)
        recur_json_put_written(to, *path, value);
    recur_json_close(to, '}');
}

/* The object `json` as text, in which the member at `path`, a name for each depth and then NULL, is
 * `value`, a JSON text; or has no such member, where that is NULL. free() it; NULL where memory is
 * short. */
static inline char *json_edit(const recur_json *json, const char *const *path, const char *value)
{
    recur_json_writer made = {0};
    const recur_json_writer raw = {.text = (char *)value, .size = value ? strlen(value) : 0};
    json_put_edited(&made, json, path, &raw);
    if (made.status == RECUR_OK)
        return made.text;
    recur_json_writer_free(&made);
    return NULL;
}

#endif
