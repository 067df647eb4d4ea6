#include "quote.h"

#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 character that begins at `bytes`, 0 where none does. Tokens come out of the
 * library, whose characters are valid, so that a glance at the pattern is enough. */
static size_t character(const unsigned char *bytes, size_t size)
{
    size_t length = bytes[0] < 0x80                       ? 1
                    : bytes[0] >= 0xC2 && bytes[0] < 0xE0 ? 2
                    : bytes[0] >= 0xE0 && bytes[0] < 0xF0 ? 3
                    : bytes[0] >= 0xF0 && bytes[0] < 0xF5 ? 4
                                                          : 0;
    if (length > size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

/* One character, escaped where it would not show; returns how many of the token's bytes it is. */
static size_t escape(const unsigned char *bytes, size_t size, char out[8])
{
    size_t length = character(bytes, size);
    const char *const control = "\n\t\r\"\\";
    const char *known = length == 1 && bytes[0] ? strchr(control, bytes[0]) : NULL;
    if (known)
        snprintf(out, 8, "\\%c", "ntr\"\\"[known - control]);
    else if (length == 0 || bytes[0] < 0x20 || bytes[0] == 0x7F)
        snprintf(out, 8, "\\x%02X", bytes[0]);
    else
        snprintf(out, 8, "%.*s", (int)length, (const char *)bytes);
    return length ? length : 1;
}

const char *recur_quote(recur_token token, char *text)
{
    size_t used = 0;
    text[used++] = '"';
    for (size_t i = 0; i < token.size;) {
        char piece[8];
        if (used > QUOTE_ROOM - 16) {
            used += (size_t)snprintf(text + used, QUOTE_ROOM - used, "...");
            break;
        }
        i += escape((const unsigned char *)token.bytes + i, token.size - i, piece);
        used += (size_t)snprintf(text + used, QUOTE_ROOM - used, "%s", piece);
    }
    snprintf(text + used, QUOTE_ROOM - used, "\"");
    return text;
}

json_t *recur_json_token(recur_token token)
{
    json_t *text = json_stringn(token.bytes, token.size);
    if (text || token.size != 1)
        return text ? text : json_null();
    unsigned char byte = (unsigned char)token.bytes[0];
    const char utf8[2] = {(char)(0xC0 | byte >> 6), (char)(0x80 | (byte & 0x3F))};
    return json_stringn(utf8, 2);
}
