#include "recur/predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/scores.h"
#include "task/labeller.h"

#define SEQUENCES 32 /* sequences of one pass */

/* The loss of a sequence, a sum, and how many of its labels have one. */
struct sequence_loss {
    double sum;
    size_t labels;
};

struct predicting {
    const recur_model *model;
    size_t begin, end; /* the sequences that are labelled */
    struct recur_label_set set;
    struct recur_labeller labeller;
    size_t member[SEQUENCES];
    int32_t *labels;              /* of one sequence */
    float *probabilities;         /* of one sequence, (T, K); NULL for a CRF */
    double *best;                 /* for a CRF: (2, K) */
    int32_t *back;                /* for a CRF: (T, K) */
    struct sequence_loss loss;    /* of one sequence */
    struct sequence_loss *losses; /* of all sequences; NULL: nobody asks for them */
    recur_prediction_fn *receive;
    void *user;
};

/* How many sequences, from `first` on, one pass takes, and how many steps it has. */
static size_t next_sequences(const struct predicting *p, size_t first, size_t *tokens,
                             size_t *longest)
{
    size_t most = recur_labeller_tokens(p->model), n = 0;
    *tokens = *longest = 0;
    for (; n < SEQUENCES && first + n < p->end; n++) {
        size_t length = recur_labels_length(p->set.data, first + n);
        size_t wider = length > *longest ? length : *longest;
        /* The arrays of a pass are (T, B). */
        if (n > 0 && recur_size_mul(wider, n + 1) > most)
            break;
        *tokens += length;
        *longest = wider;
    }
    return n;
}

static enum recur_status plan(struct predicting *p, struct recur_team *team, recur_error *error)
{
    struct recur_labeller_room room = {.batch = 1};
    size_t labels = p->model->config.labels;
    for (size_t first = p->begin, n; first < p->end; first += n) {
        size_t tokens, longest;
        n = next_sequences(p, first, &tokens, &longest);
        room.batch = room.batch > n ? room.batch : n;
        room.steps = room.steps > longest ? room.steps : longest;
        room.tokens = room.tokens > tokens ? room.tokens : tokens;
        size_t cells = n * (longest ? longest : 1);
        room.cells = room.cells > cells ? room.cells : cells;
    }
    RECUR_TRY(recur_labeller_init(&p->labeller, (recur_model *)p->model, &p->set, &room, team, NULL,
                                  error));
    size_t most = p->model->network.task->each_word ? room.steps : 1;
    size_t cells = recur_size_mul(most, labels);
    RECUR_TRY(recur_alloc(most, sizeof *p->labels, "predictions", &p->labels, error));
    if (p->model->config.decoder == RECUR_DECODER_CRF) {
        recur_labeller_crf_prepare(&p->labeller);
        RECUR_TRY(recur_alloc(2 * labels, sizeof *p->best, "predictions", &p->best, error));
        return recur_alloc(cells, sizeof *p->back, "predictions", &p->back, error);
    }
    return recur_alloc(cells, sizeof *p->probabilities, "predictions", &p->probabilities, error);
}

/* Turns x (K) into probabilities by softmax; returns the greatest, or the first of several equal
 * ones. */
static int32_t choose(struct predicting *p, const float *x, float *probabilities, int32_t truth)
{
    size_t labels = p->model->config.labels, best = 0;
    double sum = 0;
    for (size_t i = 1; i < labels; i++)
        best = x[i] > x[best] ? i : best;
    for (size_t i = 0; i < labels; i++)
        sum += exp((double)x[i] - (double)x[best]);
    for (size_t i = 0; i < labels; i++)
        probabilities[i] = (float)(exp((double)x[i] - (double)x[best]) / sum);
    if (truth >= 0) {
        p->loss.sum += log(sum) + (double)x[best] - (double)x[truth];
        p->loss.labels++;
    }
    return (int32_t)best;
}

static bool are_finite(const float *x, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++)
        finite &= isfinite(x[i]) != 0;
    return finite;
}

static enum recur_status hand_over(struct predicting *p, size_t sequence, size_t b,
                                   recur_error *error)
{
    const struct recur_labeller *l = &p->labeller;
    size_t labels = p->model->config.labels;
    size_t count = recur_label_set_labels(&p->set, sequence);
    const float *x = l->logits + b * labels;
    for (size_t t = 0; t < count; t++)
        if (!are_finite(x + t * l->batch * labels, labels))
            return recur_fail_overflow("a logit", error);
    p->loss = (struct sequence_loss){.sum = 0};
    if (p->best && p->losses)
        p->loss = (struct sequence_loss){l->sequence_loss[b], l->counts[b] ? count : 0};
    if (p->best && count)
        recur_crf_decode(&l->crf, x, l->batch * labels, count, p->labels, p->best, p->back);
    for (size_t t = 0; t < count && !p->best; t++) {
        size_t at = t * l->batch + b;
        p->labels[t] =
            choose(p, l->logits + at * labels, p->probabilities + t * labels, l->targets[at]);
    }
    if (p->losses)
        p->losses[sequence] = p->loss;
    const recur_prediction prediction = {p->labels, p->probabilities, count};
    recur_error own = {0};
    return recur_called_back(p->receive(p->user, sequence, &prediction, &own), &own, error);
}

static enum recur_status predict(struct predicting *p, struct recur_team *team, recur_error *error)
{
    struct recur_labeller *l = &p->labeller;
    size_t all = recur_labels_count(p->set.data);
    RECUR_TRY(plan(p, team, error));
    for (size_t first = p->begin, n; first < p->end; first += n) {
        size_t tokens, longest;
        n = next_sequences(p, first, &tokens, &longest);
        for (size_t b = 0; b < n; b++)
            p->member[b] = first + b;
        recur_labeller_load(l, &p->set, p->member, n, 0, RECUR_NOT_TRAINING);
        RECUR_TRY(recur_team_attend(team, error)); /* the caller may have forked */
        RECUR_TRY(recur_labeller_predict(l, error));
        if (p->best && p->losses)
            recur_labeller_crf_loss(l, false);
        for (size_t b = 0; b < n; b++)
            RECUR_TRY(hand_over(p, first + b, b, error));
        recur_model_tell(p->model, (first + n - p->begin) * all / (p->end - p->begin), all);
    }
    return RECUR_OK;
}

/* Labels what `p` says. */
static enum recur_status predict_on(struct recur_team *team, struct predicting *p,
                                    const recur_labels *data, recur_error *error)
{
    enum recur_status status = recur_label_set_init(&p->set, p->model, data, error);
    if (status == RECUR_OK && p->begin < p->end)
        status = predict(p, team, error);
    recur_labeller_free(&p->labeller);
    recur_label_set_free(&p->set);
    free(p->labels);
    free(p->probabilities);
    free(p->best);
    free(p->back);
    return status;
}

enum recur_status recur_predict(const recur_model *model, const recur_labels *data, size_t threads,
                                recur_prediction_fn *receive, void *user, recur_error *error)
{
    struct recur_team *team;
    struct predicting p = {
        .model = model, .end = recur_labels_count(data), .receive = receive, .user = user};
    RECUR_TRY(recur_team_create(threads, &team, error));
    enum recur_status status = predict_on(team, &p, data, error);
    recur_team_free(team);
    return status == RECUR_STOP ? RECUR_OK : status;
}

/* The true labels and the predicted ones. Several ranks share the sequences and tell each other
 * what they predict, so that all compare the same labels and add the same losses in the same order.
 */
struct scoring {
    const recur_model *model;
    const recur_labels *data;
    enum recur_scheme scheme;
    struct recur_collective *collective; /* NULL: there is one rank */
    size_t ranks, sequences;
    size_t *first, *place; /* (ranks + 1): where the sequences and the labels of each begin, */
    size_t *at;            /* in numbers and, of what is told, in bytes */
    size_t most;           /* labels of all sequences, those that are missing too */
    int32_t *label;        /* (most): predicted, one sequence behind the other */
    size_t next;           /* the first of these that is not predicted yet */
    struct sequence_loss *losses; /* (sequences) */
    recur_token *truth, *predicted;
    size_t count, unknown;
    size_t *lengths, counted; /* of the sequences that have labels */
};

/* How many labels a sequence has. */
static size_t labels_of(const struct scoring *s, size_t sequence)
{
    return s->model->network.task->each_word ? recur_labels_length(s->data, sequence) : 1;
}

/* Gives each rank about the same number of tokens, so that none waits long for another one. */
static void divide(struct scoring *s)
{
    size_t all = recur_labels_tokens(s->data), tokens = 0, place = 0, rank = 0;
    for (size_t i = 0; i < s->sequences; i++) {
        for (; rank < s->ranks && tokens * s->ranks >= all * rank; rank++) {
            s->first[rank] = i;
            s->place[rank] = place;
        }
        tokens += recur_labels_length(s->data, i);
        place += labels_of(s, i);
    }
    for (; rank <= s->ranks; rank++) {
        s->first[rank] = s->sequences;
        s->place[rank] = place;
    }
}

/* A recur_prediction_fn that keeps the labels. */
static enum recur_status keep(void *user, size_t sequence, const recur_prediction *prediction,
                              recur_error *error)
{
    struct scoring *s = user;
    (void)sequence;
    (void)error;
    if (prediction->count)
        memcpy(s->label + s->next, prediction->labels, prediction->count * sizeof *s->label);
    s->next += prediction->count;
    return RECUR_OK;
}

static enum recur_status plan_scores(struct scoring *s, recur_error *error)
{
    s->sequences = recur_labels_count(s->data);
    s->most = s->model->network.task->each_word ? recur_labels_tokens(s->data) : s->sequences;
    RECUR_TRY(recur_alloc(s->most, sizeof *s->label, "scores", &s->label, error));
    RECUR_TRY(recur_alloc(s->sequences, sizeof *s->losses, "scores", &s->losses, error));
    RECUR_TRY(recur_alloc(s->most, sizeof *s->truth, "scores", &s->truth, error));
    RECUR_TRY(recur_alloc(s->most, sizeof *s->predicted, "scores", &s->predicted, error));
    RECUR_TRY(recur_alloc(s->sequences, sizeof *s->lengths, "scores", &s->lengths, error));
    RECUR_TRY(recur_alloc(s->ranks + 1, sizeof *s->first, "the ranks", &s->first, error));
    RECUR_TRY(recur_alloc(s->ranks + 1, sizeof *s->place, "the ranks", &s->place, error));
    RECUR_TRY(recur_alloc(s->ranks + 1, sizeof *s->at, "the ranks", &s->at, error));
    divide(s);
    return RECUR_OK;
}

/* Predicts the labels of this rank's sequences. */
static enum recur_status predict_share(struct recur_team *team, struct scoring *s,
                                       recur_error *error)
{
    size_t rank = s->collective ? s->collective->ranks->rank : 0;
    struct predicting p = {.model = s->model,
                           .begin = s->first[rank],
                           .end = s->first[rank + 1],
                           .losses = s->losses,
                           .receive = keep,
                           .user = s};
    s->next = s->place[rank];
    return predict_on(team, &p, s->data, error);
}

/* Tells all ranks the labels and losses of all. */
static enum recur_status tell_ranks(struct scoring *s, recur_error *error)
{
    if (s->ranks == 1)
        return RECUR_OK;
    for (size_t r = 0; r <= s->ranks; r++)
        s->at[r] = s->first[r] * sizeof *s->losses;
    RECUR_TRY(recur_collective_parts(s->collective, s->losses, s->at, error));
    for (size_t r = 0; r <= s->ranks; r++)
        s->at[r] = s->place[r] * sizeof *s->label;
    return recur_collective_parts(s->collective, s->label, s->at, error);
}

/* Predicts the labels of all sequences. Where a rank fails, as it meets a logit that is not finite,
 * all do. */
static enum recur_status predict_all(struct recur_team *team, struct scoring *s, recur_error *error)
{
    recur_error own = {.status = RECUR_OK};
    enum recur_status status = plan_scores(s, &own);
    if (status == RECUR_OK)
        status = predict_share(team, s, &own);
    RECUR_TRY(recur_collective_fail_together(s->collective, status, &own, error));
    return tell_ranks(s, error);
}

/* Puts each label that the data has beside the one that was predicted. */
static void pair_labels(struct scoring *s)
{
    const recur_vocab *labels = recur_model_labels(s->model);
    const int32_t *label = s->label;
    for (size_t i = 0; i < s->sequences; i++) {
        size_t before = s->count, all = labels_of(s, i);
        for (size_t t = 0; t < all; t++, label++) {
            recur_token truth = recur_labels_label(s->data, i, t);
            if (!truth.size)
                continue;
            s->truth[s->count] = truth;
            s->predicted[s->count++] = recur_vocab_token(labels, *label + 1);
            s->unknown += recur_vocab_id(labels, truth) == RECUR_UNKNOWN;
        }
        if (s->count > before)
            s->lengths[s->counted++] = s->count - before;
    }
}

/* The mean over those labels that have a loss. */
static double mean_loss(const struct scoring *s)
{
    struct sequence_loss all = {.sum = 0};
    for (size_t i = 0; i < s->sequences; i++) {
        all.sum += s->losses[i].sum;
        all.labels += s->losses[i].labels;
    }
    return all.labels ? all.sum / (double)all.labels : (double)NAN;
}

static enum recur_status score(struct recur_team *team, struct scoring *s,
                               recur_score_table **table, recur_error *error)
{
    bool tags = s->model->network.task->each_word;
    RECUR_TRY(predict_all(team, s, error));
    pair_labels(s);
    if (!s->count)
        return recur_fail(error, RECUR_ERROR_DATA,
                          "there is not one label to compare predictions with");
    const struct recur_label_pairs pairs = {s->truth,   s->predicted, s->count,
                                            s->lengths, s->counted,   recur_model_labels(s->model)};
    RECUR_TRY(recur_scores_make(&pairs, tags, s->scheme, table, error));
    (*table)->scores.loss = mean_loss(s);
    (*table)->scores.unknown = s->unknown;
    return RECUR_OK;
}

enum recur_status recur_score_on(struct recur_team *team, const recur_model *model,
                                 const recur_labels *data, enum recur_scheme scheme,
                                 struct recur_collective *collective, recur_score_table **table,
                                 recur_error *error)
{
    struct scoring s = {.model = model,
                        .data = data,
                        .scheme = scheme,
                        .collective = collective,
                        .ranks = collective ? collective->ranks->count : 1};
    enum recur_status status = score(team, &s, table, error);
    free(s.label);
    free(s.losses);
    free(s.truth);
    free(s.predicted);
    free(s.lengths);
    free(s.first);
    free(s.place);
    free(s.at);
    return status;
}

enum recur_status recur_score_spans(const recur_model *model, const recur_labels *data,
                                    enum recur_scheme scheme, size_t threads,
                                    recur_score_table **table, recur_error *error)
{
    struct recur_team *team;
    RECUR_TRY(recur_team_create(threads, &team, error));
    enum recur_status status = recur_score_on(team, model, data, scheme, NULL, table, error);
    recur_team_free(team);
    return status;
}

enum recur_status recur_score(const recur_model *model, const recur_labels *data, size_t threads,
                              recur_score_table **table, recur_error *error)
{
    return recur_score_spans(model, data, RECUR_SCHEME_AUTO, threads, table, error);
}
