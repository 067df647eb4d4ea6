/* Compares vocabularies and shows what they hold. */
#ifndef RECUR_CLI_FILES_VOCABULARY_H
#define RECUR_CLI_FILES_VOCABULARY_H

#include <stdio.h>

#include "json.h"
#include "recur/vocab.h"

/* Do both vocabularies have the same tokens under the same ids? A missing one
 * (NULL) has the same as none. */
bool recur_same_vocab(const recur_vocab *one, const recur_vocab *other);

/* The kind of the tokens and, of words, the rule that cuts them. */
struct tokens_text {
    char text[40];
};
struct tokens_text recur_tokens_text(const recur_vocab *vocab);

/* Show a vocabulary's entries from `first` on: the one puts all of them into a list of JSON, the
 * other prints a line of those with ids below 16. */
void recur_put_entries(recur_json_writer *json, const char *key, const recur_vocab *vocab,
                       size_t first);
void recur_print_entries(const recur_vocab *vocab, size_t first);

/* Show a vocabulary with the settings of its texts: as a member of JSON with all entries, or in two
 * lines with the first ones. NULL: the model has none. */
void recur_put_vocab(recur_json_writer *json, const recur_vocab *vocab);
void recur_print_vocab(const recur_vocab *vocab);

#endif
