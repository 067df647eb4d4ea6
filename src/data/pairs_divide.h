/* Divides pieces into byte pairs. */
#ifndef RECUR_DATA_PAIRS_DIVIDE_H
#define RECUR_DATA_PAIRS_DIVIDE_H

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

/* Divides a piece of 1 to RECUR_PIECE_MOST bytes into tokens; *count is how many they are. Errors:
 * MEMORY. */
enum recur_status recur_divide(struct recur_divider *divider, recur_token piece,
                               int32_t ids[RECUR_PIECE_MOST], size_t *count, recur_error *error);
void recur_divider_free(struct recur_divider *divider);

#endif
