/* Chooses the next token: penalties (Keskar et al. 2019), softmax with temperature, top-k,
 * typical-p (Meister et al. 2023), top-p (Holtzman et al. 2020) and min-p (Nguyen et al. 2024). */
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
    double rank;   /* candidates are kept from the highest down */
    int32_t id;
};

struct recur_sampler {
    recur_sampler_config config;
    size_t vocabulary;
    size_t specials; /* "<unk>" and the reserved tokens are the ids below this */
    struct recur_rng rng;
    struct candidate *candidates; /* room for V */
    /* Of penalties, (V) each; NULL where there are none. */
    float *penalised; /* logits */
    uint32_t *chosen; /* how often each token was */
    bool *met;        /* was it read or chosen? */
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
    if (!(config->typical_p >= 0 && config->typical_p <= 1))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "typical-p is %g, expected a number from 0 to 1", config->typical_p);
    if (!(config->repetition_penalty >= 0 && config->repetition_penalty <= 1000))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the repetition penalty is %g, expected a number from 0 to 1000",
                          config->repetition_penalty);
    if (!(fabs(config->frequency_penalty) <= 100 && fabs(config->presence_penalty) <= 100))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the frequency penalty is %g and the presence penalty %g, expected "
                          "numbers from -100 to 100",
                          config->frequency_penalty, config->presence_penalty);
    return RECUR_OK;
}

static bool penalises(const recur_sampler_config *config)
{
    return config->repetition_penalty < 1 || config->repetition_penalty > 1 ||
           fabs(config->frequency_penalty) > 0 || fabs(config->presence_penalty) > 0;
}

static enum recur_status make_room(recur_sampler *made, recur_error *error)
{
    const char *what = "a sampler";
    size_t vocabulary = made->vocabulary;
    RECUR_TRY(recur_alloc(vocabulary, sizeof *made->candidates, what, &made->candidates, error));
    if (!penalises(&made->config))
        return RECUR_OK;
    RECUR_TRY(recur_alloc(vocabulary, sizeof *made->penalised, what, &made->penalised, error));
    RECUR_TRY(recur_alloc(vocabulary, sizeof *made->chosen, what, &made->chosen, error));
    return recur_alloc(vocabulary, sizeof *made->met, what, &made->met, error);
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
    if (!(config.repetition_penalty > 0))
        made->config.repetition_penalty = 1;
    made->vocabulary = vocabulary;
    made->specials = reserved + 1;
    recur_rng_seed(&made->rng, config.seed, RECUR_PURPOSE_SAMPLE);
    enum recur_status status = make_room(made, error);
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
    free(sampler->penalised);
    free(sampler->chosen);
    free(sampler->met);
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
            sampler->candidates[count++] = (struct candidate){weight, weight, (int32_t)id};
    }
    return count;
}

static bool is_better(struct candidate a, struct candidate b)
{
    return a.rank > b.rank || (a.rank == b.rank && a.id < b.id);
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

/* Keeps the fewest candidates that together have this share of the weight, and whose surprise is
 * nearest to the mean surprise of all. */
static size_t keep_typical(struct candidate *candidates, size_t count, double share)
{
    double total = total_weight(candidates, count), entropy = 0;
    for (size_t i = 0; i < count; i++) {
        double p = candidates[i].weight / total;
        if (p > 0) /* a tiny weight's may be 0, and 0 log 0 is no number */
            entropy -= p * log(p);
    }
    for (size_t i = 0; i < count; i++)
        candidates[i].rank = -fabs(entropy + log(candidates[i].weight / total));
    count = keep_best(candidates, count, count, share);
    for (size_t i = 0; i < count; i++)
        candidates[i].rank = candidates[i].weight;
    return count;
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

void recur_sampler_read(recur_sampler *sampler, const int32_t *ids, size_t count)
{
    for (size_t i = 0; sampler->met && i < count; i++)
        if (ids[i] >= 0 && (size_t)ids[i] < sampler->vocabulary)
            sampler->met[ids[i]] = true;
}

/* The logits less the penalties of tokens that the stream has. */
static const float *penalise(const recur_sampler *sampler, const float *logits)
{
    const recur_sampler_config *config = &sampler->config;
    for (size_t id = 0; id < sampler->vocabulary; id++) {
        double logit = (double)logits[id], times = sampler->chosen[id];
        if (sampler->met[id]) {
            double penalty = config->repetition_penalty;
            logit = logit > 0 ? logit / penalty : logit * penalty;
            logit -= times * config->frequency_penalty;
            logit -= times > 0 ? config->presence_penalty : 0;
        }
        sampler->penalised[id] = (float)logit;
    }
    return sampler->penalised;
}

static int32_t choose(recur_sampler *sampler, const float *logits)
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
    if (config->typical_p > 0 && config->typical_p < 1)
        count = keep_typical(candidates, count, config->typical_p);
    if (config->top_p < 1)
        count = keep_best(candidates, count, count, (double)config->top_p);
    count = keep_at_least(candidates, count, (double)config->min_p);
    return draw(&sampler->rng, candidates, count);
}

int32_t recur_sample(recur_sampler *sampler, const float *logits)
{
    if (!sampler->penalised)
        return choose(sampler, logits);
    int32_t id = choose(sampler, penalise(sampler, logits));
    sampler->met[id] = true;
    sampler->chosen[id] += sampler->chosen[id] < UINT32_MAX;
    return id;
}
