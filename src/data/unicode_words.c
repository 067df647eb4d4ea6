#include "data/unicode_words.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "data/unicode_classes.h"

/* Values of the property Word_Break, numbered as in the table. */
enum unicode_class {
    OTHER,
    CR,
    EXTEND,
    LF,
    REGIONAL_INDICATOR,
    NEWLINE,
    ZWJ, /* zero width joiner */
    FORMAT,
    KATAKANA,
    EXTEND_NUM_LET,
    HEBREW_LETTER,
    A_LETTER,
    SINGLE_QUOTE,
    DOUBLE_QUOTE,
    MID_NUM_LET,
    MID_LETTER,
    MID_NUM,
    NUMERIC,
    SPACE, /* WSegSpace */
};

/* A class of the table has flags beside that value. */
enum { VALUE = 0x1f, PICTOGRAPHIC = 0x20, LETTER = 0x40, NUMBER = 0x80 };

#define BIT(class) (1u << (class))

static const uint32_t letters = BIT(A_LETTER) | BIT(HEBREW_LETTER);
static const uint32_t ignored = BIT(EXTEND) | BIT(FORMAT) | BIT(ZWJ);
static const uint32_t line_ends = BIT(CR) | BIT(LF) | BIT(NEWLINE);
static const uint32_t words =
    BIT(A_LETTER) | BIT(HEBREW_LETTER) | BIT(NUMERIC) | BIT(EXTEND_NUM_LET);

static bool is(enum unicode_class class, uint32_t set)
{
    return BIT(class) & set;
}

/* The table's class of a character: the last one that begins at it or before it. */
static unsigned class_of(uint32_t code)
{
    const size_t page = code >> 8, pages = sizeof class_pages / sizeof *class_pages;
    if (code < sizeof ascii_classes)
        return ascii_classes[code];
    size_t first = class_pages[page];
    size_t count = page + 1 < pages ? class_pages[page + 1] - first + 1
                                    : sizeof class_starts / sizeof *class_starts - first;
    while (count > 1) {
        size_t half = count / 2;
        if (class_starts[first + half] >> 8 <= code)
            first += half;
        count -= half;
    }
    return class_starts[first] & 0xff;
}

/* A place in a text, with the class of the character there. */
struct place {
    const char *at, *next; /* next == at: the end */
    unsigned class;
};

static struct place place_at(const char *at, const char *end)
{
    struct place place = {at, at, LF};
    if (at == end)
        return place;
    size_t length = recur_utf8_length(*at);
    if ((size_t)(end - at) < length)
        return place; /* the limit cuts the character */
    place.next = at + length;
    place.class =
        length == 1 ? ascii_classes[(unsigned char)*at] : class_of(recur_utf8_code(at, length));
    return place;
}

static enum unicode_class value(struct place place)
{
    return (enum unicode_class)(place.class & VALUE);
}

/* WB5, WB8 to WB10, WB13 to WB13b: does no boundary part these two? */
static bool joined(enum unicode_class before, enum unicode_class after)
{
    const uint32_t text = letters | BIT(NUMERIC);
    if (is(before, text))
        return is(after, text | BIT(EXTEND_NUM_LET));
    if (before == KATAKANA)
        return is(after, BIT(KATAKANA) | BIT(EXTEND_NUM_LET));
    return before == EXTEND_NUM_LET && is(after, text | BIT(KATAKANA) | BIT(EXTEND_NUM_LET));
}

/* WB6 and WB7, WB7b and WB7c, WB11 and WB12: may `mid` stand between `before` and what follows? If
 * it may, `after` is the set of what has to follow. */
static bool may_join(enum unicode_class before, enum unicode_class mid, uint32_t *after)
{
    const uint32_t quotes = BIT(MID_NUM_LET) | BIT(SINGLE_QUOTE);
    *after = is(before, letters) ? letters : BIT(NUMERIC);
    if (before == HEBREW_LETTER && mid == DOUBLE_QUOTE)
        *after = BIT(HEBREW_LETTER);
    else if (is(before, letters))
        return is(mid, quotes | BIT(MID_LETTER));
    else
        return before == NUMERIC && is(mid, quotes | BIT(MID_NUM));
    return true;
}

/* The place of what `mid` joins to the word before it, or of the end. */
static struct place behind(enum unicode_class before, struct place mid, const char *end)
{
    uint32_t after;
    struct place none = {end, end, LF};
    if (!may_join(before, value(mid), &after))
        return none;
    do
        mid = place_at(mid.next, end);
    while (is(value(mid), ignored));
    return is(value(mid), after) ? mid : none;
}

/* The end of a word that is no line end. */
static const char *end_of_word(struct place place, const char *end)
{
    enum unicode_class before = value(place); /* WB4: of the last character that is not ignored */
    bool pair = before == REGIONAL_INDICATOR; /* the first of two */
    for (;;) {
        bool joiner = value(place) == ZWJ;
        place = place_at(place.next, end);
        enum unicode_class here = value(place);
        if (is(here, line_ends))
            return place.at; /* WB3b; the end too */
        if (is(here, ignored))
            continue;
        if (!(joiner && (place.class & PICTOGRAPHIC)) && /* WB3c */
            !(pair && here == REGIONAL_INDICATOR) &&     /* WB15, WB16 */
            !joined(before, here)) {
            struct place next = behind(before, place, end);
            if (next.at < end)
                place = next;
            else if (before != HEBREW_LETTER || here != SINGLE_QUOTE) /* WB7a */
                return place.at;
        }
        pair = false;
        before = value(place);
    }
}

/* The last space of a run (WB3d). */
static struct place last_space(struct place place, const char *end)
{
    const char *begin = place.at;
    for (;;) {
        struct place next = place_at(place.next, end);
        if (value(next) != SPACE || next.next - begin > RECUR_UNICODE_SPACES_MOST)
            return place;
        place = next;
    }
}

size_t recur_unicode_word(const char *at, const char *end)
{
    if (end - at > RECUR_UNICODE_WORD_MOST)
        end = at + RECUR_UNICODE_WORD_MOST;
    struct place place = place_at(at, end);
    if (is(value(place), line_ends)) { /* WB3, WB3a */
        bool both = value(place) == CR && place.next < end && *place.next == '\n';
        return (size_t)(place.next - at) + both;
    }
    if (value(place) == SPACE)
        place = last_space(place, end);
    return (size_t)(end_of_word(place, end) - at);
}

/* Is the token no word but one that stands for something, as "<unk>"? */
static bool is_name(recur_token token)
{
    return token.size > 2 && *token.bytes == '<' && (unsigned char)token.bytes[1] < 0x80;
}

static uint32_t first_code(recur_token token)
{
    size_t length = recur_utf8_length(*token.bytes);
    return token.size < length ? 0 : recur_utf8_code(token.bytes, length);
}

/* Is the token a letter, a number or a word of these? Scripts that write no spaces have none. */
static bool is_word(recur_token token, uint32_t code)
{
    return is_name(token) || is((enum unicode_class)(class_of(code) & VALUE), words);
}

static bool is_join(recur_token token)
{
    return token.size == strlen(RECUR_TOKEN_JOIN) &&
           memcmp(token.bytes, RECUR_TOKEN_JOIN, token.size) == 0;
}

bool recur_unicode_space_after(recur_token token)
{
    uint32_t code = first_code(token);
    switch (code) {
    case '!':
    case ')':
    case ',':
    case '.':
    case ':':
    case ';':
    case '?':
    case ']':
    case '}':
    case '%':
    case 0xbb:   /* closing guillemet */
    case 0x60c:  /* Arabic comma */
    case 0x61b:  /* Arabic semicolon */
    case 0x61f:  /* Arabic question mark */
    case 0x964:  /* danda */
    case 0x2019: /* closing quotation marks */
    case 0x201d:
    case 0x2026: /* ellipsis */ return true;
    default: return !is_join(token) && is_word(token, code);
    }
}

bool recur_unicode_space_before(recur_token token)
{
    uint32_t code = first_code(token);
    switch (code) {
    case '(':
    case '[':
    case '{':
    case '$':
    case '#':
    case 0xa1: /* opening punctuation of Spanish */
    case 0xbf:
    case 0xa3:   /* pound */
    case 0xab:   /* opening guillemet */
    case 0x2018: /* opening quotation marks */
    case 0x201c:
    case 0x20ac: /* euro */ return true;
    default: return !is_join(token) && is_word(token, code);
    }
}

bool recur_unicode_is_letter(const char *at)
{
    return class_of(recur_utf8_code(at, recur_utf8_length(*at))) & LETTER;
}

bool recur_unicode_is_number(const char *at)
{
    return class_of(recur_utf8_code(at, recur_utf8_length(*at))) & NUMBER;
}
