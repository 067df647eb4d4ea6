/* Byte pairs: what is learnt, how texts are divided, whether any text comes back to the byte, and
 * which vocabularies are refused. */
#define _GNU_SOURCE /* mkdtemp, pipe */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/pairs.h"
#include "io/model_file.h"
#include "recur/recur.h"
#include "round_trip.h"
#include "scratch.h"

static const recur_text_config pairs = {.size = sizeof pairs, .tokens = RECUR_TOKENS_BPE};
enum { FIRST = 1 + RECUR_PAIR_BYTES };

static recur_vocab *learn(const char *text, const recur_vocab_config *config)
{
    recur_corpus_config reading = recur_corpus_config_default();
    recur_corpus *corpus;
    recur_vocab *vocab;
    reading.text = &pairs;
    reading.vocab = config;
    assert_int_equal(recur_corpus_build_memory(text, strlen(text), &reading, &corpus, &vocab, NULL),
                     RECUR_OK);
    recur_corpus_free(corpus);
    return vocab;
}

/* The text's tokens, each behind a '|'. */
static void assert_divided(const recur_vocab *vocab, const char *text, const char *expected)
{
    char shown[500] = "";
    size_t count, unknown;
    int32_t *ids;
    assert_int_equal(recur_vocab_encode(vocab, text, strlen(text), &ids, &count, &unknown, NULL),
                     RECUR_OK);
    for (size_t i = 0; i < count; i++) {
        recur_token token = recur_vocab_token(vocab, ids[i]);
        strcat(shown, "|");
        strncat(shown, token.bytes, token.size);
    }
    assert_string_equal(shown, expected);
    assert_int_equal(unknown, 0);
    free(ids);
}

/* The paper's example. Of pairs as frequent those with the smaller ids come first. */
static void frequent_pairs_are_learnt_first(void **state)
{
    (void)state;
    static const char text[] =
        "low\nlow\nlow\nlow\nlow\nlower\nlower\nnewest\nnewest\nnewest\nnewest\nnewest\nnewest\n"
        "widest\nwidest\nwidest\n";
    static const char *const learnt[] = {"es", "est", "lo", "low", "ew", "new", "newest"};
    static const uint64_t counts[] = {0, 3, 0, 7, 0, 0, 6};
    recur_vocab_config config = recur_vocab_config_default();
    config.entries = FIRST + 7;
    recur_vocab *vocab = learn(text, &config);
    assert_int_equal(recur_vocab_size(vocab), FIRST + 7);
    for (size_t i = 0; i < 7; i++) {
        recur_token token = recur_vocab_token(vocab, (int32_t)(FIRST + i));
        assert_int_equal(token.size, strlen(learnt[i]));
        assert_memory_equal(token.bytes, learnt[i], token.size);
        assert_int_equal(recur_vocab_count(vocab, (int32_t)(FIRST + i)), counts[i]);
    }
    assert_int_equal(recur_vocab_count(vocab, 1 + '\n'), 16);
    assert_divided(vocab, "lowest newer\n", "|low|est| |new|e|r|\n");
    recur_vocab_free(vocab);
    config.min_count = 7;
    vocab = learn(text, &config);
    assert_int_equal(recur_vocab_size(vocab), FIRST + 4);
    recur_vocab_free(vocab);
}

/* Pieces: no token goes from one into the next. */
static void pieces_are_words_with_their_space(void **state)
{
    (void)state;
    static const char text[] =
        "it's 12 (a)   it's 12 (a)   it's\r\n\n\u4f60\u597d\u4f60\u597d it's";
    recur_vocab *vocab = learn(text, NULL);
    assert_divided(vocab, text,
                   "|it|'s| 12| (|a|)|  | it|'s| 12| (|a|)|  | "
                   "it|'s|\r|\n|\n|\u4f60\u597d|\u4f60\u597d| it|'s");
    recur_vocab_free(vocab);
}

/* A text that looks like Chinese, or else like English: words by Zipf's law, as 1 / rank, between
 * punctuation, of no language. Ends with a line. */
static char *zipf_text(bool chinese, size_t size, uint64_t seed)
{
    enum { WORDS = 4000, LONGEST = 24 };
    char *text = malloc(size + 4 * LONGEST);
    size_t used = 0;
    assert_non_null(text);
    while (used < size) {
        double part = (double)(recur_mix64(seed++) >> 11) / 9007199254740992.0;
        uint64_t word = recur_mix64((uint64_t)pow(WORDS, part)) + 1, letters;
        letters = chinese ? 1 + word % 3 : 2 + word % 8;
        for (uint64_t i = 0; i < letters; i++) {
            uint64_t letter = recur_mix64(word + i);
            uint32_t code = 0x4e00 + (uint32_t)pow(3000, (double)(letter % 1000) / 1000);
            if (!chinese) {
                text[used++] = (char)('a' + letter % 13 * (letter / 13 % 2 + 1));
                continue;
            }
            text[used++] = (char)(0xe0 | code >> 12);
            text[used++] = (char)(0x80 | (code >> 6 & 0x3f));
            text[used++] = (char)(0x80 | (code & 0x3f));
        }
        uint64_t end = recur_mix64(seed++) % 40;
        const char *mark = end == 0  ? "\n"
                           : end < 5 ? (chinese ? "\u3002" : ". ")
                                     : (chinese ? "" : " ");
        memcpy(text + used, mark, strlen(mark));
        used += strlen(mark);
    }
    text[used++] = '\n';
    text[used] = 0;
    return text;
}

static void texts_come_back_to_the_byte(void **state)
{
    (void)state;
    char text[6000];
    recur_vocab *vocab = learn("some text and some other text", NULL);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        size_t size = round_trip_text(seed, text, sizeof text);
        assert_round_trip(&pairs, text, size);
        assert_round_trip_of(vocab, text, size);
    }
    memset(text, 'a', sizeof text); /* longer than a piece */
    assert_round_trip(&pairs, text, sizeof text);
    char *chinese = zipf_text(true, 300000, 2);
    assert_round_trip(&pairs, chinese, strlen(chinese));
    assert_round_trip_of(vocab, chinese, strlen(chinese));
    free(chinese);
    recur_vocab_free(vocab);
}

static int32_t *encode(const recur_vocab *vocab, const char *text, size_t size, size_t *count)
{
    int32_t *ids;
    size_t unknown;
    assert_int_equal(recur_vocab_encode(vocab, text, size, &ids, count, &unknown, NULL), RECUR_OK);
    assert_int_equal(unknown, 0);
    return ids;
}

/* The ids of a long text, which takes the longest tokens from left to right, are those of its
 * parts, whose tokens are joined of bytes. Each part ends with a line. */
static void assert_divided_alike(const recur_vocab *vocab, const char *text)
{
    size_t count, of_part, at = 0;
    int32_t *ids = encode(vocab, text, strlen(text), &count);
    assert_true(strlen(text) > 150000);
    for (const char *end, *part = text; *part; part = end) {
        size_t size = strlen(part) < 4000 ? strlen(part) : 4000;
        end = strchr(part + size - 1, '\n') + 1;
        int32_t *own = encode(vocab, part, (size_t)(end - part), &of_part);
        assert_true(at + of_part <= count);
        assert_memory_equal(own, ids + at, of_part * sizeof *own);
        at += of_part;
        free(own);
    }
    assert_int_equal(at, count);
    free(ids);
}

static void assert_learnt_divides_alike(const char *text, uint64_t entries)
{
    recur_vocab_config config = recur_vocab_config_default();
    config.entries = entries;
    recur_vocab *vocab = learn(text, &config);
    assert_divided_alike(vocab, text);
    recur_vocab_free(vocab);
}

/* A few letters in any order, so that tokens overlap and repeat themselves. */
static char *text_of(uint64_t letters)
{
    enum { SIZE = 200000 };
    char *text = malloc(SIZE + 1);
    assert_non_null(text);
    for (uint64_t i = 0; i < SIZE; i++) {
        uint64_t drawn = recur_mix64(i);
        text[i] = drawn % 41 == 0 ? '\n' : (char)('a' + drawn / 64 % letters);
    }
    text[SIZE - 1] = '\n';
    text[SIZE] = 0;
    return text;
}

static void long_texts_are_divided_as_short_ones(void **state)
{
    (void)state;
    for (int chinese = 0; chinese < 2; chinese++) {
        char *text = zipf_text(chinese, 300000, 1);
        assert_learnt_divides_alike(text, 500);
        assert_learnt_divides_alike(text, 2500);
        free(text);
    }
    for (uint64_t letters = 1; letters <= 3; letters++) {
        char *text = text_of(letters);
        assert_learnt_divides_alike(text, 700);
        free(text);
    }
}

/* Processor seconds of learning and dividing; the least of three times. */
static double seconds_of(const char *text, uint64_t entries)
{
    recur_vocab_config config = recur_vocab_config_default();
    double least = 1e9;
    config.entries = entries;
    for (int i = 0; i < 3; i++) {
        clock_t begun = clock();
        recur_vocab_free(learn(text, &config));
        double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
        least = seconds < least ? seconds : least;
    }
    return least;
}

/* Without spaces hardly a piece of a text is like another. Each merge looks at the places of its
 * pair alone, so that this takes a few times as long as English and not hundreds of times. Of
 * English few pairs are learnt, which is the time of reading: slow merges do not lengthen it. */
static void scripts_without_spaces_are_not_slow(void **state)
{
    (void)state;
    char *chinese = zipf_text(true, 1500000, 1), *english = zipf_text(false, 1500000, 1);
    double took = seconds_of(chinese, 4000), limit = 30 * seconds_of(english, FIRST + 10);
    if (took > limit)
        fail_msg("Chinese took %.2f s, 30 times English with few pairs %.2f s", took, limit);
    free(chinese);
    free(english);
}

/* A pipe is read once and a file twice, to the same end. */
static void a_pipe_has_the_ids_of_a_file(void **state)
{
    char path[64];
    const char *file = scratch_path(*state, "text"), *pipe_path = path;
    recur_corpus_config reading = recur_corpus_config_default();
    recur_corpus *corpus[2];
    recur_vocab *vocab[2];
    int ends[2];
    static const char text[] = "one two one two \xff three\r\none";
    reading.text = &pairs;
    scratch_write(file, text, sizeof text - 1);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, sizeof text - 1), sizeof text - 1);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    assert_int_equal(recur_corpus_build(&file, 1, &reading, &corpus[0], &vocab[0], NULL), RECUR_OK);
    assert_int_equal(recur_corpus_build(&pipe_path, 1, &reading, &corpus[1], &vocab[1], NULL),
                     RECUR_OK);
    assert_int_equal(recur_corpus_fingerprint(corpus[0]), recur_corpus_fingerprint(corpus[1]));
    assert_memory_equal(recur_corpus_stats(corpus[0]), recur_corpus_stats(corpus[1]),
                        sizeof(recur_text_stats));
    assert_int_equal(recur_corpus_stats(corpus[0])->invalid, 1);
    assert_int_equal(recur_corpus_stats(corpus[0])->tokens, recur_corpus_size(corpus[0]));
    for (size_t i = 0; i < 2; i++) {
        recur_corpus_free(corpus[i]);
        recur_vocab_free(vocab[i]);
    }
    close(ends[0]);
}

static enum recur_status from_entries(const recur_token *entries, size_t size)
{
    recur_vocab *vocab = NULL;
    enum recur_status status =
        recur_vocab_from_entries(entries, NULL, size, 0, &pairs, &vocab, NULL);
    recur_vocab_free(vocab);
    return status;
}

/* "<unk>" and the bytes: what every vocabulary of byte pairs begins with. */
static void put_first(recur_token *entries, char *bytes)
{
    entries[0] = (recur_token){"<unk>", 5};
    for (size_t i = 0; i < RECUR_PAIR_BYTES; i++) {
        bytes[i] = (char)i;
        entries[1 + i] = (recur_token){&bytes[i], 1};
    }
}

enum { DRAWN = 60, LONGEST = 7 };

static bool is_among(recur_token token, const recur_token *entries, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (entries[i].size == token.size && memcmp(entries[i].bytes, token.bytes, token.size) == 0)
            return true;
    return false;
}

/* Behind the bytes, DRAWN entries of "a" and "b", each any two of those before it. */
static void draw_entries(recur_token *entries, char (*room)[LONGEST], uint64_t seed)
{
    for (size_t count = 0; count < DRAWN;) {
        recur_token half[2], *made = &entries[FIRST + count];
        for (size_t side = 0; side < 2; side++) {
            size_t drawn = recur_mix64(seed++) % (count + 2);
            half[side] = entries[drawn < 2 ? 1 + 'a' + drawn : FIRST + drawn - 2];
        }
        if (half[0].size + half[1].size > LONGEST)
            continue;
        memcpy(room[count], half[0].bytes, half[0].size);
        memcpy(room[count] + half[0].size, half[1].bytes, half[1].size);
        *made = (recur_token){room[count], half[0].size + half[1].size};
        count += !is_among(*made, entries, FIRST + count);
    }
}

/* No text would teach these pairs in this order: tokens are joined whose ids are below those of
 * their parts. */
static void pairs_in_any_order_divide_alike(void **state)
{
    char bytes[RECUR_PAIR_BYTES], room[DRAWN][LONGEST];
    char *text = text_of(2);
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        recur_token entries[FIRST + DRAWN];
        recur_vocab *vocab;
        put_first(entries, bytes);
        draw_entries(entries, room, seed << 32);
        assert_int_equal(
            recur_vocab_from_entries(entries, NULL, FIRST + DRAWN, 0, &pairs, &vocab, NULL),
            RECUR_OK);
        assert_divided_alike(vocab, text);
        recur_vocab_free(vocab);
    }
    free(text);
}

static void other_vocabularies_are_refused(void **state)
{
    (void)state;
    char bytes[RECUR_PAIR_BYTES];
    recur_token entries[FIRST + 3];
    put_first(entries, bytes);
    entries[FIRST] = (recur_token){"ab", 2};
    entries[FIRST + 1] = (recur_token){"abab", 4};
    entries[FIRST + 2] = (recur_token){"ababc", 5};
    assert_int_equal(from_entries(entries, FIRST + 3), RECUR_OK);
    assert_int_equal(from_entries(entries, FIRST), RECUR_OK);
    assert_int_equal(from_entries(entries, FIRST - 1), RECUR_ERROR_FORMAT); /* a byte is missing */
    entries[FIRST] = (recur_token){"abc", 3};
    assert_int_equal(from_entries(entries, FIRST + 1), RECUR_ERROR_FORMAT); /* of three */
    entries[FIRST] = entries['a' + 1];
    assert_int_equal(from_entries(entries, FIRST + 1), RECUR_ERROR_FORMAT); /* twice */
    entries[1] = (recur_token){"zz", 2};
    assert_int_equal(from_entries(entries, FIRST), RECUR_ERROR_FORMAT);
}

static void sizes_and_reserved_tokens_are_checked(void **state)
{
    (void)state;
    static const recur_token reserved[] = {{"<s>", 3}, {"a", 1}};
    recur_vocab_config config = recur_vocab_config_default();
    recur_vocab *vocab = NULL;
    const recur_token piece = {"<s>", 3}, pieces[] = {piece, piece};
    config.reserved = reserved;
    config.reserved_count = 1;
    assert_int_equal(recur_vocab_build(pieces, 2, &pairs, &config, &vocab, NULL), RECUR_OK);
    assert_divided(vocab, "<s>", "|<|s|>"); /* a reserved token is none of a text */
    recur_vocab_free(vocab);
    config.reserved_count = 2;
    assert_int_equal(recur_vocab_build(NULL, 0, &pairs, &config, &vocab, NULL),
                     RECUR_ERROR_ARGUMENT);
    config.reserved_count = 0;
    config.entries = FIRST - 1;
    assert_int_equal(recur_vocab_build(NULL, 0, &pairs, &config, &vocab, NULL),
                     RECUR_ERROR_ARGUMENT);
}

/* Reads the vocabulary that the text of its entries says; `text` says how it cuts. */
static enum recur_status read_json(const char *text, const char *entries, recur_vocab **vocab,
                                   recur_error *error)
{
    recur_json *cutting, *list;
    assert_int_equal(recur_json_parse(text, strlen(text), true, "text", &cutting, NULL), RECUR_OK);
    assert_int_equal(recur_json_parse(entries, strlen(entries), true, "entries", &list, NULL),
                     RECUR_OK);
    enum recur_status status = recur_vocab_from_json(cutting, list, vocab, error);
    free(cutting);
    free(list);
    return status;
}

/* Parts of characters are lists of their bytes in a file, and text is text. */
static void parts_of_characters_come_back_from_json(void **state)
{
    (void)state;
    enum { SIZE = FIRST + 4 };
    static const recur_token learnt[] = {
        {"\xe4\xbd", 2}, {"\xe4\xbd\xa0", 3}, {"\xff\xfe", 2}, {"ab", 2}};
    static const char lists[] = "[228,189],\"\u4f60\",[255,254],\"ab\"]";
    char bytes[RECUR_PAIR_BYTES];
    recur_token entries[SIZE];
    uint64_t counts[SIZE] = {0};
    put_first(entries, bytes);
    memcpy(entries + FIRST, learnt, sizeof learnt);
    counts[FIRST + 2] = 7;
    recur_vocab *vocab, *read;
    recur_json_writer text = {0}, json = {0};
    assert_int_equal(recur_vocab_from_entries(entries, counts, SIZE, 0, &pairs, &vocab, NULL),
                     RECUR_OK);
    assert_int_equal(recur_vocab_check_saved(vocab, NULL), RECUR_OK);
    recur_vocab_to_json(vocab, &text, &json);
    assert_non_null(strstr(json.text, lists));
    assert_int_equal(read_json(text.text, json.text, &read, NULL), RECUR_OK);
    assert_int_equal(recur_vocab_size(read), SIZE);
    for (int32_t id = 0; id < SIZE; id++) {
        recur_token token = recur_vocab_token(read, id);
        assert_int_equal(token.size, entries[id].size);
        assert_memory_equal(token.bytes, entries[id].bytes, token.size);
        assert_int_equal(recur_vocab_count(read, id), counts[id]);
    }
    recur_vocab_free(read);
    recur_vocab_free(vocab);
    recur_json_writer_free(&text);
    recur_json_writer_free(&json);
}

/* What is no list of bytes is refused, and so is a list that no pair of tokens makes. */
static void other_lists_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *list, *sentence;
    } cases[] = {
        {"[255,256]", "recur.vocab: token 257 is neither a string nor bytes"},
        {"[255,-1]", "recur.vocab: token 257 is neither a string nor bytes"},
        {"[255,\"a\"]", "recur.vocab: token 257 is neither a string nor bytes"},
        {"[255,[254]]", "recur.vocab: token 257 is neither a string nor bytes"},
        {"[]", NULL},
        {"[255,254,253]", NULL},
        {"[255]", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        recur_json_writer json = {0};
        recur_vocab *vocab = NULL;
        recur_error error;
        recur_json_open(&json, NULL, '{');
        recur_json_put_u64(&json, "reserved", 0);
        recur_json_open(&json, "tokens", '[');
        recur_json_put_text(&json, NULL, "<unk>");
        for (size_t byte = 0; byte < RECUR_PAIR_BYTES; byte++)
            recur_json_put_u64(&json, NULL, byte);
        recur_json_put_written(
            &json, NULL,
            &(recur_json_writer){.text = (char *)cases[i].list, .size = strlen(cases[i].list)});
        recur_json_close(&json, ']');
        recur_json_open(&json, "counts", '[');
        for (size_t id = 0; id <= FIRST; id++)
            recur_json_put_u64(&json, NULL, 0);
        recur_json_close(&json, ']');
        recur_json_close(&json, '}');
        assert_int_equal(
            read_json("{\"tokens\":\"bpe\",\"clean\":\"none\"}", json.text, &vocab, &error),
            RECUR_ERROR_FORMAT);
        if (cases[i].sentence)
            assert_string_equal(error.message, cases[i].sentence);
        assert_null(vocab);
        recur_json_writer_free(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frequent_pairs_are_learnt_first),
        cmocka_unit_test(pieces_are_words_with_their_space),
        cmocka_unit_test(texts_come_back_to_the_byte),
        cmocka_unit_test(long_texts_are_divided_as_short_ones),
        cmocka_unit_test(scripts_without_spaces_are_not_slow),
        cmocka_unit_test_setup_teardown(a_pipe_has_the_ids_of_a_file, scratch_create,
                                        scratch_remove),
        cmocka_unit_test(pairs_in_any_order_divide_alike),
        cmocka_unit_test(other_vocabularies_are_refused),
        cmocka_unit_test(sizes_and_reserved_tokens_are_checked),
        cmocka_unit_test(parts_of_characters_come_back_from_json),
        cmocka_unit_test(other_lists_are_refused),
    };
    return cmocka_run_group_tests_name("pairs", tests, NULL, NULL);
}
