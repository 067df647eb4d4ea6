#include "quote.h"

#include <stdio.h>

recur_printable recur_quote(recur_token token)
{
    recur_printable quoted;
    snprintf(quoted.text, sizeof quoted.text, "\"%.500s\"",
             recur_show(token.bytes, token.size, 60, "\"\\").text);
    return quoted;
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
