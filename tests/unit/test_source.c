/* Sources of minibatches: what is held out, where an epoch stands, by what data is known again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/source.h"
#include "recur/labels.h"

#undef skip /* cmocka's, of whole tests */

enum { TOKENS = 100, TRAIN = 75, BATCH = 2, STEPS = 3 };

/* Token i of the text is i. */
static recur_corpus *make_corpus(void)
{
    int32_t ids[TOKENS];
    recur_corpus *corpus = NULL;
    for (int32_t i = 0; i < TOKENS; i++)
        ids[i] = i;
    assert_int_equal(recur_corpus_from_ids(ids, TOKENS, TOKENS, &corpus, NULL), RECUR_OK);
    return corpus;
}

static struct recur_source *make_text(const recur_corpus *corpus, enum recur_sampling sampling)
{
    struct recur_source *source = NULL;
    recur_batches_config config = recur_batches_config_default();
    config.batch = BATCH;
    config.steps = STEPS;
    config.sampling = sampling;
    assert_int_equal(recur_source_of_text(corpus, &config, 0.25, &source, NULL), RECUR_OK);
    return source;
}

static struct recur_source_minibatch next(struct recur_source *source)
{
    struct recur_source_minibatch minibatch;
    assert_int_equal(source->kind->next(source, &minibatch, NULL), RECUR_OK);
    return minibatch;
}

static void end_of_a_text_is_held_out(void **state)
{
    (void)state;
    recur_corpus *corpus = make_corpus();
    for (int sampling = RECUR_SAMPLING_SEQUENTIAL; sampling <= RECUR_SAMPLING_RANDOM; sampling++) {
        struct recur_source *source = make_text(corpus, (enum recur_sampling)sampling);
        assert_int_equal(source->train_tokens, TRAIN);
        assert_ptr_equal(source->held_out.corpus, corpus);
        assert_int_equal(source->held_out.first, TRAIN);
        assert_int_equal(source->held_out.count, TOKENS - TRAIN);
        assert_int_equal(source->held_out.tokens, TOKENS - TRAIN);
        assert_int_equal(source->goes_on, sampling == RECUR_SAMPLING_SEQUENTIAL);
        for (uint64_t epoch = 0; epoch < 9; epoch++) {
            size_t count = source->kind->start(source, epoch);
            assert_in_range(count, 1, source->most);
            for (size_t m = 0; m < count; m++) {
                struct recur_source_minibatch minibatch = next(source);
                assert_int_equal(minibatch.count, BATCH);
                for (size_t i = 0; i < BATCH * STEPS; i++) {
                    assert_int_equal(minibatch.y[i], minibatch.x[i] + 1);
                    assert_in_range(minibatch.y[i], 1, TRAIN - 1);
                }
                assert_int_equal(source->kind->tokens(source), (m + 1) * source->rows);
            }
            assert_int_equal(next(source).count, 0);
            assert_int_equal(source->kind->tokens(source), count * source->rows);
        }
        recur_source_free(source);
    }
    recur_corpus_free(corpus);
}

static recur_labels *make_labels(void)
{
    static const char text[] = "a\tone\nb\tone two\na\tone two three\nb\tfour\na\tfour five\n";
    recur_text_config cut = recur_text_config_default();
    recur_labels_config config = recur_labels_config_default();
    recur_labels *labels = NULL;
    cut.tokens = RECUR_TOKENS_WORD;
    config.text = &cut;
    assert_int_equal(recur_labels_read_memory(text, strlen(text), &config, &labels, NULL),
                     RECUR_OK);
    return labels;
}

static struct recur_source *make_labelled(const recur_labels *train, const recur_labels *valid)
{
    struct recur_source *source = NULL;
    recur_buckets_config config = recur_buckets_config_default();
    config.batch = 2;
    assert_int_equal(recur_source_of_labels(train, valid, &config, &source, NULL), RECUR_OK);
    return source;
}

static void each_labelled_text_is_met_once(void **state)
{
    (void)state;
    recur_labels *labels = make_labels();
    struct recur_source *source = make_labelled(labels, NULL);
    size_t met = 0, tokens = 0, count = source->kind->start(source, 0);
    assert_int_equal(count, 3);
    assert_int_equal(source->batch, 2);
    assert_int_equal(source->steps, 3);
    assert_int_equal(source->rows, 5);
    assert_int_equal(source->train_tokens, 9);
    assert_int_equal(source->held_out.tokens, 0);
    for (size_t m = 0; m < count; m++) {
        struct recur_source_minibatch minibatch = next(source);
        assert_in_range(minibatch.count, 1, 2);
        for (size_t i = 0; i < minibatch.count; i++) {
            met |= (size_t)1 << minibatch.members[i];
            tokens += recur_labels_length(labels, minibatch.members[i]);
        }
        assert_int_equal(source->kind->tokens(source), tokens);
    }
    assert_int_equal(met, 31);
    assert_int_equal(tokens, 9);
    assert_int_equal(next(source).count, 0);
    recur_source_free(source);
    recur_labels_free(labels);
}

/* Skipping leads to the minibatch that drawing leads to. */
static void check_skip(struct recur_source *source, size_t numbers)
{
    for (size_t skipped = 0; skipped < 3; skipped++) {
        struct recur_source_minibatch minibatch = {0};
        int32_t x[BATCH * STEPS];
        size_t members[2];
        source->kind->start(source, 5);
        for (size_t m = 0; m <= skipped; m++)
            minibatch = next(source);
        size_t tokens = source->kind->tokens(source), count = minibatch.count;
        if (numbers)
            memcpy(x, minibatch.x, numbers * sizeof *x);
        else
            memcpy(members, minibatch.members, count * sizeof *members);
        source->kind->start(source, 5);
        source->kind->skip(source, skipped);
        minibatch = next(source);
        assert_int_equal(source->kind->tokens(source), tokens);
        assert_int_equal(minibatch.count, count);
        if (numbers)
            assert_memory_equal(minibatch.x, x, numbers * sizeof *x);
        else
            assert_memory_equal(minibatch.members, members, count * sizeof *members);
    }
}

static void an_epoch_goes_on_from_any_minibatch(void **state)
{
    (void)state;
    recur_corpus *corpus = make_corpus();
    recur_labels *labels = make_labels();
    struct recur_source *sources[] = {make_text(corpus, RECUR_SAMPLING_SEQUENTIAL),
                                      make_text(corpus, RECUR_SAMPLING_RANDOM),
                                      make_labelled(labels, NULL)};
    for (size_t i = 0; i < 3; i++) {
        check_skip(sources[i], i < 2 ? (size_t)BATCH * STEPS : 0);
        recur_source_free(sources[i]);
    }
    recur_corpus_free(corpus);
    recur_labels_free(labels);
}

static void identity_is_of_all_data(void **state)
{
    (void)state;
    recur_labels *labels = make_labels(), *rest = NULL;
    assert_int_equal(recur_labels_split(labels, 0.4, 1, &rest, NULL), RECUR_OK);
    struct recur_source *source = make_labelled(labels, rest), *other = make_labelled(rest, labels);
    struct recur_identity one = source->kind->identity(source);
    struct recur_identity two = other->kind->identity(other);
    assert_int_equal(one.tokens, 9);
    assert_int_equal(two.tokens, 9);
    assert_true(one.fingerprint != two.fingerprint);
    assert_ptr_equal(source->held_out.labels, rest);
    assert_int_equal(source->held_out.tokens, recur_labels_tokens(rest));
    recur_source_free(source);
    recur_source_free(other);
    recur_labels_free(labels);
    recur_labels_free(rest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end_of_a_text_is_held_out),
        cmocka_unit_test(each_labelled_text_is_met_once),
        cmocka_unit_test(an_epoch_goes_on_from_any_minibatch),
        cmocka_unit_test(identity_is_of_all_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
