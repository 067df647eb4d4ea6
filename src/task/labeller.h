/* One minibatch of sequences on its way through a model that labels: its parts, and what each part
 * gives to the next.
 *
 *     tag       characters -> chars ┐
 *               word, case ─────────┴> x -> layers -> head -> softmax or CRF
 *     classify  tokens -> layers -> pooled states -> head -> softmax
 *
 * Arrays are (T, B, ...) as in recur/stack.h. */
#ifndef RECUR_TASK_LABELLER_H
#define RECUR_TASK_LABELLER_H

#include "backend/backend.h"
#include "base/team.h"
#include "nn/model_object.h"
#include "task/crf.h"
#include "task/label_parts.h"
#include "task/label_set.h"

struct recur_labeller {
    const struct recur_labeller_kind *kind; /* labels words or texts (labeller_kind.h) */
    recur_model *model;
    struct recur_team *team;
    const struct recur_backend *backend;
    struct recur_learner *learner; /* the caller's; NULL: the labeller only predicts */
    struct recur_engine *layers, *chars, *head;

    /* The minibatch. */
    size_t batch, steps, labels; /* B, T, the number of labels that have a loss */
    size_t all;                  /* as many labels all minibatches have that the mean is over; 0: it
                                    is over `labels` */
    size_t *length;              /* (B) */
    size_t *first;               /* (B): how many tokens the sequences before it have */
    int32_t *ids;                /* (T, B) */
    int32_t *targets;            /* (T, B) of tag, (B) of classify */

    /* Of tag. */
    float *x, *dx;         /* (T, B, I) */
    uint32_t *slot;        /* (forms): the form's number, from 1, among the words that are read
                              by characters; 0: it is not read */
    uint32_t *word;        /* (words): the form of each word */
    size_t words, longest; /* how many words; the most characters of one word */
    size_t *word_length;   /* (words) */
    uint32_t *spelled;     /* (T, B): which of them the word at a step is */
    int32_t *characters;   /* (longest, words) */
    float *ends, *dends;   /* (2, words, Hc): the last states of the words' characters */
    size_t forms;          /* room in `slot` */

    /* Of classify. */
    float *y, *dy;           /* (T, B, W) */
    float *h_n, *dh_n;       /* last states */
    float *pooled, *dpooled; /* (B, W) */

    float *logits, *dlogits; /* (T, B, K) or (B, K); NULL while a softmax is trained */

    /* Of a CRF. */
    struct recur_crf crf;
    float *start, *end, *transitions;
    struct recur_crf_sums sums; /* the sums of all sequences, one after the other */
    double *sequence_loss;      /* (B) */
    double *dtransitions;       /* (K, K) */
    bool *counts;               /* (B): whether every label of the sequence has a loss */
};

/* What a labeller is planned for. */
struct recur_labeller_room {
    size_t batch, steps, tokens; /* sequences, steps of one, steps of all together */
    size_t cells;  /* sequences times steps of the longest (at least 1), of one minibatch; 0: all
                      that batch and steps allow */
    uint64_t seed; /* of dropout */
    enum recur_precision precision;
};

/* Errors: MEMORY. recur_labeller_free releases it, also after an error. */
enum recur_status recur_labeller_init(struct recur_labeller *labeller, recur_model *model,
                                      const struct recur_label_set *set,
                                      const struct recur_labeller_room *room,
                                      struct recur_team *team, struct recur_learner *learner,
                                      recur_error *error);
void recur_labeller_free(struct recur_labeller *labeller);

/* A sensible limit on the tokens of a minibatch, so that activations and logits stay bounded. */
size_t recur_labeller_tokens(const recur_model *model);

/* Loads the sequences `members` of the set. In training, minibatch number `minibatch` reads words
 * that occur only once in the text as <unk> half of the time, so that the model learns what <unk>
 * means. With RECUR_NOT_TRAINING it reads all words as they are. */
#define RECUR_NOT_TRAINING UINT64_MAX
void recur_labeller_load(struct recur_labeller *labeller, const struct recur_label_set *set,
                         const size_t *members, size_t count, uint64_t seed, uint64_t minibatch);

/* How many labels of the sequences `members` have a loss. */
size_t recur_labeller_count(const struct recur_labeller *labeller,
                            const struct recur_label_set *set, const size_t *members, size_t count);

/* Of a learner that gathers: adds the tokens of the sequences `members`, before the first of them
 * is loaded. */
void recur_labeller_announce(struct recur_labeller *labeller, const struct recur_label_set *set,
                             const size_t *members, size_t count);

/* Forward; leaves logits. */
enum recur_status recur_labeller_predict(struct recur_labeller *labeller, recur_error *error);

/* Forward and backward: computes the loss, a mean over the labels, or its part of the mean over
 * `all`, and its gradients. */
enum recur_status recur_labeller_learn(struct recur_labeller *labeller, uint64_t minibatch,
                                       double *loss, recur_error *error);

/* For a CRF: computes its loss, a sum over the sequences that count, from the logits; where it
 * `learns`, also the gradients of the mean over their labels. */
double recur_labeller_crf_loss(struct recur_labeller *labeller, bool learns);

/* Prepares the CRF for the present parameters. */
void recur_labeller_crf_prepare(struct recur_labeller *labeller);

/* The parts of its model's network. */
static inline const struct recur_label_parts *recur_labeller_parts(const struct recur_labeller *l)
{
    return recur_label_parts(&l->model->network);
}

/* What the sum of the losses is divided by. */
static inline double recur_labeller_divisor(const struct recur_labeller *l)
{
    size_t count = l->all ? l->all : l->labels;
    return (double)(count ? count : 1);
}

static inline bool recur_labeller_has_crf(const struct recur_labeller *l)
{
    return recur_labeller_parts(l)->crf_transitions != RECUR_NO_TENSOR;
}

#endif
