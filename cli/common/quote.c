#include "common/quote.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

recur_printable recur_quote(recur_token token)
{
    recur_printable quoted;
    snprintf(quoted.text, sizeof quoted.text, "\"%.500s\"",
             recur_show(token.bytes, token.size, 60, "\"\\").text);
    return quoted;
}

recur_printable recur_shell_word(const char *word, bool quotes)
{
    recur_printable shown = recur_show(word, strlen(word), SIZE_MAX, "\\\"$`");
    bool plain = !quotes && *word &&
                 !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_./+-=:@%,")];
    if (!plain) {
        recur_printable quoted;
        snprintf(quoted.text, sizeof quoted.text, "\"%.*s\"", (int)sizeof quoted.text - 3,
                 shown.text);
        return quoted;
    }
    return shown;
}

/* How many characters fit into so many columns; `*used` becomes the columns that they take. */
static size_t fitting(const char *text, size_t columns, size_t *used)
{
    size_t count = 0;
    *used = 0;
    while (*text) {
        utf8proc_int32_t code;
        text += utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &code);
        size_t wide = (size_t)utf8proc_charwidth(code);
        if (wide > columns - *used)
            break;
        *used += wide;
        count++;
    }
    return count;
}

size_t recur_columns(const char *text)
{
    size_t used;
    fitting(text, SIZE_MAX, &used);
    return used;
}

recur_printable recur_fit(recur_token token, size_t columns)
{
    size_t used;
    recur_printable whole = recur_show(token.bytes, token.size, SIZE_MAX, NULL);
    if (recur_columns(whole.text) <= columns)
        return whole;
    return recur_show(token.bytes, token.size, fitting(whole.text, columns - 1, &used), NULL);
}

void recur_json_put_repaired(recur_json_writer *json, const char *key, const char *bytes,
                             size_t size)
{
    recur_json_begin_text(json, key);
    while (size > 0) {
        utf8proc_int32_t code;
        utf8proc_ssize_t length =
            utf8proc_iterate((const utf8proc_uint8_t *)bytes, (utf8proc_ssize_t)size, &code);
        if (length > 0)
            recur_json_add_text(json, bytes, (size_t)length);
        else
            recur_json_add_text(json, "\xEF\xBF\xBD", 3);
        length = length > 0 ? length : 1;
        bytes += length;
        size -= (size_t)length;
    }
    recur_json_end_text(json);
}

void recur_json_put_token(recur_json_writer *json, const char *key, recur_token token)
{
    unsigned char byte = token.size == 1 ? (unsigned char)token.bytes[0] : 0;
    const char utf8[2] = {(char)(0xC0 | byte >> 6), (char)(0x80 | (byte & 0x3F))};
    if (byte < 0x80)
        recur_json_put_repaired(json, key, token.bytes, token.size);
    else
        recur_json_put_bytes(json, key, utf8, 2);
}

static bool is_utf8(recur_token token)
{
    utf8proc_ssize_t length = 1;
    for (size_t at = 0; at < token.size && length > 0; at += (size_t)length) {
        utf8proc_int32_t code;
        length = utf8proc_iterate((const utf8proc_uint8_t *)token.bytes + at,
                                  (utf8proc_ssize_t)(token.size - at), &code);
    }
    return length > 0;
}

void recur_json_put_entry(recur_json_writer *json, const char *key, recur_token token)
{
    if (token.size < 2 || is_utf8(token)) {
        recur_json_put_token(json, key, token);
        return;
    }
    recur_json_open(json, key, '[');
    for (size_t i = 0; i < token.size; i++)
        recur_json_put_u64(json, NULL, (unsigned char)token.bytes[i]);
    recur_json_close(json, ']');
}

bool recur_json_read_entry(const recur_json *json, bool may_be_byte, char **to, recur_token *token)
{
    if (recur_json_is(json, RECUR_JSON_LIST)) {
        const recur_json *byte = recur_json_first(json);
        *token = (recur_token){*to, json->size};
        for (size_t i = 0; i < json->size; i++, byte = recur_json_next(byte)) {
            if (byte->kind != RECUR_JSON_INTEGER || byte->negative || byte->magnitude > UCHAR_MAX)
                return false;
            *(*to)++ = (char)byte->magnitude;
        }
        return true;
    }
    if (!recur_json_is(json, RECUR_JSON_TEXT))
        return false;
    *token = (recur_token){json->text, json->size};
    unsigned char lead = (unsigned char)*token->bytes;
    if (may_be_byte && token->size == 2 && (lead == 0xC2 || lead == 0xC3)) {
        **to = (char)(lead << 6 | (token->bytes[1] & 0x3F));
        *token = (recur_token){(*to)++, 1};
    }
    return true;
}
