/* Filling blanks: probabilities against whole passes, and texts that come back as they were. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/pass.h"
#include "nn/model_object.h"
#include "recur/fill.h"
#include "recur/trainer.h"

#define TOKEN(text)                                                                                \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

enum { LETTERS = 6, TEXT_ROOM = 4096, FILLINGS_MAX = 64 };

/* "<unk>", a reserved token, a to d. */
static recur_model *make_random_model(bool bidirectional)
{
    static const recur_token entries[LETTERS] = {TOKEN("<unk>"), TOKEN("<r>"), TOKEN("a"),
                                                 TOKEN("b"),     TOKEN("c"),   TOKEN("d")};
    static const size_t hidden[] = {20, 9};
    recur_model_config config = recur_model_config_default();
    recur_vocab *vocab;
    recur_model *model;
    config.task = RECUR_TASK_FILL;
    config.bidirectional = bidirectional;
    config.layers = 2;
    config.hidden = hidden;
    assert_int_equal(recur_vocab_from_entries(entries, NULL, LETTERS, 1, NULL, &vocab, NULL), 0);
    assert_int_equal(recur_model_create(&config, vocab, &model, NULL), RECUR_OK);
    recur_vocab_free(vocab);
    for (size_t t = 0; t < recur_model_tensors(model); t++) { /* larger, or all is alike */
        recur_tensor_info info = recur_model_tensor(model, t);
        float values[4 * 20 * 40];
        recur_model_get_tensor(model, t, values);
        for (size_t i = 0; i < info.shape[0] * info.shape[1]; i++)
            values[i] *= 4;
        recur_model_set_tensor(model, t, values);
    }
    return model;
}

/* p[t][v]: how probable the model holds id v at t, from a whole pass over `size` ids. */
static void probabilities(const recur_model *model, const int32_t *ids, size_t size,
                          double (*p)[LETTERS])
{
    struct recur_workspace work;
    assert_int_equal(recur_workspace_init(&work, &model->network, 1, size, false, 1, NULL), 0);
    struct recur_pass pass = {.network = &model->network,
                              .kernels = model->kernels,
                              .work = &work,
                              .parameters = model->parameters,
                              .batch.steps = size,
                              .batch.ids = ids};
    recur_pass_prepare(&pass, false);
    recur_pass_forward(&pass, 0);
    for (size_t t = 0; t < size; t++) {
        double sum = 0;
        for (size_t v = 0; v < LETTERS; v++)
            sum += p[t][v] = exp((double)work.logits[t * RECUR_LANES + v]);
        for (size_t v = 0; v < LETTERS; v++)
            p[t][v] /= sum;
    }
    recur_workspace_free(&work);
}

struct fillings {
    char text[FILLINGS_MAX][TEXT_ROOM];
    double probability[FILLINGS_MAX];
    size_t count, blanks, most; /* stop after `most`; 0: never */
};

static enum recur_status collect(void *user, const recur_filling *filling, recur_error *error)
{
    struct fillings *fillings = user;
    (void)error;
    assert_in_range(fillings->count, 0, FILLINGS_MAX - 1);
    assert_in_range(filling->size, 0, TEXT_ROOM - 1);
    memcpy(fillings->text[fillings->count], filling->text, filling->size);
    fillings->text[fillings->count][filling->size] = '\0';
    fillings->blanks = filling->blanks;
    fillings->probability[fillings->count++] = filling->probability;
    return fillings->count == fillings->most ? RECUR_STOP : RECUR_OK;
}

static struct fillings *fill(const recur_model *model, const char *text, size_t alternatives,
                             size_t beam, const char *blank)
{
    static struct fillings fillings;
    recur_filler *filler;
    recur_error error = {0};
    recur_fill_config config = {sizeof config, blank, alternatives, beam};
    memset(&fillings, 0, sizeof fillings);
    assert_int_equal(recur_filler_create(model, &config, &filler, &error), RECUR_OK);
    if (recur_fill(filler, text, strlen(text), collect, &fillings, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    recur_filler_free(filler);
    return &fillings;
}

static void to_ids(const char *text, int32_t *ids)
{
    for (size_t i = 0; text[i]; i++)
        ids[i] = text[i] == '_' ? RECUR_UNKNOWN : text[i] - 'a' + 2;
}

/* Four letters may stand there, each as probable as the model says. */
static void one_blank(void **state)
{
    (void)state;
    static const char *const texts[] = {"abca_dbca", "_bcd", "abc_", "_"};
    for (size_t i = 0; i < 8; i++) {
        const char *text = texts[i / 2];
        size_t size = strlen(text), blank = strcspn(text, "_");
        int32_t ids[16];
        double p[16][LETTERS];
        recur_model *model = make_random_model(i % 2);
        to_ids(text, ids);
        probabilities(model, ids, size, p);
        struct fillings *fillings = fill(model, text, 10, 1, "_");
        assert_int_equal(fillings->count, LETTERS - 2);
        assert_int_equal(fillings->blanks, 1);
        for (size_t k = 0; k < fillings->count; k++) {
            char letter = fillings->text[k][blank];
            assert_in_range(letter, 'a', 'd');
            assert_true(fabs(fillings->probability[k] - p[blank][letter - 'a' + 2]) < 1e-6);
            assert_true(k == 0 || fillings->probability[k] <= fillings->probability[k - 1]);
            fillings->text[k][blank] = '_';
            assert_string_equal(fillings->text[k], text);
        }
        recur_model_free(model);
    }
}

/* All 16 pairs for two neighbours; each is as probable as the first token, where the other is
 * blank, times the second one beside the first. The surer blank is filled first; returns which. */
static size_t check_pairs(const recur_model *model, const char *text, size_t left)
{
    int32_t ids[16], again[16];
    double p[16][LETTERS], given[16][LETTERS], top[2] = {0};
    size_t size = strlen(text);
    to_ids(text, ids);
    probabilities(model, ids, size, p);
    for (size_t v = 2; v < LETTERS; v++)
        for (size_t i = 0; i < 2; i++)
            top[i] = fmax(top[i], p[left + i][v]);
    size_t second = left + (top[0] >= top[1]), first = 2 * left + 1 - second;
    struct fillings *fillings = fill(model, text, 20, 20, "_");
    assert_int_equal(fillings->count, (LETTERS - 2) * (LETTERS - 2));
    for (size_t k = 0; k < fillings->count; k++) {
        to_ids(fillings->text[k], again);
        int32_t last = again[second];
        again[second] = RECUR_UNKNOWN;
        probabilities(model, again, size, given);
        double wanted = p[first][again[first]] * given[second][last];
        if (!(fabs(fillings->probability[k] - wanted) < 1e-6))
            fail_msg("%s: %g, expected %g", fillings->text[k], fillings->probability[k], wanted);
        for (size_t other = 0; other < k; other++)
            assert_string_not_equal(fillings->text[k], fillings->text[other]);
    }
    return first - left;
}

static void two_neighbours(void **state)
{
    (void)state;
    static const char *const texts[] = {"abd__cab", "__cab", "abddc__", "cc__dd", "da__bb", "a__b"};
    size_t rights = 0, count = sizeof texts / sizeof *texts;
    recur_model *model = make_random_model(true);
    for (size_t i = 0; i < count; i++)
        rights += check_pairs(model, texts[i], strcspn(texts[i], "_"));
    assert_in_range(rights, 1, count - 1); /* or the order was never put to the test */
    recur_model_free(model);
}

/* Far apart, blanks are searched one after the other and count as independent; a text without
 * blanks is its own filling; the receiver can stop. */
static void far_apart(void **state)
{
    (void)state;
    char text[301];
    recur_model *model = make_random_model(true);
    memset(text, 'b', 300);
    text[300] = '\0';
    text[10] = text[250] = '_';
    struct fillings *fillings = fill(model, text, 16, 16, "_");
    double sum = 0, best = fillings->probability[0];
    assert_int_equal(fillings->count, 16);
    assert_int_equal(fillings->blanks, 2);
    for (size_t k = 0; k < 16; k++) {
        sum += fillings->probability[k];
        assert_true(fillings->probability[k] <= best);
        assert_null(strchr(fillings->text[k], '_'));
    }
    assert_true(sum > 0.1 && sum <= 1);
    text[250] = 'b';
    double left = fill(model, text, 1, 1, "_")->probability[0];
    memcpy(text, fill(model, text, 1, 1, "_")->text[0], 300);
    text[250] = '_';
    double right = fill(model, text, 1, 1, "_")->probability[0];
    assert_true(left > best && fabs(left * right - best) < 0.05 * best);

    fillings = fill(model, "abcd", 5, 5, "_");
    assert_int_equal(fillings->count, 1);
    assert_int_equal(fillings->blanks, 0);
    assert_true(fillings->probability[0] == 1);
    assert_string_equal(fillings->text[0], "abcd");
    assert_int_equal(fill(model, "", 1, 1, "_")->count, 1);

    recur_filler *filler;
    recur_fill_config config = {sizeof config, "_", 5, 5};
    struct fillings two = {.most = 2};
    assert_int_equal(recur_filler_create(model, &config, &filler, NULL), RECUR_OK);
    assert_int_equal(recur_fill(filler, "a_b", 3, collect, &two, NULL), RECUR_OK);
    assert_int_equal(two.count, 2);
    recur_filler_free(filler);
    recur_model_free(model);
}

/* A model of a text that repeats itself. */
static recur_model *learn(const char *phrase, enum recur_tokens tokens, enum recur_clean clean)
{
    static const size_t hidden[] = {24};
    char text[6000] = "";
    size_t size = 0;
    recur_corpus_config cutting = recur_corpus_config_default();
    const recur_text_config kind = {.size = sizeof kind, .tokens = tokens, .clean = clean};
    cutting.text = &kind;
    while (size + strlen(phrase) < sizeof text) {
        memcpy(text + size, phrase, strlen(phrase));
        size += strlen(phrase);
    }
    recur_corpus *corpus;
    recur_vocab *vocab;
    recur_trainer *trainer;
    recur_model *model;
    recur_model_config config = recur_model_config_default();
    config.task = RECUR_TASK_FILL;
    config.bidirectional = true;
    config.hidden = hidden;
    recur_trainer_config run = recur_trainer_config_default();
    run.batch = 4;
    run.steps = 20;
    run.lr = 0.02f;
    run.validation = 0;
    run.threads = 1;
    assert_int_equal(recur_corpus_build_memory(text, size, &cutting, &corpus, &vocab, NULL), 0);
    assert_int_equal(recur_model_create(&config, vocab, &model, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_create(model, corpus, &run, &trainer, NULL), RECUR_OK);
    for (size_t e = 0; e < 8; e++)
        assert_int_equal(recur_trainer_epoch(trainer, NULL, NULL), RECUR_OK);
    recur_trainer_free(trainer);
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
    return model;
}

static void assert_fills(const recur_model *model, const char *text, const char *blank,
                         const char *expected)
{
    assert_string_equal(fill(model, text, 1, 8, blank)->text[0], expected);
}

static void characters(void **state)
{
    (void)state;
    recur_model *model = learn("six \xc3\xa4pples.\n", RECUR_TOKENS_CHAR, RECUR_CLEAN_NONE);
    assert_fills(model, "six \xc3\xa4p_les.\ns__ \xc3\xa4pples.\nsix _pples.\n", "_",
                 "six \xc3\xa4pples.\nsix \xc3\xa4pples.\nsix \xc3\xa4pples.\n");
    assert_fills(model, "six?\xc3\xa4pples.\nsi? \xc3\xa4p", "?",
                 "six \xc3\xa4pples.\nsix \xc3\xa4p");
    assert_fills(model, "six\xe2\x82\xac\xc3\xa4pples.", "\xe2\x82\xac", "six \xc3\xa4pples.");
    recur_model_free(model);
}

/* The text keeps what cleaning takes away, and an x is no blank. */
static void cleaned_letters(void **state)
{
    (void)state;
    recur_model *model = learn("xo mix ox ", RECUR_TOKENS_CHAR, RECUR_CLEAN_LETTERS);
    assert_fills(model, "  Xo -- mi_ OX! 12 x_ m_x ox xo __x ox", "_",
                 "  Xo -- mix OX! 12 xo mix ox xo mix ox");
    assert_fills(model, "_", "_", fill(model, "_", 1, 1, "_")->text[0]);
    recur_model_free(model);
}

static void words(void **state)
{
    (void)state;
    recur_model *model = learn("one two xx three four ", RECUR_TOKENS_WORD, RECUR_CLEAN_NONE);
    assert_fills(model, "one _ xx  three\nfour one _ _ three", "_",
                 "one two xx  three\nfour one two xx three");
    recur_model_free(model);
    model = learn("one two xx three four ", RECUR_TOKENS_WORD, RECUR_CLEAN_LETTERS);
    assert_fills(model, "One _ XX three, four; one two _ three", "_",
                 "One two XX three, four; one two xx three");

    recur_filler *filler;
    recur_error error;
    recur_fill_config config = recur_fill_config_default();
    assert_int_equal(recur_filler_create(model, &config, &filler, NULL), RECUR_OK);
    assert_int_equal(recur_fill(filler, "one t_o _", 9, collect, NULL, &error), RECUR_ERROR_DATA);
    assert_string_equal(error.message, "1 of the text's 2 blanks is not a token: a model of words "
                                       "fills whole words, parted by spaces");
    recur_filler_free(filler);
    recur_model_free(model);
}

static void refuses(void **state)
{
    (void)state;
    enum { SIZE = sizeof(recur_fill_config) };
    static const struct {
        recur_fill_config config;
        const char *sentence;
    } cases[] = {
        {{SIZE, "", 1, 1}, "a blank is marked by one character, got \"\""},
        {{SIZE, "ab", 1, 1}, "a blank is marked by one character, got \"ab\""},
        {{SIZE, "\xc3", 1, 1}, "a blank is marked by one character, got \"\\xC3\""},
        {{SIZE, "_", 0, 1}, "filling needs at least 1 alternative and a beam of 1"},
        {{SIZE, "_", 1, 0}, "filling needs at least 1 alternative and a beam of 1"},
    };
    recur_model *model = make_random_model(true), *other;
    recur_filler *filler = NULL;
    recur_error error;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(recur_filler_create(model, &cases[i].config, &filler, &error),
                         RECUR_ERROR_ARGUMENT);
        assert_string_equal(error.message, cases[i].sentence);
    }
    recur_fill_config config = recur_fill_config_default();
    recur_model_config lm = recur_model_config_default(), bare = lm;
    assert_int_equal(recur_model_create(&lm, recur_model_vocab(model), &other, NULL), RECUR_OK);
    assert_int_equal(recur_filler_create(other, &config, &filler, &error), RECUR_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "a language model does not fill blanks"));
    recur_model_free(other);
    bare.task = RECUR_TASK_FILL;
    bare.vocabulary = 4;
    assert_int_equal(recur_model_create(&bare, NULL, &other, NULL), RECUR_OK);
    assert_int_equal(recur_filler_create(other, &config, &filler, &error), RECUR_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "no vocabulary"));
    recur_model_free(other);
    assert_null(filler);
    recur_model_free(model);
}

/* No mark stands for a byte pair. */
static void byte_pairs_are_refused(void **state)
{
    (void)state;
    const recur_text_config pairs = {.size = sizeof pairs, .tokens = RECUR_TOKENS_BPE};
    recur_model_config config = recur_model_config_default();
    recur_vocab *vocab;
    recur_model *model;
    recur_filler *filler = NULL;
    recur_error error;
    config.task = RECUR_TASK_FILL;
    assert_int_equal(recur_vocab_build(NULL, 0, &pairs, NULL, &vocab, NULL), RECUR_OK);
    assert_int_equal(recur_model_create(&config, vocab, &model, NULL), RECUR_OK);
    assert_int_equal(recur_filler_create(model, NULL, &filler, &error), RECUR_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "a model of byte pairs fills no blanks"));
    assert_null(filler);
    recur_model_free(model);
    recur_vocab_free(vocab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_blank),       cmocka_unit_test(two_neighbours),
        cmocka_unit_test(far_apart),       cmocka_unit_test(characters),
        cmocka_unit_test(cleaned_letters), cmocka_unit_test(words),
        cmocka_unit_test(refuses),         cmocka_unit_test(byte_pairs_are_refused),
    };
    return cmocka_run_group_tests_name("fill", tests, NULL, NULL);
}
