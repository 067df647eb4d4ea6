/* UTF-8: where characters end, and which bytes are no characters. */
#ifndef RECUR_BASE_UTF8_H
#define RECUR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECUR_UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define RECUR_UTF8_REPLACEMENT_SIZE 3

enum recur_utf8 {
    RECUR_UTF8_VALID,
    RECUR_UTF8_INVALID,
    RECUR_UTF8_CUT, /* right so far, but the bytes end inside the character */
};

/* Examines the start of `bytes` (size >= 1). `*length` is the length of the character there, or of
 * the bytes that one U+FFFD replaces: the longest start of a character, otherwise a single byte
 * (The Unicode Standard 15.0, section 3.9, "U+FFFD Substitution of Maximal Subparts"). */
enum recur_utf8 recur_utf8_scan(const char *bytes, size_t size, size_t *length);

/* Whether all of it is characters. */
bool recur_utf8_valid(const char *bytes, size_t size);

/* The length of a valid character from its first byte. */
static inline size_t recur_utf8_length(char first)
{
    unsigned char lead = (unsigned char)first;
    return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* The number of a valid character of so many bytes. */
static inline uint32_t recur_utf8_code(const char *bytes, size_t length)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)bytes[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)bytes[i] & 0x3f);
    return code;
}

#endif
