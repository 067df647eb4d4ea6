/* Numbers tokens in the order in which they were added, and finds them by their bytes. */
#ifndef RECUR_DATA_TOKEN_TABLE_H
#define RECUR_DATA_TOKEN_TABLE_H

#include "recur/text.h"

#define RECUR_TOKEN_NONE UINT32_MAX

struct recur_token_entry {
    size_t offset, size; /* where its bytes stand in recur_token_table.bytes */
    uint64_t count;      /* how often it was counted, or whatever the caller keeps here */
};

struct recur_token_slot {
    uint64_t word; /* the token itself or its hash; see token_table.c */
    uint32_t size;
    uint32_t number; /* index + 1; 0: the slot is free */
};

/* All zero is a valid, empty table. */
struct recur_token_table {
    struct recur_token_entry *entries;
    size_t size, capacity;
    char *bytes; /* the bytes of all tokens, one after the other */
    size_t bytes_size, bytes_capacity;
    struct recur_token_slot *slots; /* open addressing, at most half full */
    size_t slot_count;              /* a power of two */
    uint64_t salt; /* random, so that nobody can make a text whose tokens all hash to one slot */
    uint32_t single[256]; /* the numbers of tokens of one byte, which are not hashed */
};

void recur_token_table_free(struct recur_token_table *table);

/* The index of a token, or RECUR_TOKEN_NONE where the table lacks it. No table holds "". */
uint32_t recur_token_table_find(const struct recur_token_table *table, recur_token token);
/* The same for `count` tokens. */
void recur_token_table_find_all(const struct recur_token_table *table, const recur_token *tokens,
                                size_t count, uint32_t *indices);

/* Adds a token that is not empty and that the table lacks. It gets the next index and the count 0.
 * Errors: MEMORY; DATA where there are more tokens than ids. */
enum recur_status recur_token_table_add(struct recur_token_table *table, recur_token token,
                                        recur_error *error);

/* The index of a token. Adds the token where the table lacks it. */
static inline enum recur_status recur_token_table_intern(struct recur_token_table *table,
                                                         recur_token token, uint32_t *index,
                                                         recur_error *error)
{
    *index = recur_token_table_find(table, token);
    if (*index != RECUR_TOKEN_NONE)
        return RECUR_OK;
    *index = (uint32_t)table->size;
    return recur_token_table_add(table, token, error);
}

/* Counts `count` tokens, and adds those that the table lacks. `indices` become theirs. Errors: as
 * of recur_token_table_add. */
enum recur_status recur_token_table_count(struct recur_token_table *table,
                                          const recur_token *tokens, size_t count,
                                          uint32_t *indices, recur_error *error);

static inline recur_token recur_token_table_at(const struct recur_token_table *table, size_t index)
{
    const struct recur_token_entry *entry = &table->entries[index];
    return (recur_token){table->bytes + entry->offset, entry->size};
}

#endif
