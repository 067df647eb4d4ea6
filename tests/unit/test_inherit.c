/* Models that go on from others: vocabularies that grow, what is copied and what is not, layers
 * that are not trained. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recur/labels.h"
#include "recur/trainer.h"
#include "tensor_named.h"

static const char *const old_text = "to be, or not to be: that is the question\n"
                                    "whether it is nobler in the mind to suffer\n";
static const char *const new_text = "the fair breeze blew; the white foam flew?\n"
                                    "we were the first that ever burst; to be\n";

static recur_corpus *read_text(const char *text, const recur_vocab *base, uint64_t min_count,
                               recur_vocab **vocab)
{
    recur_corpus *corpus;
    recur_error error;
    recur_vocab_config dictionary = recur_vocab_config_default();
    recur_corpus_config config = recur_corpus_config_default();
    dictionary.base = base;
    dictionary.min_count = min_count;
    config.vocab = &dictionary;
    if (recur_corpus_build_memory(text, strlen(text), &config, &corpus, vocab, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    return corpus;
}

static void a_vocabulary_grows_behind_its_own_tokens(void **state)
{
    (void)state;
    recur_vocab *base, *grown, *kept;
    recur_corpus *first = read_text(old_text, NULL, 0, &base);
    recur_corpus *second = read_text(new_text, base, 0, &grown);
    size_t size = recur_vocab_size(base), unknown = 0;
    for (size_t id = 0; id < size; id++) {
        recur_token old = recur_vocab_token(base, (int32_t)id);
        assert_int_equal(recur_vocab_id(grown, old), id);
    }
    assert_int_equal(recur_vocab_size(grown), size + 4); /* ; v ? and one more */
    assert_int_equal(recur_corpus_unknown(second), 0);
    uint64_t spaces = recur_vocab_count(base, recur_vocab_id(base, (recur_token){" ", 1}));
    assert_int_equal(recur_vocab_count(grown, recur_vocab_id(base, (recur_token){" ", 1})),
                     spaces + 15);
    recur_corpus *third = read_text(new_text, base, UINT64_MAX, &kept);
    assert_int_equal(recur_vocab_size(kept), size);
    for (size_t i = 0; i < recur_corpus_size(third); i++) {
        int32_t id, own;
        recur_corpus_read(third, i, 1, &id);
        recur_corpus_read(second, i, 1, &own);
        assert_int_equal(id, (size_t)own < size ? own : RECUR_UNKNOWN);
        unknown += id == RECUR_UNKNOWN;
    }
    assert_int_equal(recur_corpus_unknown(third), unknown);
    recur_corpus_free(first);
    recur_corpus_free(second);
    recur_corpus_free(third);
    recur_vocab_free(base);
    recur_vocab_free(grown);
    recur_vocab_free(kept);
}

static void a_vocabulary_of_words_does_not_grow_by_characters(void **state)
{
    (void)state;
    recur_error error;
    recur_vocab *base, *vocab;
    recur_corpus *corpus = read_text(old_text, NULL, 0, &base);
    recur_text_config text = recur_text_config_default();
    recur_vocab_config config = recur_vocab_config_default();
    text.tokens = RECUR_TOKENS_WORD;
    config.base = base;
    assert_int_equal(recur_vocab_build(NULL, 0, &text, &config, &vocab, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "a vocabulary of the tokens char cannot grow by tokens word");
    recur_vocab_free(base);
    assert_int_equal(recur_vocab_build(NULL, 0, &text, NULL, &base, &error), RECUR_OK);
    config.base = base;
    text.word_rule = RECUR_WORD_RULE_UNICODE;
    assert_int_equal(recur_vocab_build(NULL, 0, &text, &config, &vocab, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "a vocabulary of words by the word rule space cannot grow "
                                       "by words by the word rule unicode");
    const recur_token reserved = {"<pad>", 5};
    config.reserved = &reserved;
    config.reserved_count = 1;
    assert_int_equal(recur_vocab_build(NULL, 0, NULL, &config, &vocab, &error),
                     RECUR_ERROR_ARGUMENT);
    recur_vocab_free(base);
    recur_corpus_free(corpus);
}

static const size_t widths[] = {9, 5};

static recur_model *make(recur_model_config config, recur_vocab *vocab, uint64_t seed)
{
    recur_model *model;
    recur_error error;
    config.layers = 2;
    config.hidden = widths;
    config.seed = seed;
    if (recur_model_create(&config, vocab, &model, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    return model;
}

/* A tensor's values, allocated. */
static float *values_of(const recur_model *model, const char *name)
{
    size_t t = tensor_named(model, name);
    recur_tensor_info info = recur_model_tensor(model, t);
    float *values = calloc(info.shape[0] * info.shape[1], sizeof *values);
    assert_non_null(values);
    recur_model_get_tensor(model, t, values);
    return values;
}

/* Are the first rows and columns of a tensor equal in both models? */
static bool same(const recur_model *a, const recur_model *b, const char *name, size_t rows,
                 size_t columns)
{
    size_t width[2] = {recur_model_tensor(a, tensor_named(a, name)).shape[1],
                       recur_model_tensor(b, tensor_named(b, name)).shape[1]};
    float *x = values_of(a, name), *y = values_of(b, name);
    bool equal = true;
    for (size_t r = 0; r < rows; r++)
        equal &= memcmp(x + r * width[0], y + r * width[1], columns * sizeof *x) == 0;
    free(x);
    free(y);
    return equal;
}

static bool same_whole(const recur_model *a, const recur_model *b, const char *name)
{
    recur_tensor_info info = recur_model_tensor(a, tensor_named(a, name));
    return same(a, b, name, info.shape[0], info.shape[1]);
}

struct family {
    recur_vocab *vocab, *grown;
    recur_corpus *old, *young;
    recur_model *from;
};

static struct family begin(recur_model_config config)
{
    struct family family;
    family.old = read_text(old_text, NULL, 0, &family.vocab);
    family.young = read_text(new_text, family.vocab, 0, &family.grown);
    family.from = make(config, family.vocab, 1);
    return family;
}

static void end(struct family *family)
{
    recur_model_free(family->from);
    recur_corpus_free(family->old);
    recur_corpus_free(family->young);
    recur_vocab_free(family->vocab);
    recur_vocab_free(family->grown);
}

static void a_model_inherits_what_it_shares(recur_model_config config, const char *table,
                                            bool columns)
{
    struct family family = begin(config);
    recur_model *heir = make(config, family.grown, 2), *fresh = make(config, family.grown, 2);
    size_t inherited = 0, old = recur_vocab_size(family.vocab);
    assert_int_equal(recur_model_set_origin(family.from, "Hamlet", "recur train hamlet", NULL), 0);
    assert_int_equal(recur_model_inherit(heir, family.from, &inherited, NULL), RECUR_OK);
    assert_int_equal(inherited, recur_model_parameters(family.from));
    assert_true(same_whole(family.from, heir, "rnn.weight_hh_l0"));
    assert_true(same_whole(family.from, heir, "rnn.weight_ih_l1"));
    assert_true(same(family.from, heir, "linear.weight", old, 5));
    assert_true(same(family.from, heir, "linear.bias", old, 1));
    recur_tensor_info info = recur_model_tensor(family.from, tensor_named(family.from, table));
    assert_true(same(family.from, heir, table, columns ? info.shape[0] : old,
                     columns ? old : info.shape[1]));
    /* The rest is as it was drawn. */
    float *x = values_of(heir, "linear.weight"), *y = values_of(fresh, "linear.weight");
    assert_memory_equal(x + old * 5, y + old * 5, 4 * 5 * sizeof *x);
    free(x);
    free(y);
    x = values_of(heir, table);
    y = values_of(fresh, table);
    size_t width = recur_model_tensor(heir, tensor_named(heir, table)).shape[1];
    for (size_t r = columns ? 0 : old; r < (columns ? info.shape[0] : old + 4); r++)
        assert_memory_equal(x + r * width + (columns ? old : 0),
                            y + r * width + (columns ? old : 0), (columns ? 4 : width) * sizeof *x);
    free(x);
    free(y);
    const recur_origin *origin = recur_model_origin(heir);
    assert_int_equal(origin->ancestor_count, 1);
    assert_string_equal(origin->ancestors[0].text, "Hamlet");
    recur_model_free(heir);
    recur_model_free(fresh);
    end(&family);
}

static void models_inherit_embeddings_and_one_hot_weights(void **state)
{
    (void)state;
    recur_model_config config = recur_model_config_default();
    a_model_inherits_what_it_shares(config, "rnn.weight_ih_l0", true);
    config.embedding = 7;
    config.cell = RECUR_CELL_GRU;
    a_model_inherits_what_it_shares(config, "embedding.weight", false);
}

static void another_order_of_tokens_is_found_again(void **state)
{
    (void)state;
    recur_model_config config = recur_model_config_default();
    struct family family = begin(config);
    recur_vocab *apart;
    recur_corpus *corpus = read_text(new_text, NULL, 0, &apart);
    recur_model *heir = make(config, apart, 2);
    assert_int_equal(recur_model_inherit(heir, family.from, NULL, NULL), RECUR_OK);
    float *x = values_of(family.from, "linear.weight"), *y = values_of(heir, "linear.weight");
    for (size_t id = 1; id < recur_vocab_size(apart); id++) {
        int32_t old = recur_vocab_id(family.vocab, recur_vocab_token(apart, (int32_t)id));
        if (old != RECUR_UNKNOWN)
            assert_memory_equal(x + (size_t)old * 5, y + id * 5, 5 * sizeof *x);
    }
    free(x);
    free(y);
    recur_model_free(heir);
    recur_corpus_free(corpus);
    recur_vocab_free(apart);
    end(&family);
}

static void other_layers_are_refused(void **state)
{
    (void)state;
    recur_model_config config = recur_model_config_default();
    struct family family = begin(config);
    recur_error error;
    recur_model_config other[3] = {config, config, config};
    other[0].cell = RECUR_CELL_GRU;
    other[1].biases = 1;
    other[2].embedding = 4;
    static const char *const sentence[] = {
        "a model of the cell gru cannot go on from one of the cell lstm",
        "the model cannot go on from the other one: its rnn.bias_hh_l0 is missing",
        ("a model that reads tokens through an embedding cannot go on from one without: train that "
         "one with an embedding (--embed N)")};
    for (size_t i = 0; i < 3; i++) {
        recur_model *heir = make(other[i], family.grown, 2),
                    *fresh = make(other[i], family.grown, 2);
        assert_int_equal(recur_model_inherit(heir, family.from, NULL, &error),
                         RECUR_ERROR_ARGUMENT);
        assert_string_equal(error.message, sentence[i]);
        assert_true(same_whole(heir, fresh, "linear.weight"));
        recur_model_free(heir);
        recur_model_free(fresh);
    }
    recur_model *heir = make(config, family.grown, 2);
    assert_int_equal(recur_model_quantize(family.from, RECUR_QUANTIZATION_BF16, NULL), RECUR_OK);
    assert_int_equal(recur_model_inherit(heir, family.from, NULL, &error), RECUR_ERROR_UNSUPPORTED);
    recur_model_free(heir);
    end(&family);
}

/* One step of SGD without clipping; `freeze` layers stay. */
static recur_model *step(const struct family *family, recur_model_config config, size_t freeze,
                         size_t threads)
{
    recur_model *model = make(config, family->vocab, 3);
    recur_trainer *trainer;
    recur_trainer_config training = recur_trainer_config_default();
    recur_error error;
    training.batch = 2;
    training.steps = 6;
    training.optimizer = RECUR_OPTIMIZER_SGD;
    training.weight_decay = 0.5F;
    training.clip = 0;
    training.lr = 0.1F;
    training.validation = 0;
    training.threads = threads;
    training.freeze = freeze;
    if (recur_trainer_create(model, family->old, &training, &trainer, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    assert_int_equal(recur_trainer_step(trainer, NULL, NULL), RECUR_OK);
    recur_trainer_free(trainer);
    return model;
}

static void frozen_layers_stay_and_others_learn_the_same(recur_model_config config)
{
    struct family family = begin(config);
    for (size_t freeze = 0; freeze <= 2; freeze++)
        for (size_t threads = 1; threads <= 2; threads++) {
            recur_model *before = make(config, family.vocab, 3);
            recur_model *all = step(&family, config, 0, 1);
            recur_model *some = step(&family, config, freeze, threads);
            for (size_t t = 0; t < recur_model_tensors(all); t++) {
                const char *name = recur_model_tensor(all, t).name;
                bool frozen = (strstr(name, "_l0") && freeze > 0) ||
                              (strstr(name, "_l1") && freeze > 1) ||
                              (strstr(name, "embedding") && freeze > 0);
                assert_true(same_whole(some, frozen ? before : all, name));
                assert_false(same_whole(some, frozen ? all : before, name));
            }
            recur_model_free(before);
            recur_model_free(all);
            recur_model_free(some);
        }
    end(&family);
}

static void frozen_layers_are_not_trained(void **state)
{
    (void)state;
    recur_model_config config = recur_model_config_default();
    frozen_layers_stay_and_others_learn_the_same(config);
    config.embedding = 6;
    config.cell = RECUR_CELL_GRU_RESET_BEFORE;
    frozen_layers_stay_and_others_learn_the_same(config);
    config.task = RECUR_TASK_FILL;
    config.bidirectional = true;
    frozen_layers_stay_and_others_learn_the_same(config);
}

static void more_layers_than_there_are_cannot_be_frozen(void **state)
{
    (void)state;
    recur_model_config config = recur_model_config_default();
    struct family family = begin(config);
    recur_trainer_config training = recur_trainer_config_default();
    recur_trainer *trainer;
    recur_error error;
    training.freeze = 3;
    training.batch = training.steps = 2;
    assert_int_equal(recur_trainer_create(family.from, family.old, &training, &trainer, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "3 layers cannot be frozen: the model has 2");
    end(&family);
}

static recur_labels *read_labels(enum recur_task task, const char *text)
{
    recur_labels_config config = recur_labels_config_default();
    recur_labels *labels;
    recur_error error;
    config.task = task;
    if (recur_labels_read_memory(text, strlen(text), &config, &labels, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    return labels;
}

/* A language model becomes one that classifies: its layers stay, also while the head learns. */
static void other_tasks_get_the_layers(void **state)
{
    (void)state;
    recur_model_config config = recur_model_config_default();
    struct family family = begin(config);
    recur_labels *data = read_labels(RECUR_TASK_CLASSIFY, "good\tto be\nbad\tnot to be\n");
    recur_vocab_config vocab = recur_vocab_config_default();
    recur_trainer_config training = recur_trainer_config_default();
    recur_model *heir, *fresh;
    recur_trainer *trainer;
    recur_error error;
    vocab.base = family.vocab;
    config.task = RECUR_TASK_CLASSIFY;
    config.layers = 2;
    config.hidden = widths;
    if (recur_model_create_labels(&config, data, &vocab, &heir, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    assert_int_equal(recur_model_create_labels(&config, data, &vocab, &fresh, NULL), RECUR_OK);
    assert_int_equal(recur_vocab_size(recur_model_vocab(heir)), recur_vocab_size(family.vocab));
    assert_int_equal(recur_model_inherit(heir, family.from, NULL, NULL), RECUR_OK);
    assert_true(same_whole(heir, fresh, "linear.weight"));
    training.freeze = 1;
    training.validation = 0;
    assert_int_equal(recur_trainer_create_labels(heir, data, NULL, &training, &trainer, NULL), 0);
    assert_int_equal(recur_trainer_step(trainer, NULL, NULL), RECUR_OK);
    recur_trainer_free(trainer);
    assert_true(same_whole(family.from, heir, "rnn.weight_ih_l0"));
    assert_true(same_whole(family.from, heir, "rnn.bias_hh_l0"));
    assert_false(same_whole(family.from, heir, "rnn.weight_ih_l1"));
    assert_false(same_whole(fresh, heir, "linear.weight"));
    recur_model_free(heir);
    recur_model_free(fresh);
    recur_labels_free(data);
    end(&family);
}

/* One that tags reads a word's case and characters as well, so the first layer has more columns. */
static void a_tagger_gets_the_columns_of_the_embedding(void **state)
{
    (void)state;
    recur_labels *data = read_labels(RECUR_TASK_TAG, "to TO\nbe VB\n\nor CC\nnot RB\n");
    recur_text_config text = recur_text_config_default();
    recur_model_config config = recur_model_config_default();
    const recur_token words[] = {{"to", 2}, {"be", 2}, {"Hamlet", 6}};
    recur_vocab_config grow = recur_vocab_config_default();
    recur_vocab *vocab;
    recur_model *heir, *next;
    text.tokens = RECUR_TOKENS_WORD;
    assert_int_equal(recur_vocab_build(words, 3, &text, NULL, &vocab, NULL), RECUR_OK);
    config.embedding = 6;
    recur_model *from = make(config, vocab, 1);
    config.layers = 2;
    config.hidden = widths;
    config.task = RECUR_TASK_TAG;
    grow.base = vocab;
    assert_int_equal(recur_model_create_labels(&config, data, &grow, &heir, NULL), RECUR_OK);
    assert_int_equal(recur_vocab_size(recur_model_vocab(heir)), 4 + 2);
    assert_int_equal(recur_model_inherit(heir, from, NULL, NULL), RECUR_OK);
    assert_true(same(from, heir, "rnn.weight_ih_l0", 4 * 9, 6));
    assert_true(same(from, heir, "embedding.weight", 4, 6));
    grow.base = recur_model_vocab(heir);
    config.seed = 5;
    assert_int_equal(recur_model_create_labels(&config, data, &grow, &next, NULL), RECUR_OK);
    size_t inherited;
    assert_int_equal(recur_model_inherit(next, heir, &inherited, NULL), RECUR_OK);
    assert_int_equal(inherited, recur_model_parameters(next));
    assert_int_equal(recur_model_origin(next)->ancestor_count, 2);
    recur_model_free(next);
    recur_model_free(heir);
    recur_model_free(from);
    recur_vocab_free(vocab);
    recur_labels_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vocabulary_grows_behind_its_own_tokens),
        cmocka_unit_test(a_vocabulary_of_words_does_not_grow_by_characters),
        cmocka_unit_test(models_inherit_embeddings_and_one_hot_weights),
        cmocka_unit_test(another_order_of_tokens_is_found_again),
        cmocka_unit_test(other_layers_are_refused),
        cmocka_unit_test(frozen_layers_are_not_trained),
        cmocka_unit_test(more_layers_than_there_are_cannot_be_frozen),
        cmocka_unit_test(other_tasks_get_the_layers),
        cmocka_unit_test(a_tagger_gets_the_columns_of_the_embedding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
