/* What is said of the machine: how fast it reads, and what a token of a model reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recur/machine.h"

static void reading_has_a_rate(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 3; threads++) {
        double rate = 0;
        assert_int_equal(recur_machine_read_rate(threads, 3 * 5000, 1e-3, &rate, NULL), RECUR_OK);
        assert_true(rate > 0);
    }
}

static void too_little_to_read(void **state)
{
    (void)state;
    double rate;
    recur_error error;
    assert_int_equal(recur_machine_read_rate(0, 1 << 20, 1e-3, &rate, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_machine_read_rate(1, 1 << 20, 0, &rate, &error), RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_machine_read_rate(2, 8191, 1e-3, &rate, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "reading is measured on at least one thread with 4096 bytes "
                                       "for each, for some time");
}

/* The gates of both layers, the input of the upper one, the head; the look-up reads a row. */
static void bytes_of_a_token(void **state)
{
    (void)state;
    static const size_t hidden[] = {40, 24};
    static const double bytes[] = {4, 2, 1};
    const double products = 4 * (40 * 40 + 24 * 40 + 24 * 24) + 24 * 50;
    for (int kind = RECUR_QUANTIZATION_NONE; kind <= RECUR_QUANTIZATION_INT8; kind++) {
        recur_model_config config = recur_model_config_default();
        recur_model *model;
        config.layers = 2;
        config.hidden = hidden;
        config.vocabulary = 50;
        assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
        assert_int_equal(recur_model_quantize(model, (enum recur_quantization)kind, NULL),
                         RECUR_OK);
        assert_true(recur_machine_bytes_per_token(model) == bytes[kind] * products);
        assert_true(recur_machine_flop_per_token(model) == 6 * products);
        recur_model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_has_a_rate),
        cmocka_unit_test(too_little_to_read),
        cmocka_unit_test(bytes_of_a_token),
    };
    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
