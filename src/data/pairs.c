#include "data/pairs.h"

#include <stdlib.h>

#include "base/memory.h"

/* Different pieces whose tokens are kept; most texts consist of few. */
#define KEPT_MOST ((size_t)1 << 16)

struct recur_piece_cache {
    struct recur_token_table pieces; /* the count of an entry: where its ids begin */
    uint32_t *size;                  /* how many they are, of each piece */
    size_t size_capacity;
    int32_t *ids;
    size_t count, capacity;
    struct recur_divider divider;
};

static void cache_free(struct recur_piece_cache *cache)
{
    if (!cache)
        return;
    recur_token_table_free(&cache->pieces);
    free(cache->size);
    free(cache->ids);
    recur_divider_free(&cache->divider);
    free(cache);
}

void recur_id_list_free(struct recur_id_list *list)
{
    free(list->id);
    cache_free(list->cache);
    *list = (struct recur_id_list){.id = NULL};
}

/* Keeps the ids of a piece that the cache lacks. */
static enum recur_status keep(struct recur_piece_cache *cache, recur_token piece,
                              const int32_t *ids, size_t count, recur_error *error)
{
    RECUR_TRY(recur_grow(&cache->ids, &cache->capacity, cache->count + count, sizeof *cache->ids,
                         "the pieces' tokens", error));
    RECUR_TRY(recur_grow(&cache->size, &cache->size_capacity, cache->pieces.size + 1,
                         sizeof *cache->size, "the pieces' tokens", error));
    RECUR_TRY(recur_token_table_add(&cache->pieces, piece, error));
    size_t index = cache->pieces.size - 1;
    cache->pieces.entries[index].count = cache->count;
    cache->size[index] = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        cache->ids[cache->count++] = ids[i];
    return RECUR_OK;
}

static enum recur_status append(struct recur_id_list *list, const int32_t *ids, size_t count,
                                recur_error *error)
{
    RECUR_TRY(recur_grow(&list->id, &list->capacity, list->count + count, sizeof *list->id,
                         "a text's ids", error));
    for (size_t i = 0; i < count; i++) {
        list->unknown += ids[i] == RECUR_UNKNOWN;
        list->id[list->count++] = ids[i];
    }
    return RECUR_OK;
}

enum recur_status recur_pairs_encode(const struct recur_token_table *table, size_t first,
                                     const recur_token *pieces, size_t count,
                                     struct recur_id_list *list, recur_error *error)
{
    uint32_t numbers[RECUR_CHUNK];
    int32_t ids[RECUR_PIECE_MOST];
    if (!list->cache)
        RECUR_TRY(recur_alloc(1, sizeof *list->cache, "the pieces' tokens", &list->cache, error));
    struct recur_piece_cache *cache = list->cache;
    cache->divider.table = table;
    cache->divider.first = first;
    recur_token_table_find_all(&cache->pieces, pieces, count, numbers);
    for (size_t i = 0; i < count; i++) {
        uint32_t number = numbers[i];
        if (number == RECUR_TOKEN_NONE) /* or is it one of this chunk? */
            number = recur_token_table_find(&cache->pieces, pieces[i]);
        if (number != RECUR_TOKEN_NONE) {
            RECUR_TRY(append(list, cache->ids + cache->pieces.entries[number].count,
                             cache->size[number], error));
            continue;
        }
        size_t made;
        RECUR_TRY(recur_divide(&cache->divider, pieces[i], ids, &made, error));
        RECUR_TRY(append(list, ids, made, error));
        if (cache->pieces.size < KEPT_MOST)
            RECUR_TRY(keep(cache, pieces[i], ids, made, error));
    }
    return RECUR_OK;
}

/* Do two tokens before entry i make it? */
static bool is_made_of_two(const struct recur_token_table *table, size_t first, size_t i)
{
    recur_token token = recur_token_table_at(table, i);
    for (size_t k = 1; k < token.size; k++)
        if (recur_pair_token(table, first, (recur_token){token.bytes, k}) < i &&
            recur_pair_token(table, first, (recur_token){token.bytes + k, token.size - k}) < i)
            return true;
    return false;
}

enum recur_status recur_pairs_check(const struct recur_token_table *table, size_t first,
                                    recur_error *error)
{
    for (size_t byte = 0; byte < RECUR_PAIR_BYTES; byte++) {
        recur_token token = {"", 0};
        if (first + byte < table->size)
            token = recur_token_table_at(table, first + byte);
        if (token.size != 1 || (unsigned char)*token.bytes != byte)
            return recur_fail(
                error, RECUR_ERROR_FORMAT,
                "a vocabulary of byte pairs has all bytes behind its reserved tokens, "
                "and entry %zu is not byte %zu",
                first + byte, byte);
    }
    for (size_t i = first + RECUR_PAIR_BYTES; i < table->size; i++) {
        recur_token token = recur_token_table_at(table, i);
        if (token.size > RECUR_PIECE_MOST || !is_made_of_two(table, first, i))
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              "entry %zu of a vocabulary of byte pairs, \"%s\", is not made of two "
                              "entries before it",
                              i, recur_show(token.bytes, token.size, RECUR_WORD_SHOWN, NULL).text);
    }
    return RECUR_OK;
}
