/* Tokens that are cut out of clean text, and their way to whoever receives them. */
#ifndef RECUR_DATA_CUTTER_H
#define RECUR_DATA_CUTTER_H

#include <stdbool.h>

#include "base/error.h"
#include "recur/text.h"

#define RECUR_CHUNK 1024 /* tokens handed over at once, at most */

/* Receives the next tokens, which are valid during the call only. `line_end`: a line of the text
 * ends with them. */
typedef enum recur_status recur_chunk_fn(void *user, const recur_token *tokens, size_t count,
                                         bool line_end, recur_error *error);

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
