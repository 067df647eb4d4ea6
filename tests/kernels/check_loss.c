/* The loss, dropout, the sum of squares and the optimisers' updates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel_check.h"
#include "recur/trainer.h"

enum { TRIALS = 200, ROWS_MAX = 35, VOCABULARY_MAX = 100, NUMBERS_MAX = 40 * RECUR_LANES };

struct softmax {
    struct arrays arrays;
    size_t rows, vocabulary, stride, panels;
    real scale, *x, *before, *loss;
    int32_t *targets;
};

static void make_softmax(struct softmax *s, struct recur_rng *rng, double spread)
{
    s->arrays.count = 0;
    s->rows = pick(rng, 1, ROWS_MAX);
    s->vocabulary = pick(rng, 1, VOCABULARY_MAX);
    s->panels = recur_panels(s->vocabulary);
    s->stride = (s->rows + pick(rng, 0, 3)) * RECUR_LANES;
    s->scale = (real)1 / (real)s->rows;
    s->x = arrays_take_reals(&s->arrays, s->panels * s->stride);
    s->before = arrays_take_reals(&s->arrays, s->panels * s->stride);
    s->loss = arrays_take_reals(&s->arrays, s->rows);
    s->targets = arrays_take(&s->arrays, s->rows * sizeof *s->targets);
    for (size_t r = 0; r < s->rows; r++) {
        s->targets[r] = (int32_t)pick(rng, 0, s->vocabulary) - 1;
        for (size_t v = 0; v < s->vocabulary; v++)
            s->x[v / RECUR_LANES * s->stride + r * RECUR_LANES + v % RECUR_LANES] =
                pick_real(rng, spread);
    }
    memcpy(s->before, s->x, s->panels * s->stride * sizeof *s->x);
}

/* The difference to the largest logit, D, is rounded once, which changes e^D by a relative D U. The
 * sum of V such numbers errs by at most V roundings, exp and what follows by 10. Below e^-87 the
 * kernel's exp stays at e^-87. */
static void compare_softmax(const struct softmax *s, size_t r)
{
    const real *x = s->before + r * RECUR_LANES;
    double top = -INFINITY, low = INFINITY, total = 0;
    for (size_t v = 0; v < s->vocabulary; v++) {
        top = fmax(top, (double)x[v / RECUR_LANES * s->stride + v % RECUR_LANES]);
        low = fmin(low, (double)x[v / RECUR_LANES * s->stride + v % RECUR_LANES]);
    }
    for (size_t v = 0; v < s->vocabulary; v++)
        total += exp((double)x[v / RECUR_LANES * s->stride + v % RECUR_LANES] - top);
    double roundings = (double)s->vocabulary + fmin(top - low, 87) + 10, scale = (double)s->scale;
    int32_t target = s->targets[r];
    for (size_t v = 0; v < s->panels * RECUR_LANES; v++) {
        size_t place = v / RECUR_LANES * s->stride + v % RECUR_LANES;
        double share = v < s->vocabulary ? exp((double)x[place] - top) / total : 0;
        double wanted = target < 0 ? 0 : scale * (share - ((int64_t)v == target));
        assert_near("gradient", v, s->x[r * RECUR_LANES + place], wanted,
                    scale * (share * roundings * U + ((int64_t)v == target) * U + 0x1p-125) *
                        (v < s->vocabulary && target >= 0));
    }
    double wanted = 0, size = 0;
    if (target >= 0) {
        size_t at = (size_t)target;
        double logit = (double)x[at / RECUR_LANES * s->stride + at % RECUR_LANES];
        wanted = log(total) + top - logit;
        size = roundings + 2 * (top - logit + wanted);
    }
    assert_near("loss", r, s->loss[r], wanted, size * U);
}

static void check_softmax(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    static const double spreads[] = {1, 10, 1000};
    for (int trial = 0; trial < TRIALS; trial++) {
        struct softmax s;
        make_softmax(&s, rng, spreads[trial % 3]);
        kernels->softmax_loss(s.x, s.stride, s.vocabulary, s.rows, s.targets, s.scale, s.loss);
        for (size_t r = 0; r < s.rows; r++)
            compare_softmax(&s, r);
        for (size_t p = 0; p < s.panels; p++) {
            size_t first = p * s.stride + s.rows * RECUR_LANES;
            assert_memory_equal(s.x + first, s.before + first,
                                (s.stride - s.rows * RECUR_LANES) * sizeof *s.x);
        }
        arrays_release(&s.arrays);
    }
}

/* A NaN among the logits must show in the loss, at any place. */
static void check_softmax_nan(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct softmax s;
        make_softmax(&s, rng, 1);
        size_t r = pick(rng, 0, s.rows - 1), v = pick(rng, 0, s.vocabulary - 1);
        s.targets[r] = (int32_t)pick(rng, 0, s.vocabulary - 1);
        s.x[v / RECUR_LANES * s.stride + r * RECUR_LANES + v % RECUR_LANES] =
            trial % 2 ? (real)NAN : (real)INFINITY;
        kernels->softmax_loss(s.x, s.stride, s.vocabulary, s.rows, s.targets, s.scale, s.loss);
        if (isfinite(s.loss[r]))
            fail_msg("loss[%zu] is %g", r, (double)s.loss[r]);
        arrays_release(&s.arrays);
    }
}

static void check_dropout(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    static const float rates[] = {0, 0.1f, 0.5f, 0.9f};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct arrays arrays = {.count = 0};
        const size_t n = 300 * RECUR_LANES;
        uint32_t threshold = (uint32_t)((double)rates[i] * 0x1p32);
        uint64_t key = recur_rng_u64(rng), first = recur_rng_u64(rng) >> 8;
        size_t cut = pick(rng, 1, n / RECUR_LANES - 1) * RECUR_LANES;
        if (i % 2) /* the low half of the places starts again at the cut */
            first = (first | 0xffffffff) + 1 - cut;
        real keep = (real)(1 / (1 - (double)threshold * 0x1p-32));
        real *x = arrays_take_reals(&arrays, n), *y = arrays_take_reals(&arrays, n);
        real *other = arrays_take_reals(&arrays, n);
        scatter_reals(rng, x, n, 1);
        for (size_t j = 0; j < n; j++)
            x[j] = x[j] == 0 ? 1 : x[j];
        kernels->dropout(y, x, n, key, first, threshold);
        size_t dropped = 0, same = 0;
        for (size_t j = 0; j < n; j++) {
            assert_true(y[j] == 0 || y[j] == x[j] * keep);
            dropped += y[j] == 0;
        }
        double expected = (double)n * (double)rates[i];
        assert_true(fabs((double)dropped - expected) <= 6 * sqrt(expected));

        /* The mask depends only on (key, index): it is the same in pieces, in place, on every
         * level. */
        memcpy(other, x, n * sizeof *x);
        kernels->dropout(other, other, cut, key, first, threshold);
        kernels->dropout(other + cut, x + cut, n - cut, key, first + cut, threshold);
        assert_memory_equal(other, y, n * sizeof *y);
        recur_kernels_level(0)->dropout(other, x, n, key, first, threshold);
        assert_memory_equal(other, y, n * sizeof *y);

        /* Another key gives another mask: both agree where both drop or both keep. */
        kernels->dropout(other, x, n, key + 1, first, threshold);
        for (size_t j = 0; j < n; j++)
            same += (y[j] == 0) == (other[j] == 0);
        double p = (double)rates[i], agree = (double)n * (p * p + (1 - p) * (1 - p));
        assert_true(fabs((double)same - agree) <= 6 * sqrt((double)n));
        arrays_release(&arrays);
    }
}

/* There are at least 16 partial sums, which are added in few steps. */
static void check_sum_squares(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct arrays arrays = {.count = 0};
        size_t n = trial ? pick(rng, 1, RECUR_SUM_CHUNK) : RECUR_SUM_CHUNK;
        real *x = arrays_take_reals(&arrays, n);
        scatter_reals(rng, x, n, 1);
        double wanted = 0;
        for (size_t i = 0; i < n; i++)
            wanted += (double)x[i] * (double)x[i];
        double sum = kernels->sum_squares(x, n);
        assert_true(fabs(sum - wanted) <= ((double)n / 16 + 8) * U * wanted);
        arrays_release(&arrays);
    }
}

static void check_read(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct arrays arrays = {.count = 0};
        size_t n = pick(rng, 1, NUMBERS_MAX / RECUR_READ_CHUNK) * RECUR_READ_CHUNK;
        real *x = arrays_take_reals(&arrays, n);
        scatter_reals(rng, x, n, 1);
        double wanted = 0, size = 0;
        for (size_t i = 0; i < n; i++) {
            wanted += (double)x[i];
            size += fabs((double)x[i]);
        }
        assert_true(fabs((double)kernels->read(x, n) - wanted) <= ((double)n / 32 + 16) * U * size);
        arrays_release(&arrays);
    }
}

struct optimiser {
    struct arrays arrays;
    size_t n;
    real *p, *g, *m, *v;
    double *p0, *m0, *v0;
};

static void make_optimiser(struct optimiser *o, struct recur_rng *rng, bool fresh)
{
    o->arrays.count = 0;
    o->n = pick(rng, 1, NUMBERS_MAX / RECUR_LANES) * RECUR_LANES;
    real **all[] = {&o->p, &o->g, &o->m, &o->v};
    for (size_t i = 0; i < 4; i++) {
        *all[i] = arrays_take_reals(&o->arrays, o->n);
        scatter_reals(rng, *all[i], o->n, i >= 2 && fresh ? 0 : 1);
    }
    o->p0 = arrays_take(&o->arrays, o->n * sizeof *o->p0);
    o->m0 = arrays_take(&o->arrays, o->n * sizeof *o->m0);
    o->v0 = arrays_take(&o->arrays, o->n * sizeof *o->v0);
    for (size_t j = 0; j < o->n; j++) {
        o->v[j] = fresh ? 0 : (real)0.5 + o->v[j] * o->v[j];
        o->p0[j] = (double)o->p[j];
        o->m0[j] = (double)o->m[j];
        o->v0[j] = (double)o->v[j];
    }
}

static struct recur_update pick_update(struct recur_rng *rng, bool fresh)
{
    struct recur_update u = {.lr = (real)0.1,
                             .momentum = pick(rng, 0, 1) ? (real)0.9 : 0,
                             .beta1 = (real)0.9,
                             .beta2 = (real)0.99,
                             .alpha = (real)0.95,
                             .epsilon = (real)1e-4,
                             .weight_decay = fresh ? 0 : (real)0.1,
                             .scale = (real)0.7,
                             .correct1 = (real)0.1,
                             .correct2 = (real)0.01,
                             .decoupled = pick(rng, 0, 1)};
    return u;
}

/* Every update is p minus a step of at most a few terms; moments are two terms. A tolerance of 16
 * roundings of the terms' magnitudes is ample: nothing cancels, because v is far from 0 or a
 * multiple of g^2. */
static void check_sgd(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct optimiser o;
        struct recur_update u = pick_update(rng, trial % 4 == 0);
        make_optimiser(&o, rng, false);
        kernels->optimizer[RECUR_OPTIMIZER_SGD](o.p, o.g, u.momentum > 0 ? o.m : NULL, NULL, o.n,
                                                &u);
        for (size_t j = 0; j < o.n; j++) {
            double g = (double)u.scale * (double)o.g[j] + (double)u.weight_decay * o.p0[j];
            double v = g + (double)u.momentum * o.m0[j], size = 2 + fabs(o.p0[j]) + fabs(o.m0[j]);
            if (u.momentum > 0)
                assert_near("m", j, o.m[j], v, 4 * U * size);
            assert_near("p", j, o.p[j], o.p0[j] - (double)u.lr * v, 4 * U * size);
        }
        arrays_release(&o.arrays);
    }
}

static void check_adam(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct optimiser o;
        bool fresh = trial % 2;
        struct recur_update u = pick_update(rng, fresh);
        make_optimiser(&o, rng, fresh);
        kernels->optimizer[RECUR_OPTIMIZER_ADAM](o.p, o.g, o.m, o.v, o.n, &u);
        double b1 = (double)u.beta1, b2 = (double)u.beta2, lr = (double)u.lr;
        for (size_t j = 0; j < o.n; j++) {
            double decay = (double)u.weight_decay * o.p0[j];
            double g = (double)u.scale * (double)o.g[j] + (u.decoupled ? 0 : decay);
            double m = b1 * o.m0[j] + (1 - b1) * g, v = b2 * o.v0[j] + (1 - b2) * g * g;
            double root = sqrt(v / (double)u.correct2) + (double)u.epsilon;
            double step = lr * m / (double)u.correct1 / root + (u.decoupled ? lr * decay : 0);
            double size = lr * (fabs(o.m0[j]) + 1) / (double)u.correct1 / root;
            assert_near("m", j, o.m[j], m, 4 * U * (fabs(o.m0[j]) + 1));
            assert_near("v", j, o.v[j], v, 16 * U * v);
            assert_near("p", j, o.p[j], o.p0[j] - step,
                        16 * U * (fabs(o.p0[j]) + (fresh ? fabs(step) : size)));
        }
        arrays_release(&o.arrays);
    }
}

static void check_rmsprop(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct optimiser o;
        bool fresh = trial % 2;
        struct recur_update u = pick_update(rng, fresh);
        make_optimiser(&o, rng, fresh);
        kernels->optimizer[RECUR_OPTIMIZER_RMSPROP](o.p, o.g, u.momentum > 0 ? o.m : NULL, o.v, o.n,
                                                    &u);
        double alpha = (double)u.alpha;
        for (size_t j = 0; j < o.n; j++) {
            double g = (double)u.scale * (double)o.g[j] + (double)u.weight_decay * o.p0[j];
            double v = alpha * o.v0[j] + (1 - alpha) * g * g;
            double step = g / (sqrt(v) + (double)u.epsilon) + (double)u.momentum * o.m0[j];
            double size = 16 * U * (1 / sqrt(v) * (fresh ? fabs(g) : 1) + fabs(o.m0[j]));
            assert_near("v", j, o.v[j], v, 16 * U * v);
            if (u.momentum > 0)
                assert_near("m", j, o.m[j], step, size);
            assert_near("p", j, o.p[j], o.p0[j] - (double)u.lr * step,
                        2 * U * fabs(o.p0[j]) + size);
        }
        arrays_release(&o.arrays);
    }
}

const struct named_check recur_loss_checks[] = {
    {"softmax_loss", check_softmax},
    {"softmax_loss of what is no number", check_softmax_nan},
    {"dropout", check_dropout},
    {"sum_squares", check_sum_squares},
    {"read", check_read},
    {"sgd", check_sgd},
    {"adam", check_adam},
    {"rmsprop", check_rmsprop},
    {NULL, NULL},
};
