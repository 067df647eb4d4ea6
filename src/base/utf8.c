#include "base/utf8.h"

enum recur_utf8 recur_utf8_scan(const char *bytes, size_t size, size_t *length)
{
    unsigned char lead = (unsigned char)bytes[0];
    *length = 1;
    if (lead < 0x80)
        return RECUR_UTF8_VALID;
    if (lead < 0xc2 || lead > 0xf4)
        return RECUR_UTF8_INVALID;
    unsigned char low = 0x80, high = 0xbf; /* the second byte's range excludes: */
    switch (lead) {
    case 0xe0: low = 0xa0; break;  /* overlong forms */
    case 0xed: high = 0x9f; break; /* surrogates */
    case 0xf0: low = 0x90; break;  /* overlong forms */
    case 0xf4: high = 0x8f; break; /* what lies beyond U+10FFFF */
    default: break;
    }
    size_t whole = recur_utf8_length(bytes[0]);
    for (; *length < whole; ++*length) {
        if (*length == size)
            return RECUR_UTF8_CUT;
        unsigned char byte = (unsigned char)bytes[*length];
        if (byte < low || byte > high)
            return RECUR_UTF8_INVALID;
        low = 0x80;
        high = 0xbf;
    }
    return RECUR_UTF8_VALID;
}

bool recur_utf8_valid(const char *bytes, size_t size)
{
    bool valid = true;
    for (size_t at = 0, length; valid && at < size; at += length)
        valid = recur_utf8_scan(bytes + at, size - at, &length) == RECUR_UTF8_VALID;
    return valid;
}
