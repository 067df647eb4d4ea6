/* What a tagger reads of a word besides its characters, and where words end. */
#ifndef RECUR_DATA_WORDS_H
#define RECUR_DATA_WORDS_H

#include <stdbool.h>

#include "recur/labels.h"

/* Whether the character at `at` is white space: Unicode's White_Space. *next becomes where the one
 * behind it begins; what is no UTF-8 is none. */
bool recur_is_space(const char *at, const char *end, const char **next);

/* Whether the valid character at `at` is a letter of a script that has no case, as Chinese has
 * none. */
bool recur_is_letter_without_case(const char *at);

/* Without the white space at its ends; of `bytes` ASCII's alone. */
recur_token recur_trim(recur_token text, bool bytes);

/* Writes a word of valid UTF-8 in lower case, each character by itself, to `lower`, which has room
 * for RECUR_LOWER_GROWTH * word.size + 4 bytes; returns the size. */
#define RECUR_LOWER_GROWTH 2
size_t recur_word_lower(recur_token word, char *lower);

enum recur_word_case recur_word_case_of(recur_token word);

#endif
