/* Mutations of safetensors files that keep them safetensors files: a value somewhere in the header,
 * or in a JSON text that is one of its values, or bytes of the data. Random bytes would all end at
 * the first check. Only libFuzzer's builds have this. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "json_edit.h"

enum { PREFIX = 8, TEXT_ROOM = 4096 };

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed);

static unsigned draw(unsigned *seed, size_t below)
{
    *seed = *seed * 1664525U + 1013904223U;
    return (*seed >> 8) % (unsigned)(below ? below : 1);
}

static void mutate(recur_json_writer *to, const recur_json *json, unsigned *seed, int depth);

static void put_integer(recur_json_writer *to, uint64_t value, unsigned *seed)
{
    static const uint64_t known[] = {0, 1, 2, 3, 65536, 2147483647, 4294967296, INT64_MAX, 1000000};
    switch (draw(seed, 6)) {
    case 0: recur_json_put_u64(to, NULL, known[draw(seed, sizeof known / sizeof *known)]); return;
    case 1: recur_json_put_u64(to, NULL, value + 1); return;
    case 2: recur_json_put_u64(to, NULL, value - 1); return;
    case 3: recur_json_put_u64(to, NULL, value * 2); return;
    case 4:
        recur_json_put_written(to, NULL, &(recur_json_writer){.text = (char[]){"-1"}, .size = 2});
        return;
    default: recur_json_put_u64(to, NULL, value / 2); return;
    }
}

/* A text that is JSON itself is mutated as such most of the time. */
static void put_text(recur_json_writer *to, const recur_json *json, unsigned *seed, int depth)
{
    recur_json *inner;
    if (draw(seed, 8) &&
        recur_json_parse(json->text, json->size, true, "", &inner, NULL) == RECUR_OK) {
        recur_json_writer changed = {0};
        mutate(&changed, inner, seed, depth + 1);
        recur_json_put_bytes(to, NULL, changed.text ? changed.text : "", changed.size);
        recur_json_writer_free(&changed);
        free(inner);
        return;
    }
    char room[TEXT_ROOM];
    size_t size = json->size < TEXT_ROOM / 2 ? json->size : TEXT_ROOM / 2;
    memcpy(room, json->text, size);
    size = LLVMFuzzerMutate((uint8_t *)room, size, TEXT_ROOM);
    recur_json_put_bytes(to, NULL, room, recur_utf8_valid(room, size) ? size : 0);
}

static void put_other(recur_json_writer *to, unsigned *seed)
{
    bool object = false;
    switch (draw(seed, 7)) {
    case 0: recur_json_put_null(to, NULL); return;
    case 1: object = true; /* fall through */
    case 2:
        recur_json_open(to, NULL, object ? '{' : '[');
        recur_json_close(to, object ? '}' : ']');
        return;
    case 3: recur_json_put_number(to, NULL, draw(seed, 2) ? 1e308 : -0.5, 17); return;
    case 4: recur_json_put_text(to, NULL, "lstm"); return;
    case 5: recur_json_put_bool(to, NULL, true); return;
    default: put_integer(to, 1, seed); return;
    }
}

static void put_list(recur_json_writer *to, const recur_json *json, unsigned *seed, int depth)
{
    size_t at = draw(seed, json->size);
    bool more = json->size == 0 || draw(seed, 8) == 0, less = !more && draw(seed, 8) == 0;
    const recur_json *item = recur_json_first(json);
    recur_json_open(to, NULL, '[');
    for (size_t i = 0; i < json->size; i++, item = recur_json_next(item)) {
        if (i != at || more)
            json_copy(to, item);
        if (i == at && more)
            json_copy(to, item);
        else if (i == at && !less)
            mutate(to, item, seed, depth + 1);
    }
    if (json->size == 0)
        put_other(to, seed);
    recur_json_close(to, ']');
}

/* One member goes, stands under the name of another one too, or is mutated. */
static void put_object(recur_json_writer *to, const recur_json *json, unsigned *seed, int depth)
{
    size_t at = draw(seed, json->size), other = draw(seed, json->size);
    unsigned kind = draw(seed, 12);
    const recur_json *key = recur_json_first(json), *chosen = NULL;
    for (size_t i = 0; i <= at && i < json->size; i++, key = recur_json_next(key + 1))
        chosen = key + 1;
    key = recur_json_first(json);
    recur_json_open(to, NULL, '{');
    for (size_t i = 0; i < json->size; i++, key = recur_json_next(key + 1)) {
        if (i == at && kind == 0)
            continue;
        recur_json_put_key(to, key->text, key->size);
        if (i == at && kind > 2)
            mutate(to, key + 1, seed, depth + 1);
        else
            json_copy(to, i == other && kind == 1 ? chosen : key + 1);
    }
    if (chosen && kind == 2) {
        recur_json_put_key(to, "rnn.weight_hh_l1", strlen("rnn.weight_hh_l1"));
        json_copy(to, chosen);
    }
    recur_json_close(to, '}');
}

static void mutate(recur_json_writer *to, const recur_json *json, unsigned *seed, int depth)
{
    if (depth > 20 || draw(seed, 16) == 0)
        put_other(to, seed);
    else if (json->kind == RECUR_JSON_OBJECT)
        put_object(to, json, seed, depth);
    else if (json->kind == RECUR_JSON_LIST)
        put_list(to, json, seed, depth);
    else if (json->kind == RECUR_JSON_INTEGER)
        put_integer(to, json->magnitude, seed);
    else if (json->kind == RECUR_JSON_TEXT)
        put_text(to, json, seed, depth);
    else
        put_other(to, seed);
}

/* Puts another header before the data; the file's new size, 0 where it has no room. */
static size_t put_header(uint8_t *bytes, size_t size, size_t room, size_t length,
                         const recur_json_writer *header)
{
    size_t before = PREFIX + length, data = size - before;
    if (header->status != RECUR_OK || PREFIX + header->size + data > room)
        return 0;
    memmove(bytes + PREFIX + header->size, bytes + before, data);
    memcpy(bytes + PREFIX, header->text, header->size);
    for (size_t i = 0; i < PREFIX; i++)
        bytes[i] = (uint8_t)((uint64_t)header->size >> 8 * i);
    return PREFIX + header->size + data;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    uint64_t length = 0;
    for (size_t i = PREFIX; i-- > 0;)
        length = length << 8 | (i < size ? bytes[i] : 0);
    recur_json *header = NULL;
    unsigned kind = draw(&seed, 16);
    if (size <= PREFIX || length > size - PREFIX || kind == 0 ||
        recur_json_parse((char *)bytes + PREFIX, (size_t)length, true, "", &header, NULL) !=
            RECUR_OK)
        return LLVMFuzzerMutate(bytes, size, room);
    size_t before = PREFIX + (size_t)length, made = 0;
    if (kind == 1) {
        made = before + LLVMFuzzerMutate(bytes + before, size - before, room - before);
    } else {
        recur_json_writer changed = {0};
        mutate(&changed, header, &seed, 0);
        made = put_header(bytes, size, room, (size_t)length, &changed);
        recur_json_writer_free(&changed);
    }
    free(header);
    return made ? made : LLVMFuzzerMutate(bytes, size, room);
}
