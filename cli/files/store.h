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

/* Prints what a store holds, in lines or as an object of JSON. Returns the exit status. */
int recur_print_store(const struct command *command, const char *folder, bool json);

#endif
