/* Words by Unicode's boundaries: where they end, which spaces are no tokens, and whether any text
 * comes back to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "data/text_stream.h"
#include "data/unicode_words.h"
#include "recur/recur.h"
#include "round_trip.h"

static const recur_text_config words = {
    .size = sizeof words, .tokens = RECUR_TOKENS_WORD, .word_rule = RECUR_WORD_RULE_UNICODE};

struct shown {
    char bytes[4096];
    size_t size;
};

static enum recur_status show(void *user, const recur_token *tokens, size_t count, bool line_end,
                              recur_error *error)
{
    struct shown *shown = user;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        assert_true(shown->size + tokens[i].size + 2 < sizeof shown->bytes);
        memcpy(shown->bytes + shown->size, tokens[i].bytes, tokens[i].size);
        shown->size += tokens[i].size;
        shown->bytes[shown->size++] = '|';
    }
    if (line_end)
        shown->bytes[shown->size++] = ';';
    shown->bytes[shown->size] = '\0';
    return RECUR_OK;
}

/* The text is cut as `expected`, whatever is read at once: a '|' ends each token, a ';' each line.
 */
static void assert_cut(const recur_text_config *config, const char *text, const char *expected)
{
    for (size_t block = 0; block < 20; block++) {
        const struct recur_raw_text raw = {.bytes = text, .size = strlen(text), .block = block};
        struct shown shown = {.size = 0};
        recur_text_stats stats = {0};
        assert_int_equal(recur_text_stream(&raw, config, true, show, &shown, &stats, NULL),
                         RECUR_OK);
        assert_string_equal(shown.bytes, expected);
    }
}

static void words_end_where_unicode_says(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"can't 3.14,5 a.b a_1 x.", "can't|3.14,5|a.b|a_1|x|.|;"},
        {"l\u2019\u00e9t\u00e9 e\u0301t e.\u0301", "l\u2019\u00e9t\u00e9|e\u0301t|e|.\u0301|;"},
        {"a\u0308.\u0308b", "a\u0308.\u0308b|;"},
        {"\u4f60\u597d\uff0c\u4e16\u754c\u3002", "\u4f60|\u597d|\uff0c|\u4e16|\u754c|\u3002|;"},
        {"\u30ab\u30bf\u30ab\u30ca\u3068\u304b", "\u30ab\u30bf\u30ab\u30ca|\u3068|\u304b|;"},
        {"\ud55c\uad6d\uc5b4 \ub9d0", "\ud55c\uad6d\uc5b4|\ub9d0|;"},
        {"\u05e9\u05dc\u05d5'\u05dd \u05d0\"\u05d1 \u05d0'", /* Hebrew: quotes within words */
         "\u05e9\u05dc\u05d5'\u05dd|\u05d0\"\u05d1|\u05d0'|;"},
        {"\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f44d\U0001f3fd",
         "\U0001f469\u200d\U0001f469\u200d\U0001f467|\U0001f44d\U0001f3fd|;"},
        {"\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7\U0001f1ee", /* flags come in pairs */
         "\U0001f1e9\U0001f1ea|\U0001f1eb\U0001f1f7|\U0001f1ee|;"},
        {"a\r\nb\rc\n\n\td \n", "a|\r\n|;b|\r|c|\n|;\n|;\t|d| |\n|;"},
        {"\xff"
         "a\xff",
         "\ufffd|a|\ufffd|;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_cut(&words, cases[i][0], cases[i][1]);
}

static void spaces_that_tokens_imply_are_none(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a b, c. (d) [e]; f!", "a|b|,|c|.|(|d|)|[|e|]|;|f|!|;"},
        {"\u201cIt is,\u201d he said \u201cso\u201d",
         "\u201c|It|is|,|\u201d|he|said|\u201c|so|\u201d|;"},
        {"a,b", "a|,|<join>|b|;"},
        {"a  b ", "a|  |b| |;"},
        {" a", " |a|;"},
        {"a - b-c", "a| |-| |b|-|c|;"},
        {"\u4f60 \u597d a\u4f60", "\u4f60| |\u597d| |a|\u4f60|;"},
        {"$5 (a)(b)", "$|5|(|a|)|<join>|(|b|)|;"},
        {"<join> <unk>", "<|join|>| |<|unk|>|;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_cut(&words, cases[i][0], cases[i][1]);
    recur_text_config clean = words;
    clean.clean = RECUR_CLEAN_LETTERS;
    assert_cut(&clean, "It's so,\n very SO.\n", "it|s|so|;very|so|;");
    recur_text_config space = words;
    space.word_rule = RECUR_WORD_RULE_SPACE;
    assert_cut(&space, "a b, c.\n (d)", "a|b,|c.|;(d)|;");
}

/* Nothing is longer than the bytes that a cut may need to see. */
static void long_words_are_cut(void **state)
{
    (void)state;
    char text[1200], marks[1200] = "a";
    memset(text, 'x', sizeof text);
    assert_int_equal(recur_unicode_word(text, text + sizeof text), RECUR_UNICODE_WORD_MOST);
    memset(text, ' ', sizeof text);
    assert_int_equal(recur_unicode_word(text, text + sizeof text), RECUR_UNICODE_SPACES_MOST);
    for (size_t i = 1; i + 2 < sizeof marks; i += 2)
        memcpy(marks + i, "\u0301", 2);
    size_t size = recur_unicode_word(marks, marks + sizeof marks);
    assert_int_equal(size, RECUR_UNICODE_WORD_MOST - 1); /* whole characters */
}

static void texts_come_back_to_the_byte(void **state)
{
    (void)state;
    char text[6000];
    assert_round_trip(&words, "", 0);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        size_t size = round_trip_text(seed, text, sizeof text);
        assert_round_trip(&words, text, size);
    }
}

/* A prompt's last space is no token where the next word implies it. */
static void prompts_may_end_in_a_space(void **state)
{
    (void)state;
    static const struct {
        const char *before, *expected;
        size_t tokens;
    } cases[] = {
        {"the", " cat, sat", 1},     {"the ", "cat, sat", 1},  {"the  ", "cat, sat", 2},
        {"the (", "cat, sat", 2},    {"", "cat, sat", 0},      {"the\n", "cat, sat", 2},
        {"\n the,", " cat, sat", 4}, {"the, ", "cat, sat", 2},
    };
    static const char text[] = "the  cat, (sat\n the \n";
    recur_corpus_config config = recur_corpus_config_default();
    recur_corpus *corpus;
    recur_vocab *vocab;
    config.text = &words;
    assert_int_equal(
        recur_corpus_build_memory(text, sizeof text - 1, &config, &corpus, &vocab, NULL), RECUR_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *before = cases[i].before, *const next[] = {"cat", ",", "sat"};
        struct round_trip made = {.size = 0};
        recur_detokenizer *detokenizer;
        recur_prompt prompt;
        assert_int_equal(recur_prompt_encode(vocab, before, strlen(before), &prompt, NULL),
                         RECUR_OK);
        assert_int_equal(prompt.tokens, cases[i].tokens);
        assert_int_equal(prompt.unknown, 0);
        free(prompt.ids);
        assert_int_equal(
            recur_detokenizer_create(vocab, before, strlen(before), &detokenizer, NULL), RECUR_OK);
        for (size_t k = 0; k < 3; k++) {
            int32_t id = recur_vocab_id(vocab, (recur_token){next[k], strlen(next[k])});
            assert_int_equal(recur_detokenizer_put(detokenizer, id, round_trip_add, &made, NULL),
                             RECUR_OK);
        }
        assert_int_equal(made.size, strlen(cases[i].expected));
        assert_memory_equal(made.bytes, cases[i].expected, made.size);
        recur_detokenizer_free(detokenizer);
        free(made.bytes);
    }
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_end_where_unicode_says),
        cmocka_unit_test(spaces_that_tokens_imply_are_none),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(texts_come_back_to_the_byte),
        cmocka_unit_test(prompts_may_end_in_a_space),
    };
    return cmocka_run_group_tests_name("unicode_words", tests, NULL, NULL);
}
