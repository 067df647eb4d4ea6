/* Kinds of tokens. One table has all differences between them: code that depends on the kind asks
 * its row. docs/architecture.md says how to add a kind. */
#ifndef RECUR_DATA_TOKEN_KIND_H
#define RECUR_DATA_TOKEN_KIND_H

#include "base/names.h"
#include "data/cutter.h"
#include "data/id_list.h"

struct recur_token_kind {
    bool as_it_stands;       /* texts are any bytes, without encoding or byte order marks */
    bool parts_of_character; /* a token may be bytes that are not UTF-8 */
    bool spaced;             /* white space separates tokens and is in none of them */
    bool one_character;      /* each token is one character */
    bool words;              /* tokens are words, so that a blank is a word too */
    bool parts;              /* what is cut is divided into tokens by the vocabulary */
    bool exact; /* all of the text is in the tokens: carriage returns, byte order marks within */
    /* For a sentence: why a text that is not empty may have no tokens; NULL: it always has some. */
    const char *nothing;
    const char *blank; /* for a sentence: what a blank that is to be filled must be */

    /* Where both say so, a space stands between two tokens that is in neither; NULL: never. */
    bool (*space_after)(recur_token token);
    bool (*space_before)(recur_token token);
    const char *join; /* what stands for the lack of such a space: a token, or NULL */

    /* Cuts the cutter's text into tokens and hands them over. */
    enum recur_status (*cut)(struct recur_cutter *cutter);

    /* Appends the ids of tokens to the list: one id for each token, or several where the vocabulary
     * has parts of tokens. Errors: MEMORY. */
    enum recur_status (*encode)(const recur_vocab *vocab, const recur_token *tokens, size_t count,
                                struct recur_id_list *ids, recur_error *error);
};

/* The row of the tokens of texts that are cut so; recur_text_take_config has accepted it. */
const struct recur_token_kind *recur_token_kind_of(const recur_text_config *text);

/* The text of a token: its bytes, none of a `join`. */
recur_token recur_token_written(const struct recur_token_kind *kind, recur_token token);

RECUR_ENUM_CHECK(tokens);
RECUR_ENUM_CHECK(word_rule);

#endif
