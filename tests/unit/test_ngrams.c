/* N-grams: the book's facts about The Time Machine, and any counts against plain sorting. */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "recur/ngrams.h"
#include "scratch.h"

static recur_ngrams *count_ngrams(const recur_corpus *corpus, size_t n, size_t top)
{
    recur_ngrams *ngrams;
    assert_int_equal(recur_ngrams_count(corpus, n, top, &ngrams, NULL), RECUR_OK);
    return ngrams;
}

static recur_corpus *make_corpus(const int32_t *ids, size_t count)
{
    recur_corpus *corpus;
    assert_int_equal(recur_corpus_from_ids(ids, count, 1 << 20, &corpus, NULL), RECUR_OK);
    return corpus;
}

static void ranks_by_count_and_then_by_place(void **state)
{
    (void)state;
    const int32_t ids[] = {5, 3, 5, 4, 3, 5, 4, 70000};
    recur_corpus *corpus = make_corpus(ids, 8);
    recur_ngrams *ngrams = count_ngrams(corpus, 2, 3);
    size_t count;
    const recur_ngram *top = recur_ngrams_top(ngrams, &count);
    assert_int_equal(recur_ngrams_total(ngrams), 7);
    assert_int_equal(recur_ngrams_different(ngrams), 5);
    assert_int_equal(count, 3);
    const recur_ngram expected[] = {{1, 2}, {2, 2}, {0, 1}}; /* 3 5, 5 4, 5 3 */
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(top[i].first, expected[i].first);
        assert_int_equal(top[i].count, expected[i].count);
    }
    const uint64_t frequencies[] = {0, 2, 2, 1, 1, 1, 0};
    for (size_t rank = 0; rank < 7; rank++)
        assert_int_equal(recur_ngrams_frequency(ngrams, rank), frequencies[rank]);
    recur_ngrams_free(ngrams);
    recur_corpus_free(corpus);
}

static void a_text_may_be_shorter_than_n(void **state)
{
    (void)state;
    const int32_t ids[] = {1, 2, 1};
    for (size_t size = 1; size <= 3; size++) {
        recur_corpus *corpus = make_corpus(ids, size);
        recur_ngrams *ngrams = count_ngrams(corpus, 3, 5);
        size_t count;
        recur_ngrams_top(ngrams, &count);
        assert_int_equal(recur_ngrams_total(ngrams), size / 3);
        assert_int_equal(recur_ngrams_different(ngrams), size / 3);
        assert_int_equal(count, size / 3);
        assert_int_equal(recur_ngrams_frequency(ngrams, 1), size / 3);
        recur_ngrams_free(ngrams);
        recur_corpus_free(corpus);
    }
}

static void n_is_from_1_to_16(void **state)
{
    (void)state;
    const int32_t ids[] = {1, 2};
    recur_corpus *corpus = make_corpus(ids, 2);
    recur_error error;
    recur_ngrams *ngrams;
    assert_int_equal(recur_ngrams_count(corpus, 0, 1, &ngrams, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "n of n-grams must be from 1 to 16, got 0");
    assert_int_equal(recur_ngrams_count(corpus, 17, 1, &ngrams, &error), RECUR_ERROR_ARGUMENT);
    ngrams = count_ngrams(corpus, 16, 0);
    recur_ngrams_free(ngrams);
    recur_ngrams_free(NULL);
    recur_corpus_free(corpus);
}

/* An n-gram as one number, and where it stands. */
struct plain {
    uint64_t key, count;
    size_t first;
};

static int by_key(const void *left, const void *right)
{
    const struct plain *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->first < b->first ? -1 : 1;
}

static int by_rank(const void *left, const void *right)
{
    const struct plain *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return a->first < b->first ? -1 : 1;
}

enum { BITS = 11, SOME = 3000 };

/* By sorting; ids below 2^BITS. Returns how many different ones there are. */
static size_t count_plainly(const int32_t *ids, size_t total, size_t n, struct plain *plain)
{
    size_t different = 0;
    for (size_t i = 0; i < total; i++) {
        plain[i] = (struct plain){.first = i};
        for (size_t j = 0; j < n; j++)
            plain[i].key = plain[i].key << BITS | (uint64_t)ids[i + j];
    }
    qsort(plain, total, sizeof *plain, by_key);
    for (size_t i = 0; i < total; i++) {
        if (i == 0 || plain[i].key != plain[different - 1].key)
            plain[different++] = plain[i];
        plain[different - 1].count++;
    }
    qsort(plain, different, sizeof *plain, by_rank);
    return different;
}

/* `count` ids below `below`, the low ones more often. */
static void agree(size_t count, uint64_t below, size_t n, size_t least)
{
    struct recur_rng rng;
    int32_t *ids = malloc(count * sizeof *ids);
    struct plain *plain = malloc(count * sizeof *plain);
    recur_rng_seed(&rng, 1, n);
    for (size_t i = 0; i < count; i++)
        ids[i] = (int32_t)recur_rng_below(&rng, recur_rng_below(&rng, below) + 1);
    recur_corpus *corpus = make_corpus(ids, count);
    recur_ngrams *ngrams = count_ngrams(corpus, n, SOME);
    size_t different = count_plainly(ids, count - n + 1, n, plain), kept;
    const recur_ngram *top = recur_ngrams_top(ngrams, &kept);
    assert_true(different > least);
    assert_int_equal(recur_ngrams_different(ngrams), different);
    assert_int_equal(kept, different < SOME ? different : SOME);
    for (size_t i = 0; i < kept; i++) {
        assert_int_equal(top[i].first, plain[i].first);
        assert_int_equal(top[i].count, plain[i].count);
    }
    for (size_t i = 0; i < different; i++)
        assert_int_equal(recur_ngrams_frequency(ngrams, i + 1), plain[i].count);
    recur_ngrams_free(ngrams);
    recur_corpus_free(corpus);
    free(plain);
    free(ids);
}

static void counts_as_sorting_does(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 5; n++)
        agree(20000, 60, n, 10);
}

/* More different ones than are held at once: they are counted in two shares. */
static void counts_more_than_it_holds(void **state)
{
    (void)state;
    agree(1300000, 2000, 5, (size_t)1 << 20);
}

static void knows_the_books_pairs(void **state)
{
    (void)state;
    const char *folder = getenv("RECUR_DATA");
    char path[600];
    snprintf(path, sizeof path, "%s/timemachine.txt", folder ? folder : "");
    if (!folder || access(path, R_OK) != 0)
        skip();
    const char *paths[] = {path};
    const uint64_t counts[3][4] = {
        {2261, 1267, 1245, 1155}, {309, 169, 130, 112}, {59, 30, 24, 16}};
    recur_text_config text = recur_text_config_default();
    recur_corpus_config config = recur_corpus_config_default();
    recur_corpus *corpus;
    recur_vocab *vocab;
    text.tokens = RECUR_TOKENS_WORD;
    text.clean = RECUR_CLEAN_LETTERS;
    config.text = &text;
    assert_int_equal(recur_corpus_build(paths, 1, &config, &corpus, &vocab, NULL), RECUR_OK);
    for (size_t n = 1; n <= 3; n++) {
        recur_ngrams *ngrams = count_ngrams(corpus, n, 4);
        for (size_t rank = 1; rank <= 4; rank++)
            assert_int_equal(recur_ngrams_frequency(ngrams, rank), counts[n - 1][rank - 1]);
        recur_ngrams_free(ngrams);
    }
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_by_count_and_then_by_place),
        cmocka_unit_test(a_text_may_be_shorter_than_n),
        cmocka_unit_test(n_is_from_1_to_16),
        cmocka_unit_test(counts_as_sorting_does),
        cmocka_unit_test(counts_more_than_it_holds),
        cmocka_unit_test(knows_the_books_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
