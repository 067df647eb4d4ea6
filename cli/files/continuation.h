/* Continues prefixes with a model that is being trained. */
#ifndef RECUR_CLI_FILES_CONTINUATION_H
#define RECUR_CLI_FILES_CONTINUATION_H

#include <stddef.h>

#include "common/command.h"
#include "recur/corpus.h"
#include "recur/generate.h"

enum { CONTINUATION_TOKENS = 50, PREFIX_ROOM = 64 };

/* Makes the prefix with a continuation of 50 tokens: `*size` allocated bytes. A model of bytes may
 * produce any bytes. */
enum recur_status recur_continuation(const recur_model *model, const char *prefix,
                                     const recur_sampler_config *sampling, char **text,
                                     size_t *size, recur_error *error);

/* Counts how a vocabulary encodes prefixes. */
struct prefix_check {
    const recur_vocab *vocab;
    size_t tokens, unknown;
    uint64_t invalid; /* byte sequences that are not UTF-8 */
};

/* Adds a prefix to the counts. */
enum recur_status recur_prefix_check(struct prefix_check *check, const char *prefix, size_t size,
                                     recur_error *error);
/* Warns once for all prefixes; `what` names them. */
void recur_prefix_warn(const struct command *command, const char *what,
                       const struct prefix_check *check);

/* Finds the first words of a text, as a prefix to continue; empty where they are unknown. Errors:
 * MEMORY. */
enum recur_status recur_first_words(const recur_corpus *corpus, const recur_vocab *vocab,
                                    char prefix[PREFIX_ROOM], recur_error *error);

#endif
