/* JSON through jansson, with recur's errors. */
#ifndef RECUR_BASE_JSON_H
#define RECUR_BASE_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

/* Parses one JSON value; a key that stands twice is an error. `what` names the text in sentences;
 * `flags` are jansson's. `*json` belongs to the caller: json_decref. Errors: FORMAT, MEMORY. */
enum recur_status recur_json_parse(const char *text, size_t size, size_t flags, const char *what,
                                   json_t **json, recur_error *error);

/* json_unpack_ex with the same errors. */
enum recur_status recur_json_unpack(json_t *json, size_t flags, const char *what,
                                    recur_error *error, const char *format, ...);

/* jansson's integers end at 2^63 - 1: larger numbers are strings of digits. */
json_t *recur_json_u64(uint64_t value);
enum recur_status recur_json_get_u64(const json_t *json, const char *what, uint64_t *value,
                                     recur_error *error);

#endif
