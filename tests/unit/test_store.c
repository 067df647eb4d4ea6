/* Stores: the ids and the vocabulary of a corpus in memory, from files, whatever the texts are;
 * training on them; and what is damaged, missing, swapped or of another store. Kills are
 * tests/resume/tokenize.py's. */
#define _GNU_SOURCE /* scratch.h, asprintf */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "recur/store.h"
#include "recur/trainer.h"
#include "scratch.h"

enum { SHARD = 65536, PAGE = 65536, LINES = 12000 };

/* A text of several shards: words, two bytes to a character here and there, lines that end in
 * "\r\n", a broken byte and a mark in the middle. */
static void write_text(const char *path, unsigned seed)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (unsigned i = 0; i < LINES; i++) {
        seed = seed * 1664525 + 1013904223;
        fprintf(file, "w%u \xc3\xa4h%u  die Katze,%s", seed >> 24, (seed >> 16) % 9,
                i % 7 ? "\n" : "\r\n");
        if (i == LINES / 2)
            fputs("\xff \xef\xbb\xbf", file);
    }
    fclose(file);
}

struct texts {
    struct scratch *scratch;
    char first[300], second[300], store[300];
    const char *paths[2];
};

static struct texts *texts_in(void **state)
{
    static struct texts texts;
    texts.scratch = *state;
    snprintf(texts.first, sizeof texts.first, "%s/first", texts.scratch->folder);
    snprintf(texts.second, sizeof texts.second, "%s/second", texts.scratch->folder);
    snprintf(texts.store, sizeof texts.store, "%s/store", texts.scratch->folder);
    texts.paths[0] = texts.first;
    texts.paths[1] = texts.second;
    write_text(texts.first, 1);
    write_text(texts.second, 2);
    return &texts;
}

static void remove_store(const char *store)
{
    DIR *folder = opendir(store);
    const struct dirent *entry;
    char path[900];
    while (folder && (entry = readdir(folder))) {
        snprintf(path, sizeof path, "%s/%s", store, entry->d_name);
        unlink(path);
    }
    if (folder)
        closedir(folder);
    rmdir(store);
}

static int end_texts(void **state)
{
    struct texts texts;
    snprintf(texts.store, sizeof texts.store, "%s/store", ((struct scratch *)*state)->folder);
    remove_store(texts.store);
    return 0;
}

struct built {
    recur_corpus *corpus;
    recur_vocab *vocab;
};

static void give_back(struct built built)
{
    recur_corpus_free(built.corpus);
    recur_vocab_free(built.vocab);
}

static struct built open_store(const char *store, uint64_t max_tokens)
{
    struct built built = {0};
    recur_error error = {0};
    recur_store_open_config config = recur_store_open_config_default();
    config.max_tokens = max_tokens;
    recur_store_open(store, &config, &built.corpus, &built.vocab, &error);
    assert_string_equal(error.message, "");
    return built;
}

static void make_store(const struct texts *texts, const recur_store_config *config)
{
    recur_error error = {0};
    recur_store_make(texts->paths, 2, config, texts->store, &error);
    assert_string_equal(error.message, "");
}

static void assert_same_ids(const recur_corpus *one, const recur_corpus *other)
{
    enum { PIECE = 1000 };
    int32_t a[PIECE], b[PIECE];
    size_t size = recur_corpus_size(one);
    assert_int_equal(recur_corpus_size(other), size);
    for (size_t at = 0; at < size; at += PIECE) {
        size_t count = size - at < PIECE ? size - at : PIECE;
        recur_corpus_read(one, at, count, a);
        recur_corpus_read(other, at, count, b);
        assert_memory_equal(a, b, count * sizeof *a);
    }
}

static void assert_same(struct built memory, struct built store)
{
    const recur_text_stats *a = recur_corpus_stats(memory.corpus);
    assert_memory_equal(a, recur_corpus_stats(store.corpus), sizeof *a);
    assert_int_equal(recur_corpus_marks(memory.corpus), recur_corpus_marks(store.corpus));
    assert_int_equal(recur_corpus_unknown(memory.corpus), recur_corpus_unknown(store.corpus));
    assert_int_equal(recur_corpus_vocabulary_size(memory.corpus),
                     recur_corpus_vocabulary_size(store.corpus));
    assert_same_ids(memory.corpus, store.corpus);
    assert_int_equal(recur_vocab_size(memory.vocab), recur_vocab_size(store.vocab));
    assert_int_equal(recur_vocab_reserved(memory.vocab), recur_vocab_reserved(store.vocab));
    for (int32_t id = 0; (size_t)id < recur_vocab_size(memory.vocab); id++) {
        recur_token token = recur_vocab_token(memory.vocab, id);
        assert_int_equal(recur_vocab_id(store.vocab, token), id);
        assert_int_equal(recur_vocab_count(store.vocab, id), recur_vocab_count(memory.vocab, id));
    }
}

static void has_the_ids_of_a_corpus(void **state)
{
    static const recur_token pad = {"<pad>", 5};
    struct texts *texts = texts_in(state);
    for (int kind = 0; kind < 8; kind++) {
        recur_text_config text = recur_text_config_default();
        recur_vocab_config vocab = recur_vocab_config_default();
        recur_corpus_config config = recur_corpus_config_default();
        recur_store_config store = recur_store_config_default();
        struct built memory = {0};
        text.tokens = kind < 6    ? (enum recur_tokens)(kind % 3)
                      : kind == 6 ? RECUR_TOKENS_WORD
                                  : RECUR_TOKENS_BPE;
        text.clean = kind / 3 == 1 ? RECUR_CLEAN_LETTERS : RECUR_CLEAN_NONE;
        text.word_rule = kind == 6 ? RECUR_WORD_RULE_UNICODE : RECUR_WORD_RULE_SPACE;
        vocab.min_count = kind == 1 ? 60 : 0;
        vocab.entries = kind == 7 ? 280 : 0; /* so few that words have several */
        vocab.reserved = &pad;
        vocab.reserved_count = (size_t)kind % 2;
        config.text = store.text = &text;
        config.vocab = store.vocab = &vocab;
        store.shard_ids = SHARD;
        assert_int_equal(
            recur_corpus_build(texts->paths, 2, &config, &memory.corpus, &memory.vocab, NULL),
            RECUR_OK);
        make_store(texts, &store);
        struct built opened = open_store(texts->store, 0);
        assert_same(memory, opened);
        give_back(opened);
        give_back(memory);
        remove_store(texts->store);
    }
}

/* Numbers from 0 up as words: more than ids of one byte, or of two, can tell apart. */
static void widens_ids(void **state)
{
    struct texts *texts = texts_in(state);
    for (unsigned different = 200; different < 100000; different *= 400) {
        recur_text_config text = recur_text_config_default();
        recur_corpus_config config = recur_corpus_config_default();
        recur_store_config store = recur_store_config_default();
        recur_store_info info;
        struct built memory = {0};
        FILE *file = fopen(texts->first, "wb");
        for (unsigned i = 0; i < 150000; i++)
            fprintf(file, "%x\n", i % different);
        fclose(file);
        text.tokens = RECUR_TOKENS_WORD;
        config.text = store.text = &text;
        store.shard_ids = SHARD;
        assert_int_equal(
            recur_corpus_build(texts->paths, 2, &config, &memory.corpus, &memory.vocab, NULL),
            RECUR_OK);
        make_store(texts, &store);
        assert_int_equal(recur_store_read_info(texts->store, &info, NULL), RECUR_OK);
        assert_int_equal(info.id_bytes, different == 200 ? 2 : 4);
        assert_int_equal(info.shards, (info.tokens + SHARD - 1) / SHARD);
        struct built opened = open_store(texts->store, 0);
        assert_same(memory, opened);
        give_back(opened);
        give_back(memory);
        remove_store(texts->store);
    }
}

static void takes_a_vocabulary_that_exists(void **state)
{
    struct texts *texts = texts_in(state);
    recur_store_config store = recur_store_config_default();
    recur_corpus_config config = recur_corpus_config_default();
    struct built known = {0};
    recur_corpus *encoded;
    static const char some[] = "die Katze w1 w2 h3";
    assert_int_equal(recur_corpus_build_memory(some, sizeof some - 1, &config, &known.corpus,
                                               &known.vocab, NULL),
                     RECUR_OK);
    store.known = known.vocab;
    store.shard_ids = SHARD;
    make_store(texts, &store);
    struct built opened = open_store(texts->store, 0);
    assert_int_equal(recur_corpus_encode(texts->paths, 2, known.vocab, 0, &encoded, NULL),
                     RECUR_OK);
    assert_same((struct built){encoded, known.vocab}, opened);
    assert_true(recur_corpus_unknown(opened.corpus) > 0);
    recur_corpus_free(encoded);
    give_back(opened);
    give_back(known);
}

static void keeps_the_first_tokens(void **state)
{
    static const size_t sizes[] = {1, SHARD - 1, SHARD, SHARD + 1, 3 * SHARD};
    struct texts *texts = texts_in(state);
    recur_store_config store = recur_store_config_default();
    recur_vocab_config vocab = recur_vocab_config_default();
    vocab.min_count = 9000;
    store.vocab = &vocab;
    store.shard_ids = SHARD;
    make_store(texts, &store);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        recur_corpus_config config = recur_corpus_config_default();
        struct built memory = {0};
        config.vocab = &vocab;
        config.max_tokens = sizes[i];
        assert_int_equal(
            recur_corpus_build(texts->paths, 2, &config, &memory.corpus, &memory.vocab, NULL),
            RECUR_OK);
        struct built opened = open_store(texts->store, sizes[i]);
        assert_int_equal(recur_corpus_size(opened.corpus), sizes[i]);
        assert_same(memory, opened);
        give_back(opened);
        give_back(memory);
    }
}

/* The losses of a short run. */
static void train(struct built built, enum recur_sampling sampling, double losses[2])
{
    size_t hidden = 8;
    recur_model *model;
    recur_trainer *trainer;
    recur_epoch epoch;
    recur_model_config network = recur_model_config_default();
    recur_trainer_config config = recur_trainer_config_default();
    network.vocabulary = recur_vocab_size(built.vocab);
    network.hidden = &hidden;
    network.layers = 1;
    config.sampling = sampling;
    config.batch = 64;
    config.steps = 40;
    config.validation = 0.2F;
    config.threads = 1;
    assert_int_equal(recur_model_create(&network, built.vocab, &model, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_create(model, built.corpus, &config, &trainer, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_epoch(trainer, &epoch, NULL), RECUR_OK);
    losses[0] = epoch.loss;
    losses[1] = epoch.valid_loss;
    recur_trainer_free(trainer);
    recur_model_free(model);
}

static void trains_to_the_same_bits(void **state)
{
    struct texts *texts = texts_in(state);
    recur_store_config store = recur_store_config_default();
    struct built memory = {0};
    store.shard_ids = SHARD;
    make_store(texts, &store);
    assert_int_equal(recur_corpus_build(texts->paths, 2, NULL, &memory.corpus, &memory.vocab, NULL),
                     RECUR_OK);
    struct built opened = open_store(texts->store, 0);
    for (int sampling = 0; sampling < 2; sampling++) {
        double a[2], b[2];
        train(memory, (enum recur_sampling)sampling, a);
        train(opened, (enum recur_sampling)sampling, b);
        assert_memory_equal(a, b, sizeof a);
    }
    assert_int_not_equal(recur_corpus_fingerprint(opened.corpus),
                         recur_corpus_fingerprint(memory.corpus));
    give_back(opened);
    give_back(memory);
}

static const char *file_in(const char *store, const char *name)
{
    static char paths[4][600];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", store, name);
    return path;
}

/* Changes one byte of a file, at `at`, or before the end where that is negative. */
static void spoil(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    int byte = fgetc(file);
    fseek(file, -1, SEEK_CUR);
    fputc(byte ^ 4, file);
    fclose(file);
}

/* Opening fails with a sentence that has these words. */
static void assert_refused(const char *store, enum recur_status status, const char *words)
{
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = NULL;
    recur_error error = {0};
    assert_int_equal(recur_store_open(store, NULL, &corpus, &vocab, &error), status);
    if (!strstr(error.message, words))
        assert_string_equal(error.message, words);
    assert_null(corpus);
    assert_null(vocab);
}

static void refuses_what_is_damaged(void **state)
{
    static const struct {
        const char *name, *words;
        long at;
    } places[] = {
        {"00001.ids", "it is no shard of ids", 0},
        {"00001.ids", "version", 8},
        {"00001.ids", "its header is damaged", 24},
        {"00001.ids", "its header is damaged", 79},
        {"00001.ids", "00001.ids is damaged", PAGE},
        {"00001.ids", "00001.ids is damaged", -1},
        {"vocabulary.json", "vocabulary.json: it is damaged", 40},
        {"store.json", "store.json", 2},
        {"store.json", "store.json", 40},
        {"store.json", "store.json", -2},
    };
    struct texts *texts = texts_in(state);
    recur_store_config store = recur_store_config_default();
    store.shard_ids = SHARD;
    make_store(texts, &store);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *path = file_in(texts->store, places[i].name);
        spoil(path, places[i].at);
        assert_refused(texts->store,
                       strcmp(places[i].words, "version") ? RECUR_ERROR_FORMAT
                                                          : RECUR_ERROR_UNSUPPORTED,
                       places[i].words);
        spoil(path, places[i].at);
    }
    give_back(open_store(texts->store, 0)); /* all is as it was */
    assert_int_equal(truncate(file_in(texts->store, "00000.ids"), PAGE + 100), 0);
    assert_refused(texts->store, RECUR_ERROR_FORMAT, "00000.ids has 65636 bytes");
    assert_int_equal(truncate(file_in(texts->store, "00000.ids"), 0), 0);
    assert_refused(texts->store, RECUR_ERROR_FORMAT, "it is no shard of ids");
    unlink(file_in(texts->store, "00000.ids"));
    assert_refused(texts->store, RECUR_ERROR_FILE, "00000.ids: No such file");
}

/* A checksum that fits and an id that does not: it reads as <unk>, and opening says so. */
static void refuses_ids_outside_the_vocabulary(void **state)
{
    struct texts *texts = texts_in(state);
    recur_store_config store = recur_store_config_default();
    recur_store_open_config unread = recur_store_open_config_default();
    struct built built;
    store.shard_ids = SHARD;
    make_store(texts, &store);
    FILE *file = fopen(file_in(texts->store, "00000.ids"), "r+b");
    fseek(file, PAGE, SEEK_SET);
    fputc(255, file);
    fclose(file);
    assert_refused(texts->store, RECUR_ERROR_FORMAT, "has the id 255");
    unread.parts = 0;
    assert_int_equal(recur_store_open(texts->store, &unread, &built.corpus, &built.vocab, NULL),
                     RECUR_OK);
    int32_t id;
    recur_corpus_read(built.corpus, 0, 1, &id);
    assert_int_equal(id, RECUR_UNKNOWN);
    give_back(built);
    unread.parts = 2; /* the other process's part */
    unread.part = 1;
    assert_int_equal(recur_store_open(texts->store, &unread, &built.corpus, &built.vocab, NULL),
                     RECUR_OK);
    give_back(built);
}

static void refuses_other_shards(void **state)
{
    struct texts *texts = texts_in(state);
    recur_store_config store = recur_store_config_default();
    char other[400];
    snprintf(other, sizeof other, "%s/other", texts->scratch->folder);
    store.shard_ids = SHARD;
    make_store(texts, &store);
    const char *const second[] = {texts->second, texts->second};
    assert_int_equal(recur_store_make(second, 2, &store, other, NULL), RECUR_OK);
    assert_int_equal(rename(file_in(texts->store, "00000.ids"), file_in(texts->store, "kept")), 0);
    assert_int_equal(rename(file_in(texts->store, "00001.ids"), file_in(texts->store, "00000.ids")),
                     0);
    assert_int_equal(rename(file_in(texts->store, "kept"), file_in(texts->store, "00001.ids")), 0);
    assert_refused(texts->store, RECUR_ERROR_FORMAT, "00000.ids is shard 1 of a store");
    assert_int_equal(rename(file_in(other, "00000.ids"), file_in(texts->store, "00000.ids")), 0);
    assert_refused(texts->store, RECUR_ERROR_FORMAT, "00000.ids belongs to another store");
    assert_int_equal(
        rename(file_in(other, "vocabulary.json"), file_in(texts->store, "vocabulary.json")), 0);
    assert_refused(texts->store, RECUR_ERROR_FORMAT, "vocabulary.json: it is damaged or belongs");
    remove_store(other);
}

static void assert_not_made(const struct texts *texts, const recur_store_config *config,
                            enum recur_status status, const char *words)
{
    recur_error error = {0};
    assert_int_equal(recur_store_make(texts->paths, 2, config, texts->store, &error), status);
    if (!strstr(error.message, words))
        assert_string_equal(error.message, words);
}

static void refuses_folders(void **state)
{
    struct texts *texts = texts_in(state);
    recur_store_config store = recur_store_config_default();
    store.shard_ids = SHARD + 1;
    assert_not_made(texts, &store, RECUR_ERROR_ARGUMENT, "shards of 65537 ids");
    store.shard_ids = SHARD;
    make_store(texts, &store);
    assert_not_made(texts, &store, RECUR_ERROR_ARGUMENT, "holds a store already");
    unlink(file_in(texts->store, "store.json"));
    assert_true(recur_store_is(texts->store));
    assert_not_made(texts, &store, RECUR_ERROR_ARGUMENT, "is not empty");
    assert_refused(texts->store, RECUR_ERROR_FILE, "store.json: No such file");
    FILE *work = fopen(file_in(texts->store, "work.json"), "wb");
    fputs("{}", work);
    fclose(work);
    assert_true(recur_store_is(texts->store));
    assert_not_made(texts, &store, RECUR_ERROR_ARGUMENT, "of other texts or settings");
    assert_refused(texts->store, RECUR_ERROR_FORMAT, "is not finished");
    remove_store(texts->store);
    texts->paths[0] = texts->paths[1] = "/dev/null";
    assert_not_made(texts, &store, RECUR_ERROR_DATA, "no tokens");
    assert_int_not_equal(access(texts->store, F_OK), 0); /* nothing stays behind */
    assert_false(recur_store_is(texts->store));
}

/* Work that stopped at a damaged text goes on with the same base only. */
static void goes_on_with_the_same_base(void **state)
{
    static const char damaged[] = "\x1f\x8b\x08";
    static const recur_token letter = {"z", 1};
    struct texts *texts = texts_in(state);
    recur_store_config store = recur_store_config_default();
    recur_vocab_config grown = recur_vocab_config_default();
    recur_vocab *base, *other;
    FILE *second = fopen(texts->second, "wb");
    fwrite(damaged, 1, sizeof damaged - 1, second);
    fclose(second);
    assert_int_equal(recur_vocab_build(NULL, 0, NULL, NULL, &base, NULL), RECUR_OK);
    assert_int_equal(recur_vocab_build(&letter, 1, NULL, NULL, &other, NULL), RECUR_OK);
    store.vocab = &grown;
    store.shard_ids = SHARD;
    grown.base = base;
    assert_not_made(texts, &store, RECUR_ERROR_FORMAT, "second");
    assert_not_made(texts, &store, RECUR_ERROR_FORMAT, "second");
    grown.base = other;
    assert_not_made(texts, &store, RECUR_ERROR_ARGUMENT, "of other texts or settings");
    recur_vocab_free(base);
    recur_vocab_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(has_the_ids_of_a_corpus, end_texts),
        cmocka_unit_test_teardown(widens_ids, end_texts),
        cmocka_unit_test_teardown(takes_a_vocabulary_that_exists, end_texts),
        cmocka_unit_test_teardown(keeps_the_first_tokens, end_texts),
        cmocka_unit_test_teardown(trains_to_the_same_bits, end_texts),
        cmocka_unit_test_teardown(refuses_what_is_damaged, end_texts),
        cmocka_unit_test_teardown(refuses_ids_outside_the_vocabulary, end_texts),
        cmocka_unit_test_teardown(refuses_other_shards, end_texts),
        cmocka_unit_test_teardown(refuses_folders, end_texts),
        cmocka_unit_test_teardown(goes_on_with_the_same_base, end_texts),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
