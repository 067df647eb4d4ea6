/* Kinds of tokens: one table says all that differs between them. What is asked of a kind is asked
 * of its row; docs/architecture.md says how to add one. */
#ifndef RECUR_DATA_TOKEN_KIND_H
#define RECUR_DATA_TOKEN_KIND_H

#include "base/names.h"
#include "data/text_stream.h"
#include "recur/vocab.h"

/* Clean text on its way to tokens. */
struct recur_cutter {
    const char *text, *end; /* the text, in which "\n" ends a line */
    size_t begun;           /* bytes at the start of `text`: a token that the text before ended in.
                               Once it is cut: bytes at its end that may go on in the next */
    bool last;              /* no text follows */
    bool keep_line_feed;    /* a line feed is no white space but part of the text */

    recur_token tokens[RECUR_CHUNK];
    uint64_t left; /* tokens that may still be handed over */
    bool by_line;
    recur_chunk_fn *chunk;
    void *user;
    recur_text_stats *stats;
    recur_error *error;
};

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

    /* Hands the tokens of the cutter's text over, by recur_cutter_add and recur_cutter_hand_over.
     */
    enum recur_status (*cut)(struct recur_cutter *cutter);

    /* Appends the ids of what was cut to the list: one for each token, or a run of them where a
     * vocabulary has parts of what was cut. Errors: MEMORY. */
    enum recur_status (*encode)(const recur_vocab *vocab, const recur_token *tokens, size_t count,
                                struct recur_id_list *ids, recur_error *error);
};

/* The row of a kind that recur_tokens_check has let pass. */
const struct recur_token_kind *recur_token_kind_of(enum recur_tokens tokens);

RECUR_ENUM_CHECK(tokens);

/* Hands over the first *count of the cutter's tokens, and leaves none. `line_end`: a line of the
 * text ends with them. Errors: what the receiver returns. */
enum recur_status recur_cutter_hand_over(struct recur_cutter *cutter, size_t *count, bool line_end);

/* Ends a line, with *count tokens that are not handed over yet. */
enum recur_status recur_cutter_end_line(struct recur_cutter *cutter, size_t *count);

/* Adds the token [bytes, end), of which there are *count. */
static inline enum recur_status recur_cutter_add(struct recur_cutter *cutter, size_t *count,
                                                 const char *bytes, const char *end)
{
    if (*count == RECUR_CHUNK)
        RECUR_TRY(recur_cutter_hand_over(cutter, count, false));
    cutter->tokens[(*count)++] = (recur_token){bytes, (size_t)(end - bytes)};
    return RECUR_OK;
}

#endif
