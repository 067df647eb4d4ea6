/* One minibatch of sequences through a model that labels: what its parts are and how they hand on
 * to each other.
 *
 *     tag       characters -> chars ┐
 *               word, case ─────────┴> x -> layers -> head -> softmax or CRF
 *     classify  tokens -> layers -> pooled states -> head -> softmax
 *
 * Arrays are (T, B, ...) as those of recur/stack.h. */
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
    struct recur_learner *learner; /* the caller's; NULL: it only predicts */
    struct recur_engine *layers, *chars, *head;

    /* The minibatch. */
    size_t batch, steps, labels; /* B, T, how many labels have a loss */
    size_t *length;              /* (B) */
    size_t *first;               /* (B): how many tokens the sequences before it have */
    int32_t *ids;                /* (T, B) */
    int32_t *targets;            /* (T, B) of tag, (B) of classify */

    /* Of tag. */
    float *x, *dx;         /* (T, B, I) */
    uint32_t *slot;        /* (forms): which of the words read by characters it is, + 1; 0: none */
    uint32_t *word;        /* (words): their forms */
    size_t words, longest; /* how many; the most characters of one */
    size_t *word_length;   /* (words) */
    uint32_t *spelled;     /* (T, B): which of them a word is */
    int32_t *characters;   /* (longest, words) */
    float *ends, *dends;   /* (2, words, Hc): what the characters say */
    size_t forms;          /* room in `slot` */

    /* Of classify. */
    float *y, *dy;           /* (T, B, W) */
    float *h_n, *dh_n;       /* last states */
    float *pooled, *dpooled; /* (B, W) */

    float *logits, *dlogits; /* (T, B, K) or (B, K); those of tag softmax while training: none */

    /* Of a CRF. */
    struct recur_crf crf;
    float *start, *end, *transitions;
    struct recur_crf_sums sums; /* all sequences one behind the other */
    double *sequence_loss;      /* (B) */
    double *dtransitions;       /* (K, K) */
    bool *counts;               /* (B): every label has a loss */
};

/* How much a labeller is made for. */
struct recur_labeller_room {
    size_t batch, steps, tokens; /* sequences, steps of one, steps of all together */
    size_t cells;  /* sequences times the longest's steps (1 at least), of one minibatch; 0: all
                      that batch and steps allow */
    uint64_t seed; /* of dropout */
    enum recur_precision precision;
};

/* Errors: MEMORY. Released by recur_labeller_free in every case. */
enum recur_status recur_labeller_init(struct recur_labeller *labeller, recur_model *model,
                                      const struct recur_label_set *set,
                                      const struct recur_labeller_room *room,
                                      struct recur_team *team, struct recur_learner *learner,
                                      recur_error *error);
void recur_labeller_free(struct recur_labeller *labeller);

/* A sensible limit on the tokens of a minibatch, so that activations and logits stay bounded. */
size_t recur_labeller_tokens(const recur_model *model);

/* Puts the sequences `members` of the set in place. While training, minibatch number `minibatch`
 * reads words that the text has but once as <unk>, half of the time, so that that has a meaning;
 * RECUR_NOT_TRAINING reads all. */
#define RECUR_NOT_TRAINING UINT64_MAX
void recur_labeller_load(struct recur_labeller *labeller, const struct recur_label_set *set,
                         const size_t *members, size_t count, uint64_t seed, uint64_t minibatch);

/* Forward; leaves logits. */
enum recur_status recur_labeller_predict(struct recur_labeller *labeller, recur_error *error);

/* Forward and backward: the loss, a mean over the labels, and its gradients. */
enum recur_status recur_labeller_learn(struct recur_labeller *labeller, uint64_t minibatch,
                                       double *loss, recur_error *error);

/* Of a CRF: its loss, a sum over the sequences that count, from the logits; with `dlogits` also
 * the gradients of the mean over their labels. */
double recur_labeller_crf_loss(struct recur_labeller *labeller, bool learns);

/* Readies the CRF for the parameters as they are. */
void recur_labeller_crf_prepare(struct recur_labeller *labeller);

static inline bool recur_labeller_has_crf(const struct recur_labeller *l)
{
    return recur_label_parts(&l->model->network)->crf_transitions != RECUR_NO_TENSOR;
}

#endif
