#define _DEFAULT_SOURCE /* getentropy */
#include "data/token_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

void recur_token_table_free(struct recur_token_table *table)
{
    free(table->entries);
    free(table->bytes);
    recur_block_free(table->slots);
}

static uint64_t load(const char *bytes, size_t size)
{
    uint64_t word = 0;
    memcpy(&word, bytes, size);
    return word;
}

static uint64_t mix(uint64_t hash)
{
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 32);
}

/* A token's key in the hash table. For up to eight bytes, as most words have, `word` and `size` are
 * the token itself, so that nothing else is compared. For more bytes `word` is a hash. */
struct key {
    uint64_t word;
    uint32_t size;
};

#define EXACT 8
#define BATCH 16 /* tokens looked up at once */

static struct key make_key(const struct recur_token_table *table, recur_token token)
{
    const char *bytes = token.bytes, *last = bytes + token.size;
    struct key key = {0, token.size < UINT32_MAX ? (uint32_t)token.size : UINT32_MAX};
    if (token.size > EXACT) {
        key.word = table->salt;
        for (last -= EXACT; bytes < last; bytes += EXACT)
            key.word = mix(key.word ^ load(bytes, EXACT));
        key.word = mix(key.word ^ load(last, EXACT)); /* may overlap the bytes before */
    } else if (token.size > 1) {
        /* Four pairs together cover all bytes. A branch on the size would be hard to predict, so
         * there is none. */
        size_t end = token.size - 2, second = end < 2 ? end : 2, third = end - second;
        key.word = load(bytes, 2) | load(bytes + second, 2) << 16 | load(bytes + third, 2) << 32 |
                   load(bytes + end, 2) << 48;
    }
    return key;
}

static size_t first_slot(const struct recur_token_table *table, struct key key)
{
    return mix(mix(key.word ^ key.size ^ table->salt)) & (table->slot_count - 1);
}

static uint32_t probe(const struct recur_token_table *table, recur_token token, struct key key,
                      size_t at)
{
    for (;; at = (at + 1) & (table->slot_count - 1)) {
        struct recur_token_slot slot = table->slots[at];
        if (!slot.number)
            return RECUR_TOKEN_NONE;
        if (slot.word != key.word || slot.size != key.size)
            continue;
        if (token.size <= EXACT)
            return slot.number - 1;
        recur_token found = recur_token_table_at(table, slot.number - 1);
        if (found.size == token.size && memcmp(found.bytes, token.bytes, token.size) == 0)
            return slot.number - 1;
    }
}

uint32_t recur_token_table_find(const struct recur_token_table *table, recur_token token)
{
    uint32_t index;
    recur_token_table_find_all(table, &token, 1, &index);
    return index;
}

/* Looks up tokens[which[0]], tokens[which[1]], ... The slots of a large dictionary are scattered
 * over memory, so all of them are prefetched before the first is read. */
static void find_hashed(const struct recur_token_table *table, const recur_token *tokens,
                        const size_t *which, size_t count, uint32_t *indices)
{
    struct key keys[BATCH];
    size_t slots[BATCH];
    for (size_t i = 0; i < count; i++) {
        keys[i] = make_key(table, tokens[which[i]]);
        slots[i] = first_slot(table, keys[i]);
        __builtin_prefetch(&table->slots[slots[i]]);
    }
    for (size_t i = 0; i < count; i++)
        indices[which[i]] = probe(table, tokens[which[i]], keys[i], slots[i]);
}

void recur_token_table_find_all(const struct recur_token_table *table, const recur_token *tokens,
                                size_t count, uint32_t *indices)
{
    size_t hashed[BATCH], waiting = 0;
    for (size_t i = 0; i < count; i++) {
        if (tokens[i].size == 1) {
            indices[i] = table->single[(unsigned char)*tokens[i].bytes] - 1;
            continue;
        }
        indices[i] = RECUR_TOKEN_NONE;
        if (!tokens[i].size || !table->slot_count)
            continue;
        hashed[waiting++] = i;
        if (waiting == BATCH) {
            find_hashed(table, tokens, hashed, waiting, indices);
            waiting = 0;
        }
    }
    find_hashed(table, tokens, hashed, waiting, indices);
}

static void fill_slot(struct recur_token_table *table, struct recur_token_slot slot)
{
    size_t at = first_slot(table, (struct key){slot.word, slot.size});
    while (table->slots[at].number)
        at = (at + 1) & (table->slot_count - 1);
    table->slots[at] = slot;
}

static enum recur_status grow_slots(struct recur_token_table *table, recur_error *error)
{
    size_t count = table->slot_count ? recur_size_mul(table->slot_count, 2) : 64;
    struct recur_token_slot *slots;
    RECUR_TRY(recur_block_alloc(recur_size_mul(count, sizeof *slots), "the dictionary's hash table",
                                &slots, error));
    struct recur_token_slot *old = table->slots;
    size_t old_count = table->slot_count;
    if (!old_count && getentropy(&table->salt, sizeof table->salt) != 0)
        table->salt = (uintptr_t)slots; /* not very random, but better than a known number */
    table->slots = slots;
    table->slot_count = count;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].number)
            fill_slot(table, old[i]);
    recur_block_free(old);
    return RECUR_OK;
}

enum recur_status recur_token_table_add(struct recur_token_table *table, recur_token token,
                                        recur_error *error)
{
    if (table->size == INT32_MAX)
        return recur_fail(error, RECUR_ERROR_DATA, "the text has more than %d different tokens",
                          INT32_MAX);
    RECUR_TRY(recur_grow(&table->entries, &table->capacity, table->size + 1, sizeof *table->entries,
                         "the dictionary", error));
    RECUR_TRY(recur_grow(&table->bytes, &table->bytes_capacity,
                         recur_size_add(table->bytes_size, token.size), 1,
                         "the dictionary's tokens", error));
    if (table->size >= table->slot_count / 2)
        RECUR_TRY(grow_slots(table, error));
    size_t index = table->size++;
    uint32_t number = (uint32_t)table->size;
    table->entries[index] = (struct recur_token_entry){table->bytes_size, token.size, 0};
    memcpy(table->bytes + table->bytes_size, token.bytes, token.size);
    table->bytes_size += token.size;
    if (token.size == 1) {
        table->single[(unsigned char)token.bytes[0]] = number;
    } else {
        struct key key = make_key(table, token);
        fill_slot(table, (struct recur_token_slot){key.word, key.size, number});
    }
    return RECUR_OK;
}

enum recur_status recur_token_table_count(struct recur_token_table *table,
                                          const recur_token *tokens, size_t count,
                                          uint32_t *indices, recur_error *error)
{
    recur_token_table_find_all(table, tokens, count, indices);
    for (size_t i = 0; i < count; i++) {
        if (indices[i] == RECUR_TOKEN_NONE)
            RECUR_TRY(recur_token_table_intern(table, tokens[i], &indices[i], error));
        table->entries[indices[i]].count++;
    }
    return RECUR_OK;
}
