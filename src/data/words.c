#include "data/words.h"

#include <utf8proc.h>

#include "base/utf8.h"

static utf8proc_int32_t code_at(const char *at)
{
    utf8proc_int32_t code;
    utf8proc_iterate((const utf8proc_uint8_t *)at, (utf8proc_ssize_t)recur_utf8_length(*at), &code);
    return code;
}

static bool is_space(const char *at)
{
    utf8proc_int32_t code = code_at(at);
    utf8proc_category_t category = utf8proc_category(code);
    return (code >= '\t' && code <= '\r') || code == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

bool recur_is_space(const char *at, const char *end, const char **next)
{
    size_t length;
    bool valid = recur_utf8_scan(at, (size_t)(end - at), &length) == RECUR_UTF8_VALID;
    *next = at + length;
    return valid && is_space(at);
}

bool recur_is_letter_without_case(const char *at)
{
    return utf8proc_category(code_at(at)) == UTF8PROC_CATEGORY_LO;
}

recur_token recur_trim(recur_token text, bool bytes)
{
    size_t begin = 0, end = 0;
    for (size_t at = 0, next; at < text.size; at = next) {
        const char *behind;
        bool space = recur_is_space(text.bytes + at, text.bytes + text.size, &behind);
        next = bytes ? at + 1 : (size_t)(behind - text.bytes);
        if (space && !(bytes && (unsigned char)text.bytes[at] >= 0x80))
            continue;
        begin = end ? begin : at;
        end = next;
    }
    return (recur_token){end ? text.bytes + begin : text.bytes, end - begin};
}

size_t recur_word_lower(recur_token word, char *lower)
{
    size_t size = 0;
    for (size_t at = 0; at < word.size; at += recur_utf8_length(word.bytes[at]))
        size += (size_t)utf8proc_encode_char(utf8proc_tolower(code_at(word.bytes + at)),
                                             (utf8proc_uint8_t *)lower + size);
    return size;
}

enum recur_word_case recur_word_case_of(recur_token word)
{
    size_t letters = 0, upper = 0, digits = 0;
    bool first_upper = false;
    for (size_t at = 0; at < word.size; at += recur_utf8_length(word.bytes[at])) {
        utf8proc_int32_t code = code_at(word.bytes + at);
        utf8proc_category_t category = utf8proc_category(code);
        bool is_upper = category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
        bool letter = is_upper || category == UTF8PROC_CATEGORY_LL ||
                      category == UTF8PROC_CATEGORY_LM || category == UTF8PROC_CATEGORY_LO;
        first_upper |= letters == 0 && is_upper;
        letters += letter;
        upper += is_upper;
        digits += category == UTF8PROC_CATEGORY_ND;
    }
    if (!letters)
        return digits ? RECUR_WORD_NUMBER : RECUR_WORD_OTHER;
    if (digits)
        return RECUR_WORD_DIGITS;
    if (!upper)
        return RECUR_WORD_LOWER;
    if (upper == 1 && first_upper)
        return RECUR_WORD_CAPITAL;
    return upper == letters ? RECUR_WORD_UPPER : RECUR_WORD_MIXED;
}
