/* Cuts text into the pieces that byte pairs are learnt in. */
#include "base/utf8.h"
#include "data/cuts.h"
#include "data/pairs.h"
#include "data/unicode_words.h"

enum character_class {
    LETTERS,
    NUMBERS,
    SPACES,
    LINE_ENDS,
    OTHERS,
};

static enum character_class class_at(const char *at)
{
    switch (*at) {
    case ' ':
    case '\t': return SPACES;
    case '\r':
    case '\n': return LINE_ENDS;
    default: break;
    }
    if (recur_unicode_is_letter(at))
        return LETTERS;
    return recur_unicode_is_number(at) ? NUMBERS : OTHERS;
}

/* The end of the run of characters of one class from `at` on, within [at, end). */
static const char *end_of_run(const char *at, const char *end, enum character_class class)
{
    while (at < end && end - at >= (ptrdiff_t)recur_utf8_length(*at) && class_at(at) == class)
        at += recur_utf8_length(*at);
    return at;
}

/* The end of the piece at `at`, which is no line end: a run of letters, numbers, spaces or others.
 * One space, or an apostrophe, is part of the letters behind it, and one space of numbers and
 * others; of several spaces the last is left for what follows. */
static const char *end_of_piece(const char *at, const char *end)
{
    const char *limit = end - at > RECUR_PIECE_MOST ? at + RECUR_PIECE_MOST : end;
    enum character_class class = class_at(at);
    const char *stop = end_of_run(at, limit, class);
    if (*at == '\'') {
        const char *behind = end_of_run(at + 1, limit, LETTERS);
        return behind > at + 1 ? behind : stop;
    }
    if (class != SPACES || stop == limit || stop[-1] != ' ' || class_at(stop) == LINE_ENDS)
        return stop;
    return stop - at > 1 ? stop - 1 : end_of_run(stop, limit, class_at(stop));
}

enum recur_status recur_cut_pieces(struct recur_cutter *cutter)
{
    const char *at = cutter->text, *end = cutter->end, *next;
    size_t count = 0;
    for (; at < end && (cutter->last || end - at > RECUR_PIECE_MOST); at = next) {
        bool line_end = class_at(at) == LINE_ENDS;
        next = line_end ? at + 1 : end_of_piece(at, end);
        if (*at == '\r' && next < end && *next == '\n')
            next++;
        if (!line_end || cutter->keep_line_feed)
            RECUR_TRY(recur_cutter_add(cutter, &count, at, next));
        if (next[-1] == '\n')
            RECUR_TRY(recur_cutter_end_line(cutter, &count));
    }
    cutter->begun = (size_t)(end - at);
    return count ? recur_cutter_hand_over(cutter, &count, false) : RECUR_OK;
}
