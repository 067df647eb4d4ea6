/* What a tagger reads of a word besides its characters; also, where words end. */
#ifndef RECUR_DATA_WORDS_H
#define RECUR_DATA_WORDS_H

#include <stdbool.h>

#include "recur/labels.h"

/* Is the character at `at` white space (Unicode's White_Space)? *next becomes the beginning of the
 * next character. What is not UTF-8 is not white space. */
bool recur_is_space(const char *at, const char *end, const char **next);

/* Is the valid character at `at` a letter of a script without case, such as Chinese? */
bool recur_is_letter_without_case(const char *at);

/* The text without the white space at its ends; for `bytes` only ASCII's white space counts. */
recur_token recur_trim(recur_token text, bool bytes);

/* Writes a word of valid UTF-8 to `lower` in lower case, character by character, and returns the
 * size. `lower` has room for RECUR_LOWER_GROWTH * word.size + 4 bytes. */
#define RECUR_LOWER_GROWTH 2
size_t recur_word_lower(recur_token word, char *lower);

enum recur_word_case recur_word_case_of(recur_token word);

#endif
