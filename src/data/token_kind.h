/* Kinds of tokens. One table has all differences between them: code that depends on the kind asks
 * its row. docs/architecture.md says how to add a kind. */
#ifndef RECUR_DATA_TOKEN_KIND_H
#define RECUR_DATA_TOKEN_KIND_H

#include "base/names.h"
#include "data/cutter.h"
#include "recur/vocab.h"

/* A list of ids that grows. All zero is a valid, empty list; `id` is allocated. */
struct recur_id_list {
    int32_t *id;
    size_t count, capacity;
    size_t unknown; /* how many of the ids are RECUR_UNKNOWN */
};

struct recur_token_kind {
    bool as_it_stands;       /* texts are any bytes, without encoding or byte order marks */
    bool parts_of_character; /* a token may be bytes that are not UTF-8 */
    bool spaced;             /* white space separates tokens and is in none of them */
    bool one_character;      /* each token is one character */
    /* For a sentence: why a text that is not empty may have no tokens; NULL: it always has some. */
    const char *nothing;
    const char *blank; /* for a sentence: what a blank that is to be filled must be */

    /* Cuts the cutter's text into tokens and hands them over. */
    enum recur_status (*cut)(struct recur_cutter *cutter);

    /* Appends the ids of tokens to the list: one id for each token, or several where the vocabulary
     * has parts of tokens. Errors: MEMORY. */
    enum recur_status (*encode)(const recur_vocab *vocab, const recur_token *tokens, size_t count,
                                struct recur_id_list *ids, recur_error *error);
};

/* The row of a kind that recur_tokens_check has accepted. */
const struct recur_token_kind *recur_token_kind_of(enum recur_tokens tokens);

RECUR_ENUM_CHECK(tokens);

#endif
