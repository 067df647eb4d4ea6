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

bool recur_json_read_token(const json_t *text, enum recur_tokens tokens, char *byte,
                           recur_token *token)
{
    if (!json_is_string(text))
        return false;
    *token = (recur_token){json_string_value(text), json_string_length(text)};
    unsigned char lead = (unsigned char)*token->bytes;
    if (tokens == RECUR_TOKENS_BYTE && token->size == 2 && (lead == 0xC2 || lead == 0xC3)) {
        *byte = (char)(lead << 6 | (token->bytes[1] & 0x3F));
        *token = (recur_token){byte, 1};
    }
    return true;
}
