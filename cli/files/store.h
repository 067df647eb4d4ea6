/* Stores in place of texts: folders of ids that recur tokenize has made. */
#ifndef RECUR_CLI_FILES_STORE_H
#define RECUR_CLI_FILES_STORE_H

#include "common/output.h"
#include "recur/store.h"

/* Opens a store (max_tokens 0: all of it) without reading its ids. Both return 0 or, after printing
 * what is wrong, the exit status. */
int recur_open_store(const struct command *command, const char *folder, uint64_t max_tokens,
                     recur_corpus **corpus, recur_vocab **vocab);
/* Reads the ids and compares the checksums; shows how far it is. */
int recur_check_store(const struct command *command, const char *folder, uint64_t max_tokens);

/* Do both vocabularies have the same tokens under the same ids? A missing one
 * (NULL) has the same as none. */
bool recur_same_vocab(const recur_vocab *one, const recur_vocab *other);

/* Show a vocabulary's entries from `first` on: the one puts all of them into a list of JSON, the
 * other prints a line of those with ids below 16. */
void recur_put_entries(recur_json_writer *json, const char *key, const recur_vocab *vocab,
                       size_t first);
void recur_print_entries(const recur_vocab *vocab, size_t first);

/* Prints what a store holds, in lines or as an object of JSON. Returns the exit status. */
int recur_print_store(const struct command *command, const char *folder, bool json);

#endif
