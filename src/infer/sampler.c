/* Chooses the next token: softmax with temperature, top-k, top-p (Holtzman et al. 2020) and min-p
 * (Nguyen et al. 2024). */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/memory.h"
#include "base/rng.h"
#include "recur/session.h"

struct candidate {
    double weight; /* probability divided by that of the best candidate: (0, 1] */
    int32_t id;
};

struct recur_sampler {
    recur_sampler_config config;
    size_t vocabulary;
    size_t specials; /* "<unk>" and the reserved tokens are the ids below this */
    struct recur_rng rng;
    struct candidate *candidates; /* room for V */
};

static enum recur_status check_config(const recur_sampler_config *config, recur_error *error)
{
    if (!(config->temperature >= 0) || isinf(config->temperature))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the temperature is %g, expected a number of at least 0",
                          (double)config->temperature);
    if (!(config->top_p > 0 && config->top_p <= 1))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "top-p is %g, expected a number above 0 and at most 1",
                          (double)config->top_p);
    if (!(config->min_p >= 0 && config->min_p <= 1))
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "min-p is %g, expected a number from 0 to 1",
                          (double)config->min_p);
    return RECUR_OK;
}

enum recur_status recur_sampler_create(const recur_sampler_config *given, size_t vocabulary,
                                       size_t reserved, recur_sampler **sampler, recur_error *error)
{
    recur_sampler_config config = recur_sampler_config_default();
    RECUR_TRY(recur_config_take(&config, given, "recur_sampler_config", error));
    RECUR_TRY(check_config(&config, error));
    if (vocabulary == 0 || vocabulary > INT32_MAX || reserved >= vocabulary)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "cannot choose from %zu token%s, %zu of them reserved", vocabulary,
                          recur_plural(vocabulary), reserved);
    recur_sampler *made;
    RECUR_TRY(recur_alloc(1, sizeof *made, "a sampler", &made, error));
    made->config = config;
    made->vocabulary = vocabulary;
    made->specials = reserved + 1;
    recur_rng_seed(&made->rng, config.seed, RECUR_PURPOSE_SAMPLE);
    enum recur_status status =
        recur_alloc(vocabulary, sizeof *made->candidates, "a sampler", &made->candidates, error);
    if (status != RECUR_OK) {
        recur_sampler_free(made);
        return status;
    }
    *sampler = made;
    return RECUR_OK;
}

void recur_sampler_free(recur_sampler *sampler)
{
    if (!sampler)
        return;
    free(sampler->candidates);
    free(sampler);
}

/* The most probable of the ids [first, last), or the lowest of several equal ones; -1 where none
 * has a probability. NaN counts as -infinity. */
static int32_t best_id(const float *logits, size_t first, size_t last)
{
    int32_t best = -1;
    float best_logit = -INFINITY;
    for (size_t id = first; id < last; id++) {
        if (logits[id] > best_logit) {
            best_logit = logits[id];
            best = (int32_t)id;
        }
    }
    return best;
}

/* Lists those of the ids [first, last) that have a probability, in their order; returns how
 * many. */
static size_t list_candidates(const recur_sampler *sampler, const float *logits, size_t first,
                              size_t last, int32_t best)
{
    size_t count = 0;
    double top = logits[best], temperature = sampler->config.temperature;
    for (size_t id = first; id < last; id++) {
        double weight = (double)logits[id] == top ? 1 : exp((logits[id] - top) / temperature);
        if (weight > 0) /* false for NaN */
            sampler->candidates[count++] = (struct candidate){weight, (int32_t)id};
    }
    return count;
}

static bool is_better(struct candidate a, struct candidate b)
{
    return a.weight > b.weight || (a.weight == b.weight && a.id < b.id);
}

/* Moves heap[at] down to its place in a heap of `count` candidates, which has the best on top. */
static void sink(struct candidate *heap, size_t at, size_t count)
{
    struct candidate sinking = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_better(heap[child + 1], heap[child]))
            child++;
        if (!is_better(heap[child], sinking))
            break;
        heap[at] = heap[child];
    }
    heap[at] = sinking;
}

static void make_heap(struct candidate *heap, size_t count)
{
    for (size_t at = count / 2; at-- > 0;)
        sink(heap, at, count);
}

/* Moves the best of a heap of `count` to the heap's end, removes it from the heap and returns its
 * weight. */
static double take_best(struct candidate *heap, size_t count)
{
    struct candidate best = heap[0];
    heap[0] = heap[count - 1];
    heap[count - 1] = best;
    sink(heap, 0, count - 1);
    return best.weight;
}

static double total_weight(const struct candidate *candidates, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += candidates[i].weight;
    return total;
}

/* Keeps only the best candidates: at most `most`, and no more than are needed to have this share of
 * the weight. Returns how many; sorts only these: O(count + kept log count). */
static size_t keep_best(struct candidate *candidates, size_t count, size_t most, double share)
{
    double enough = share * total_weight(candidates, count), weight = 0;
    size_t kept = 0;
    make_heap(candidates, count);
    do {
        weight += take_best(candidates, count - kept);
        kept++;
    } while (kept < most && weight < enough);
    memmove(candidates, candidates + count - kept, kept * sizeof *candidates);
    return kept;
}

static size_t keep_at_least(struct candidate *candidates, size_t count, double min_weight)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (candidates[i].weight >= min_weight)
            candidates[kept++] = candidates[i];
    }
    return kept;
}

static int32_t draw(struct recur_rng *rng, const struct candidate *candidates, size_t count)
{
    double place = recur_rng_uniform(rng) * total_weight(candidates, count);
    for (size_t i = 0; i < count - 1; i++) {
        place -= candidates[i].weight;
        if (place < 0)
            return candidates[i].id;
    }
    return candidates[count - 1].id;
}

int32_t recur_sample(recur_sampler *sampler, const float *logits)
{
    const recur_sampler_config *config = &sampler->config;
    size_t first = sampler->specials, last = sampler->vocabulary;
    int32_t best = best_id(logits, first, last);
    if (best < 0) {
        first = 0;
        best = best_id(logits, first, last);
    }
    if (best < 0)
        return RECUR_UNKNOWN;
    if (config->temperature == 0)
        return best;
    struct candidate *candidates = sampler->candidates;
    size_t count = list_candidates(sampler, logits, first, last, best);
    if (config->top_k > 0 && config->top_k < count)
        count = keep_best(candidates, count, config->top_k, INFINITY);
    if (config->top_p < 1)
        count = keep_best(candidates, count, count, (double)config->top_p);
    count = keep_at_least(candidates, count, (double)config->min_p);
    return draw(&sampler->rng, candidates, count);
}
