/* What a run learns from: the contract between the trainer and whatever has minibatches for it. A
 * source knows where they come from, in which order, and what of it is held out; what is made of a
 * minibatch is the task's and the backend's business.
 *
 * Each epoch is drawn from (seed, epoch) alone, so that any of them can be started again, and a run
 * goes on from any minibatch by `start` and `skip`. docs/architecture.md says how one is added. */
#ifndef RECUR_DATA_SOURCE_H
#define RECUR_DATA_SOURCE_H

#include <stdbool.h>

#include "base/error.h"
#include "recur/batches.h"
#include "recur/buckets.h"

struct recur_labels;

/* What data is known again by. */
struct recur_identity {
    uint64_t tokens, fingerprint;
};

/* A minibatch; its arrays are the source's, until the next one. */
struct recur_source_minibatch {
    size_t count; /* sequences; 0: the epoch is over */

    /* Of a text: the tokens and those after them, (T, B) each, to be changed as one likes. */
    int32_t *x, *y;
    /* Of labelled texts: which of the sequences, the longest first. */
    const size_t *members;
};

/* What the model is judged by: tokens [first, first + count) of a text, or labelled texts. */
struct recur_held_out {
    const recur_corpus *corpus;
    size_t first, count;
    const struct recur_labels *labels;
    size_t tokens; /* 0: nothing is held out */
};

struct recur_source {
    const struct recur_source_kind *kind;
    size_t batch, steps; /* B and T of a minibatch, at most; of a text exactly */
    size_t rows;         /* steps of all its sequences together, at most */
    size_t most;         /* minibatches of any epoch, at most */
    bool goes_on;        /* each sequence of a minibatch goes on in the next one's */
    size_t train_tokens; /* of an epoch, before what no minibatch has room for is left out */
    struct recur_held_out held_out;
};

struct recur_source_kind {
    /* For the sentence that data is not a run's: "the DATA that the run began with: HAS 7 tokens,
     * expected 8", "... HAS as many tokens, 8, but othersOTHERS". */
    const char *data, *has, *others;

    /* Begins epoch number `epoch`, from 0; returns how many minibatches it has. */
    size_t (*start)(struct recur_source *source, uint64_t epoch);
    /* Errors: none today; a source that reads files has some. */
    enum recur_status (*next)(struct recur_source *source, struct recur_source_minibatch *minibatch,
                              recur_error *error);
    /* Passes over the next `count` minibatches. */
    void (*skip)(struct recur_source *source, size_t count);
    /* Tokens of the epoch's minibatches so far. */
    size_t (*tokens)(const struct recur_source *source);
    /* Of all that the run depends on, what is held out too. Reads all of it. */
    struct recur_identity (*identity)(const struct recur_source *source);
    void (*release)(struct recur_source *source);
};

extern const struct recur_source_kind recur_text_source_kind, recur_label_source_kind;

static inline void recur_source_free(struct recur_source *source)
{
    if (source)
        source->kind->release(source);
}

/* A text, of whose end the share `validation` is held out, in minibatches as recur/batches.h makes
 * them; `config->count` is not read. The corpus must outlive the source. Errors: as those of
 * recur_batches_create; DATA where a part is too short. */
enum recur_status recur_source_of_text(const recur_corpus *corpus,
                                       const recur_batches_config *config, double validation,
                                       struct recur_source **source, recur_error *error);

/* Labelled texts in minibatches as recur/buckets.h makes them; `valid` (may be NULL) is held out.
 * Both must outlive the source. Errors: as those of recur_buckets_create. */
enum recur_status recur_source_of_labels(const struct recur_labels *train,
                                         const struct recur_labels *valid,
                                         const recur_buckets_config *config,
                                         struct recur_source **source, recur_error *error);

struct recur_identity recur_corpus_identity(const recur_corpus *corpus);
struct recur_identity recur_labels_identity(const struct recur_labels *train,
                                            const struct recur_labels *valid);

#endif
