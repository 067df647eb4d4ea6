/* The built-in story: long enough for a first run, clean text, terminated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "recur/sample_text.h"

static void holds_at_least_twelve_thousand_bytes(void **state)
{
    (void)state;
    size_t size = 0;
    const char *text = recur_sample_text(&size);
    assert_true(size >= 12 * 1024);
    assert_int_equal(strlen(text), size);
    assert_ptr_equal(recur_sample_text(NULL), text);
}

static void is_printable_ascii_in_lines(void **state)
{
    (void)state;
    size_t size = 0;
    const char *text = recur_sample_text(&size);
    for (size_t i = 0; i < size; i++)
        assert_true(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
    assert_int_equal(text[size - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_at_least_twelve_thousand_bytes),
        cmocka_unit_test(is_printable_ascii_in_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
