/* Mutations of safetensors files that keep them safetensors files: a value somewhere in the header,
 * or in a JSON text that is one of its values, or bytes of the data. Random bytes would all end at
 * the first check. Only libFuzzer's builds have this. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { PREFIX = 8, TEXT_ROOM = 4096 };

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed);

static unsigned draw(unsigned *seed, size_t below)
{
    *seed = *seed * 1664525U + 1013904223U;
    return (*seed >> 8) % (unsigned)(below ? below : 1);
}

static json_t *mutate(json_t *json, unsigned *seed, int depth);

static json_t *mutate_integer(json_int_t value, unsigned *seed)
{
    static const json_int_t known[] = {0,     -1,         1,          2,         3,
                                       65536, 2147483647, 4294967296, INT64_MAX, 1000000};
    switch (draw(seed, 5)) {
    case 0: return json_integer(known[draw(seed, sizeof known / sizeof *known)]);
    case 1: return json_integer((json_int_t)((uint64_t)value + 1));
    case 2: return json_integer((json_int_t)((uint64_t)value - 1));
    case 3: return json_integer((json_int_t)((uint64_t)value * 2));
    default: return json_integer(value / 2);
    }
}

/* A text that is JSON itself is mutated as such most of the time. */
static json_t *mutate_string(const json_t *json, unsigned *seed, int depth)
{
    const char *text = json_string_value(json);
    size_t size = json_string_length(json);
    json_t *inner = draw(seed, 8) ? json_loadb(text, size, JSON_ALLOW_NUL, NULL) : NULL;
    if (inner) {
        inner = mutate(inner, seed, depth + 1);
        char *changed = json_dumps(inner, JSON_COMPACT);
        json_t *string = json_string(changed);
        free(changed);
        json_decref(inner);
        return string;
    }
    char room[TEXT_ROOM];
    size = size < TEXT_ROOM / 2 ? size : TEXT_ROOM / 2;
    memcpy(room, text, size);
    size = LLVMFuzzerMutate((uint8_t *)room, size, TEXT_ROOM);
    json_t *string = json_stringn(room, size);
    return string ? string : json_string("");
}

static json_t *other_kind(unsigned *seed)
{
    switch (draw(seed, 7)) {
    case 0: return json_null();
    case 1: return json_array();
    case 2: return json_object();
    case 3: return json_real(draw(seed, 2) ? 1e308 : -0.5);
    case 4: return json_string("lstm");
    case 5: return json_true();
    default: return mutate_integer(1, seed);
    }
}

static json_t *mutate_array(json_t *json, unsigned *seed, int depth)
{
    size_t size = json_array_size(json), at = draw(seed, size);
    if (size == 0 || draw(seed, 8) == 0)
        json_array_append_new(json,
                              size ? json_deep_copy(json_array_get(json, at)) : other_kind(seed));
    else if (draw(seed, 8) == 0)
        json_array_remove(json, at);
    else
        json_array_set_new(json, at,
                           mutate(json_incref(json_array_get(json, at)), seed, depth + 1));
    return json;
}

static json_t *mutate_object(json_t *json, unsigned *seed, int depth)
{
    size_t size = json_object_size(json), at = draw(seed, size), i = 0;
    const char *name, *other = "more";
    json_t *value;
    if (size == 0)
        return json;
    size_t second = draw(seed, size);
    json_object_foreach(json, name, value) if (i++ == second) other = name;
    i = 0;
    json_object_foreach(json, name, value) if (i++ == at) break;
    switch (draw(seed, 12)) {
    case 0: json_object_del(json, name); break;
    case 1: json_object_set_new(json, other, json_deep_copy(value)); break;
    case 2: json_object_set_new(json, "rnn.weight_hh_l1", json_deep_copy(value)); break;
    default: json_object_set_new(json, name, mutate(json_incref(value), seed, depth + 1)); break;
    }
    return json;
}

/* Takes the value and gives one back. */
static json_t *mutate(json_t *json, unsigned *seed, int depth)
{
    json_t *changed;
    if (depth > 20 || draw(seed, 16) == 0)
        changed = other_kind(seed);
    else if (json_is_object(json))
        return mutate_object(json, seed, depth);
    else if (json_is_array(json))
        return mutate_array(json, seed, depth);
    else if (json_is_integer(json))
        changed = mutate_integer(json_integer_value(json), seed);
    else if (json_is_string(json))
        changed = mutate_string(json, seed, depth);
    else
        changed = other_kind(seed);
    json_decref(json);
    return changed;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    uint64_t length = 0;
    for (size_t i = PREFIX; i-- > 0;)
        length = length << 8 | (i < size ? bytes[i] : 0);
    json_t *header = size > PREFIX && length <= size - PREFIX
                         ? json_loadb((char *)bytes + PREFIX, (size_t)length, 0, NULL)
                         : NULL;
    unsigned kind = draw(&seed, 16);
    if (!header || kind == 0) {
        json_decref(header);
        return LLVMFuzzerMutate(bytes, size, room);
    }
    size_t before = PREFIX + (size_t)length, data = size - before;
    if (kind == 1) {
        json_decref(header);
        return before + LLVMFuzzerMutate(bytes + before, data, room - before);
    }
    header = mutate(header, &seed, 0);
    char *text = json_dumps(header, JSON_COMPACT | JSON_ENCODE_ANY);
    size_t made = text ? strlen(text) : 0;
    json_decref(header);
    if (!text || PREFIX + made + data > room) {
        free(text);
        return LLVMFuzzerMutate(bytes, size, room);
    }
    memmove(bytes + PREFIX + made, bytes + before, data);
    memcpy(bytes + PREFIX, text, made);
    for (size_t i = 0; i < PREFIX; i++)
        bytes[i] = (uint8_t)((uint64_t)made >> 8 * i);
    free(text);
    return PREFIX + made + data;
}
