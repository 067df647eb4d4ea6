/* Lists of ids, and what divides pieces into them. */
#ifndef RECUR_DATA_ID_LIST_H
#define RECUR_DATA_ID_LIST_H

#include "recur/vocab.h"

/* A list of ids that grows. All zero is a valid, empty list; `id` is allocated. */
struct recur_id_list {
    int32_t *id;
    size_t count, capacity;
    size_t unknown;                  /* how many of the ids are RECUR_UNKNOWN */
    struct recur_piece_cache *cache; /* of encode; NULL at first */
};

/* Releases what a list has. */
void recur_id_list_free(struct recur_id_list *list);

/* Appends the ids of pieces, which a vocabulary of byte pairs divides. Errors: MEMORY. */
enum recur_status recur_vocab_divide(const recur_vocab *vocab, const recur_token *pieces,
                                     size_t count, struct recur_id_list *ids, recur_error *error);

#endif
