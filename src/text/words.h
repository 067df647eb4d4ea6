/* What a tagger sees of a word besides its characters. */
#ifndef RECUR_TEXT_WORDS_H
#define RECUR_TEXT_WORDS_H

#include "recur/labels.h"

/* Writes a word of valid UTF-8 in lower case, each character by itself, to `lower`, which has room
 * for RECUR_LOWER_GROWTH * word.size + 4 bytes; returns the size. */
#define RECUR_LOWER_GROWTH 2
size_t recur_word_lower(recur_token word, char *lower);

enum recur_word_case recur_word_case_of(recur_token word);

#endif
