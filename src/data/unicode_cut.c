#include "base/utf8.h"
#include "data/cuts.h"
#include "data/unicode_words.h"

/* Is there one space at `at`, which the tokens before and after it imply? */
static bool implied(const struct recur_cutter *cutter, const char *at, const char *next)
{
    return cutter->space_after && next - at == 1 && *at == ' ' && next < cutter->end &&
           recur_unicode_space_before((recur_token){next, recur_utf8_length(*next)});
}

static enum recur_status add(struct recur_cutter *cutter, size_t *count, recur_token token)
{
    static const char join[] = RECUR_TOKEN_JOIN;
    if (cutter->space_after && !cutter->spaced && recur_unicode_space_before(token))
        RECUR_TRY(recur_cutter_add(cutter, count, join, join + sizeof join - 1));
    cutter->space_after = recur_unicode_space_after(token);
    cutter->spaced = false;
    return recur_cutter_add(cutter, count, token.bytes, token.bytes + token.size);
}

enum recur_status recur_cut_unicode_words(struct recur_cutter *cutter)
{
    const char *at = cutter->text, *end = cutter->end, *next;
    size_t count = 0;
    for (; at < end && (cutter->last || end - at > RECUR_UNICODE_WORD_MOST); at = next) {
        next = at + recur_unicode_word(at, end);
        bool line_end = next[-1] == '\n';
        if (implied(cutter, at, next))
            cutter->spaced = true;
        else if (!line_end || cutter->keep_line_feed)
            RECUR_TRY(add(cutter, &count, (recur_token){at, (size_t)(next - at)}));
        else
            cutter->space_after = false; /* nothing shows what stood here */
        if (line_end)
            RECUR_TRY(recur_cutter_end_line(cutter, &count));
    }
    cutter->begun = (size_t)(end - at);
    return count ? recur_cutter_hand_over(cutter, &count, false) : RECUR_OK;
}
