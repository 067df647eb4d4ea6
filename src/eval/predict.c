#include "recur/predict.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/scores.h"
#include "task/labeller.h"

#define SEQUENCES 32 /* sequences of one pass */

struct predicting {
    const recur_model *model;
    struct recur_label_set set;
    struct recur_labeller labeller;
    size_t member[SEQUENCES];
    int32_t *labels;      /* of one sequence */
    float *probabilities; /* of one sequence, (T, K); NULL for a CRF */
    double *best;         /* for a CRF: (2, K) */
    int32_t *back;        /* for a CRF: (T, K) */
    double loss;          /* sum over the labels with a loss */
    size_t counted;       /* how many labels have a loss */
    recur_prediction_fn *receive;
    void *user;
};

/* How many sequences, from `first` on, one pass takes, and how many steps it has. */
static size_t next_sequences(const struct predicting *p, size_t first, size_t *tokens,
                             size_t *longest)
{
    size_t most = recur_labeller_tokens(p->model), count = recur_labels_count(p->set.data), n = 0;
    *tokens = *longest = 0;
    for (; n < SEQUENCES && first + n < count; n++) {
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
    for (size_t first = 0, n; first < recur_labels_count(p->set.data); first += n) {
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
        p->loss += log(sum) + (double)x[best] - (double)x[truth];
        p->counted++;
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
    if (p->best && count)
        recur_crf_decode(&l->crf, x, l->batch * labels, count, p->labels, p->best, p->back);
    for (size_t t = 0; t < count && !p->best; t++) {
        size_t at = t * l->batch + b;
        p->labels[t] =
            choose(p, l->logits + at * labels, p->probabilities + t * labels, l->targets[at]);
    }
    const recur_prediction prediction = {p->labels, p->probabilities, count};
    recur_error own = {0};
    return recur_called_back(p->receive(p->user, sequence, &prediction, &own), &own, error);
}

static enum recur_status predict(struct predicting *p, struct recur_team *team, recur_error *error)
{
    struct recur_labeller *l = &p->labeller;
    RECUR_TRY(plan(p, team, error));
    for (size_t first = 0, n; first < recur_labels_count(p->set.data); first += n) {
        size_t tokens, longest;
        n = next_sequences(p, first, &tokens, &longest);
        for (size_t b = 0; b < n; b++)
            p->member[b] = first + b;
        recur_labeller_load(l, &p->set, p->member, n, 0, RECUR_NOT_TRAINING);
        RECUR_TRY(recur_team_attend(team, error)); /* the caller may have forked */
        RECUR_TRY(recur_labeller_predict(l, error));
        if (p->best) {
            p->loss += recur_labeller_crf_loss(l, false);
            p->counted += l->labels;
        }
        for (size_t b = 0; b < n; b++)
            RECUR_TRY(hand_over(p, first + b, b, error));
        recur_model_tell(p->model, first + n, recur_labels_count(p->set.data));
    }
    return RECUR_OK;
}

/* `*loss` (may be NULL) becomes the mean over those labels that have a loss. */
static enum recur_status predict_on(struct recur_team *team, const recur_model *model,
                                    const recur_labels *data, recur_prediction_fn *receive,
                                    void *user, double *loss, recur_error *error)
{
    struct predicting p = {.model = model, .receive = receive, .user = user};
    enum recur_status status = recur_label_set_init(&p.set, model, data, error);
    if (status == RECUR_OK)
        status = predict(&p, team, error);
    if (status == RECUR_OK && loss)
        *loss = p.counted ? p.loss / (double)p.counted : (double)NAN;
    recur_labeller_free(&p.labeller);
    recur_label_set_free(&p.set);
    free(p.labels);
    free(p.probabilities);
    free(p.best);
    free(p.back);
    return status;
}

enum recur_status recur_predict(const recur_model *model, const recur_labels *data, size_t threads,
                                recur_prediction_fn *receive, void *user, recur_error *error)
{
    struct recur_team *team;
    RECUR_TRY(recur_team_create(threads, &team, error));
    enum recur_status status = predict_on(team, model, data, receive, user, NULL, error);
    recur_team_free(team);
    return status == RECUR_STOP ? RECUR_OK : status;
}

/* The true labels and the predicted ones. */
struct scoring {
    const recur_model *model;
    const recur_labels *data;
    enum recur_scheme scheme;
    recur_token *truth, *predicted;
    size_t count, unknown;
    size_t *lengths, sequences;
};

/* A recur_prediction_fn that collects the labels. */
static enum recur_status collect(void *user, size_t sequence, const recur_prediction *prediction,
                                 recur_error *error)
{
    struct scoring *s = user;
    size_t before = s->count;
    (void)error;
    for (size_t t = 0; t < prediction->count; t++) {
        recur_token truth = recur_labels_label(s->data, sequence, t);
        if (!truth.size)
            continue;
        s->truth[s->count] = truth;
        s->predicted[s->count++] =
            recur_vocab_token(recur_model_labels(s->model), prediction->labels[t] + 1);
        s->unknown += recur_vocab_id(recur_model_labels(s->model), truth) == RECUR_UNKNOWN;
    }
    if (s->count > before)
        s->lengths[s->sequences++] = s->count - before;
    return RECUR_OK;
}

static enum recur_status score(struct recur_team *team, struct scoring *s,
                               recur_score_table **table, recur_error *error)
{
    bool tags = s->model->network.task->each_word;
    size_t sequences = recur_labels_count(s->data);
    size_t most = tags ? recur_labels_tokens(s->data) : sequences;
    double loss;
    RECUR_TRY(recur_alloc(most, sizeof *s->truth, "scores", &s->truth, error));
    RECUR_TRY(recur_alloc(most, sizeof *s->predicted, "scores", &s->predicted, error));
    RECUR_TRY(recur_alloc(sequences, sizeof *s->lengths, "scores", &s->lengths, error));
    RECUR_TRY(predict_on(team, s->model, s->data, collect, s, &loss, error));
    if (!s->count)
        return recur_fail(error, RECUR_ERROR_DATA,
                          "there is not one label to compare predictions with");
    const struct recur_label_pairs pairs = {s->truth,   s->predicted, s->count,
                                            s->lengths, s->sequences, recur_model_labels(s->model)};
    RECUR_TRY(recur_scores_make(&pairs, tags, s->scheme, table, error));
    (*table)->scores.loss = loss;
    (*table)->scores.unknown = s->unknown;
    return RECUR_OK;
}

enum recur_status recur_score_on(struct recur_team *team, const recur_model *model,
                                 const recur_labels *data, enum recur_scheme scheme,
                                 recur_score_table **table, recur_error *error)
{
    struct scoring s = {.model = model, .data = data, .scheme = scheme};
    enum recur_status status = score(team, &s, table, error);
    free(s.truth);
    free(s.predicted);
    free(s.lengths);
    return status;
}

enum recur_status recur_score_spans(const recur_model *model, const recur_labels *data,
                                    enum recur_scheme scheme, size_t threads,
                                    recur_score_table **table, recur_error *error)
{
    struct recur_team *team;
    RECUR_TRY(recur_team_create(threads, &team, error));
    enum recur_status status = recur_score_on(team, model, data, scheme, table, error);
    recur_team_free(team);
    return status;
}

enum recur_status recur_score(const recur_model *model, const recur_labels *data, size_t threads,
                              recur_score_table **table, recur_error *error)
{
    return recur_score_spans(model, data, RECUR_SCHEME_AUTO, threads, table, error);
}
