/* The tails of shards, by which work on a store goes on. */
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "io/store_make.h"

enum { OPEN_LINE = 1, IN_LINE = 2, GAP = 4, SPACE_AFTER = 8, SPACED = 16 };

enum recur_status recur_store_put(struct recur_store_bytes *to, const void *bytes, size_t size,
                                  recur_error *error)
{
    RECUR_TRY(recur_grow(&to->bytes, &to->capacity, recur_size_add(to->size, size + 1), 1,
                         "a shard's tail", error));
    if (size)
        memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
    return RECUR_OK;
}

enum recur_status recur_store_put_u64(struct recur_store_bytes *to, uint64_t value,
                                      recur_error *error)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    return recur_store_put(to, bytes, sizeof bytes, error);
}

const void *recur_store_get(struct recur_store_reader *from, uint64_t size)
{
    const void *at = from->at;
    if (from->short_of || size > from->left) {
        from->short_of = true;
        return NULL;
    }
    from->at += size;
    from->left -= (size_t)size;
    return at;
}

uint64_t recur_store_get_u64(struct recur_store_reader *from)
{
    const unsigned char *bytes = recur_store_get(from, 8);
    uint64_t value = 0;
    for (size_t i = 8; bytes && i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

enum recur_status recur_store_put_stats(struct recur_store_bytes *to, const recur_text_stats *stats,
                                        uint64_t marks, recur_error *error)
{
    const uint64_t numbers[] = {stats->bytes,  stats->lines,   stats->characters,
                                stats->tokens, stats->invalid, marks};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        RECUR_TRY(recur_store_put_u64(to, numbers[i], error));
    return RECUR_OK;
}

void recur_store_get_stats(struct recur_store_reader *from, recur_text_stats *stats,
                           uint64_t *marks)
{
    stats->bytes = recur_store_get_u64(from);
    stats->lines = recur_store_get_u64(from);
    stats->characters = recur_store_get_u64(from);
    stats->tokens = recur_store_get_u64(from);
    stats->invalid = recur_store_get_u64(from);
    *marks = recur_store_get_u64(from);
}

static enum recur_status put_place(const struct recur_store_place *place, uint64_t skip,
                                   struct recur_store_bytes *tail, recur_error *error)
{
    const struct recur_text_place *text = &place->text;
    unsigned flags = (text->open_line ? OPEN_LINE : 0) | (text->in_line ? IN_LINE : 0) |
                     (text->gap ? GAP : 0) | (text->space_after ? SPACE_AFTER : 0) |
                     (text->spaced ? SPACED : 0);
    const uint64_t numbers[] = {place->file, skip,           text->read,     text->checksum,
                                flags,       text->raw_size, text->text_size};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        RECUR_TRY(recur_store_put_u64(tail, numbers[i], error));
    RECUR_TRY(recur_store_put(tail, text->raw, text->raw_size, error));
    RECUR_TRY(recur_store_put(tail, text->text, text->text_size, error));
    return recur_store_put_stats(tail, &text->stats, text->marks, error);
}

enum recur_status recur_store_tail_put(const struct recur_store_work *work,
                                       struct recur_store_bytes *tail, recur_error *error)
{
    const struct recur_token_table *counted = &work->counted;
    RECUR_TRY(put_place(&work->place, work->in_block, tail, error));
    RECUR_TRY(recur_store_put_u64(tail, counted->size - work->told, error));
    for (size_t i = work->told; i < counted->size; i++) {
        recur_token token = recur_token_table_at(counted, i);
        RECUR_TRY(recur_store_put_u64(tail, token.size, error));
        RECUR_TRY(recur_store_put(tail, token.bytes, token.size, error));
    }
    return RECUR_OK;
}

/* What stands in a tail reaches code that relies on clean text, so it must be such, unless texts
 * are any bytes. */
static bool is_clean(const void *bytes, uint64_t size, bool any)
{
    return bytes && (any || recur_utf8_valid(bytes, (size_t)size));
}

static enum recur_status take_place(struct recur_store_work *work, struct recur_store_reader *from,
                                    recur_error *error)
{
    struct recur_store_place *place = &work->place;
    struct recur_text_place *text = &place->text;
    place->file = recur_store_get_u64(from);
    place->skip = recur_store_get_u64(from);
    text->read = recur_store_get_u64(from);
    text->checksum = recur_store_get_u64(from);
    uint64_t flags = recur_store_get_u64(from);
    uint64_t raw_size = recur_store_get_u64(from), text_size = recur_store_get_u64(from);
    const void *raw = recur_store_get(from, raw_size), *begun = recur_store_get(from, text_size);
    recur_store_get_stats(from, &text->stats, &text->marks);
    if (from->short_of || raw_size > sizeof text->raw ||
        !is_clean(begun, text_size, recur_token_kind_of(&work->text)->as_it_stands))
        return recur_fail(error, RECUR_ERROR_FORMAT, "its tail is no place in a text");
    RECUR_TRY(recur_grow(&text->text, &text->text_capacity, (size_t)text_size + 1, 1,
                         "the beginning of a token", error));
    memcpy(text->raw, raw, (size_t)raw_size);
    memcpy(text->text, begun, (size_t)text_size);
    text->raw_size = (size_t)raw_size;
    text->text_size = (size_t)text_size;
    text->open_line = flags & OPEN_LINE;
    text->in_line = flags & IN_LINE;
    text->gap = flags & GAP;
    text->space_after = flags & SPACE_AFTER;
    text->spaced = flags & SPACED;
    return RECUR_OK;
}

enum recur_status recur_store_tail_take(struct recur_store_work *work, const unsigned char *bytes,
                                        size_t size, recur_error *error)
{
    struct recur_store_reader from = {bytes, size, false};
    bool any = recur_token_kind_of(&work->text)->parts_of_character;
    RECUR_TRY(take_place(work, &from, error));
    uint64_t count = recur_store_get_u64(&from);
    if (from.short_of)
        return recur_fail(error, RECUR_ERROR_FORMAT, "its tail ends early");
    for (uint64_t left = count; left > 0; left--) {
        uint64_t length = recur_store_get_u64(&from);
        const char *token = recur_store_get(&from, length);
        uint32_t index;
        if (!length || !is_clean(token, length, any))
            return recur_fail(error, RECUR_ERROR_FORMAT, "its tail has what is no token");
        RECUR_TRY(recur_token_table_intern(&work->counted, (recur_token){token, (size_t)length},
                                           &index, error));
    }
    work->told = work->counted.size;
    return RECUR_OK;
}
