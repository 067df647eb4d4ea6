/* The CRF of a minibatch: the threads share out the sequences, then the rows of the transitions, so
 * that no sum depends on the number of threads. */
#include <string.h>

#include "task/labeller.h"

void recur_labeller_crf_prepare(struct recur_labeller *l)
{
    const struct recur_network *network = &l->model->network;
    const struct recur_label_parts *parts = recur_labeller_parts(l);
    const size_t index[] = {parts->crf_start, parts->crf_end, parts->crf_transitions};
    float *const values[] = {l->start, l->end, l->transitions};
    for (size_t i = 0; i < 3; i++)
        recur_model_get_tensor(l->model, index[i], values[i]);
    l->crf.labels = network->outputs;
    l->crf.start = l->start;
    l->crf.end = l->end;
    l->crf.transitions = l->transitions;
    recur_crf_prepare(&l->crf);
}

static struct recur_crf_sums sums_of(const struct recur_labeller *l, size_t b)
{
    size_t first = l->first[b], labels = l->crf.labels;
    return (struct recur_crf_sums){l->sums.before + first * labels, l->sums.after + first * labels,
                                   l->sums.factor + first};
}

/* The scale of the gradient of the mean over this minibatch's labels. */
static double scale_of(const struct recur_labeller *l)
{
    return 1 / recur_labeller_divisor(l);
}

static void lose(void *argument, size_t thread, size_t threads)
{
    struct recur_labeller *l = argument;
    size_t labels = l->crf.labels, stride = l->batch * labels;
    for (size_t b = thread; b < l->batch; b += threads) {
        struct recur_crf_sums sums = sums_of(l, b);
        bool counts = l->counts[b] && l->length[b];
        l->sequence_loss[b] = counts ? recur_crf_loss(&l->crf, l->logits + b * labels, stride,
                                                      l->length[b], l->targets + b, l->batch, &sums)
                                     : 0;
    }
}

static void learn(void *argument, size_t thread, size_t threads)
{
    struct recur_labeller *l = argument;
    size_t labels = l->crf.labels, stride = l->batch * labels;
    for (size_t b = thread; b < l->batch; b += threads) {
        struct recur_crf_sums sums = sums_of(l, b);
        float *dx = l->dlogits + b * labels;
        if (l->counts[b] && l->length[b])
            recur_crf_gradient(&l->crf, l->logits + b * labels, stride, l->length[b],
                               l->targets + b, l->batch, scale_of(l), dx, &sums);
        for (size_t t = 0; t < l->length[b] && !l->counts[b]; t++)
            memset(dx + t * stride, 0, labels * sizeof *dx);
    }
    recur_team_wait(l->team, thread);
    size_t end = labels * (thread + 1) / threads;
    for (size_t i = labels * thread / threads; i < end; i++) {
        double *row = l->dtransitions + i * labels;
        memset(row, 0, labels * sizeof *row);
        for (size_t b = 0; b < l->batch; b++) {
            struct recur_crf_sums sums = sums_of(l, b);
            if (l->counts[b] && l->length[b])
                recur_crf_transition_row(&l->crf, l->length[b], l->targets + b, l->batch,
                                         scale_of(l), i, row, &sums);
        }
        for (size_t j = 0; j < labels; j++)
            l->transitions[i * labels + j] = (float)row[j];
    }
}

/* The first step's gradient is also that of `start`, the last one's also that of `end`. */
static void add_ends(struct recur_labeller *l)
{
    size_t labels = l->crf.labels;
    memset(l->start, 0, labels * sizeof *l->start);
    memset(l->end, 0, labels * sizeof *l->end);
    for (size_t b = 0; b < l->batch; b++)
        for (size_t i = 0; i < labels && l->length[b] && l->counts[b]; i++) {
            l->start[i] += l->dlogits[b * labels + i];
            l->end[i] += l->dlogits[((l->length[b] - 1) * l->batch + b) * labels + i];
        }
}

double recur_labeller_crf_loss(struct recur_labeller *l, bool learns)
{
    double loss = 0;
    recur_team_run(l->team, lose, l);
    for (size_t b = 0; b < l->batch; b++)
        loss += l->sequence_loss[b];
    if (!learns)
        return loss;
    recur_team_run(l->team, learn, l);
    add_ends(l);
    const struct recur_label_parts *parts = recur_labeller_parts(l);
    const size_t index[] = {parts->crf_start, parts->crf_end, parts->crf_transitions};
    const float *const values[] = {l->start, l->end, l->transitions};
    for (size_t i = 0; i < 3; i++)
        l->backend->write(l->learner, RECUR_ARRAY_GRADIENT, index[i], values[i]);
    return loss;
}
