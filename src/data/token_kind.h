/* Kinds of tokens: one table has all differences between them. Who depends on the kind asks its
 * row; docs/architecture.md says how to add one. */
#ifndef RECUR_DATA_TOKEN_KIND_H
#define RECUR_DATA_TOKEN_KIND_H

#include "base/names.h"
#include "data/cutter.h"
#include "recur/vocab.h"

/* Ids that are being appended. All zero is a valid, empty list; `id` is allocated. */
struct recur_id_list {
    int32_t *id;
    size_t count, capacity;
    size_t unknown; /* how many of them are RECUR_UNKNOWN */
};

struct recur_token_kind {
    bool as_it_stands;       /* texts are bytes of any value, in no encoding and without marks */
    bool parts_of_character; /* a token may be bytes that are no UTF-8 */
    bool spaced;             /* tokens are parted by white space, which is in none of them */
    bool one_character;      /* each token is one character */
    const char *nothing; /* why a text that is not empty may have no tokens, for a sentence; NULL:
                            it has some */
    const char *blank;   /* what a blank that is to be filled must be, likewise */

    /* Adds the tokens of the cutter's text and hands them over. */
    enum recur_status (*cut)(struct recur_cutter *cutter);

    /* Appends the ids of what was cut to the list: one for each token, or a run of them where a
     * vocabulary has parts of what was cut. Errors: MEMORY. */
    enum recur_status (*encode)(const recur_vocab *vocab, const recur_token *tokens, size_t count,
                                struct recur_id_list *ids, recur_error *error);
};

/* The row of a kind that recur_tokens_check has let pass. */
const struct recur_token_kind *recur_token_kind_of(enum recur_tokens tokens);

RECUR_ENUM_CHECK(tokens);

#endif
