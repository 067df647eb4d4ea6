/* Tokens as a person and as JSON see them. */
#ifndef RECUR_CLI_COMMON_QUOTE_H
#define RECUR_CLI_COMMON_QUOTE_H

#include <stdbool.h>

#include "json.h"
#include "recur/text.h"

/* The token between double quotes, control characters and stray bytes escaped, cut after 60
 * characters. */
recur_printable recur_quote(recur_token token);

/* A word for a shell: in `quotes`, or where it needs them, and escaped where it would not show. */
recur_printable recur_shell_word(const char *word, bool quotes);

/* The columns of a terminal that a text takes which recur_show made. */
size_t recur_columns(const char *text);

/* The token for a table: escaped likewise, and cut at a whole character where it takes more than so
 * many columns (at least 1). */
recur_printable recur_fit(recur_token token, size_t columns);

/* The token as a JSON string; a byte that is no UTF-8 is the character of its number, and in a text
 * of several bytes U+FFFD. */
void recur_json_put_token(recur_json_writer *json, const char *key, recur_token token);

/* The way back: the token that `text` stands for, which it must outlive. If it `may_be_byte`, a
 * character of two bytes is the byte of its number, which `*byte` then holds. False where `text` is
 * no string. */
bool recur_json_read_token(const recur_json *text, bool may_be_byte, char *byte,
                           recur_token *token);

#endif
