/* Makes a dictionary: recur_vocab_begin, then count the tokens of a text, then
 * recur_vocab_finish. */
#ifndef RECUR_DATA_VOCAB_MAKE_H
#define RECUR_DATA_VOCAB_MAKE_H

#include "data/token_table.h"
#include "recur/vocab.h"

/* Puts "<unk>" and the reserved tokens into an empty table. The table belongs to the caller, also
 * on failure. Errors: MEMORY, ARGUMENT (see recur_vocab_build). */
enum recur_status recur_vocab_begin(struct recur_token_table *counted,
                                    const recur_text_config *text, const recur_vocab_config *config,
                                    recur_error *error);

/* Makes the dictionary of the tokens that were counted. `ids[i]` becomes the id of entry i, or
 * RECUR_UNKNOWN where the dictionary lacks it; of byte pairs it means nothing. `*vocab` and `*ids`
 * belong to the caller. Errors: MEMORY, DATA (see recur_vocab_build). */
enum recur_status recur_vocab_finish(const struct recur_token_table *counted,
                                     const recur_text_config *text,
                                     const recur_vocab_config *config, recur_vocab **vocab,
                                     uint32_t **ids, recur_error *error);

#endif
