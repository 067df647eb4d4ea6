/* Updates that learn from several minibatches: the same as one minibatch of as many sequences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "recur/labels.h"
#include "trainer_example.h"

/* Sums in another order differ by some last bits, of 24, in each update, and Adam divides by them.
 */
static const float tolerance = 2e-4F;

static void assert_near(const float *got, const float *wanted, size_t count)
{
    float largest = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(isfinite(got[i]));
        largest = fmaxf(largest, fabsf(got[i] - wanted[i]));
    }
    assert_true(largest < tolerance);
}

/* One epoch of updates of `sequences` sequences; free() the parameters. */
static float *train_text(enum recur_optimizer optimizer, size_t vocabulary, size_t sequences,
                         size_t accumulate, uint64_t *updates, recur_epoch *epoch)
{
    const size_t hidden[] = {20};
    recur_model_config model_config = recur_model_config_default();
    recur_trainer_config config = small_config();
    recur_model *model;
    model_config.hidden = hidden;
    model_config.layers = 1;
    model_config.vocabulary = vocabulary;
    model_config.embedding = vocabulary > 100 ? 8 : 0;
    assert_int_equal(recur_model_create(&model_config, NULL, &model, NULL), RECUR_OK);
    recur_corpus *corpus = make_corpus_of(vocabulary, 900, 0);
    config.sampling = RECUR_SAMPLING_RANDOM; /* minibatches of any size have the same order */
    config.optimizer = optimizer;
    config.clip = 0.05F;
    config.batch = sequences / accumulate;
    config.accumulate = accumulate;
    recur_trainer *trainer = make_trainer(model, corpus, &config);
    assert_int_equal(recur_trainer_epoch(trainer, epoch, NULL), RECUR_OK);
    *updates = recur_trainer_updates(trainer);
    float *values = parameters_of(model);
    release(trainer, corpus, model);
    return values;
}

static void it_is_one_minibatch_of_as_many_sequences(void **state)
{
    static const enum recur_optimizer optimizers[] = {RECUR_OPTIMIZER_ADAM, RECUR_OPTIMIZER_SGD};
    static const size_t vocabularies[] = {VOCABULARY,
                                          2000}; /* of which a minibatch reads all, few */
    (void)state;
    for (size_t o = 0; o < 2; o++)
        for (size_t v = 0; v < 2; v++) {
            uint64_t updates, wanted_updates;
            recur_epoch epoch, wanted_epoch;
            float *wanted =
                train_text(optimizers[o], vocabularies[v], 24, 1, &wanted_updates, &wanted_epoch);
            for (size_t k = 2; k <= 6; k += 2) {
                float *got = train_text(optimizers[o], vocabularies[v], 24, k, &updates, &epoch);
                size_t more = (size_t)(updates - wanted_updates); /* of what one drops at its end */
                assert_in_range(more, 0, 1);
                if (!more) {
                    assert_near(got, wanted, 500);
                    assert_true(fabs(epoch.loss - wanted_epoch.loss) < 1e-5);
                    assert_true(fabs(epoch.gradient_norm - wanted_epoch.gradient_norm) < 1e-5);
                }
                free(got);
            }
            free(wanted);
        }
}

/* The last update of an epoch learns from the minibatches that are left. */
static void updates_are_what_is_counted(void **state)
{
    size_t minibatches = 0;
    (void)state;
    for (size_t k = 1; k <= 7; k++) {
        recur_model *model = make_model(RECUR_CELL_GRU, 1, 10, 0);
        recur_corpus *corpus = make_corpus(640, 0);
        recur_trainer_config config = small_config();
        config.accumulate = k;
        recur_trainer *trainer = make_trainer(model, corpus, &config);
        recur_step step = {0};
        size_t count = 0;
        while (!step.end_of_epoch) {
            assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_OK);
            assert_int_equal(step.minibatch, ++count);
        }
        minibatches = k == 1 ? count : minibatches;
        assert_in_range(minibatches, 20, 27);
        assert_int_equal(count, (minibatches + k - 1) / k);
        assert_int_equal(step.minibatches, count);
        assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_ERROR_ARGUMENT);
        release(trainer, corpus, model);
    }
}

/* Sentences or texts of different lengths, each of them twice. */
static recur_labels *make_labels(enum recur_task task, unsigned words)
{
    char text[6000];
    size_t used = 0;
    recur_labels *labels;
    recur_labels_config config = recur_labels_config_default();
    config.task = task;
    for (unsigned i = 0; i < 30; i++) {
        unsigned line = i % 15, length = 1 + line * 7 % 11;
        if (task == RECUR_TASK_CLASSIFY)
            used += (size_t)sprintf(text + used, "%c\t", "xyz"[length % 3]);
        for (unsigned t = 0; t < length; t++) {
            unsigned word = (line * 11 + t * t) % words;
            used += (size_t)sprintf(text + used, task == RECUR_TASK_TAG ? "w%u %c\n" : "w%u ", word,
                                    "xyz"[word % 3]);
        }
        text[used++] = '\n';
    }
    assert_int_equal(recur_labels_read_memory(text, used, &config, &labels, NULL), RECUR_OK);
    return labels;
}

/* How labels are learnt. */
struct way {
    unsigned words;
    size_t batch, accumulate, blocks;
};

static float *train_labels(enum recur_task task, enum recur_decoder decoder, struct way way,
                           size_t *count)
{
    const size_t hidden[] = {12};
    recur_labels *labels = make_labels(task, way.words);
    recur_model_config model_config = recur_model_config_default();
    recur_trainer_config config = small_config();
    recur_model *model;
    recur_trainer *trainer;
    model_config.hidden = hidden;
    model_config.layers = 1;
    model_config.embedding = 6;
    model_config.bidirectional = true;
    model_config.decoder = decoder;
    config.batch = way.batch;
    config.accumulate = way.accumulate;
    config.blocks = way.blocks;
    assert_int_equal(recur_model_create_labels(&model_config, labels, NULL, &model, NULL),
                     RECUR_OK);
    assert_int_equal(recur_trainer_create_labels(model, labels, NULL, &config, &trainer, NULL),
                     RECUR_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(recur_trainer_epoch(trainer, NULL, NULL), RECUR_OK);
    float *values = parameters_of(model);
    *count = recur_model_parameters(model);
    release(trainer, NULL, model);
    recur_labels_free(labels);
    return values;
}

static const struct {
    enum recur_task task;
    enum recur_decoder decoder;
} kinds[] = {{RECUR_TASK_TAG, RECUR_DECODER_SOFTMAX},
             {RECUR_TASK_TAG, RECUR_DECODER_CRF},
             {RECUR_TASK_CLASSIFY, RECUR_DECODER_SOFTMAX}};

static void labels_are_learnt_alike(struct way one, struct way other)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t count;
        float *wanted = train_labels(kinds[i].task, kinds[i].decoder, one, &count);
        float *got = train_labels(kinds[i].task, kinds[i].decoder, other, &count);
        assert_near(got, wanted, count);
        free(got);
        free(wanted);
    }
}

/* All sequences at once, or as many minibatches: the mean is over the labels of all. */
static void labels_have_one_mean_as_well(void **state)
{
    (void)state;
    for (size_t batch = 1; batch <= 20; batch += 6)
        labels_are_learnt_alike((struct way){9, 30, 1, 0}, (struct way){9, batch, 100, 0});
}

/* Rows that a minibatch does not read have no gradient left of the one before. */
static void blocks_learn_labels_of_many_words(void **state)
{
    (void)state;
    labels_are_learnt_alike((struct way){150, 2, 1, 0}, (struct way){150, 2, 1, 2});
    labels_are_learnt_alike((struct way){150, 2, 2, 0}, (struct way){150, 2, 2, 2});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_one_minibatch_of_as_many_sequences),
        cmocka_unit_test(updates_are_what_is_counted),
        cmocka_unit_test(labels_have_one_mean_as_well),
        cmocka_unit_test(blocks_learn_labels_of_many_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
