/* Words by Unicode's word boundaries (UAX #29, revision 41), from one table of Unicode 15.0 that is
 * part of the program: a model's texts are cut alike whatever libraries a machine has. */
#ifndef RECUR_DATA_UNICODE_WORDS_H
#define RECUR_DATA_UNICODE_WORDS_H

#include <stdbool.h>

#include "recur/text.h"

#define RECUR_UNICODE_WORD_MOST 256  /* bytes: a longer word is cut */
#define RECUR_UNICODE_SPACES_MOST 16 /* bytes: a longer run of spaces is cut */

/* The size of the word at the start of valid text [at, end), at < end. It depends on the first
 * RECUR_UNICODE_WORD_MOST bytes alone and on the one character after them. */
size_t recur_unicode_word(const char *at, const char *end);

/* Does a space stand after such a token, and before it? Two tokens are parted by a space where both
 * say so. docs/formats.md lists what does. */
bool recur_unicode_space_after(recur_token token);
bool recur_unicode_space_before(recur_token token);

/* Is the valid character at `at` a letter or a mark of one; a number? */
bool recur_unicode_is_letter(const char *at);
bool recur_unicode_is_number(const char *at);

#endif
