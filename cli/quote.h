/* Tokens as a person and as JSON see them. */
#ifndef QUOTE_H
#define QUOTE_H

#include <jansson.h>
#include <stdbool.h>

#include "recur/text.h"

/* The token between double quotes, control characters and stray bytes escaped, cut after 60
 * characters. */
recur_printable recur_quote(recur_token token);

/* The token as a JSON string; a byte that is no UTF-8 is the character of its number. */
json_t *recur_json_token(recur_token token);

/* The way back: the token that the JSON string `text` stands for, which it must outlive. Where
 * `tokens` are bytes, `*byte` holds one that is no UTF-8. False where `text` is no string. */
bool recur_json_read_token(const json_t *text, enum recur_tokens tokens, char *byte,
                           recur_token *token);

#endif
