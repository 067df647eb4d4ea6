#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* Terminals obey C1 controls as they obey escape sequences; the other characters break lines or
 * turn their direction. */
bool recur_code_acts(uint32_t code)
{
    return code < ' ' || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

bool recur_text_acts(const char *bytes, size_t size)
{
    bool acts = false;
    for (size_t at = 0, length; !acts && at < size; at += length) {
        acts = recur_utf8_scan(bytes + at, size - at, &length) != RECUR_UTF8_VALID;
        acts |= recur_code_acts(recur_utf8_code(bytes + at, length));
    }
    return acts;
}

/* Writes the next character in at most 7 bytes; returns how many bytes of the input it took. */
static size_t show_next(const char *bytes, size_t size, const char *also, char out[8])
{
    static const char named[] = "\n\t\r";
    size_t length;
    unsigned char first = (unsigned char)*bytes;
    const char *name = first ? strchr(named, first) : NULL;
    bool valid = recur_utf8_scan(bytes, size, &length) == RECUR_UTF8_VALID;
    if (name) {
        snprintf(out, 8, "\\%c", "ntr"[name - named]);
    } else if (!valid || first < ' ' || first == 0x7f) {
        length = 1;
        snprintf(out, 8, "\\x%02X", first);
    } else if (recur_code_acts(recur_utf8_code(bytes, length))) {
        snprintf(out, 8, "\\u%04X", (unsigned)recur_utf8_code(bytes, length));
    } else {
        bool marked = also && length == 1 && strchr(also, first);
        snprintf(out, 8, "%s%.*s", marked ? "\\" : "", (int)length, bytes);
    }
    return length;
}

recur_printable recur_show(const char *bytes, size_t size, size_t most, const char *also)
{
    recur_printable shown;
    size_t used = 0, characters = 0;
    for (size_t at = 0; at < size;) {
        char piece[8];
        at += show_next(bytes + at, size - at, also, piece);
        size_t length = strlen(piece);
        bool fits = used + length + sizeof ELLIPSIS <= sizeof shown.text;
        characters += (unsigned char)*piece < 0x80 ? length : 1;
        if (characters > most || !fits) {
            memcpy(shown.text + used, ELLIPSIS, sizeof ELLIPSIS - 1);
            used += sizeof ELLIPSIS - 1;
            break;
        }
        memcpy(shown.text + used, piece, length);
        used += length;
    }
    shown.text[used] = '\0';
    return shown;
}

recur_printable recur_show_name(const char *name)
{
    return recur_show(*name ? name : "\"\"", *name ? strlen(name) : 2, RECUR_NAME_SHOWN, NULL);
}
