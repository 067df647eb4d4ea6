/* The text that the seeds' checkpoints were trained on. */
#ifndef RECUR_TESTS_SEED_RUN_H
#define RECUR_TESTS_SEED_RUN_H

#include "fuzz.h"
#include "recur/corpus.h"

enum { SEED_VOCABULARY = 5, SEED_TOKENS = 60 };

static inline recur_corpus *seed_corpus(void)
{
    int32_t ids[SEED_TOKENS];
    recur_corpus *corpus;
    recur_error error;
    for (size_t i = 0; i < SEED_TOKENS; i++)
        ids[i] = (int32_t)(i * i % SEED_VOCABULARY);
    FUZZ_CHECK(recur_corpus_from_ids(ids, SEED_TOKENS, SEED_VOCABULARY, &corpus, &error) ==
                   RECUR_OK,
               "%s", error.message);
    return corpus;
}

#endif
