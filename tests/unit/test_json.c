/* JSON: what is read and what is refused, in how much memory, and what is written; each with memory
 * that runs out anywhere. */
#define _GNU_SOURCE
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heap.h"
#include "json_edit.h"

#define AT " is not valid JSON at line "

static enum recur_status parse(const char *text, size_t size, bool nul, recur_json **json,
                               recur_error *error)
{
    char *exact = malloc(size ? size : 1); /* a sanitizer sees who reads beyond */
    assert_non_null(exact);
    memcpy(exact, text, size);
    enum recur_status status = recur_json_parse(exact, size, nul, "it", json, error);
    free(exact);
    return status;
}

static void what_is_no_json_is_refused_where_it_is(void **state)
{
    static const struct {
        const char *text, *sentence;
    } refused[] = {
        {"", "it" AT "1, byte 1: expected a value, got the end"},
        {" ", "it" AT "1, byte 2: expected a value, got the end"},
        {"nul", "it" AT "1, byte 1: expected a value, got \"n\""},
        {"True", "it" AT "1, byte 1: expected a value, got \"T\""},
        {"\xef\xbb\xbf{}", "it" AT "1, byte 1: expected a value, got \"\xef\xbb\xbf\""},
        {"[1,]", "it" AT "1, byte 4: expected a value, got \"]\""},
        {"[1 2]", "it" AT "1, byte 4: expected a comma or ], got \"2\""},
        {"[1}", "it" AT "1, byte 3: expected a comma or ], got \"}\""},
        {"{\"a\":1,}", "it" AT "1, byte 8: expected a key in double quotes, got \"}\""},
        {"{a:1}", "it" AT "1, byte 2: expected a key in double quotes, got \"a\""},
        {"{\"a\" 1}", "it" AT "1, byte 6: expected a colon, got \"1\""},
        {"{\"a\":1]", "it" AT "1, byte 7: expected a comma or }, got \"]\""},
        {"{}{}", "it" AT "1, byte 3: expected nothing more, got \"{\""},
        {"[\n 1,\n 01]", "it" AT "3, byte 3: expected a comma or ], got \"1\""},
        {"-", "it" AT "1, byte 2: expected a digit, got the end"},
        {"+1", "it" AT "1, byte 1: expected a value, got \"+\""},
        {".5", "it" AT "1, byte 1: expected a value, got \".\""},
        {"1.", "it" AT "1, byte 3: expected a digit, got the end"},
        {"1e", "it" AT "1, byte 3: expected a digit, got the end"},
        {"0x10", "it" AT "1, byte 2: expected nothing more, got \"x\""},
        {"NaN", "it" AT "1, byte 1: expected a value, got \"N\""},
        {"18446744073709551616", "it" AT "1, byte 21: an integer is too large"},
        {"-9223372036854775809", "it" AT "1, byte 21: an integer is too large"},
        {"1e309", "it" AT "1, byte 6: a number is too large"},
        {"\"a", "it" AT "1, byte 3: expected the \" that ends a text, got the end"},
        {"\"a\tb\"", "it" AT "1, byte 3: a control character must be escaped, got \"\\t\""},
        {"\"\\a\"", "it" AT "1, byte 3: expected an escape, got \"a\""},
        {"\"\\u12g4\"", "it" AT "1, byte 6: expected four hexadecimal digits, got \"g\""},
        {"\"\\ud800\"", "it" AT "1, byte 8: half a character"},
        {"\"\\ud800\\u0041\"", "it" AT "1, byte 14: half a character"},
        {"\"\\udc00\"", "it" AT "1, byte 8: half a character"},
        {"\"\xc0\xaf\"", "it" AT "1, byte 2: expected UTF-8, got \"\\xC0\""},
        {"\"\xed\xa0\x80\"", "it" AT "1, byte 2: expected UTF-8, got \"\\xED\""},
        {"\"\\u0000\"", "it" AT "1, byte 8: U+0000 cannot stand here"},
        {"{\"a\":1,\"b\":{\"x\":1},\"a\":2}", "it is not valid JSON: the key \"a\" stands twice"},
        {"[{\"\":1,\"\\u0061\":2,\"a\":3}]", "it is not valid JSON: the key \"a\" stands twice"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        recur_json *json = NULL;
        recur_error error;
        assert_int_equal(parse(refused[i].text, strlen(refused[i].text), false, &json, &error),
                         RECUR_ERROR_FORMAT);
        assert_string_equal(error.message, refused[i].sentence);
        assert_null(json);
    }
}

static void values_are_what_the_text_says(void **state)
{
    static const char text[] = " {\"list\" : [null,true,false,0,-0,18446744073709551615,"
                               "-9223372036854775808,0.1,1e2],\"\\u00e4\\ud83d\\ude00\":"
                               "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000z\",\"\":{}}\n";
    recur_json *json;
    uint64_t number;
    double real;
    (void)state;
    assert_int_equal(parse(text, sizeof text - 1, true, &json, NULL), RECUR_OK);
    assert_int_equal(json->size, 3);
    const recur_json *item = recur_json_member(json, "list");
    assert_true(recur_json_is(item, RECUR_JSON_LIST));
    assert_int_equal(item->size, 9);
    item = recur_json_first(item);
    assert_true(recur_json_is(item++, RECUR_JSON_NULL));
    assert_true(recur_json_is(item, RECUR_JSON_BOOL) && item++->truth);
    assert_true(recur_json_is(item, RECUR_JSON_BOOL) && !item++->truth);
    assert_true(recur_json_is(item, RECUR_JSON_INTEGER) && item++->magnitude == 0);
    assert_true(recur_json_is(item, RECUR_JSON_INTEGER) && !item++->negative);
    assert_int_equal(recur_json_get_u64(item++, "n", &number, NULL), RECUR_OK);
    assert_true(number == UINT64_MAX);
    assert_int_equal(recur_json_get_u64(item, "n", &number, NULL), RECUR_ERROR_FORMAT);
    assert_true(recur_json_get_number(item++, &real) && real <= -0x1p63 && real >= -0x1p63);
    assert_true(recur_json_get_number(item, &real) && memcmp(&real, &(double){0.1}, 8) == 0);
    assert_true(recur_json_is(++item, RECUR_JSON_REAL));
    item = recur_json_member(json, "\xc3\xa4\xf0\x9f\x98\x80");
    assert_int_equal(item->size, 11);
    assert_memory_equal(item->text, "a\"\\/\b\f\n\r\t\0z", 12);
    assert_int_equal(recur_json_member(json, "")->size, 0);
    assert_null(recur_json_member(json, "none"));
    assert_null(recur_json_member(item, "none"));
    free(json);
}

static void depths_are_limited_before_anything_is_built(void **state)
{
    enum { DEEP = 4000000 };
    char *text = malloc(DEEP);
    recur_json *json;
    recur_error error;
    (void)state;
    assert_non_null(text);
    memset(text, '[', RECUR_JSON_DEPTH);
    memset(text + RECUR_JSON_DEPTH, ']', RECUR_JSON_DEPTH);
    assert_int_equal(parse(text, 2 * (size_t)RECUR_JSON_DEPTH, false, &json, NULL), RECUR_OK);
    assert_int_equal(json->values, RECUR_JSON_DEPTH);
    free(json);
    memset(text, '[', DEEP);
    size_t before = allocations();
    assert_int_equal(recur_json_parse(text, DEEP, false, "it", &json, &error), RECUR_ERROR_FORMAT);
    assert_int_equal(allocations(), before);
    assert_string_equal(error.message,
                        "it" AT "1, byte 65: too many lists and objects within each other");
    free(text);
}

/* A number goes out and comes back the same, in a locale that writes commas too. */
static void check_number(double value)
{
    recur_json_writer writer = {0};
    recur_json *json;
    recur_json_put_number(&writer, NULL, value, 17);
    assert_int_equal(writer.status, RECUR_OK);
    assert_int_equal(parse(writer.text, writer.size, false, &json, NULL), RECUR_OK);
    assert_true(recur_json_is(json, RECUR_JSON_REAL));
    assert_memory_equal(&json->real, &value, sizeof value);
    free(json);
    recur_json_writer_free(&writer);
}

static void real_numbers_are_exact(void **state)
{
    uint64_t bits = 88172645463325252;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        double value;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&value, &bits, sizeof value);
        if (value - value == 0) /* finite */
            check_number(value);
    }
    check_number(5e-324);
    check_number(2.2250738585072011e-308);
    check_number(1.7976931348623157e308);
    check_number(-0.0);
}

static void no_locale_changes_a_number(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "ps_AF"};
    bool found = false;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++)
        found = setlocale(LC_NUMERIC, names[i]) && *localeconv()->decimal_point != '.';
    if (!found)
        skip();
    check_number(0.1);
    check_number(1.5e-300);
    assert_true(*localeconv()->decimal_point != '.'); /* left as it was */
    setlocale(LC_NUMERIC, "C");
}

static void numbers_are_written_as_before(void **state)
{
    static const struct {
        double value;
        int digits;
        const char *text;
    } numbers[] = {
        {0, 17, "0.0"},
        {-0.0, 17, "-0.0"},
        {100000, 17, "100000.0"},
        {0.1, 17, "0.10000000000000001"},
        {0.1, 9, "0.1"},
        {1e20, 17, "1e20"},
        {1e-5, 12, "1e-5"},
        {1.5e-7, 12, "1.5e-7"},
        {1e100, 12, "1e100"},
        {-2.5, 12, "-2.5"},
        {123456789, 4, "1.235e8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        recur_json_writer writer = {0};
        recur_json_put_number(&writer, NULL, numbers[i].value, numbers[i].digits);
        assert_string_equal(writer.text, numbers[i].text);
        recur_json_writer_free(&writer);
    }
}

static void put_example(recur_json_writer *writer)
{
    recur_json_open(writer, NULL, '{');
    recur_json_put_text(writer, "text", "a\"\\\b\f\n\r\t\x01\x7f\xc2\x9b\xe2\x80\xae\xc3\xa4");
    recur_json_open(writer, "list", '[');
    recur_json_put_null(writer, NULL);
    recur_json_put_bool(writer, NULL, true);
    recur_json_put_u64(writer, NULL, INT64_MAX);
    recur_json_put_u64(writer, NULL, UINT64_MAX);
    recur_json_put_number(writer, NULL, 0.0 / 0.0, 17);
    recur_json_open(writer, NULL, '[');
    recur_json_close(writer, ']');
    recur_json_close(writer, ']');
    recur_json_put_key(writer, "k\0y", 3);
    recur_json_put_bytes(writer, NULL, "v\0", 2);
    recur_json_begin_text(writer, "pieces");
    recur_json_add_text(writer, "one", 3);
    recur_json_add_text(writer, " two", 4);
    recur_json_end_text(writer);
    for (int i = 0; i < 100; i++) /* it grows a few times */
        recur_json_put_text(writer, "more", "and more");
    recur_json_close(writer, '}');
}

static void texts_are_written_for_files_and_for_eyes(void **state)
{
    static const char compact[] =
        "{\"text\":\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\xc2\x9b\xe2\x80\xae"
        "\xc3\xa4\",\"list\":[null,true,9223372036854775807,"
        "\"18446744073709551615\",null,[]],\"k\\u0000y\":\"v\\u0000\","
        "\"pieces\":\"one two\",\"more\":";
    static const char pretty[] =
        "{\"text\": \"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007F\\u009B\\u202E"
        "\xc3\xa4\", \"list\": [null, true, 9223372036854775807, "
        "\"18446744073709551615\", null, []], \"k\\u0000y\": \"v\\u0000\", "
        "\"pieces\": \"one two\", \"more\": ";
    recur_json_writer writer = {0}, shown = {.pretty = true};
    (void)state;
    put_example(&writer);
    put_example(&shown);
    assert_int_equal(strncmp(writer.text, compact, sizeof compact - 1), 0);
    assert_int_equal(strncmp(shown.text, pretty, sizeof pretty - 1), 0);
    assert_int_equal(strlen(writer.text), writer.size);
    recur_json_writer_free(&writer);
    recur_json_writer_free(&shown);
}

/* Each allocation of the writer fails in turn, and those behind it are there again. */
static void a_failure_of_the_writer_stays(void **state)
{
    recur_error error;
    (void)state;
    for (size_t n = 1;; n++) {
        recur_json_writer writer = {0};
        heap_fail(n);
        put_example(&writer);
        if (!heap_fail(0)) {
            assert_int_equal(recur_json_check(&writer, "it", &error), RECUR_OK);
            assert_true(n > 3);
            recur_json_writer_free(&writer);
            return;
        }
        assert_int_equal(recur_json_check(&writer, "it", &error), RECUR_ERROR_MEMORY);
        assert_non_null(strstr(error.message, "out of memory"));
        recur_json_writer_free(&writer);
    }
}

static void a_text_that_is_not_utf8_is_a_failure(void **state)
{
    recur_json_writer writer = {0}, outer = {0};
    recur_error error;
    (void)state;
    recur_json_put_text(&writer, NULL, "a\xff");
    assert_int_equal(recur_json_check(&writer, "it", &error), RECUR_ERROR_FORMAT);
    assert_string_equal(error.message, "it: a text is not UTF-8, which JSON needs");
    recur_json_open(&outer, NULL, '[');
    recur_json_put_written(&outer, NULL, &writer);
    assert_int_equal(outer.status, RECUR_ERROR_FORMAT);
    recur_json_writer_free(&writer);
    recur_json_writer_free(&outer);
}

static void reading_without_memory_says_so(void **state)
{
    static const char text[] = "{\"a\":[1,2.5,{\"b\":\"c\"}],\"d\":\"e\"}";
    recur_json *json = NULL;
    recur_error error;
    (void)state;
    ptrdiff_t before = heap_live();
    for (size_t n = 1;; n++) {
        heap_fail(n);
        enum recur_status status =
            recur_json_parse(text, sizeof text - 1, false, "it", &json, &error);
        if (!heap_fail(0)) {
            assert_int_equal(status, RECUR_OK);
            assert_true(n == 3);
            free(json);
            break;
        }
        assert_int_equal(status, RECUR_ERROR_MEMORY);
        assert_int_equal(heap_live(), before);
    }
}

/* What takes most for its size, each a megabyte of it. */
static void memory_is_bounded_by_the_text(void **state)
{
    static const char *const pieces[] = {"0,",        "\"\",", "[],",   "{},",
                                         "{\"\":0},", "1.5,",  "[[0]],"};
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE + 1);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t length = strlen(pieces[i]), size = 1;
        text[0] = '[';
        for (; size + length < SIZE; size += length)
            memcpy(text + size, pieces[i], length);
        text[size - 1] = ']';
        recur_json *json;
        ptrdiff_t before = heap_live();
        heap_begin();
        assert_int_equal(recur_json_parse(text, size, false, "it", &json, NULL), RECUR_OK);
        ptrdiff_t taken = heap_peak() - before;
        assert_true(taken <= (ptrdiff_t)(RECUR_JSON_BYTES_EACH * size + RECUR_JSON_BYTES_MORE));
        free(json);
    }
    free(text);
}

/* An object of different keys, and the bound for it. */
static void many_keys_are_compared(void **state)
{
    enum { KEYS = 200000, ROOM = KEYS * 12 };
    char *text = malloc(ROOM);
    recur_json *json;
    size_t size = 1;
    (void)state;
    assert_non_null(text);
    text[0] = '{';
    for (unsigned i = 0; i < KEYS; i++)
        size += (size_t)snprintf(text + size, ROOM - size, "\"%x\":0,", i * 7919U % KEYS);
    text[size - 1] = '}';
    ptrdiff_t before = heap_live();
    heap_begin();
    assert_int_equal(recur_json_parse(text, size, false, "it", &json, NULL), RECUR_OK);
    assert_true(heap_peak() - before <=
                (ptrdiff_t)(RECUR_JSON_BYTES_EACH * size + RECUR_JSON_BYTES_MORE));
    free(json);
    memcpy(text + size - 1, ",\"7\":1}", 8);
    assert_int_equal(recur_json_parse(text, size + 6, false, "it", &json, NULL),
                     RECUR_ERROR_FORMAT);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_json_is_refused_where_it_is),
        cmocka_unit_test(values_are_what_the_text_says),
        cmocka_unit_test(depths_are_limited_before_anything_is_built),
        cmocka_unit_test(real_numbers_are_exact),
        cmocka_unit_test(no_locale_changes_a_number),
        cmocka_unit_test(numbers_are_written_as_before),
        cmocka_unit_test(texts_are_written_for_files_and_for_eyes),
        cmocka_unit_test(a_failure_of_the_writer_stays),
        cmocka_unit_test(a_text_that_is_not_utf8_is_a_failure),
        cmocka_unit_test(reading_without_memory_says_so),
        cmocka_unit_test(memory_is_bounded_by_the_text),
        cmocka_unit_test(many_keys_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
