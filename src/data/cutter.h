/* Cuts clean text into tokens and hands them to a receiver. */
#ifndef RECUR_DATA_CUTTER_H
#define RECUR_DATA_CUTTER_H

#include <stdbool.h>

#include "base/error.h"
#include "recur/text.h"

#define RECUR_CHUNK 1024 /* most tokens that are handed over at once */

/* Receives the next tokens, which are valid during the call only. `line_end`: a line of the text
 * ends with them. */
typedef enum recur_status recur_chunk_fn(void *user, const recur_token *tokens, size_t count,
                                         bool line_end, recur_error *error);

/* Clean text that is being cut into tokens. */
struct recur_cutter {
    const char *text, *end; /* the text, in which "\n" ends a line */
    /* Bytes at the start of `text` that begin a token, left over from the text before. After the
     * cut: bytes at the end of `text` that may go on in the next text. */
    size_t begun;
    bool last;           /* no text follows this one */
    bool keep_line_feed; /* a line feed is part of the text and not white space */
    /* Of kinds whose tokens imply spaces: whether one may follow the last token, and does. */
    bool space_after, spaced;

    recur_token tokens[RECUR_CHUNK];
    uint64_t left; /* how many tokens may still be handed over */
    bool by_line;
    recur_chunk_fn *chunk;
    void *user;
    recur_text_stats *stats;
    recur_error *error;
};

/* Hands over the first *count of the cutter's tokens, so that it has none left. `line_end`: a line
 * of the text ends with them. Errors: what the receiver returns. */
enum recur_status recur_cutter_hand_over(struct recur_cutter *cutter, size_t *count, bool line_end);

/* Ends a line when *count tokens are not handed over yet. */
enum recur_status recur_cutter_end_line(struct recur_cutter *cutter, size_t *count);

/* Adds the token [bytes, end) to the cutter's *count tokens. */
static inline enum recur_status recur_cutter_add(struct recur_cutter *cutter, size_t *count,
                                                 const char *bytes, const char *end)
{
    if (*count == RECUR_CHUNK)
        RECUR_TRY(recur_cutter_hand_over(cutter, count, false));
    cutter->tokens[(*count)++] = (recur_token){bytes, (size_t)(end - bytes)};
    return RECUR_OK;
}

#endif
