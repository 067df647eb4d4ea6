/* Texts: cleaning and cutting, whatever the bytes and wherever the blocks end. */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/text_stream.h"
#include "scratch.h"

#define FFFD "\xef\xbf\xbd"

/* Lines as "token|token|;line;": every token is followed by "|", every line by ";". */
struct shown {
    char *bytes;
    size_t size, lines, tokens;
};

static void show(struct shown *shown, const char *bytes, size_t size, char end)
{
    shown->bytes = realloc(shown->bytes, shown->size + size + 2);
    assert_non_null(shown->bytes);
    memcpy(shown->bytes + shown->size, bytes, size);
    shown->size += size;
    shown->bytes[shown->size++] = end;
    shown->bytes[shown->size] = '\0';
}

static enum recur_status show_line(void *user, const recur_token *tokens, size_t count,
                                   recur_error *error)
{
    (void)error;
    struct shown *shown = user;
    for (size_t i = 0; i < count; i++)
        show(shown, tokens[i].bytes, tokens[i].size, '|');
    show(shown, "", 0, ';');
    shown->lines++;
    shown->tokens += count;
    return RECUR_OK;
}

/* Cuts `text` in blocks of many sizes: each time it must come out as `expected`. */
static recur_text_stats assert_cut_bytes(recur_text_config config, const char *text, size_t size,
                                         const char *expected, size_t expected_size)
{
    recur_text_stats first = {0}, stats;
    for (size_t block = 0; block <= size + 1 && block < 64; block++) {
        struct recur_raw_text raw = {.bytes = text, .size = size, .block = block};
        struct shown shown = {0};
        memset(&stats, 0xff, sizeof stats);
        assert_int_equal(recur_text_lines(&raw, &config, show_line, &shown, &stats, NULL),
                         RECUR_OK);
        assert_int_equal(shown.size, expected_size);
        if (expected_size)
            assert_memory_equal(shown.bytes, expected, expected_size);
        assert_int_equal(stats.bytes, size);
        assert_int_equal(stats.lines, shown.lines);
        assert_int_equal(stats.tokens, shown.tokens);
        if (block == 0)
            first = stats;
        assert_memory_equal(&stats, &first, sizeof stats);
        free(shown.bytes);
    }
    return first;
}

static recur_text_stats assert_cut(recur_text_config config, const char *text, const char *expected)
{
    return assert_cut_bytes(config, text, strlen(text), expected, strlen(expected));
}

static const recur_text_config characters = {
    .size = sizeof characters, .tokens = RECUR_TOKENS_CHAR, .clean = RECUR_CLEAN_NONE};
static const recur_text_config words = {
    .size = sizeof words, .tokens = RECUR_TOKENS_WORD, .clean = RECUR_CLEAN_NONE};
static const recur_text_config bytes = {
    .size = sizeof bytes, .tokens = RECUR_TOKENS_BYTE, .clean = RECUR_CLEAN_NONE};
static const recur_text_config clean_characters = {
    .size = sizeof clean_characters, .tokens = RECUR_TOKENS_CHAR, .clean = RECUR_CLEAN_LETTERS};
static const recur_text_config clean_words = {
    .size = sizeof clean_words, .tokens = RECUR_TOKENS_WORD, .clean = RECUR_CLEAN_LETTERS};
static const recur_text_config clean_bytes = {
    .size = sizeof clean_bytes, .tokens = RECUR_TOKENS_BYTE, .clean = RECUR_CLEAN_LETTERS};

static void cuts_lines_into_characters(void **state)
{
    (void)state;
    recur_text_stats stats = assert_cut(characters, "ab c\nd\n", "a|b| |c|\n|;d|\n|;");
    assert_int_equal(stats.characters, 7);
    assert_cut(bytes, "ab\r\nc", "a|b|\r|\n|;c|;");
}

/* Line ends of another system are line ends; a carriage return anywhere else is what it is. */
static void line_ends_are_one_token(void **state)
{
    (void)state;
    recur_text_stats stats = assert_cut(characters, "ab\r\n\r\n", "a|b|\n|;\n|;");
    assert_int_equal(stats.characters, 4);
    stats = assert_cut(characters, "\ra\r\r\nb\r\xff\r", "\r|a|\r|\n|;b|\r|" FFFD "|\r|;");
    assert_int_equal(stats.characters, 8);
    assert_cut(characters, "\r\n", "\n|;");
    assert_cut(characters, "\r", "\r|;");
    stats = assert_cut(clean_characters, "ab\r\nc\r\n", "a|b|;c|;");
    assert_int_equal(stats.characters, 3);
}

static void cuts_lines_into_words(void **state)
{
    (void)state;
    recur_text_stats stats = assert_cut(words, " it is,\tI say \n\nso\r\n", "it|is,|I|say|;;so|;");
    assert_int_equal(stats.characters, 19);
    assert_cut(words, "a\vb\fc\rd e", "a|b|c|d|e|;");
    assert_cut(words,
               "control\x01\x1c\x7f"
               "characters",
               "control\x01\x1c\x7f"
               "characters|;");
}

static void cleans_as_the_book(void **state)
{
    (void)state;
    const char *text = "  The Time-Machine, by H. G. Wells [1898]\n\n1 2 3\nI\n 'x' ";
    recur_text_stats stats =
        assert_cut(clean_words, text, "the|time|machine|by|h|g|wells|;;;i|;x|;");
    assert_int_equal(stats.characters, strlen("the time machine by h g wells") + 2);
    stats = assert_cut(clean_characters, text,
                       "t|h|e| |t|i|m|e| |m|a|c|h|i|n|e| |b|y| |h| |g| |w|e|l|l|s|;;;i|;x|;");
    assert_int_equal(stats.characters, stats.tokens);
    assert_cut(clean_bytes,
               "A b\xff"
               "c1\n",
               "a| |b| |c|;");
    assert_cut(clean_characters, "@AZ[`az{", "a|z| |a|z|;");
}

static void non_latin_letters_are_gaps_of_clean_text(void **state)
{
    (void)state;
    recur_text_stats stats =
        assert_cut(clean_words, "caf\xc3\xa9s na\xc3\xafve \xe6\x97\xb6", "caf|s|na|ve|;");
    assert_int_equal(stats.invalid, 0);
    assert_int_equal(assert_cut(clean_words, "a\xff\xe6\x97z", "a|z|;").invalid, 2);
    assert_int_equal(assert_cut(clean_bytes, "a\xff\xe6\x97z", "a| |z|;").invalid, 0);
}

static void reads_chinese(void **state)
{
    (void)state;
    const char *text = "时间旅行者\n他　说 话\n";
    recur_text_stats stats = assert_cut(characters, text, "时|间|旅|行|者|\n|;他|　|说| |话|\n|;");
    assert_int_equal(stats.characters, 12);
    assert_int_equal(stats.invalid, 0);
    stats = assert_cut(words, text, "时间旅行者|;他|说|话|;");
    assert_int_equal(stats.characters, 12);
    stats = assert_cut(bytes, "时a", "\xe6|\x97|\xb6|a|;");
    assert_int_equal(stats.characters, 2);
}

static void ends_without_a_line_feed(void **state)
{
    (void)state;
    assert_cut(characters, "", "");
    assert_cut(words, "", "");
    assert_cut(characters, "\n", "\n|;");
    assert_cut(words, "\n", ";");
    assert_cut(clean_characters, "\n\n", ";;");
    assert_cut(words, "one two", "one|two|;");
    assert_cut(words, "one \n ", "one|;;");
    assert_cut(clean_characters, "a\n?", "a|;;");
}

static void keeps_zero_bytes(void **state)
{
    (void)state;
    static const char text[] = "a\0b\n\0";
    static const char cut[] = "a|\0|b|\n|;\0|;";
    assert_cut_bytes(characters, text, 5, cut, sizeof cut - 1);
    assert_cut_bytes(bytes, text, 5, cut, sizeof cut - 1);
    assert_cut_bytes(words, text, 5, "a\0b|;\0|;", 8);
    assert_cut_bytes(clean_characters, text, 5, "a| |b|;;", 8);
}

static void leaves_out_byte_order_marks(void **state)
{
    (void)state;
    assert_int_equal(assert_cut(characters,
                                "\xef\xbb\xbf"
                                "a",
                                "a|;")
                         .characters,
                     1);
    assert_cut(words,
               "\xef\xbb\xbf"
               "one",
               "one|;");
    assert_cut(bytes,
               "\xef\xbb\xbf"
               "a",
               "\xef|\xbb|\xbf|a|;");
    assert_cut(characters, "\xef\xbb\xbf", ";");
    assert_cut(characters, "\xef\xbb\xbf\xef\xbb\xbf", ";");
    assert_cut(words, "a\xef\xbb\xbf", "a|;");
    assert_cut(words, "a\n\xef\xbb\xbf\xef\xbb\n\xef\xbb\xbf\xef\xbc\x8c",
               "a|;" FFFD "|;\xef\xbc\x8c|;");
    assert_cut(clean_words,
               "a\n\xef\xbb\xbf"
               "b\xef\xbb\xbf"
               "c",
               "a|;bc|;");
    assert_int_equal(assert_cut(characters, "\xef\xbb", FFFD "|;").invalid, 1);
}

/* Puts "|" behind every character, as the tokens of a line are shown. */
static void bar(const char *text, char *barred)
{
    for (; *text; text++) {
        *barred++ = *text;
        if (((unsigned char)text[1] & 0xc0) != 0x80)
            *barred++ = '|';
    }
    memcpy(barred, ";", 2);
}

/* Only its letters as words, where no two stand together. */
static void pick_letters(const char *text, char *letters)
{
    for (; *text; text++) {
        if (*text >= 'a' && *text <= 'z') {
            *letters++ = *text;
            *letters++ = '|';
        }
    }
    memcpy(letters, ";", 2);
}

/* Expected is what Python's bytes.decode("utf-8", "replace") makes of each. */
static void replaces_what_is_not_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
        unsigned invalid;
    } cases[] = {
        {"\x80", FFFD, 1},
        {"\xff", FFFD, 1},
        {"a\xc3", "a" FFFD, 1},                               /* cut off */
        {"\xf0\x9f\x98", FFFD, 1},                            /* cut off */
        {"\xc3(", FFFD "(", 1},                               /* not continued */
        {"\xf0\x9f\x98x", FFFD "x", 1},                       /* not continued */
        {"\xe6\x97\xe6\x97\xb6", FFFD "时", 1},               /* starts again */
        {"\xc0\xaf", FFFD FFFD, 2},                           /* overlong */
        {"\xc1\xbf", FFFD FFFD, 2},                           /* overlong */
        {"\xe0\x80\xaf", FFFD FFFD FFFD, 3},                  /* overlong */
        {"\xe0\x9f\xbf", FFFD FFFD FFFD, 3},                  /* overlong */
        {"\xf0\x8f\xbf\xbf", FFFD FFFD FFFD FFFD, 4},         /* overlong */
        {"\xed\xa0\x80", FFFD FFFD FFFD, 3},                  /* surrogate */
        {"\xed\x9f\xbf", "\xed\x9f\xbf", 0},                  /* the last character before them */
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", 0},          /* U+10FFFF */
        {"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD, 4},         /* beyond */
        {"\xf5\x80\x80\x80", FFFD FFFD FFFD FFFD, 4},         /* beyond */
        {FFFD, FFFD, 0},                                      /* somebody else's */
        {"a\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64", /* table 3-8 of the standard */
         "a" FFFD FFFD FFFD "b" FFFD "c" FFFD FFFD "d", 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[128];
        snprintf(expected, sizeof expected, "%s|;", cases[i].expected);
        assert_int_equal(assert_cut(words, cases[i].text, expected).invalid, cases[i].invalid);
        bar(cases[i].expected, expected);
        recur_text_stats stats = assert_cut(characters, cases[i].text, expected);
        assert_int_equal(stats.invalid, cases[i].invalid);
        assert_int_equal(stats.characters, stats.tokens);
        pick_letters(cases[i].expected, expected);
        stats = assert_cut(clean_words, cases[i].text, expected);
        assert_int_equal(stats.invalid, cases[i].invalid);
    }
}

static size_t put_character(char *to, uint32_t code)
{
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static bool is_white_space(uint32_t code) /* PropList.txt, from U+0080 on */
{
    return code == 0x85 || code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
           code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

static enum recur_status check_split(void *user, const recur_token *tokens, size_t count,
                                     recur_error *error)
{
    (void)tokens;
    (void)error;
    uint32_t *code = user;
    assert_int_equal(count, is_white_space(*code) ? 2 : 1);
    *code = *code == 0xd7ff ? 0xe000 : *code + 1; /* no surrogates */
    return RECUR_OK;
}

/* All of Unicode beyond ASCII: words end at white space and at nothing else. */
static void splits_words_at_unicode_white_space(void **state)
{
    (void)state;
    char *text = malloc((size_t)0x110000 * 7);
    assert_non_null(text);
    size_t size = 0;
    for (uint32_t code = 0x80; code < 0x110000; code++) {
        if (code >= 0xd800 && code < 0xe000)
            continue;
        text[size++] = 'a';
        size += put_character(text + size, code);
        text[size++] = 'b';
        text[size++] = '\n';
    }
    uint32_t code = 0x80;
    recur_text_stats stats;
    assert_int_equal(recur_text_read_memory(text, size, &words, check_split, &code, &stats, NULL),
                     RECUR_OK);
    assert_int_equal(code, 0x110000);
    assert_int_equal(stats.invalid, 0);
    free(text);
}

struct lengths {
    size_t tokens, longest, lines;
};

static enum recur_status measure_line(void *user, const recur_token *tokens, size_t count,
                                      recur_error *error)
{
    (void)error;
    struct lengths *lengths = user;
    lengths->lines++;
    lengths->tokens += count;
    for (size_t i = 0; i < count; i++)
        if (tokens[i].size > lengths->longest)
            lengths->longest = tokens[i].size;
    return RECUR_OK;
}

static void reads_very_long_lines_and_words(void **state)
{
    (void)state;
    const size_t size = 3000000;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    struct lengths lengths = {0};
    assert_int_equal(
        recur_text_read_memory(text, size, &characters, measure_line, &lengths, NULL, NULL),
        RECUR_OK);
    assert_int_equal(lengths.lines, 1);
    assert_int_equal(lengths.tokens, size);
    lengths = (struct lengths){0};
    text[4] = ' ';
    assert_int_equal(recur_text_read_memory(text, size, &words, measure_line, &lengths, NULL, NULL),
                     RECUR_OK);
    assert_int_equal(lengths.tokens, 2);
    assert_int_equal(lengths.longest, size - 5);
    free(text);
}

static void reads_files_and_standard_input(void **state)
{
    const char *text = "the time\ntraveller";
    const char *path = scratch_path(*state, "text.txt");
    scratch_write(path, text, strlen(text));
    for (int standard = 0; standard < 2; standard++) {
        if (standard)
            assert_non_null(freopen(path, "rb", stdin));
        struct shown shown = {0};
        recur_text_stats stats;
        assert_int_equal(
            recur_text_read(standard ? "-" : path, &words, show_line, &shown, &stats, NULL),
            RECUR_OK);
        assert_string_equal(shown.bytes, "the|time|;traveller|;");
        assert_int_equal(stats.bytes, strlen(text));
        assert_int_equal(stats.characters, strlen(text));
        assert_int_equal(stats.lines, 2);
        assert_int_equal(stats.tokens, 3);
        free(shown.bytes);
    }
}

static void says_what_it_cannot_read(void **state)
{
    struct scratch *scratch = *state;
    recur_text_stats stats = {.bytes = 7};
    recur_error error;
    const char *missing = scratch_path(scratch, "missing.txt");
    assert_int_equal(recur_text_read(missing, &words, show_line, NULL, &stats, &error),
                     RECUR_ERROR_FILE);
    assert_non_null(strstr(error.message, missing));
    assert_non_null(strstr(error.message, "No such file or directory"));
    assert_int_equal(recur_text_read(scratch->folder, &words, show_line, NULL, &stats, &error),
                     RECUR_ERROR_FILE);
    assert_non_null(strstr(error.message, scratch->folder));
    assert_non_null(strstr(error.message, "directory"));
    assert_int_equal(recur_text_read(missing, &words, show_line, NULL, NULL, NULL),
                     RECUR_ERROR_FILE);
    assert_int_equal(stats.bytes, 7);
}

static enum recur_status stop_at_second_line(void *user, const recur_token *tokens, size_t count,
                                             recur_error *error)
{
    (void)tokens;
    (void)count;
    (void)error;
    return ++*(int *)user == 2 ? RECUR_ERROR_UNSUPPORTED : RECUR_OK;
}

static void ends_where_the_callback_says(void **state)
{
    (void)state;
    int lines = 0;
    recur_text_stats stats = {.bytes = 7};
    assert_int_equal(
        recur_text_read_memory("a\nb\nc\n", 6, &words, stop_at_second_line, &lines, &stats, NULL),
        RECUR_ERROR_UNSUPPORTED);
    assert_int_equal(lines, 2);
    assert_int_equal(stats.bytes, 7);
}

static void names_can_be_parsed(void **state)
{
    (void)state;
    recur_error error;
    enum recur_tokens tokens;
    for (unsigned i = RECUR_TOKENS_CHAR; i <= RECUR_TOKENS_BYTE; i++) {
        const char *name = recur_tokens_name((enum recur_tokens)i);
        assert_int_equal(recur_tokens_parse(name, &tokens, &error), RECUR_OK);
        assert_int_equal(tokens, i);
    }
    enum recur_clean clean;
    for (unsigned i = RECUR_CLEAN_NONE; i <= RECUR_CLEAN_LETTERS; i++) {
        const char *name = recur_clean_name((enum recur_clean)i);
        assert_int_equal(recur_clean_parse(name, &clean, &error), RECUR_OK);
        assert_int_equal(clean, i);
    }
    assert_int_equal(recur_tokens_parse("chars", &tokens, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "unknown token kind \"chars\": expected char, word, byte or bpe");
    assert_int_equal(recur_clean_parse("", &clean, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "unknown kind of cleaning \"\": expected none or letters");
}

static void kinds_of_tokens_differ(void **state)
{
    (void)state;
    assert_true(recur_tokens_spaced(RECUR_TOKENS_WORD));
    assert_false(recur_tokens_spaced(RECUR_TOKENS_CHAR));
    assert_false(recur_tokens_spaced(RECUR_TOKENS_BYTE));
    assert_true(recur_tokens_as_they_stand(RECUR_TOKENS_BYTE));
    assert_false(recur_tokens_as_they_stand(RECUR_TOKENS_CHAR));
    assert_false(recur_tokens_as_they_stand(RECUR_TOKENS_WORD));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_lines_into_characters),
        cmocka_unit_test(line_ends_are_one_token),
        cmocka_unit_test(cuts_lines_into_words),
        cmocka_unit_test(cleans_as_the_book),
        cmocka_unit_test(non_latin_letters_are_gaps_of_clean_text),
        cmocka_unit_test(reads_chinese),
        cmocka_unit_test(ends_without_a_line_feed),
        cmocka_unit_test(keeps_zero_bytes),
        cmocka_unit_test(leaves_out_byte_order_marks),
        cmocka_unit_test(replaces_what_is_not_utf8),
        cmocka_unit_test(splits_words_at_unicode_white_space),
        cmocka_unit_test(reads_very_long_lines_and_words),
        cmocka_unit_test(reads_files_and_standard_input),
        cmocka_unit_test(says_what_it_cannot_read),
        cmocka_unit_test(ends_where_the_callback_says),
        cmocka_unit_test(names_can_be_parsed),
        cmocka_unit_test(kinds_of_tokens_differ),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
