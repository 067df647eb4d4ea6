#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static enum recur_status fail_json(const json_error_t *problem, const char *what,
                                   const char *complaint, recur_error *error)
{
    /* jansson's parser says nothing of memory, or calls a token invalid that had no room. */
    bool memory = errno == ENOMEM || json_error_code(problem) == json_error_out_of_memory;
    enum recur_status status = memory ? RECUR_ERROR_MEMORY : RECUR_ERROR_FORMAT;
    if (memory)
        return recur_fail(error, status, "out of memory for %s", what);
    return recur_fail(error, status, "%s%s: %s", what, complaint, problem->text);
}

enum recur_status recur_json_parse(const char *text, size_t size, size_t flags, const char *what,
                                   json_t **json, recur_error *error)
{
    json_error_t problem;
    errno = 0;
    json_t *parsed = json_loadb(text, size, flags | JSON_REJECT_DUPLICATES, &problem);
    if (!parsed)
        return fail_json(&problem, what, " is not valid JSON", error);
    *json = parsed;
    return RECUR_OK;
}

enum recur_status recur_json_unpack(json_t *json, size_t flags, const char *what,
                                    recur_error *error, const char *format, ...)
{
    json_error_t problem;
    va_list arguments;
    va_start(arguments, format);
    errno = 0;
    int failed = json_vunpack_ex(json, &problem, flags, format, arguments);
    va_end(arguments);
    return failed ? fail_json(&problem, what, "", error) : RECUR_OK;
}

json_t *recur_json_u64(uint64_t value)
{
    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    return json_sprintf("%" PRIu64, value);
}

enum recur_status recur_json_get_u64(const json_t *json, const char *what, uint64_t *value,
                                     recur_error *error)
{
    if (json_is_integer(json) && json_integer_value(json) >= 0) {
        *value = (uint64_t)json_integer_value(json);
        return RECUR_OK;
    }
    const char *digits = json_string_value(json);
    if (digits && digits[0] >= '0' && digits[0] <= '9') {
        char *end;
        errno = 0;
        uint64_t number = strtoull(digits, &end, 10);
        if (*end == '\0' && errno == 0) {
            *value = number;
            return RECUR_OK;
        }
    }
    return recur_fail(error, RECUR_ERROR_FORMAT, "%s is not an integer of at least 0", what);
}
