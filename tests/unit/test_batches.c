/* Minibatches: the book's rules as invariants over many random shapes. The corpus is 0, 1, 2, ...,
 * so that every id says where in the text it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "data/scatter.h"
#include "recur/batches.h"

enum { MOST_TOKENS = 2000 };

static recur_corpus *count_up(size_t size)
{
    int32_t *ids = malloc((size ? size : 1) * sizeof *ids);
    assert_non_null(ids);
    for (size_t i = 0; i < size; i++)
        ids[i] = (int32_t)i;
    recur_corpus *corpus = NULL;
    assert_int_equal(recur_corpus_from_ids(ids, size, size, &corpus, NULL), RECUR_OK);
    free(ids);
    return corpus;
}

static recur_batches *create(const recur_corpus *corpus, const recur_batches_config *config)
{
    recur_batches *batches = NULL;
    assert_int_equal(recur_batches_create(corpus, config, &batches, NULL), RECUR_OK);
    return batches;
}

/* One epoch: `inputs` holds its minibatches, (T, B) each. */
struct epoch {
    int32_t inputs[MOST_TOKENS];
    size_t count;
};

/* Runs an epoch and checks what holds for both ways of sampling. */
static void run_epoch(recur_batches *batches, const recur_batches_config *config, uint64_t number,
                      struct epoch *epoch)
{
    size_t size = config->batch * config->steps;
    int32_t targets[MOST_TOKENS];
    bool used[MOST_TOKENS] = {0};
    size_t promised = recur_batches_start(batches, number);
    assert_true(promised >= 1);
    assert_true(promised * size < config->count);
    memset(epoch, 0, sizeof *epoch);
    for (int32_t *x = epoch->inputs; recur_batches_next(batches, x, targets); x += size) {
        for (size_t i = 0; i < size; i++) {
            size_t place = (size_t)x[i] - config->first;
            assert_true(place < config->count - 1);
            assert_int_equal(targets[i], x[i] + 1);
            assert_false(used[place]);
            used[place] = true;
        }
        for (size_t i = config->batch; i < size; i++)
            assert_int_equal(x[i], x[i - config->batch] + 1); /* the next step goes on */
        epoch->count++;
    }
    assert_int_equal(epoch->count, promised);
    assert_int_equal(recur_batches_next(batches, epoch->inputs, targets), 0);
}

static size_t smallest(const struct epoch *epoch, size_t ids)
{
    int32_t least = INT32_MAX;
    for (size_t i = 0; i < ids; i++)
        least = epoch->inputs[i] < least ? epoch->inputs[i] : least;
    return (size_t)least;
}

/* d2l.seq_data_iter_sequential, with the offset that was drawn. */
static void check_sequential(const recur_batches_config *config, const struct epoch *epoch)
{
    size_t B = config->batch, T = config->steps;
    size_t offset = (size_t)epoch->inputs[0] - config->first;
    assert_true(offset <= T);
    size_t stream = (config->count - offset - 1) / B;
    assert_int_equal(epoch->count, stream / T);
    for (size_t n = 0; n < epoch->count; n++)
        for (size_t b = 0; b < B; b++)
            assert_int_equal(epoch->inputs[n * T * B + b],
                             config->first + offset + b * stream + n * T);
}

/* d2l.seq_data_iter_random: whole subsequences, as many as the text has but for the last few that
 * fill no minibatch. */
static void check_random(const recur_batches_config *config, const struct epoch *epoch)
{
    size_t B = config->batch, T = config->steps;
    size_t offset = ((size_t)epoch->inputs[0] - config->first) % T;
    size_t subsequences = (config->count - offset - 1) / T;
    assert_int_equal(epoch->count, subsequences / B);
    for (size_t n = 0; n < epoch->count; n++)
        for (size_t b = 0; b < B; b++) {
            size_t place = (size_t)epoch->inputs[n * T * B + b] - config->first - offset;
            assert_int_equal(place % T, 0);
            assert_true(place / T < subsequences);
        }
}

static void any_shape_follows_the_book(void **state)
{
    (void)state;
    struct recur_rng rng;
    recur_rng_seed(&rng, 1, 0);
    for (int trial = 0; trial < 600; trial++) {
        recur_batches_config config = recur_batches_config_default();
        config.batch = 1 + recur_rng_below(&rng, 12);
        config.steps = 1 + recur_rng_below(&rng, 12);
        config.sampling = trial % 2 ? RECUR_SAMPLING_RANDOM : RECUR_SAMPLING_SEQUENTIAL;
        config.seed = recur_rng_u64(&rng);
        config.count = config.batch * config.steps + 1 + recur_rng_below(&rng, trial % 3 ? 700 : 9);
        config.first = recur_rng_below(&rng, 200);
        recur_corpus *corpus = count_up(config.first + config.count + recur_rng_below(&rng, 100));
        recur_batches *batches = create(corpus, &config);
        for (uint64_t number = 0; number < 4; number++) {
            struct epoch epoch, replay;
            run_epoch(batches, &config, number, &epoch);
            if (config.sampling == RECUR_SAMPLING_RANDOM)
                check_random(&config, &epoch);
            else
                check_sequential(&config, &epoch);
            recur_batches *others = create(corpus, &config);
            run_epoch(others, &config, number, &replay);
            assert_memory_equal(&epoch, &replay, sizeof epoch);
            recur_batches_free(others);
        }
        recur_batches_free(batches);
        recur_corpus_free(corpus);
    }
}

/* How often each offset is drawn in many epochs; `offsets` is how many there are. */
static void assert_offsets(const recur_batches_config *config, size_t tokens, size_t offsets)
{
    enum { EPOCHS = 2000 };
    size_t drawn[64] = {0};
    recur_corpus *corpus = count_up(tokens);
    recur_batches *batches = create(corpus, config);
    recur_batches_config whole = *config;
    whole.count = tokens;
    for (uint64_t number = 0; number < EPOCHS; number++) {
        struct epoch epoch;
        run_epoch(batches, &whole, number, &epoch);
        size_t offset = smallest(&epoch, epoch.count * config->batch * config->steps);
        if (config->sampling == RECUR_SAMPLING_RANDOM)
            offset %= config->steps;
        assert_true(offset < offsets);
        drawn[offset]++;
    }
    for (size_t i = 0; i < offsets; i++) /* expected: 2000 / offsets, at least 200 */
        assert_in_range(drawn[i], EPOCHS / offsets * 7 / 10, EPOCHS / offsets * 13 / 10);
    recur_batches_free(batches);
    recur_corpus_free(corpus);
}

static void offsets_are_uniform(void **state)
{
    (void)state;
    recur_batches_config config = recur_batches_config_default();
    config.batch = 3;
    config.steps = 7;
    assert_offsets(&config, 100, 8); /* 0 to T */
    config.sampling = RECUR_SAMPLING_RANDOM;
    assert_offsets(&config, 100, 7); /* 0 to T - 1 */
}

static void offsets_leave_one_minibatch(void **state)
{
    (void)state;
    recur_batches_config config = recur_batches_config_default();
    config.batch = 3;
    config.steps = 7;
    for (size_t spare = 0; spare < 4; spare++) {
        config.sampling = RECUR_SAMPLING_SEQUENTIAL;
        assert_offsets(&config, 22 + spare, spare + 1);
        config.sampling = RECUR_SAMPLING_RANDOM;
        assert_offsets(&config, 22 + spare, spare + 1);
    }
}

static void random_order_is_shuffled_anew(void **state)
{
    (void)state;
    recur_batches_config config = recur_batches_config_default();
    config.batch = 4;
    config.steps = 5;
    config.sampling = RECUR_SAMPLING_RANDOM;
    config.count = 1001;
    recur_corpus *corpus = count_up(config.count);
    recur_batches *batches = create(corpus, &config);
    struct epoch first, second;
    run_epoch(batches, &config, 0, &first);
    run_epoch(batches, &config, 1, &second);
    /* Of some 200 subsequences about one stands in its own place by chance, or in the same place
     * in both epochs; half of all neighbours rise. */
    size_t unmoved = 0, same = 0, rising = 0, last = 0;
    for (size_t i = 0; i < 49 * 4; i++) {
        size_t at = i / 4 * 20 + i % 4;
        size_t place = (size_t)first.inputs[at] / 5;
        unmoved += place == i;
        same += place == (size_t)second.inputs[at] / 5;
        rising += place > last;
        last = place;
    }
    assert_in_range(unmoved, 0, 8);
    assert_in_range(same, 0, 8);
    assert_in_range(rising, 70, 126);
    recur_batches_free(batches);
    recur_corpus_free(corpus);
}

static void seeds_and_epochs_differ(void **state)
{
    (void)state;
    recur_batches_config config = recur_batches_config_default();
    config.batch = 1;
    config.steps = 40;
    config.count = 500;
    recur_corpus *corpus = count_up(config.count);
    size_t equal_seeds = 0, equal_epochs = 0;
    for (uint64_t number = 0; number < 100; number++) {
        struct epoch epochs[3];
        for (size_t i = 0; i < 3; i++) {
            config.seed = i == 1 ? 2 : 1;
            recur_batches *batches = create(corpus, &config);
            run_epoch(batches, &config, i == 2 ? number + 1 : number, &epochs[i]);
            recur_batches_free(batches);
        }
        equal_seeds += epochs[0].inputs[0] == epochs[1].inputs[0];
        equal_epochs += epochs[0].inputs[0] == epochs[2].inputs[0];
    }
    assert_in_range(equal_seeds, 0, 12); /* by chance: 100 / 41 */
    assert_in_range(equal_epochs, 0, 12);
    recur_corpus_free(corpus);
}

static void says_how_much_text_is_needed(void **state)
{
    (void)state;
    recur_corpus *corpus = count_up(500);
    recur_batches_config config = recur_batches_config_default();
    recur_batches *batches = NULL;
    recur_error error;
    assert_int_equal(recur_batches_create(corpus, &config, &batches, &error), RECUR_ERROR_DATA);
    assert_string_equal(error.message,
                        "the text has 500 tokens, but one minibatch of 32 sequences x 35 steps "
                        "needs 1121; it takes a longer text, a smaller batch or fewer steps");
    config.batch = SIZE_MAX / 2 + 1;
    config.steps = 2; /* their product is 2^64 */
    assert_int_equal(recur_batches_create(corpus, &config, &batches, &error), RECUR_ERROR_DATA);
    config.batch = 0;
    assert_int_equal(recur_batches_create(corpus, &config, &batches, &error), RECUR_ERROR_ARGUMENT);
    config.batch = 1;
    config.steps = 0;
    assert_int_equal(recur_batches_create(corpus, &config, &batches, &error), RECUR_ERROR_ARGUMENT);
    config.steps = 10;
    config.first = 490;
    assert_int_equal(recur_batches_create(corpus, &config, &batches, &error), RECUR_ERROR_DATA);
    config.count = 11;
    assert_int_equal(recur_batches_create(corpus, &config, &batches, &error), RECUR_ERROR_ARGUMENT);
    assert_null(batches);
    config.first = 489;
    batches = create(corpus, &config);
    assert_int_equal(recur_batches_start(batches, 0), 1);
    recur_batches_free(batches);
    recur_batches_free(NULL);
    recur_corpus_free(corpus);
}

/* What is passed over is what would have come, both ways of sampling. */
static void minibatches_can_be_skipped(void **state)
{
    (void)state;
    recur_corpus *corpus = count_up(150);
    for (int sampling = 0; sampling < 2; sampling++) {
        recur_batches_config config = recur_batches_config_default();
        config.batch = 3;
        config.steps = 5;
        config.sampling = (enum recur_sampling)sampling;
        recur_batches *batches = create(corpus, &config);
        int32_t wanted[15], wanted_y[15], x[15], y[15];
        size_t count = recur_batches_start(batches, 7);
        assert_true(count > 4);
        for (int i = 0; i < 4; i++)
            assert_int_equal(recur_batches_next(batches, wanted, wanted_y), 1);
        assert_int_equal(recur_batches_start(batches, 7), count);
        recur_batches_skip(batches, 1);
        recur_batches_skip(batches, 2);
        assert_int_equal(recur_batches_next(batches, x, y), 1);
        assert_memory_equal(x, wanted, sizeof x);
        assert_memory_equal(y, wanted_y, sizeof y);
        recur_batches_skip(batches, SIZE_MAX);
        assert_int_equal(recur_batches_next(batches, x, y), 0);
        recur_batches_free(batches);
    }
    recur_corpus_free(corpus);
}

/* Each number stands at one place, and at any place equally often. */
static void scattering_is_a_permutation(void **state)
{
    enum { MOST = 300, TENTHS = 10, SEEDS = 4000 };
    (void)state;
    size_t tenths[TENTHS] = {0};
    for (uint64_t count = 1; count <= MOST; count++) {
        bool seen[MOST] = {false};
        struct recur_scatter scatter;
        struct recur_rng rng;
        recur_rng_seed(&rng, count, 0);
        recur_scatter_begin(&scatter, count, &rng);
        for (uint64_t place = 0; place < count; place++) {
            uint64_t number = recur_scatter_at(&scatter, place);
            assert_true(number < count && !seen[number]);
            seen[number] = true;
        }
    }
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct recur_scatter scatter;
        struct recur_rng rng;
        recur_rng_seed(&rng, seed, 0);
        recur_scatter_begin(&scatter, 1000, &rng);
        tenths[recur_scatter_at(&scatter, 0) / 100]++;
    }
    for (size_t i = 0; i < TENTHS; i++) /* 400 are expected, with a standard deviation of 19 */
        assert_in_range(tenths[i], 300, 500);
}

/* More subsequences than are listed: none comes twice, neighbours part, and epochs differ. */
static void scatters_many_subsequences(void **state)
{
    enum { TOKENS = (1 << 24) + 70000, BATCH = 65536, SOME = 32 };
    (void)state;
    recur_corpus *corpus = count_up(TOKENS);
    recur_batches_config config = recur_batches_config_default();
    config.batch = BATCH;
    config.steps = 1;
    config.sampling = RECUR_SAMPLING_RANDOM;
    recur_batches *batches = create(corpus, &config);
    unsigned char *seen = calloc(TOKENS, 1);
    int32_t *x = malloc(2 * BATCH * sizeof *x), first = -1;
    size_t count = recur_batches_start(batches, 0), minibatches = 0, neighbours = 0;
    bool fine = true;
    assert_true(seen && x);
    while (minibatches < SOME && recur_batches_next(batches, x, x + BATCH)) {
        first = minibatches++ ? first : x[0];
        for (size_t b = 0; b < BATCH; b++) {
            fine &= !seen[x[b]] && x[BATCH + b] == x[b] + 1;
            seen[x[b]] = 1;
            neighbours += b > 0 && x[b] == x[b - 1] + 1;
        }
    }
    assert_int_equal(minibatches, SOME);
    assert_true(fine && count == TOKENS / BATCH && neighbours < 20);
    recur_batches_start(batches, 1);
    recur_batches_next(batches, x, x + BATCH);
    assert_int_not_equal(x[0], first);
    free(x);
    free(seen);
    recur_batches_free(batches);
    recur_corpus_free(corpus);
}

static void names_can_be_parsed(void **state)
{
    (void)state;
    recur_error error;
    enum recur_sampling sampling = RECUR_SAMPLING_SEQUENTIAL;
    assert_int_equal(recur_sampling_parse("random", &sampling, &error), RECUR_OK);
    assert_int_equal(sampling, RECUR_SAMPLING_RANDOM);
    assert_string_equal(recur_sampling_name(sampling), "random");
    assert_string_equal(recur_sampling_name(RECUR_SAMPLING_SEQUENTIAL), "sequential");
    assert_int_equal(recur_sampling_parse("shuffled", &sampling, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "unknown kind of sampling \"shuffled\": expected sequential or random");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_shape_follows_the_book),
        cmocka_unit_test(offsets_are_uniform),
        cmocka_unit_test(offsets_leave_one_minibatch),
        cmocka_unit_test(random_order_is_shuffled_anew),
        cmocka_unit_test(seeds_and_epochs_differ),
        cmocka_unit_test(says_how_much_text_is_needed),
        cmocka_unit_test(minibatches_can_be_skipped),
        cmocka_unit_test(scattering_is_a_permutation),
        cmocka_unit_test(scatters_many_subsequences),
        cmocka_unit_test(names_can_be_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
