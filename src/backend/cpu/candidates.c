#include "backend/cpu/candidates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/sort.h"

enum recur_status recur_candidates_init(struct recur_candidates *candidates,
                                        const struct recur_network *network, size_t samples,
                                        size_t targets, uint64_t seed, recur_error *error)
{
    size_t vocabulary = network->outputs, most = recur_size_add(samples, targets);
    *candidates = (struct recur_candidates){
        .weight = recur_network_param(network, network->head_weight),
        .bias = recur_network_param(network, network->head_bias),
        .vocabulary = vocabulary,
        .samples = samples,
        .most = most < vocabulary ? most : vocabulary,
        .seed = seed,
    };
    RECUR_TRY(recur_alloc(candidates->most, sizeof *candidates->id, "the candidates",
                          &candidates->id, error));
    RECUR_TRY(recur_alloc(candidates->most, 2 * sizeof *candidates->sorted, "the candidates",
                          &candidates->sorted, error));
    RECUR_TRY(recur_alloc(candidates->most, sizeof *candidates->chance, "the candidates",
                          &candidates->chance, error));
    return recur_alloc(vocabulary, sizeof *candidates->place, "the candidates", &candidates->place,
                       error);
}

void recur_candidates_free(struct recur_candidates *candidates)
{
    free(candidates->id);
    free(candidates->place);
    free(candidates->sorted);
    free(candidates->chance);
    *candidates = (struct recur_candidates){0};
}

/* Adds a column, unless the id has one. */
static void add(struct recur_candidates *candidates, int32_t id)
{
    size_t place = candidates->place[id];
    if (place < candidates->count && candidates->id[place] == id)
        return;
    candidates->place[id] = (uint32_t)candidates->count;
    candidates->id[candidates->count++] = id;
}

static int by_id(const void *user, size_t a, size_t b)
{
    (void)user;
    return (a > b) - (a < b);
}

/* Puts columns [first, end) in order. */
static void sort(struct recur_candidates *candidates, size_t first, size_t end)
{
    size_t *sorted = candidates->sorted;
    for (size_t i = first; i < end; i++)
        sorted[i] = (size_t)candidates->id[i];
    recur_sort(sorted + first, end - first, sorted + candidates->most, by_id, NULL);
    for (size_t i = first; i < end; i++) {
        candidates->id[i] = (int32_t)sorted[i];
        candidates->place[sorted[i]] = (uint32_t)i;
    }
}

/* The proposals are log-uniform: id k has probability log((k + 2) / (k + 1)) / log(V + 1), about
 * Zipf's law for a vocabulary in the order of its counts. */
static int32_t propose(const struct recur_candidates *candidates, struct recur_rng *rng)
{
    double x = exp(recur_rng_uniform(rng) * log1p((double)candidates->vocabulary));
    size_t id = x > 1 ? (size_t)x - 1 : 0;
    return (int32_t)(id < candidates->vocabulary ? id : candidates->vocabulary - 1);
}

/* log(1 - (1 - q)^proposals), where q is the probability of a proposal of the id. */
static double log_chance(const struct recur_candidates *candidates, int32_t id, double proposals)
{
    double q = log1p(1 / ((double)id + 1)) / log1p((double)candidates->vocabulary);
    return log(-expm1(proposals * log1p(-q)));
}

void recur_candidates_draw(struct recur_candidates *candidates, uint64_t minibatch,
                           const int32_t *targets, size_t count)
{
    struct recur_rng rng;
    double proposals = 0;
    recur_rng_seed(&rng, candidates->seed, RECUR_PURPOSE_CANDIDATES + minibatch);
    for (candidates->count = 0; candidates->count < candidates->samples; proposals++)
        add(candidates, propose(candidates, &rng));
    candidates->sampled = candidates->count;
    for (size_t i = 0; i < count; i++)
        if (targets[i] >= 0)
            add(candidates, targets[i]);
    sort(candidates, 0, candidates->sampled);
    sort(candidates, candidates->sampled, candidates->count);
    for (size_t i = 0; i < candidates->count; i++)
        candidates->chance[i] = i < candidates->sampled
                                    ? (real)log_chance(candidates, candidates->id[i], proposals)
                                    : 0;
}

/* How many columns panel `panel` has. */
static size_t width_of(const struct recur_candidates *candidates, size_t panel)
{
    return recur_panel_width(candidates->count, panel);
}

/* Where row `row` of the column of an id stands in the flat array. */
static size_t place_of(const struct recur_param *param, int32_t id, size_t row)
{
    return recur_param_panel(param, (size_t)id / RECUR_LANES) + row * RECUR_LANES +
           (size_t)id % RECUR_LANES;
}

void recur_candidates_gather(const struct recur_candidates *candidates,
                             const struct recur_param *param, size_t panel, size_t first,
                             size_t rows, const real *flat, real *to)
{
    const int32_t *id = candidates->id + panel * RECUR_LANES;
    size_t width = width_of(candidates, panel);
    if (width < RECUR_LANES)
        memset(to, 0, rows * RECUR_LANES * sizeof *to);
    for (size_t i = 0; i < width; i++) {
        const real *from = flat + place_of(param, id[i], first);
        for (size_t row = 0; row < rows; row++)
            to[row * RECUR_LANES + i] = from[row * RECUR_LANES];
    }
}

void recur_candidates_scatter(const struct recur_candidates *candidates,
                              const struct recur_param *param, size_t panel, size_t first,
                              size_t rows, real *flat, const real *from)
{
    const int32_t *id = candidates->id + panel * RECUR_LANES;
    for (size_t i = 0; i < width_of(candidates, panel); i++) {
        real *to = flat + place_of(param, id[i], first);
        for (size_t row = 0; row < rows; row++)
            to[row * RECUR_LANES] = from[row * RECUR_LANES + i];
    }
}

void recur_candidates_weigh(const struct recur_candidates *candidates, size_t panel, real *bias)
{
    for (size_t i = 0; i < width_of(candidates, panel); i++)
        bias[i] -= candidates->chance[panel * RECUR_LANES + i];
}

/* Sets the columns that only other rows have as their target. */
static void rule_out(const struct recur_candidates *candidates, real *logits, size_t stride,
                     size_t rows, const int32_t *columns, real value)
{
    for (size_t p = candidates->sampled / RECUR_LANES; p < recur_panels(candidates->count); p++) {
        size_t first = p * RECUR_LANES, from = 0, width = width_of(candidates, p);
        if (first < candidates->sampled)
            from = candidates->sampled - first;
        for (size_t r = 0; r < rows; r++) {
            real *x = logits + p * stride + r * RECUR_LANES;
            int32_t own = columns[r] - (int32_t)first;
            for (size_t i = from; i < width; i++)
                x[i] = (int32_t)i == own ? x[i] : value;
        }
    }
}

void recur_candidates_mask(const struct recur_candidates *candidates, real *logits, size_t stride,
                           size_t rows, const int32_t *columns, bool before)
{
    rule_out(candidates, logits, stride, rows, columns, before ? -(real)INFINITY : 0);
    for (size_t r = 0; r < rows && before; r++)
        if (columns[r] >= 0)
            logits[(size_t)columns[r] / RECUR_LANES * stride + r * RECUR_LANES +
                   (size_t)columns[r] % RECUR_LANES] += candidates->chance[columns[r]];
}
