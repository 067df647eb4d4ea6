/* Vocabularies: ids in the book's order, found again, shared by threads. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/token_table.h"
#include "recur/vocab.h"

static recur_token token(const char *text)
{
    return (recur_token){text, strlen(text)};
}

/* Cuts `text` at its spaces; `tokens` has room for 64. */
static size_t split(const char *text, recur_token *tokens)
{
    size_t count = 0;
    for (; *text; text += strspn(text, " ")) {
        tokens[count++] = (recur_token){text, strcspn(text, " ")};
        text += tokens[count - 1].size;
    }
    return count;
}

static recur_vocab *build(const char *text, uint64_t min_count, const char *reserved)
{
    recur_token tokens[64], fixed[64];
    recur_vocab_config config = recur_vocab_config_default();
    config.min_count = min_count;
    config.reserved = fixed;
    config.reserved_count = split(reserved, fixed);
    recur_vocab *vocab = NULL;
    assert_int_equal(recur_vocab_build(tokens, split(text, tokens), NULL, &config, &vocab, NULL),
                     RECUR_OK);
    return vocab;
}

/* The entries in order of id with their counts must be `expected`: "<unk>:0 is:2". */
static void assert_entries(const recur_vocab *vocab, const char *expected)
{
    char entries[1024] = "";
    for (int32_t id = 0; (size_t)id < recur_vocab_size(vocab); id++) {
        recur_token entry = recur_vocab_token(vocab, id);
        size_t used = strlen(entries);
        snprintf(entries + used, sizeof entries - used, "%s%.*s:%llu", id ? " " : "",
                 (int)entry.size, entry.bytes, (unsigned long long)recur_vocab_count(vocab, id));
    }
    assert_string_equal(entries, expected);
}

static const char tutorial[] = "this is a good story that is a pen";

static void numbers_tokens_as_the_tutorial(void **state)
{
    (void)state;
    recur_vocab *vocab = build(tutorial, 0, "");
    assert_entries(vocab, "<unk>:0 is:2 a:2 this:1 good:1 story:1 that:1 pen:1");
    assert_int_equal(recur_vocab_reserved(vocab), 0);
    recur_token tokens[64], back[64];
    int32_t ids[64];
    const int32_t expected[] = {3, 1, 2, 4, 5, 6, 1, 2, 7};
    size_t count = split(tutorial, tokens);
    assert_int_equal(count, 9);
    assert_int_equal(recur_vocab_ids(vocab, tokens, count, ids), 0);
    assert_memory_equal(ids, expected, sizeof expected);
    recur_vocab_tokens(vocab, ids, count, back);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(back[i].size, tokens[i].size);
        assert_memory_equal(back[i].bytes, tokens[i].bytes, tokens[i].size);
        assert_int_equal(recur_vocab_id(vocab, tokens[i]), expected[i]);
    }
    recur_vocab_free(vocab);
}

static void knows_what_it_does_not_know(void **state)
{
    (void)state;
    recur_vocab *vocab = build(tutorial, 0, "");
    const recur_token tokens[] = {token("is"), token("pens"), token(""), token("<unk>"),
                                  token("z")};
    int32_t ids[5];
    assert_int_equal(recur_vocab_ids(vocab, tokens, 5, ids), 4);
    const int32_t expected[] = {1, 0, 0, 0, 0};
    assert_memory_equal(ids, expected, sizeof expected);
    const int32_t outside[] = {-1, 8, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < 4; i++)
        assert_memory_equal(recur_vocab_token(vocab, outside[i]).bytes, "<unk>", 5);
    recur_vocab_free(vocab);
}

static void drops_rare_tokens(void **state)
{
    (void)state;
    recur_vocab *vocab = build(tutorial, 2, "");
    assert_entries(vocab, "<unk>:5 is:2 a:2");
    recur_vocab_free(vocab);
}

static void reserved_tokens_come_first(void **state)
{
    (void)state;
    recur_vocab *vocab = build(tutorial, 2, "<pad> pen a");
    assert_entries(vocab, "<unk>:4 <pad>:0 pen:1 a:2 is:2");
    assert_int_equal(recur_vocab_reserved(vocab), 3);
    recur_vocab_free(vocab);
}

static void the_unknown_token_of_a_text_is_unknown(void **state)
{
    (void)state;
    recur_vocab *vocab = build("b <unk> a <unk> b", 0, "");
    assert_entries(vocab, "<unk>:2 b:2 a:1");
    recur_vocab_free(vocab);
}

static void empty_tokens_are_unknown(void **state)
{
    (void)state;
    const recur_token tokens[] = {token("a"), token(""), token("")};
    recur_vocab_config config = recur_vocab_config_default();
    recur_vocab *vocab = NULL;
    assert_int_equal(recur_vocab_build(tokens, 3, NULL, &config, &vocab, NULL), RECUR_OK);
    assert_entries(vocab, "<unk>:2 a:1");
    recur_vocab_free(vocab);
}

static void refuses_impossible_reserved_tokens(void **state)
{
    (void)state;
    const recur_token lists[][2] = {{token("<pad>"), token("")},
                                    {token("<pad>"), token("<unk>")},
                                    {token("<pad>"), token("<pad>")}};
    const char *sentences[] = {"reserved token 2 is empty",
                               "reserved token 2, \"<unk>\", is in every vocabulary already",
                               "reserved token 2, \"<pad>\", is given twice"};
    for (size_t i = 0; i < 3; i++) {
        recur_vocab_config config = {
            .size = sizeof config, .reserved = lists[i], .reserved_count = 2};
        recur_vocab *vocab = NULL;
        recur_error error;
        assert_int_equal(recur_vocab_build(NULL, 0, NULL, &config, &vocab, &error),
                         RECUR_ERROR_ARGUMENT);
        assert_string_equal(error.message, sentences[i]);
        assert_null(vocab);
    }
}

static void comes_back_from_its_entries(void **state)
{
    (void)state;
    recur_vocab *vocab = build(tutorial, 0, "<pad>"), *copy = NULL;
    size_t size = recur_vocab_size(vocab);
    recur_token entries[16];
    uint64_t counts[16];
    for (size_t i = 0; i < size; i++) {
        entries[i] = recur_vocab_token(vocab, (int32_t)i);
        counts[i] = recur_vocab_count(vocab, (int32_t)i);
    }
    recur_text_config text = {
        .size = sizeof text, .tokens = RECUR_TOKENS_WORD, .clean = RECUR_CLEAN_LETTERS};
    assert_int_equal(recur_vocab_from_entries(entries, counts, size, 1, &text, &copy, NULL),
                     RECUR_OK);
    recur_vocab_free(vocab);
    assert_entries(copy, "<unk>:0 <pad>:0 is:2 a:2 this:1 good:1 story:1 that:1 pen:1");
    assert_int_equal(recur_vocab_id(copy, token("story")), 6);
    assert_int_equal(recur_vocab_reserved(copy), 1);
    assert_int_equal(recur_vocab_text(copy)->tokens, RECUR_TOKENS_WORD);
    assert_int_equal(recur_vocab_text(copy)->clean, RECUR_CLEAN_LETTERS);
    recur_vocab_free(copy);
    assert_int_equal(
        recur_vocab_from_entries((recur_token[]){token("<unk>")}, NULL, 1, 0, NULL, &copy, NULL),
        RECUR_OK);
    assert_entries(copy, "<unk>:0");
    assert_int_equal(recur_vocab_text(copy)->tokens, RECUR_TOKENS_CHAR);
    recur_vocab_free(copy);
}

static void refuses_impossible_entries(void **state)
{
    (void)state;
    const recur_token entries[][3] = {{token("a"), token("b"), token("c")},
                                      {token("<unk>"), token("b"), token("")},
                                      {token("<unk>"), token("words"), token("words")},
                                      {token("<unk>"), token("b"), token("<unk>")},
                                      {token("<unk>"), token("b"), token("c")}};
    const size_t reserved[] = {0, 0, 0, 0, 3};
    const char *sentences[] = {"vocabulary entry 0 is not \"<unk>\"", "vocabulary entry 2 is empty",
                               "vocabulary entry 2, \"words\", is the same as entry 1",
                               "vocabulary entry 2, \"<unk>\", is the same as entry 0",
                               "a vocabulary of 3 entries cannot have 3 reserved tokens"};
    recur_vocab *vocab = NULL;
    recur_error error;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(
            recur_vocab_from_entries(entries[i], NULL, 3, reserved[i], NULL, &vocab, &error),
            RECUR_ERROR_FORMAT);
        assert_string_equal(error.message, sentences[i]);
    }
    assert_int_equal(recur_vocab_from_entries(NULL, NULL, 0, 0, NULL, &vocab, &error),
                     RECUR_ERROR_FORMAT);
    assert_null(vocab);
}

static void long_tokens_are_shortened_in_sentences(void **state)
{
    (void)state;
    recur_token entries[3] = {token("<unk>")};
    char text[184];
    for (size_t i = 0; i < 61; i++)
        memcpy(text + 3 * i, "\xe6\x97\xb6", 3);
    entries[1] = entries[2] = (recur_token){text, 183};
    recur_vocab *vocab = NULL;
    recur_error error;
    assert_int_equal(recur_vocab_from_entries(entries, NULL, 3, 0, NULL, &vocab, &error),
                     RECUR_ERROR_FORMAT);
    char expected[300];
    snprintf(expected, sizeof expected,
             "vocabulary entry 2, \"%.180s\u2026\", is the same as entry 1", text);
    assert_string_equal(error.message, expected);
}

/* Every number below 150 000 in base 2 of two words: tokens of 1 to 18 bytes that differ little. */
static void finds_every_token_of_a_large_dictionary(void **state)
{
    (void)state;
    enum { COUNT = 150000 };
    recur_token *tokens = calloc(COUNT, sizeof *tokens);
    char(*texts)[20] = calloc(COUNT, sizeof *texts);
    int32_t *ids = calloc(COUNT, sizeof *ids);
    assert_non_null(tokens);
    assert_non_null(texts);
    assert_non_null(ids);
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = 0;
        for (size_t rest = i + 2; rest > 1; rest /= 2)
            texts[i][size++] = rest % 2 ? '\0' : 'x';
        tokens[i] = (recur_token){texts[i], size};
    }
    recur_vocab_config config = recur_vocab_config_default();
    recur_vocab *vocab = NULL;
    assert_int_equal(recur_vocab_build(tokens, COUNT, NULL, &config, &vocab, NULL), RECUR_OK);
    assert_int_equal(recur_vocab_size(vocab), COUNT + 1);
    assert_int_equal(recur_vocab_ids(vocab, tokens, COUNT, ids), 0);
    for (int32_t i = 0; i < COUNT; i++)
        if (ids[i] != i + 1 || recur_vocab_count(vocab, i + 1) != 1)
            fail_msg("token %d has id %d", i, ids[i]);
    recur_vocab_free(vocab);
    free(tokens);
    free(texts);
    free(ids);
}

/* Up to eight bytes a token is its own hash, in which "ab", "abab", "ababab" look the same. */
static void tells_repetitions_apart(void **state)
{
    (void)state;
    enum { PAIRS = 20000, SIZES = 4 };
    char(*texts)[2 * SIZES] = calloc(PAIRS, sizeof *texts);
    recur_token *tokens = calloc(PAIRS * SIZES, sizeof *tokens);
    assert_non_null(texts);
    assert_non_null(tokens);
    for (size_t i = 0; i < PAIRS * SIZES; i++) {
        size_t pair = i / SIZES;
        char *text = texts[pair];
        for (size_t at = 0; at < sizeof *texts; at++)
            text[at] = (char)(at % 2 ? pair / 200 : pair % 200);
        tokens[i] = (recur_token){text, 2 * (i % SIZES + 1)};
    }
    recur_vocab_config config = recur_vocab_config_default();
    recur_vocab *vocab = NULL;
    assert_int_equal(recur_vocab_build(tokens, PAIRS * SIZES, NULL, &config, &vocab, NULL),
                     RECUR_OK);
    assert_int_equal(recur_vocab_size(vocab), PAIRS * SIZES + 1);
    recur_vocab_free(vocab);
    free(texts);
    free(tokens);
}

static void encodes_as_the_text_was_cut(void **state)
{
    (void)state;
    recur_token tokens[64];
    recur_text_config text = {
        .size = sizeof text, .tokens = RECUR_TOKENS_WORD, .clean = RECUR_CLEAN_LETTERS};
    recur_vocab_config config = recur_vocab_config_default();
    recur_vocab *vocab = NULL;
    assert_int_equal(
        recur_vocab_build(tokens, split(tutorial, tokens), &text, &config, &vocab, NULL), RECUR_OK);
    const char prompt[] = "That is a PENCIL.\n A story?";
    int32_t *ids;
    size_t count, unknown;
    assert_int_equal(
        recur_vocab_encode(vocab, prompt, strlen(prompt), &ids, &count, &unknown, NULL), RECUR_OK);
    const int32_t expected[] = {6, 1, 2, 0, 2, 5};
    assert_int_equal(count, 6);
    assert_int_equal(unknown, 1);
    assert_memory_equal(ids, expected, sizeof expected);
    free(ids);
    assert_int_equal(recur_vocab_encode(vocab, NULL, 0, &ids, &count, NULL, NULL), RECUR_OK);
    assert_non_null(ids);
    assert_int_equal(count, 0);
    free(ids);
    recur_vocab_free(vocab);
}

static void *share_often(void *user)
{
    for (int i = 0; i < 20000; i++)
        recur_vocab_free(recur_vocab_share(user));
    return NULL;
}

/* The sanitizers and valgrind see a count that is wrong. */
static void threads_share_it(void **state)
{
    (void)state;
    recur_vocab *vocab = build(tutorial, 0, "");
    assert_ptr_equal(recur_vocab_share(vocab), vocab);
    recur_vocab_free(vocab);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, share_often, vocab), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_entries(vocab, "<unk>:0 is:2 a:2 this:1 good:1 story:1 that:1 pen:1");
    recur_vocab_free(vocab);
    recur_vocab_free(NULL);
}

/* Else a text could be made whose words all fall on one slot, to be looked up one after the other.
 */
static void no_two_dictionaries_hash_alike(void **state)
{
    (void)state;
    const recur_token token = {"word", 4};
    struct recur_token_table tables[2] = {0};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(recur_token_table_add(&tables[i], token, NULL), RECUR_OK);
    assert_true(tables[0].salt != tables[1].salt);
    for (size_t i = 0; i < 2; i++)
        recur_token_table_free(&tables[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_tokens_as_the_tutorial),
        cmocka_unit_test(knows_what_it_does_not_know),
        cmocka_unit_test(drops_rare_tokens),
        cmocka_unit_test(reserved_tokens_come_first),
        cmocka_unit_test(the_unknown_token_of_a_text_is_unknown),
        cmocka_unit_test(empty_tokens_are_unknown),
        cmocka_unit_test(refuses_impossible_reserved_tokens),
        cmocka_unit_test(comes_back_from_its_entries),
        cmocka_unit_test(refuses_impossible_entries),
        cmocka_unit_test(long_tokens_are_shortened_in_sentences),
        cmocka_unit_test(finds_every_token_of_a_large_dictionary),
        cmocka_unit_test(tells_repetitions_apart),
        cmocka_unit_test(encodes_as_the_text_was_cut),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(no_two_dictionaries_hash_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
