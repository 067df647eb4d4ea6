/* score(y) = start(y_0) + sum_t x_t(y_t) + sum_{t>0} A(y_{t-1}, y_t) + end(y_{T-1})
 * loss     = log Z - score(y),  Z = sum over all K^T paths of e^score
 *
 * (Lafferty, McCallum & Pereira 2001; Rabiner 1989 for forward, backward and Viterbi.) */
#include "task/crf.h"

#include <math.h>

void recur_crf_prepare(struct recur_crf *crf)
{
    size_t cells = crf->labels * crf->labels;
    crf->most = (double)crf->transitions[0];
    for (size_t i = 1; i < cells; i++)
        crf->most = fmax(crf->most, (double)crf->transitions[i]);
    for (size_t i = 0; i < cells; i++)
        crf->weight[i] = exp((double)crf->transitions[i] - crf->most);
}

static double greatest(const double *a, size_t count)
{
    double most = a[0];
    for (size_t i = 1; i < count; i++)
        most = fmax(most, a[i]);
    return most;
}

/* Replaces a by e^(a - its greatest) and returns the greatest. */
static double normalise(double *a, size_t count)
{
    double most = greatest(a, count);
    for (size_t i = 0; i < count; i++)
        a[i] = exp(a[i] - most);
    return most;
}

double recur_crf_loss(const struct recur_crf *crf, const real *x, size_t stride, size_t steps,
                      const int32_t *y, size_t y_stride, struct recur_crf_sums *sums)
{
    size_t labels = crf->labels;
    double score = (double)crf->start[y[0]] + (double)crf->end[y[(steps - 1) * y_stride]], shift;
    double *a = sums->before;
    /* a_0 = start + x_0;  a_t(j) = x_t(j) + log sum_i e^(a_{t-1}(i) + A(i, j)) */
    for (size_t j = 0; j < labels; j++)
        a[j] = (double)crf->start[j] + (double)x[j];
    sums->factor[0] = normalise(a, labels);
    for (size_t t = 1; t < steps; t++) {
        const double *before = a;
        const real *now = x + t * stride;
        a += labels;
        for (size_t j = 0; j < labels; j++)
            a[j] = 0;
        for (size_t i = 0; i < labels; i++)
            for (size_t j = 0; j < labels; j++)
                a[j] += before[i] * crf->weight[i * labels + j];
        for (size_t j = 0; j < labels; j++)
            a[j] = log(a[j]) + (double)now[j];
        shift = sums->factor[t - 1] + crf->most;
        sums->factor[t] = normalise(a, labels) + shift;
        int32_t from = y[(t - 1) * y_stride], to = y[t * y_stride];
        score += (double)crf->transitions[(size_t)from * labels + (size_t)to];
    }
    for (size_t t = 0; t < steps; t++)
        score += (double)x[t * stride + (size_t)y[t * y_stride]];
    double z = 0, most = (double)crf->end[0];
    for (size_t j = 1; j < labels; j++)
        most = fmax(most, (double)crf->end[j]);
    for (size_t j = 0; j < labels; j++)
        z += a[j] * exp((double)crf->end[j] - most);
    return log(z) + most + sums->factor[steps - 1] - score;
}

void recur_crf_gradient(const struct recur_crf *crf, const real *x, size_t stride, size_t steps,
                        const int32_t *y, size_t y_stride, double scale, real *dx,
                        struct recur_crf_sums *sums)
{
    size_t labels = crf->labels;
    /* b_{T-1} = end;  b_t(i) = log sum_j e^(A(i, j) + x_{t+1}(j) + b_{t+1}(j)). `after` is e^(x_t +
     * b_t) divided by its greatest. At each step the products of the exponentials of a and b sum to
     * Z, so the shifts cancel. */
    for (size_t t = steps; t-- > 0;) {
        double *b = sums->after + t * labels, *a = sums->before + t * labels, sum = 0;
        real *d = dx + t * stride;
        for (size_t i = 0; i < labels; i++) {
            b[i] = (double)crf->end[i];
            if (t + 1 < steps) {
                const double *next = b + labels, *weight = crf->weight + i * labels;
                double total = 0;
                for (size_t j = 0; j < labels; j++)
                    total += weight[j] * next[j];
                b[i] = log(total);
            }
        }
        double most = greatest(b, labels);
        for (size_t i = 0; i < labels; i++)
            sum += a[i] * exp(b[i] - most);
        for (size_t i = 0; i < labels; i++)
            d[i] = (real)(scale *
                          (a[i] * exp(b[i] - most) / sum - (i == (size_t)y[t * y_stride] ? 1 : 0)));
        for (size_t i = 0; i < labels; i++)
            b[i] += (double)x[t * stride + i];
        normalise(b, labels);
        if (t + 1 < steps) {
            /* p(i, j) = a_t(i) e^A(i, j) after_{t+1}(j) / the sum of these */
            const double *next = b + labels;
            double pairs = 0;
            for (size_t i = 0; i < labels; i++)
                for (size_t j = 0; j < labels; j++)
                    pairs += a[i] * crf->weight[i * labels + j] * next[j];
            sums->factor[t + 1] = 1 / pairs;
        }
    }
}

void recur_crf_transition_row(const struct recur_crf *crf, size_t steps, const int32_t *y,
                              size_t y_stride, double scale, size_t i, double *d,
                              const struct recur_crf_sums *sums)
{
    size_t labels = crf->labels;
    const double *weight = crf->weight + i * labels;
    for (size_t t = 1; t < steps; t++) {
        double share = scale * sums->before[(t - 1) * labels + i] * sums->factor[t];
        const double *after = sums->after + t * labels;
        for (size_t j = 0; j < labels; j++)
            d[j] += share * weight[j] * after[j];
        if ((size_t)y[(t - 1) * y_stride] == i)
            d[y[t * y_stride]] -= scale;
    }
}

double recur_crf_decode(const struct recur_crf *crf, const real *x, size_t stride, size_t steps,
                        int32_t *path, double *best, int32_t *back)
{
    size_t labels = crf->labels;
    double *now = best, *last = best + labels;
    for (size_t j = 0; j < labels; j++)
        now[j] = (double)crf->start[j] + (double)x[j];
    for (size_t t = 1; t < steps; t++) {
        double *swap = now;
        now = last;
        last = swap;
        for (size_t j = 0; j < labels; j++) {
            size_t from = 0;
            double most = last[0] + (double)crf->transitions[j];
            for (size_t i = 1; i < labels; i++) {
                double score = last[i] + (double)crf->transitions[i * labels + j];
                if (score > most) {
                    most = score;
                    from = i;
                }
            }
            now[j] = most + (double)x[t * stride + j];
            back[t * labels + j] = (int32_t)from;
        }
    }
    size_t label = 0;
    for (size_t j = 0; j < labels; j++) {
        now[j] += (double)crf->end[j];
        if (now[j] > now[label])
            label = j;
    }
    double score = now[label];
    for (size_t t = steps; t-- > 0;) {
        path[t] = (int32_t)label;
        if (t > 0)
            label = (size_t)back[t * labels + label];
    }
    return score;
}
