/* Minibatches of sequences: each once an epoch, of about equal length, replayable, within limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "allocations.h"
#include "base/rng.h"
#include "recur/buckets.h"

enum { MOST = 3000 };

struct corpus {
    size_t count, length[MOST];
};

static struct corpus make_corpus(size_t count, size_t shortest, size_t longest, uint64_t seed)
{
    struct corpus corpus = {.count = count};
    struct recur_rng rng;
    recur_rng_seed(&rng, seed, 0);
    for (size_t i = 0; i < count; i++)
        corpus.length[i] = shortest + recur_rng_below(&rng, longest - shortest + 1);
    return corpus;
}

static recur_buckets *make_buckets(const struct corpus *corpus, const recur_buckets_config *config)
{
    recur_buckets *buckets;
    assert_int_equal(recur_buckets_create(corpus->length, corpus->count, config, &buckets, NULL),
                     RECUR_OK);
    return buckets;
}

/* What an epoch came to: its sequences in order, and what padding would have cost. */
struct epoch {
    size_t order[MOST];
    size_t minibatches, padding, small;
};

static void read_epoch(recur_buckets *buckets, const recur_buckets_config *config,
                       const struct corpus *corpus, uint64_t number, struct epoch *epoch)
{
    bool seen[MOST] = {false};
    size_t read = 0, count;
    const size_t *members;
    *epoch = (struct epoch){.minibatches = recur_buckets_start(buckets, number)};
    for (size_t i = 0; (count = recur_buckets_next(buckets, &members)); i++) {
        size_t tokens = 0;
        assert_true(i < epoch->minibatches && count <= config->batch);
        epoch->small += count < config->batch;
        for (size_t m = 0; m < count; m++) {
            assert_true(members[m] < corpus->count && !seen[members[m]]);
            seen[members[m]] = true;
            if (m)
                assert_true(corpus->length[members[m]] <= corpus->length[members[m - 1]]);
            tokens += corpus->length[members[m]];
            epoch->padding += corpus->length[members[0]] - corpus->length[members[m]];
            epoch->order[read++] = members[m];
        }
        assert_true(tokens <= recur_buckets_most_tokens(buckets));
        if (config->tokens && count > 1)
            assert_true(tokens <= config->tokens);
    }
    assert_int_equal(read, corpus->count);
    assert_int_equal(recur_buckets_next(buckets, &members), 0);
}

/* Over sizes, limits and windows of all kinds: every sequence exactly once, and no more padding
 * than the windows allow. */
static void every_sequence_once(void **state)
{
    static struct epoch epoch;
    (void)state;
    const size_t counts[] = {1, 2, 31, 32, 33, 1000, MOST}, batches[] = {1, 7, 32},
                 windows[] = {1, 2, 64}, limits[] = {0, 1, 90, 700};
    for (size_t c = 0; c < 7; c++)
        for (size_t b = 0; b < 3; b++)
            for (size_t w = 0; w < 3; w++)
                for (size_t l = 0; l < 4; l++) {
                    struct corpus corpus = make_corpus(counts[c], 0, 100, c);
                    recur_buckets_config config = recur_buckets_config_default();
                    config.batch = batches[b];
                    config.window = windows[w];
                    config.tokens = limits[l];
                    recur_buckets *buckets = make_buckets(&corpus, &config);
                    size_t each = config.batch * config.window;
                    size_t spans = (corpus.count + each - 1) / each;
                    size_t before = allocations();
                    for (uint64_t number = 0; number < 2; number++) {
                        read_epoch(buckets, &config, &corpus, number, &epoch);
                        assert_true(epoch.padding <= spans * config.batch * 100);
                        if (!config.tokens)
                            assert_true(epoch.small <= spans &&
                                        epoch.minibatches <= corpus.count / config.batch + spans);
                    }
                    assert_int_equal(allocations(), before);
                    recur_buckets_free(buckets);
                }
}

/* An epoch is a function of (seed, epoch); others differ, in the members and in their order. */
static void shuffled(void **state)
{
    static struct epoch first, again, next, seeded;
    (void)state;
    struct corpus corpus = make_corpus(1000, 5, 100, 1);
    recur_buckets_config config = recur_buckets_config_default();
    config.window = 8;
    recur_buckets *buckets = make_buckets(&corpus, &config);
    read_epoch(buckets, &config, &corpus, 0, &first);
    read_epoch(buckets, &config, &corpus, 1, &next);
    read_epoch(buckets, &config, &corpus, 0, &again);
    recur_buckets_free(buckets);
    config.seed = 2;
    buckets = make_buckets(&corpus, &config);
    read_epoch(buckets, &config, &corpus, 0, &seeded);
    recur_buckets_free(buckets);
    assert_memory_equal(first.order, again.order, sizeof first.order);
    assert_memory_not_equal(first.order, next.order, sizeof first.order);
    assert_memory_not_equal(first.order, seeded.order, sizeof first.order);

    size_t falls = 0, together = 0; /* minibatches by length would fall once, and always meet */
    for (size_t i = 32; i < 992; i += 32)
        falls += corpus.length[first.order[i]] < corpus.length[first.order[i - 32]];
    assert_in_range(falls, 5, 25);
    for (size_t i = 0; i < 32; i++)
        for (size_t j = 0; j < 1000; j++)
            together += next.order[j] == first.order[i] && j < 32;
    assert_true(together < 16);
}

/* Sorted windows save nearly all of the padding that chance would bring. */
static void little_padding(void **state)
{
    static struct epoch epoch;
    (void)state;
    struct corpus corpus = make_corpus(MOST, 5, 100, 3);
    recur_buckets_config config = recur_buckets_config_default();
    size_t tokens = 0, padding[2];
    for (size_t i = 0; i < corpus.count; i++)
        tokens += corpus.length[i];
    for (size_t i = 0; i < 2; i++) {
        config.window = i ? 64 : 1;
        recur_buckets *buckets = make_buckets(&corpus, &config);
        read_epoch(buckets, &config, &corpus, 0, &epoch);
        padding[i] = epoch.padding;
        recur_buckets_free(buckets);
    }
    assert_true(padding[1] * 25 < tokens);
    assert_true(padding[0] > 10 * padding[1]);
}

static void limits(void **state)
{
    (void)state;
    struct corpus corpus = {.count = 5, .length = {3, 100000, 0, 4, 5}};
    recur_buckets_config config = recur_buckets_config_default();
    config.batch = 2;
    recur_buckets *buckets = make_buckets(&corpus, &config);
    assert_int_equal(recur_buckets_longest(buckets), 100000);
    assert_int_equal(recur_buckets_most_tokens(buckets), 100005);
    recur_buckets_free(buckets);
    config.tokens = 50;
    buckets = make_buckets(&corpus, &config);
    assert_int_equal(recur_buckets_most_tokens(buckets), 100000);
    recur_buckets_free(buckets);
    corpus.length[1] = 48;
    buckets = make_buckets(&corpus, &config);
    assert_int_equal(recur_buckets_most_tokens(buckets), 50);
    recur_buckets_free(buckets);
}

static void wrong_use(void **state)
{
    (void)state;
    recur_error error;
    recur_buckets *buckets;
    const size_t lengths[] = {1};
    recur_buckets_config config = recur_buckets_config_default();
    assert_int_equal(recur_buckets_create(lengths, 0, &config, &buckets, &error), RECUR_ERROR_DATA);
    assert_string_equal(error.message, "there are no sequences to make minibatches of");
    config.window = 0;
    assert_int_equal(recur_buckets_create(lengths, 1, &config, &buckets, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "minibatches have at least 1 sequence and windows 1 "
                                       "minibatch, got 32 and 0");
    recur_buckets_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_counted),
        cmocka_unit_test(every_sequence_once),
        cmocka_unit_test(shuffled),
        cmocka_unit_test(little_padding),
        cmocka_unit_test(limits),
        cmocka_unit_test(wrong_use),
    };
    return cmocka_run_group_tests_name("buckets", tests, NULL, NULL);
}
