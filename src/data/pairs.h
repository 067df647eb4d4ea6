/* Byte pairs (Sennrich, Haddow & Birch 2016, over bytes as GPT-2's): a text is cut into pieces,
 * words with the space before them and the like, and a piece into tokens of its bytes. A vocabulary
 * has "<unk>", the reserved tokens, all 256 bytes and then each token that two before it make. */
#ifndef RECUR_DATA_PAIRS_H
#define RECUR_DATA_PAIRS_H

#include "data/id_list.h"
#include "data/pairs_divide.h"
#include "data/text_stream.h"
#include "data/token_table.h"
#include "recur/vocab.h"

/* Pieces of texts that are counted. All zero but `most` is none. */
struct recur_pieces {
    uint64_t most; /* of a text that may have no end so many are read */
    struct recur_token_table counted;
    size_t fixed; /* entries of `counted` that are no pieces */
    bool known;   /* the vocabulary is there already, and nothing is counted */
    recur_text_stats stats;
    struct recur_raw_text *texts; /* (count): the texts, to be read once more */
    char *copy;                   /* of those that can be read once only */
    size_t copied, capacity;
    bool copies;    /* the text that is being read is such a one, */
    bool adds_ends; /* whose lines end in no token */
};

/* Can the text be read again? */
bool recur_raw_text_stays(const struct recur_raw_text *text);

/* Reads the texts. Errors: as of recur_corpus_build. */
enum recur_status recur_pieces_read(struct recur_pieces *pieces, const struct recur_raw_text *texts,
                                    size_t count, const recur_text_config *cut,
                                    const recur_vocab_config *config, recur_error *error);
/* Makes the vocabulary of what was read. */
enum recur_status recur_pieces_vocab(const struct recur_pieces *pieces,
                                     const recur_text_config *cut, const recur_vocab_config *config,
                                     recur_vocab **vocab, recur_error *error);
void recur_pieces_free(struct recur_pieces *pieces);

/* Adds the bytes and what can be learnt of the pieces to `table`, which has "<unk>" and the
 * reserved tokens and counts how often each token stands in the pieces. */
enum recur_status recur_pairs_learn(const struct recur_token_table *pieces,
                                    const recur_vocab_config *config,
                                    struct recur_token_table *table, recur_error *error);

/* FORMAT where the entries from `first` on are not the bytes and what pairs make. */
enum recur_status recur_pairs_check(const struct recur_token_table *table, size_t first,
                                    recur_error *error);

/* Appends the ids of pieces: of each two neighbours that make a token those are joined first whose
 * token has the lowest id, until none are left. `first` is the id of byte 0. */
enum recur_status recur_pairs_encode(const struct recur_token_table *table, size_t first,
                                     const recur_token *pieces, size_t count,
                                     struct recur_id_list *ids, recur_error *error);

#endif
