/* Corpora: the ids of a text, the book's facts about The Time Machine, ids of both widths. */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/corpus_raw.h"
#include "scratch.h"

static recur_corpus_config make_config(enum recur_tokens tokens, enum recur_clean clean)
{
    static recur_text_config texts[RECUR_TOKENS_BYTE + 1][RECUR_CLEAN_LETTERS + 1];
    recur_text_config *text = &texts[tokens][clean];
    recur_corpus_config config = recur_corpus_config_default();
    *text = (recur_text_config){.size = sizeof *text, .tokens = tokens, .clean = clean};
    config.text = text;
    return config;
}

struct built {
    recur_corpus *corpus;
    recur_vocab *vocab;
};

static struct built build(const char *text, const recur_corpus_config *config)
{
    struct built built = {0};
    assert_int_equal(
        recur_corpus_build_memory(text, strlen(text), config, &built.corpus, &built.vocab, NULL),
        RECUR_OK);
    return built;
}

static void give_back(struct built built)
{
    recur_corpus_free(built.corpus);
    recur_vocab_free(built.vocab);
}

static void assert_ids(const recur_corpus *corpus, const int32_t *expected, size_t count)
{
    int32_t ids[64];
    assert_int_equal(recur_corpus_size(corpus), count);
    recur_corpus_read(corpus, 0, count, ids);
    assert_memory_equal(ids, expected, count * sizeof *ids);
}

#define ASSERT_IDS(corpus, ...)                                                                    \
    assert_ids(corpus, (const int32_t[]){__VA_ARGS__},                                             \
               sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

static const char tutorial[] = "this is a good story\nthat is a pen\n";

static void makes_the_tutorials_ids(void **state)
{
    (void)state;
    recur_corpus_config config = make_config(RECUR_TOKENS_WORD, RECUR_CLEAN_NONE);
    struct built built = build(tutorial, &config);
    ASSERT_IDS(built.corpus, 3, 1, 2, 4, 5, 6, 1, 2, 7);
    assert_int_equal(recur_corpus_vocabulary_size(built.corpus), 8);
    assert_int_equal(recur_corpus_unknown(built.corpus), 0);
    assert_int_equal(recur_vocab_text(built.vocab)->tokens, RECUR_TOKENS_WORD);
    const recur_text_stats *stats = recur_corpus_stats(built.corpus);
    assert_int_equal(stats->lines, 2);
    assert_int_equal(stats->tokens, 9);
    assert_int_equal(stats->bytes, strlen(tutorial));
    assert_int_equal(stats->characters, strlen(tutorial));
    int32_t ids[3];
    recur_corpus_read(built.corpus, 6, 3, ids);
    assert_int_equal(ids[0], 1);
    assert_int_equal(ids[2], 7);
    give_back(built);
}

static void the_dictionary_is_made_of_the_whole_text(void **state)
{
    (void)state;
    recur_corpus_config config = make_config(RECUR_TOKENS_WORD, RECUR_CLEAN_NONE);
    config.max_tokens = 4;
    struct built built = build(tutorial, &config);
    ASSERT_IDS(built.corpus, 3, 1, 2, 4);
    assert_int_equal(recur_vocab_size(built.vocab), 8);
    assert_int_equal(recur_corpus_stats(built.corpus)->tokens, 9);
    give_back(built);
    config.max_tokens = 9;
    built = build(tutorial, &config);
    assert_int_equal(recur_corpus_size(built.corpus), 9);
    give_back(built);
}

static void rare_and_reserved_tokens(void **state)
{
    (void)state;
    recur_corpus_config config = make_config(RECUR_TOKENS_WORD, RECUR_CLEAN_NONE);
    const recur_token reserved[] = {{"<pad>", 5}, {"pen", 3}};
    const recur_vocab_config vocab = {sizeof vocab, 2, reserved, 2, NULL, 0};
    config.vocab = &vocab;
    struct built built = build(tutorial, &config);
    ASSERT_IDS(built.corpus, 0, 3, 4, 0, 0, 0, 3, 4, 2);
    assert_int_equal(recur_corpus_unknown(built.corpus), 4);
    assert_int_equal(recur_vocab_count(built.vocab, 2), 1);
    assert_int_equal(recur_vocab_count(built.vocab, RECUR_UNKNOWN), 4);
    give_back(built);
}

static void several_files_are_one_text(void **state)
{
    struct scratch *scratch = *state;
    const char *texts[] = {"this is a good story", "", "that is a pen\n"};
    char names[3][600];
    const char *paths[3];
    for (size_t i = 0; i < 3; i++) {
        snprintf(names[i], sizeof names[i], "%s/%zu.txt", scratch->folder, i);
        scratch_write(names[i], texts[i], strlen(texts[i]));
        paths[i] = names[i];
    }
    recur_corpus_config config = make_config(RECUR_TOKENS_WORD, RECUR_CLEAN_NONE);
    struct built built;
    assert_int_equal(recur_corpus_build(paths, 3, &config, &built.corpus, &built.vocab, NULL),
                     RECUR_OK);
    ASSERT_IDS(built.corpus, 3, 1, 2, 4, 5, 6, 1, 2, 7);
    assert_int_equal(recur_corpus_stats(built.corpus)->lines, 2);

    recur_corpus *encoded;
    scratch_write(names[1], "a pencil is a\npen", 17);
    assert_int_equal(recur_corpus_encode(&paths[1], 2, built.vocab, 0, &encoded, NULL), RECUR_OK);
    ASSERT_IDS(encoded, 2, 0, 1, 2, 7, 6, 1, 2, 7);
    assert_int_equal(recur_corpus_unknown(encoded), 1);
    assert_int_equal(recur_corpus_vocabulary_size(encoded), 8);
    recur_corpus_free(encoded);
    assert_int_equal(recur_corpus_encode(&paths[1], 2, built.vocab, 3, &encoded, NULL), RECUR_OK);
    ASSERT_IDS(encoded, 2, 0, 1);
    assert_int_equal(recur_corpus_stats(encoded)->tokens, 9);
    recur_corpus_free(encoded);
    give_back(built);
}

static void says_which_text_has_no_tokens(void **state)
{
    struct scratch *scratch = *state;
    char empty[600], digits[600], expected[800];
    snprintf(empty, sizeof empty, "%s/empty.txt", scratch->folder);
    snprintf(digits, sizeof digits, "%s/digits.txt", scratch->folder);
    scratch_write(empty, "", 0);
    scratch_write(digits, "1 2 3\n", 6);
    recur_corpus_config config = make_config(RECUR_TOKENS_CHAR, RECUR_CLEAN_LETTERS);
    struct built built = {0};
    recur_error error;
    const char *paths[] = {digits, empty};
    assert_int_equal(recur_corpus_build(paths, 1, &config, &built.corpus, &built.vocab, &error),
                     RECUR_ERROR_DATA);
    snprintf(expected, sizeof expected,
             "%s has no tokens (6 bytes were read); cleaning by letters keeps nothing but A-Z and "
             "a-z, and there are none",
             digits);
    assert_string_equal(error.message, expected);
    assert_int_equal(recur_corpus_build(paths, 2, &config, &built.corpus, &built.vocab, &error),
                     RECUR_ERROR_DATA);
    assert_non_null(strstr(error.message, "digits.txt and the files after it have no tokens"));
    assert_int_equal(recur_corpus_build_memory("", 0, &config, &built.corpus, &built.vocab, &error),
                     RECUR_ERROR_DATA);
    assert_string_equal(error.message, "the text has no tokens (0 bytes were read)");
    assert_null(built.corpus);
    assert_null(built.vocab);

    built = build("a", &config);
    recur_corpus *encoded = NULL;
    assert_int_equal(recur_corpus_encode(&paths[1], 1, built.vocab, 0, &encoded, &error),
                     RECUR_ERROR_DATA);
    assert_non_null(strstr(error.message, "empty.txt has no tokens"));
    assert_int_equal(
        recur_corpus_encode((const char *[]){digits, scratch_path(scratch, "missing.txt")}, 2,
                            built.vocab, 0, &encoded, &error),
        RECUR_ERROR_FILE);
    assert_null(encoded);
    give_back(built);
}

static void impossible_reserved_tokens_are_refused(void **state)
{
    (void)state;
    recur_corpus_config config = recur_corpus_config_default();
    const recur_vocab_config vocab = {sizeof vocab, 0, &(const recur_token){"<unk>", 5}, 1,
                                      NULL,         0};
    config.vocab = &vocab;
    struct built built = {0};
    assert_int_equal(recur_corpus_build_memory("a", 1, &config, &built.corpus, &built.vocab, NULL),
                     RECUR_ERROR_ARGUMENT);
    assert_null(built.corpus);
}

static void ids_can_be_wrapped(void **state)
{
    (void)state;
    recur_corpus *corpus = NULL;
    recur_error error;
    int32_t ids[] = {5, 0, 3};
    for (size_t wide = 0; wide < 2; wide++) {
        size_t size = wide ? 65537 : 65536;
        ids[0] = (int32_t)size - 1;
        assert_int_equal(recur_corpus_from_ids(ids, 3, size, &corpus, &error), RECUR_OK);
        assert_ids(corpus, ids, 3);
        assert_int_equal(recur_corpus_vocabulary_size(corpus), size);
        assert_int_equal(recur_corpus_unknown(corpus), 1);
        assert_int_equal(recur_corpus_stats(corpus)->tokens, 3);
        recur_corpus_free(corpus);
        corpus = NULL;
        assert_int_equal(recur_corpus_from_ids(ids, 3, size - 1, &corpus, &error),
                         RECUR_ERROR_ARGUMENT);
        assert_null(corpus);
    }
    ids[2] = -1;
    assert_int_equal(recur_corpus_from_ids(ids, 3, 70000, &corpus, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "id -1 at place 2 is outside a vocabulary of 70000 entries");
    recur_corpus_free(NULL);
}

/* Any id changed, moved, added or taken away gives another fingerprint; two or four bytes do not.
 */
static void a_fingerprint_knows_every_id(void **state)
{
    (void)state;
    const int32_t texts[][4] = {
        {1, 2, 3, 0}, {1, 2, 4, 0}, {0, 2, 3, 0}, {2, 1, 3, 0}, {1, 2, 3, 1}, {0, 0, 0, 0},
    };
    enum { TEXTS = sizeof texts / sizeof *texts };
    uint64_t seen[TEXTS * 2];
    for (size_t i = 0; i < (size_t)TEXTS * 2; i++) {
        const int32_t *text = texts[i / 2];
        recur_corpus *narrow, *wide;
        assert_int_equal(recur_corpus_from_ids(text, 3 + i % 2, 5, &narrow, NULL), RECUR_OK);
        assert_int_equal(recur_corpus_from_ids(text, 3 + i % 2, 70000, &wide, NULL), RECUR_OK);
        seen[i] = recur_corpus_fingerprint(narrow);
        assert_true(recur_corpus_fingerprint(wide) == seen[i]);
        for (size_t j = 0; j < i; j++) {
            bool same =
                i % 2 == j % 2 && memcmp(text, texts[j / 2], (3 + i % 2) * sizeof *text) == 0;
            assert_int_equal(seen[i] == seen[j], same);
        }
        recur_corpus_free(narrow);
        recur_corpus_free(wide);
    }
}

/* Words "0" to "69999" in order, the last few twice: past 65 536 entries while reading. */
static void more_than_65536_entries_take_wider_ids(void **state)
{
    (void)state;
    enum { ENTRIES = 70000, TWICE = 5 };
    char *text = malloc(7 * (ENTRIES + TWICE));
    assert_non_null(text);
    size_t size = 0;
    for (size_t i = 0; i < ENTRIES + TWICE; i++)
        size += (size_t)sprintf(text + size, "%zu ", i < ENTRIES ? i : i - TWICE);
    recur_corpus_config config = make_config(RECUR_TOKENS_WORD, RECUR_CLEAN_NONE);
    struct built built = build(text, &config);
    assert_int_equal(recur_vocab_size(built.vocab), ENTRIES + 1);
    assert_int_equal(recur_corpus_size(built.corpus), ENTRIES + TWICE);
    for (size_t i = 0; i < ENTRIES + TWICE; i++) {
        int32_t id, word = (int32_t)(i < ENTRIES ? i : i - TWICE);
        recur_corpus_read(built.corpus, i, 1, &id);
        int32_t expected =
            word >= ENTRIES - TWICE ? word - (ENTRIES - TWICE) + 1 : word + TWICE + 1;
        if (id != expected)
            fail_msg("id %zu is %d, expected %d", i, id, expected);
    }
    give_back(built);

    /* wide while reading, narrow in the end */
    config.vocab = &(const recur_vocab_config){.size = sizeof *config.vocab, .min_count = 2};
    built = build(text, &config);
    assert_int_equal(recur_vocab_size(built.vocab), TWICE + 1);
    assert_int_equal(recur_corpus_unknown(built.corpus), ENTRIES - TWICE);
    int32_t ids[2 * TWICE];
    recur_corpus_read(built.corpus, ENTRIES - TWICE, 2 * TWICE, ids);
    for (int i = 0; i < 2 * TWICE; i++)
        assert_int_equal(ids[i], i % TWICE + 1);
    give_back(built);

    /* the first tokens, narrow while reading, with the dictionary of the whole text */
    config.vocab = NULL;
    config.max_tokens = 2 * TWICE;
    built = build(text, &config);
    assert_int_equal(recur_vocab_size(built.vocab), ENTRIES + 1);
    assert_int_equal(recur_corpus_size(built.corpus), 2 * TWICE);
    recur_corpus_read(built.corpus, 0, 2 * TWICE, ids);
    for (int i = 0; i < 2 * TWICE; i++)
        assert_int_equal(ids[i], i + TWICE + 1);
    give_back(built);
    free(text);
}

static void blocks_of_any_size_give_the_same_ids(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf时间 time\r\n\xe6\x97 travel\xff"
                               "ler 时间\n\ntime";
    for (unsigned tokens = RECUR_TOKENS_CHAR; tokens <= RECUR_TOKENS_BYTE; tokens++) {
        recur_corpus_config config = make_config((enum recur_tokens)tokens, RECUR_CLEAN_NONE);
        struct built whole = build(text, &config);
        int32_t ids[64];
        size_t size = recur_corpus_size(whole.corpus);
        recur_corpus_read(whole.corpus, 0, size, ids);
        for (size_t block = 1; block < sizeof text; block++) {
            struct recur_raw_text raw = {.bytes = text, .size = strlen(text), .block = block};
            struct built built;
            assert_int_equal(
                recur_corpus_build_raw(&raw, 1, &config, &built.corpus, &built.vocab, NULL),
                RECUR_OK);
            assert_ids(built.corpus, ids, size);
            assert_memory_equal(recur_corpus_stats(built.corpus), recur_corpus_stats(whole.corpus),
                                sizeof(recur_text_stats));
            give_back(built);
        }
        give_back(whole);
    }
}

/* The Time Machine, where $RECUR_DATA has it. */

static struct built build_time_machine(enum recur_tokens tokens, uint64_t min_count)
{
    const char *data = getenv("RECUR_DATA");
    char path[1024];
    snprintf(path, sizeof path, "%s/timemachine.txt", data ? data : "");
    if (!data || access(path, R_OK) != 0)
        skip();
    recur_corpus_config config = make_config(tokens, RECUR_CLEAN_LETTERS);
    const recur_vocab_config vocab = {.size = sizeof vocab, .min_count = min_count};
    config.vocab = &vocab;
    struct built built = {0};
    assert_int_equal(
        recur_corpus_build((const char *[]){path}, 1, &config, &built.corpus, &built.vocab, NULL),
        RECUR_OK);
    return built;
}

/* The SHA-1 of the ids in decimal, joined by single spaces. */
static void assert_sha1(const recur_corpus *corpus, struct scratch *scratch, const char *expected)
{
    char command[600];
    const char *path = scratch_path(scratch, "sha1");
    snprintf(command, sizeof command, "sha1sum > '%s'", path);
    FILE *pipe = popen(command, "w");
    assert_non_null(pipe);
    for (size_t i = 0; i < recur_corpus_size(corpus); i++) {
        int32_t id;
        recur_corpus_read(corpus, i, 1, &id);
        fprintf(pipe, i ? " %d" : "%d", id);
    }
    assert_int_equal(pclose(pipe), 0);
    size_t size;
    unsigned char *sum = scratch_read(path, &size);
    assert_true(size > 40);
    sum[40] = '\0';
    assert_string_equal((char *)sum, expected);
    free(sum);
}

static void time_machine_words(void **state)
{
    struct built built = build_time_machine(RECUR_TOKENS_WORD, 0);
    assert_int_equal(recur_corpus_stats(built.corpus)->lines, 3221);
    assert_int_equal(recur_corpus_size(built.corpus), 32775);
    assert_int_equal(recur_vocab_size(built.vocab), 4580);
    static const struct {
        const char *word;
        uint64_t count;
    } top[] = {{"the", 2261}, {"i", 1267},  {"and", 1245}, {"of", 1155},  {"a", 816},
               {"to", 695},   {"was", 552}, {"in", 541},   {"that", 443}, {"my", 440}};
    for (int32_t i = 0; i < 10; i++) {
        recur_token token = recur_vocab_token(built.vocab, i + 1);
        assert_int_equal(token.size, strlen(top[i].word));
        assert_memory_equal(token.bytes, top[i].word, token.size);
        assert_int_equal(recur_vocab_count(built.vocab, i + 1), top[i].count);
    }
    assert_sha1(built.corpus, *state, "18914c894be0c9572774ebe2ae15c79988bf2b43");
    give_back(built);
}

static void time_machine_frequent_words(void **state)
{
    (void)state;
    struct built built = build_time_machine(RECUR_TOKENS_WORD, 2);
    assert_int_equal(recur_vocab_size(built.vocab), 2183);
    give_back(built);
}

static void time_machine_characters(void **state)
{
    struct built built = build_time_machine(RECUR_TOKENS_CHAR, 0);
    assert_int_equal(recur_corpus_size(built.corpus), 170580);
    assert_int_equal(recur_vocab_size(built.vocab), 28);
    assert_int_equal(recur_corpus_stats(built.corpus)->characters, 170580);
    assert_sha1(built.corpus, *state, "fb32ffac42976bab48bed9852f9a273e9486b641");
    give_back(built);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_tutorials_ids),
        cmocka_unit_test(the_dictionary_is_made_of_the_whole_text),
        cmocka_unit_test(rare_and_reserved_tokens),
        cmocka_unit_test(several_files_are_one_text),
        cmocka_unit_test(says_which_text_has_no_tokens),
        cmocka_unit_test(impossible_reserved_tokens_are_refused),
        cmocka_unit_test(ids_can_be_wrapped),
        cmocka_unit_test(a_fingerprint_knows_every_id),
        cmocka_unit_test(more_than_65536_entries_take_wider_ids),
        cmocka_unit_test(blocks_of_any_size_give_the_same_ids),
        cmocka_unit_test(time_machine_words),
        cmocka_unit_test(time_machine_frequent_words),
        cmocka_unit_test(time_machine_characters),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
