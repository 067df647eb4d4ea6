/* recur/vocab.h - the dictionary: token <-> id.
 *
 *     for (int32_t id = 0; (size_t)id < recur_vocab_size(vocab); id++) {
 *         recur_token token = recur_vocab_token(vocab, id);
 *         printf("%.*s: id %d, count %llu\n", (int)token.size, token.bytes, (int)id,
 *                (unsigned long long)recur_vocab_count(vocab, id));
 *     }
 *
 * Id 0 is "<unk>", the unknown token. The reserved tokens follow, then the tokens of the text by
 * falling count; tokens with equal counts stand in order of first appearance (D2L book, "Text
 * Preprocessing"). Of byte pairs (RECUR_TOKENS_BPE) the 256 bytes follow, then what was made of two
 * entries before, in the order in which it was learnt; `min_count` is how often a pair must be met
 * at least, twice or more. A vocabulary counts its references: every object that keeps one holds
 * its own reference.
 *
 * Threads: a vocabulary never changes once it is made; any number of threads may read, share and
 * release it. */
#ifndef RECUR_VOCAB_H
#define RECUR_VOCAB_H

#include "recur/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A dictionary; opaque. */
typedef struct recur_vocab recur_vocab;

/* What a dictionary takes in. */
typedef struct recur_vocab_config {
    size_t size;                 /* as recur_vocab_config_default() sets it; leave it alone */
    uint64_t min_count;          /* tokens met less often are dropped; default 0: none */
    const recur_token *reserved; /* tokens that get the ids 1, 2, ...; default none */
    size_t reserved_count;       /* how many they are; default 0 */
    const recur_vocab *base;     /* a dictionary to grow: its tokens keep their ids and their
                                    counts, to which those of the text are added; tokens that it
                                    lacks follow by falling count. There are no other reserved
                                    tokens than its own then. One of byte pairs stays as it is.
                                    Default NULL */
    uint64_t entries; /* of RECUR_TOKENS_BPE: how many entries there are at most; default 0: as many
                         as suit the text, from 512 to 32 768 */
} recur_vocab_config;

#define RECUR_UNKNOWN 0 /* the id of "<unk>" */

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_vocab_config_init(recur_vocab_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_vocab_config recur_vocab_config_default(void)
{
    recur_vocab_config config;
    recur_vocab_config_init(&config, sizeof config);
    return config;
}

/* Counts `tokens` and makes the dictionary. `text` says how texts are cut for it (may be NULL:
 * defaults, as may `config`). `*vocab` belongs to the caller: recur_vocab_free. Errors: MEMORY;
 * ARGUMENT for a reserved token that is empty, "<unk>", given twice, or neither UTF-8 nor, where
 * bytes are tokens, one byte; ARGUMENT for a `base` whose tokens are of another kind than `text`
 * says; DATA where there are tokens, no `base`, and no token is met `min_count` times. */
RECUR_API enum recur_status recur_vocab_build(const recur_token *tokens, size_t count,
                                              const recur_text_config *text,
                                              const recur_vocab_config *config, recur_vocab **vocab,
                                              recur_error *error);

/* Makes a dictionary from its entries in order of id, [0] being "<unk>"; `counts` may be NULL.
 * `reserved` is how many entries after "<unk>" are reserved tokens.
 * `text` as above. `*vocab` belongs to the caller: recur_vocab_free. Errors: MEMORY; ARGUMENT
 * (`text` out of range); FORMAT where an entry is empty or stands twice, or the first is not
 * "<unk>". */
RECUR_API enum recur_status recur_vocab_from_entries(const recur_token *entries,
                                                     const uint64_t *counts, size_t size,
                                                     size_t reserved, const recur_text_config *text,
                                                     recur_vocab **vocab, recur_error *error);

/* One more reference to the same vocabulary; give it back with recur_vocab_free. */
RECUR_API recur_vocab *recur_vocab_share(recur_vocab *vocab);

/* Gives a reference back; NULL is fine. */
RECUR_API void recur_vocab_free(recur_vocab *vocab);

/* V: how many entries there are, "<unk>" included. */
RECUR_API size_t recur_vocab_size(const recur_vocab *vocab);

/* How many of them are reserved: the ids 1, 2, ... */
RECUR_API size_t recur_vocab_reserved(const recur_vocab *vocab);

/* How texts are cut for it; belongs to the vocabulary. */
RECUR_API const recur_text_config *recur_vocab_text(const recur_vocab *vocab);

/* The id of a token, RECUR_UNKNOWN where the dictionary has none. */
RECUR_API int32_t recur_vocab_id(const recur_vocab *vocab, recur_token token);

/* The same for `count` tokens; ids has room for as many. Returns how many were unknown. */
RECUR_API size_t recur_vocab_ids(const recur_vocab *vocab, const recur_token *tokens, size_t count,
                                 int32_t *ids);

/* The token of an id; it belongs to the vocabulary. An id out of range gives "<unk>". */
RECUR_API recur_token recur_vocab_token(const recur_vocab *vocab, int32_t id);

/* The same for `count` ids; `tokens` has room for as many. */
RECUR_API void recur_vocab_tokens(const recur_vocab *vocab, const int32_t *ids, size_t count,
                                  recur_token *tokens);

/* How often the token stood in the text the dictionary was made of. For "<unk>": how many tokens
 * of that text are not in the dictionary. */
RECUR_API uint64_t recur_vocab_count(const recur_vocab *vocab, int32_t id);

/* Cuts `text` as the vocabulary's text settings say and looks every token up. `*ids` is allocated
 * (free() it) and holds `*count` ids; `*unknown` (may be NULL) says how many were unknown.
 * Errors: MEMORY. */
RECUR_API enum recur_status recur_vocab_encode(const recur_vocab *vocab, const char *text,
                                               size_t size, int32_t **ids, size_t *count,
                                               size_t *unknown, recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
