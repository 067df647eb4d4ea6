/* Divides pieces into byte pairs. */
#ifndef RECUR_DATA_PAIRS_DIVIDE_H
#define RECUR_DATA_PAIRS_DIVIDE_H

#include <string.h>

#include "data/token_table.h"

#define RECUR_PIECE_MOST 64 /* bytes: a longer piece is cut */
#define RECUR_PAIR_BYTES 256

/* What divides pieces by one vocabulary, and what it knows of it by now. */
struct recur_divider {
    const struct recur_token_table *table;
    size_t first; /* the id of byte 0 */
    struct recur_joint
        *memo; /* by the pair's hash; a later pair takes the place of an earlier one */
    size_t memo_size;
    struct recur_longest *longest; /* made once much was divided; NULL before */
    size_t divided;                /* bytes */
};

/* The id of the token that the bytes are, or RECUR_TOKEN_NONE; `first` is that of byte 0. */
static inline uint32_t recur_pair_token(const struct recur_token_table *table, size_t first,
                                        recur_token bytes)
{
    uint32_t id = recur_token_table_find(table, bytes);
    return id < first ? RECUR_TOKEN_NONE : id; /* a reserved token is none of a text */
}

/* The bytes of two tokens, which go to `room`. */
static inline recur_token recur_pair_bytes(const struct recur_token_table *table, uint32_t left,
                                           uint32_t right, char room[2 * RECUR_PIECE_MOST])
{
    recur_token a = recur_token_table_at(table, left), b = recur_token_table_at(table, right);
    memcpy(room, a.bytes, a.size);
    memcpy(room + a.size, b.bytes, b.size);
    return (recur_token){room, a.size + b.size};
}

/* Divides a piece of 1 to RECUR_PIECE_MOST bytes into tokens; *count is how many they are. Errors:
 * MEMORY. */
enum recur_status recur_divide(struct recur_divider *divider, recur_token piece,
                               int32_t ids[RECUR_PIECE_MOST], size_t *count, recur_error *error);
void recur_divider_free(struct recur_divider *divider);

#endif
