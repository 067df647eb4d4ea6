/* Shows tokens to people and writes them as JSON. */
#ifndef RECUR_CLI_COMMON_QUOTE_H
#define RECUR_CLI_COMMON_QUOTE_H

#include <stdbool.h>

#include "json.h"
#include "recur/text.h"

/* The token between double quotes, with control characters and stray bytes escaped; cut after 60
 * characters. */
recur_printable recur_quote(recur_token token);

/* A word for a shell: in quotes if `quotes` or if it needs them; escaped where it would be
 * invisible. */
recur_printable recur_shell_word(const char *word, bool quotes);

/* How many columns of a terminal a text from recur_show takes. */
size_t recur_columns(const char *text);

/* The token for a table: escaped as by recur_quote, and cut after a whole character where it takes
 * more than so many columns (at least 1). */
recur_printable recur_fit(recur_token token, size_t columns);

/* Puts bytes as a text; those that are not UTF-8 become U+FFFD. */
void recur_json_put_repaired(recur_json_writer *json, const char *key, const char *bytes,
                             size_t size);

/* Puts the token as a JSON string. A token that is one byte but not UTF-8 becomes the character
 * with the byte's number; in a token of several bytes, what is not UTF-8 becomes U+FFFD. */
void recur_json_put_token(recur_json_writer *json, const char *key, recur_token token);

/* Puts an entry of a vocabulary: as recur_json_put_token, but a token of several bytes that is not
 * UTF-8 becomes the list of their numbers. */
void recur_json_put_entry(recur_json_writer *json, const char *key, recur_token token);

/* The reverse: finds the token that `json` stands for; `json` must outlive it. If it `may_be_byte`,
 * a character of two bytes stands for the byte with its number. Bytes are stored at *to, which
 * moves behind them. False where `json` is neither a string nor a list of bytes. */
bool recur_json_read_entry(const recur_json *json, bool may_be_byte, char **to, recur_token *token);

#endif
