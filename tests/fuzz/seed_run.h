/* What the seeds' checkpoints were trained on. */
#ifndef RECUR_TESTS_SEED_RUN_H
#define RECUR_TESTS_SEED_RUN_H

#include <string.h>

#include "fuzz.h"
#include "recur/corpus.h"
#include "recur/labels.h"

enum { SEED_VOCABULARY = 5, SEED_TOKENS = 60 };

struct seed_data {
    recur_corpus *corpus; /* or */
    recur_labels *train, *valid;
};

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

static inline recur_labels *seed_labels(enum recur_task task, const char *text)
{
    recur_labels_config config = recur_labels_config_default();
    recur_labels *labels;
    recur_error error;
    config.task = task;
    FUZZ_CHECK(recur_labels_read_memory(text, strlen(text), &config, &labels, &error) == RECUR_OK,
               "%s", error.message);
    return labels;
}

static inline struct seed_data seed_data_make(enum recur_task task)
{
    bool tags = task == RECUR_TASK_TAG;
    if (!tags && task != RECUR_TASK_CLASSIFY)
        return (struct seed_data){.corpus = seed_corpus()};
    return (struct seed_data){
        .train = seed_labels(task, tags ? "The O\nYork B\n\nJo B\nlu O\nde O\n\n\xc3\xbc O\n"
                                        : "x\tab\ny\t\nx\tbab\ny\tc\n"),
        .valid = seed_labels(task, tags ? "Jo B\nq O\n" : "x\ta\n")};
}

static inline void seed_data_free(struct seed_data *data)
{
    recur_corpus_free(data->corpus);
    recur_labels_free(data->train);
    recur_labels_free(data->valid);
}

#endif
