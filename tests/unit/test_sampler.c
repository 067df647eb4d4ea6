/* The sampler: which tokens each filter leaves, in which order filters apply, how often tokens
 * come, and that no logits, however wrong, lead outside the vocabulary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "recur/session.h"

#define V 40

static recur_sampler *make(recur_sampler_config config, size_t vocabulary, size_t reserved)
{
    recur_sampler *sampler = NULL;
    recur_error error;
    assert_int_equal(recur_sampler_create(&config, vocabulary, reserved, &sampler, &error),
                     RECUR_OK);
    return sampler;
}

static int32_t sample_once(recur_sampler_config config, const float *logits, size_t vocabulary,
                           size_t reserved)
{
    recur_sampler *sampler = make(config, vocabulary, reserved);
    int32_t id = recur_sample(sampler, logits);
    recur_sampler_free(sampler);
    return id;
}

static void has_the_documented_defaults(void **state)
{
    (void)state;
    recur_sampler_config config = recur_sampler_config_default();
    assert_true(config.temperature == 0.8F);
    assert_int_equal(config.top_k, 0);
    assert_true(config.top_p == 1);
    assert_true(config.min_p == 0);
    assert_int_equal(config.seed, 1);
    assert_true(config.repetition_penalty == 1);
    assert_true(config.frequency_penalty == 0);
    assert_true(config.presence_penalty == 0);
    recur_sampler_free(NULL);
}

static void refuse(recur_sampler_config config, size_t vocabulary, size_t reserved,
                   const char *sentence)
{
    recur_sampler *sampler = NULL;
    recur_error error;
    assert_int_equal(recur_sampler_create(&config, vocabulary, reserved, &sampler, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, sentence);
    assert_null(sampler);
}

static void impossible_settings_are_refused(void **state)
{
    (void)state;
    recur_sampler_config good = recur_sampler_config_default(), bad = good;
    const float temperatures[] = {-0.5F, NAN, INFINITY};
    const char *const said[] = {"-0.5", "nan", "inf"};
    for (size_t i = 0; i < 3; i++) {
        char sentence[128];
        bad.temperature = temperatures[i];
        snprintf(sentence, sizeof sentence,
                 "the temperature is %s, expected a number of at least 0", said[i]);
        refuse(bad, V, 0, sentence);
    }
    bad = good;
    bad.top_p = 0;
    refuse(bad, V, 0, "top-p is 0, expected a number above 0 and at most 1");
    bad.top_p = 1.5F;
    refuse(bad, V, 0, "top-p is 1.5, expected a number above 0 and at most 1");
    bad.top_p = NAN;
    refuse(bad, V, 0, "top-p is nan, expected a number above 0 and at most 1");
    bad = good;
    bad.min_p = -1;
    refuse(bad, V, 0, "min-p is -1, expected a number from 0 to 1");
    bad.min_p = NAN;
    refuse(bad, V, 0, "min-p is nan, expected a number from 0 to 1");
    refuse(good, 0, 0, "cannot choose from 0 tokens, 0 of them reserved");
    refuse(good, 3, 3, "cannot choose from 3 tokens, 3 of them reserved");
}

static void greedy_takes_the_most_probable_and_of_equals_the_lowest_id(void **state)
{
    (void)state;
    recur_sampler_config greedy = {.size = sizeof greedy, .temperature = 0, .top_p = 1};
    float logits[V] = {0};
    logits[7] = logits[5] = logits[31] = 2;
    assert_int_equal(sample_once(greedy, logits, V, 0), 5);
    logits[31] = 2.0000002F;
    assert_int_equal(sample_once(greedy, logits, V, 0), 31);
    for (size_t i = 0; i < V; i++)
        logits[i] = -1e30F;
    assert_int_equal(sample_once(greedy, logits, V, 0), 1); /* 0 is "<unk>" */
}

static void special_tokens_come_only_where_no_other_can(void **state)
{
    (void)state;
    for (int temperature = 0; temperature < 2; temperature++) {
        recur_sampler_config config = {
            .size = sizeof config, .temperature = (float)temperature, .top_p = 1, .seed = 3};
        float logits[6] = {50, 40, 60, -20, -INFINITY, NAN};
        recur_sampler *sampler = make(config, 6, 2);
        for (int i = 0; i < 100; i++)
            assert_int_equal(recur_sample(sampler, logits), 3);
        logits[3] = -INFINITY;
        assert_int_equal(recur_sample(sampler, logits), 2);
        recur_sampler_free(sampler);
    }
    /* a vocabulary of nothing else */
    const float one = -3;
    assert_int_equal(sample_once(recur_sampler_config_default(), &one, 1, 0), 0);
}

static void wrong_logits_stay_inside_the_vocabulary(void **state)
{
    (void)state;
    const float odd[] = {NAN, INFINITY, -INFINITY, 3e38F, -3e38F, 0, 1, 1e-40F};
    const float temperatures[] = {0, 1e-45F, 1e-3F, 1, 3e38F};
    const size_t kinds = sizeof odd / sizeof *odd;
    struct recur_rng rng;
    recur_rng_seed(&rng, 5, 0);
    for (size_t t = 0; t < sizeof temperatures / sizeof *temperatures; t++) {
        for (unsigned filters = 0; filters < 8; filters++) {
            recur_sampler_config config = {.size = sizeof config,
                                           .temperature = temperatures[t],
                                           .top_k = filters & 1 ? 3 : 0,
                                           .top_p = filters & 2 ? 0.7F : 1,
                                           .min_p = filters & 4 ? 0.2F : 0};
            recur_sampler *sampler = make(config, 9, 1);
            for (int i = 0; i < 300; i++) {
                float logits[9];
                bool possible = false;
                for (size_t v = 0; v < 9; v++) {
                    logits[v] = odd[recur_rng_below(&rng, i == 0 ? 1 : kinds)];
                    possible |= logits[v] > -INFINITY;
                }
                int32_t id = recur_sample(sampler, logits);
                assert_true(id >= 0 && id < 9);
                assert_true(possible ? logits[id] > -INFINITY : id == RECUR_UNKNOWN);
            }
            recur_sampler_free(sampler);
        }
    }
}

static void certainty_wins(void **state)
{
    (void)state;
    float logits[V] = {0};
    logits[9] = INFINITY;
    assert_int_equal(sample_once(recur_sampler_config_default(), logits, V, 0), 9);
}

/* The slow and plain way: sort, then walk. `allowed` receives each token's probability. */
static void expected_probabilities(const float *logits, recur_sampler_config config,
                                   size_t specials, double *allowed)
{
    size_t order[V], count = 0;
    double weight[V], total = 0, sum = 0;
    for (size_t i = specials; i < V; i++) {
        size_t at = count++;
        for (; at > 0 && logits[order[at - 1]] < logits[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    if (config.top_k && config.top_k < count)
        count = config.top_k;
    for (size_t i = 0; i < count; i++) {
        weight[i] =
            exp(((double)logits[order[i]] - (double)logits[order[0]]) / (double)config.temperature);
        total += weight[i];
    }
    size_t nucleus = 0;
    for (double share = 0; nucleus < count && share < (double)config.top_p * total; nucleus++)
        share += weight[nucleus];
    if (config.top_p < 1)
        count = nucleus;
    while (count > 0 && weight[count - 1] < (double)config.min_p)
        count--;
    for (size_t i = 0; i < V; i++)
        allowed[i] = 0;
    for (size_t i = 0; i < count; i++)
        sum += weight[i];
    for (size_t i = 0; i < count; i++)
        allowed[order[i]] = weight[i] / sum;
}

/* A token of probability p comes within six standard deviations of n p times. */
static void assert_distribution(recur_sampler_config config, const float *logits, size_t reserved)
{
    enum { DRAWS = 3000 };
    double expected[V];
    size_t seen[V] = {0};
    expected_probabilities(logits, config, reserved + 1, expected);
    recur_sampler *sampler = make(config, V, reserved);
    for (int i = 0; i < DRAWS; i++)
        seen[recur_sample(sampler, logits)]++;
    recur_sampler_free(sampler);
    for (size_t i = 0; i < V; i++) {
        double mean = DRAWS * expected[i], deviation = sqrt(mean * (1 - expected[i]));
        if (expected[i] == 0)
            assert_int_equal(seen[i], 0);
        else
            assert_true(fabs((double)seen[i] - mean) <= 6 * deviation + 1);
    }
}

/* Which tokens typical sampling keeps, by a plain sort of their distances to the entropy. */
static void expected_typical(const float *logits, double share, bool *kept)
{
    double p[V], distance[V], total = 0, entropy = 0, mass = 0;
    for (size_t i = 1; i < V; i++)
        total += p[i] = exp((double)logits[i]);
    for (size_t i = 1; i < V; i++) {
        p[i] /= total;
        entropy -= p[i] * log(p[i]);
    }
    for (size_t i = 1; i < V; i++) {
        distance[i] = fabs(-log(p[i]) - entropy);
        kept[i] = false;
    }
    while (mass < share) {
        size_t next = 0;
        for (size_t i = 1; i < V; i++)
            if (!kept[i] && (next == 0 || distance[i] < distance[next]))
                next = i;
        kept[next] = true;
        mass += p[next];
    }
}

static void typical_tokens_are_about_as_surprising_as_expected(void **state)
{
    (void)state;
    struct recur_rng rng;
    recur_rng_seed(&rng, 23, 0);
    bool best_left_out = false;
    for (unsigned trial = 0; trial < 40; trial++) {
        float logits[V];
        bool kept[V], seen[V] = {false};
        size_t best = 1;
        recur_sampler_config config = recur_sampler_config_default();
        config.temperature = 1;
        config.typical_p = trial % 2 ? 0.3 : 0.8;
        config.seed = trial;
        for (size_t i = 0; i < V; i++)
            logits[i] = (float)(2 * recur_rng_normal(&rng));
        for (size_t i = 1; i < V; i++)
            best = logits[i] > logits[best] ? i : best;
        expected_typical(logits, config.typical_p, kept);
        recur_sampler *sampler = make(config, V, 0);
        for (int i = 0; i < 3000; i++)
            seen[recur_sample(sampler, logits)] = true;
        recur_sampler_free(sampler);
        for (size_t i = 1; i < V; i++)
            assert_true(kept[i] || !seen[i]);
        for (size_t i = 1; i < V; i++) /* of a token that is kept at least 30 come */
            assert_true(!kept[i] || seen[i] || exp((double)(logits[i] - logits[best])) < 0.05);
        best_left_out |= !kept[best];
    }
    assert_true(best_left_out); /* else it is top-p */
}

/* A token's share of the weight may be too small for a number. */
static void a_vanishing_token_does_not_disturb_typical_sampling(void **state)
{
    (void)state;
    float logits[V];
    recur_sampler_config config = recur_sampler_config_default();
    config.temperature = 1;
    config.typical_p = 0.5;
    for (size_t i = 0; i < V; i++)
        logits[i] = i < 10 ? 0 : -745;
    recur_sampler *sampler = make(config, V, 0);
    bool seen[V] = {false};
    for (int i = 0; i < 1000; i++)
        seen[recur_sample(sampler, logits)] = true;
    recur_sampler_free(sampler);
    for (size_t i = 1; i < V; i++) /* five of the nine that are equal */
        assert_int_equal(seen[i], i <= 5);
}

static void tokens_come_as_often_as_the_filters_say(void **state)
{
    (void)state;
    struct recur_rng rng;
    recur_rng_seed(&rng, 17, 0);
    const size_t ks[] = {0, 1, 2, 7, V, 1000};
    const float ps[] = {1, 0.05F, 0.5F, 0.9F}, mins[] = {0, 0.1F, 1}, temperatures[] = {0.3F, 1, 4};
    for (unsigned trial = 0; trial < 6 * 4 * 3 * 3; trial++) {
        float logits[V];
        recur_sampler_config config = {.size = sizeof config,
                                       .temperature = temperatures[trial % 3],
                                       .top_k = ks[trial / 3 % 6],
                                       .top_p = ps[trial / 18 % 4],
                                       .min_p = mins[trial / 72],
                                       .seed = trial};
        for (size_t i = 0; i < V; i++)
            logits[i] = (float)(2 * recur_rng_normal(&rng));
        assert_distribution(config, logits, trial % 4);
    }
}

static void of_equal_tokens_the_lowest_ids_are_kept(void **state)
{
    (void)state;
    const float logits[V] = {0};
    recur_sampler_config config = {
        .size = sizeof config, .temperature = 1, .top_k = 3, .top_p = 1, .seed = 2};
    assert_distribution(config, logits, 0); /* 1, 2, 3 */
    config.top_k = 0;
    config.top_p = 0.25F;
    assert_distribution(config, logits, 0);
}

static void the_temperature_comes_before_top_p(void **state)
{
    (void)state;
    const float logits[4] = {0, 3, 2, 0}; /* at 1: 0.70, 0.26, 0.04; at 5: 0.42, 0.35, 0.23 */
    recur_sampler_config config = {.size = sizeof config, .temperature = 1, .top_p = 0.6F};
    for (unsigned seed = 0; seed < 50; seed++) {
        config.seed = seed;
        assert_int_equal(sample_once(config, logits, 4, 0), 1);
    }
    config.temperature = 5;
    bool second = false;
    for (unsigned seed = 0; seed < 50; seed++) {
        config.seed = seed;
        second |= sample_once(config, logits, 4, 0) == 2;
    }
    assert_true(second);
}

static void equal_seeds_make_equal_choices(void **state)
{
    (void)state;
    float logits[V];
    for (size_t i = 0; i < V; i++)
        logits[i] = sinf((float)i);
    recur_sampler_config config = recur_sampler_config_default();
    recur_sampler *one = make(config, V, 0), *same = make(config, V, 0);
    config.seed = 2;
    recur_sampler *other = make(config, V, 0);
    int differences = 0;
    for (int i = 0; i < 200; i++) {
        int32_t id = recur_sample(one, logits);
        assert_int_equal(recur_sample(same, logits), id);
        differences += recur_sample(other, logits) != id;
    }
    assert_true(differences > 100);
    recur_sampler_free(one);
    recur_sampler_free(same);
    recur_sampler_free(other);
}

/* Greedy choices among five tokens, after some were read. */
static void assert_choices(recur_sampler_config config, const int32_t *expected, size_t count)
{
    const float logits[5] = {0, 4, 3, 2, -1};
    const int32_t read[] = {1, 4, -1, 5};
    config.size = sizeof config;
    config.top_p = 1;
    recur_sampler *sampler = make(config, 5, 0);
    recur_sampler_read(sampler, read, 4);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(recur_sample(sampler, logits), expected[i]);
    recur_sampler_free(sampler);
}

static void penalties_change_what_was_read_or_chosen(void **state)
{
    (void)state;
    const int32_t repetition[] = {2, 1, 1}; /* 4 becomes 2, and -1 becomes -2 */
    assert_choices((recur_sampler_config){.repetition_penalty = 2}, repetition, 3);
    /* For the other two, what was read does not count. */
    const int32_t frequency[] = {1, 1, 2, 1, 2, 3};
    assert_choices((recur_sampler_config){.frequency_penalty = 0.75}, frequency, 6);
    const int32_t presence[] = {1, 2, 1, 1};
    assert_choices((recur_sampler_config){.presence_penalty = 1.5}, presence, 4);
}

static void impossible_penalties_are_refused(void **state)
{
    (void)state;
    recur_sampler_config good = recur_sampler_config_default(), bad = good;
    bad.repetition_penalty = -1;
    refuse(bad, V, 0, "the repetition penalty is -1, expected a number from 0 to 1000");
    bad = good;
    bad.frequency_penalty = (double)NAN;
    refuse(bad, V, 0,
           "the frequency penalty is nan and the presence penalty 0, expected numbers from -100 to "
           "100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_documented_defaults),
        cmocka_unit_test(impossible_settings_are_refused),
        cmocka_unit_test(greedy_takes_the_most_probable_and_of_equals_the_lowest_id),
        cmocka_unit_test(special_tokens_come_only_where_no_other_can),
        cmocka_unit_test(wrong_logits_stay_inside_the_vocabulary),
        cmocka_unit_test(certainty_wins),
        cmocka_unit_test(tokens_come_as_often_as_the_filters_say),
        cmocka_unit_test(typical_tokens_are_about_as_surprising_as_expected),
        cmocka_unit_test(a_vanishing_token_does_not_disturb_typical_sampling),
        cmocka_unit_test(of_equal_tokens_the_lowest_ids_are_kept),
        cmocka_unit_test(the_temperature_comes_before_top_p),
        cmocka_unit_test(equal_seeds_make_equal_choices),
        cmocka_unit_test(penalties_change_what_was_read_or_chosen),
        cmocka_unit_test(impossible_penalties_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
