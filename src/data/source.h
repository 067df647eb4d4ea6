/* A source is what a run learns from. This is the contract between the trainer and the sources. A
 * source knows where minibatches come from, their order, and which data is held out. The task and
 * the backend know what to do with a minibatch.
 *
 * Each epoch is drawn from (seed, epoch) alone, so that any epoch can be started again. With
 * `start` and `skip` a run goes on from any minibatch. docs/architecture.md says how to add a
 * source. */
#ifndef RECUR_DATA_SOURCE_H
#define RECUR_DATA_SOURCE_H

#include <stdbool.h>

#include "base/error.h"
#include "recur/batches.h"
#include "recur/buckets.h"

struct recur_labels;

/* By these two a run recognises its data. */
struct recur_identity {
    uint64_t tokens, fingerprint;
};

/* A minibatch. Its arrays belong to the source and are valid until the next minibatch. */
struct recur_source_minibatch {
    size_t count; /* how many sequences; 0: the epoch is over */

    /* Of a text: tokens, and the token after each, both (T, B). The caller may change them. */
    int32_t *x, *y;
    size_t targets; /* how many of y are targets: 0 until the caller counts them */
    /* Of labelled texts: the numbers of the sequences, longest first; valid until the next epoch
     * begins. */
    const size_t *members;
};

/* What the model is validated on: tokens [first, first + count) of a text, or labelled texts. */
struct recur_held_out {
    const recur_corpus *corpus;
    size_t first, count;
    const struct recur_labels *labels;
    size_t tokens; /* 0: nothing is held out */
};

struct recur_source {
    const struct recur_source_kind *kind;
    size_t batch, steps; /* B and T: of a text exactly, of labelled texts at most */
    size_t rows;         /* most steps that the sequences of a minibatch have together */
    size_t most;         /* most minibatches that an epoch has */
    size_t usual;        /* about how many it has */
    bool goes_on;        /* each sequence of a minibatch goes on in the next minibatch */
    size_t train_tokens; /* tokens of an epoch, those included for which no minibatch has room */
    struct recur_held_out held_out;
};

struct recur_source_kind {
    /* Words for the sentence that the data is not the run's: "the DATA that the run began with: HAS
     * 7 tokens, expected 8", "... HAS as many tokens, 8, but othersOTHERS". */
    const char *data, *has, *others;

    /* Begins epoch number `epoch`, from 0; returns how many minibatches it has. */
    size_t (*start)(struct recur_source *source, uint64_t epoch);
    /* Errors: none today, but a source that reads files would have some. */
    enum recur_status (*next)(struct recur_source *source, struct recur_source_minibatch *minibatch,
                              recur_error *error);
    /* Skips the next `count` minibatches. */
    void (*skip)(struct recur_source *source, size_t count);
    /* How many tokens the epoch's minibatches had so far. */
    size_t (*tokens)(const struct recur_source *source);
    /* Identifies all data that the run depends on, held-out data included. Reads all of it. */
    struct recur_identity (*identity)(const struct recur_source *source);
    void (*release)(struct recur_source *source);
};

extern const struct recur_source_kind recur_text_source_kind, recur_label_source_kind;

static inline void recur_source_free(struct recur_source *source)
{
    if (source)
        source->kind->release(source);
}

/* A source of a text. The share `validation` at the text's end is held out. Minibatches are as in
 * recur/batches.h; `config->count` is not read. The corpus must outlive the source. Errors: as
 * those of recur_batches_create; DATA where a part is too short. */
enum recur_status recur_source_of_text(const recur_corpus *corpus,
                                       const recur_batches_config *config, double validation,
                                       struct recur_source **source, recur_error *error);

/* A source of labelled texts. Minibatches are as in recur/buckets.h; `valid` (may be NULL) is held
 * out. Both must outlive the source. Errors: as those of recur_buckets_create. */
enum recur_status recur_source_of_labels(const struct recur_labels *train,
                                         const struct recur_labels *valid,
                                         const recur_buckets_config *config,
                                         struct recur_source **source, recur_error *error);

struct recur_identity recur_corpus_identity(const recur_corpus *corpus);
struct recur_identity recur_labels_identity(const struct recur_labels *train,
                                            const struct recur_labels *valid);

#endif
