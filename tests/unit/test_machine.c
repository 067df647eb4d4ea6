/* What is said of the machine: its peaks, how fast it reads, and what a token of a model needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recur/machine.h"
#include "recur/training.h"

static double measured(recur_gauge *gauge)
{
    double rate = 0;
    assert_int_equal(recur_gauge_measure(gauge, 1e-3, &rate, NULL), RECUR_OK);
    assert_true(rate > 0);
    return rate;
}

static void reading_has_a_rate(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 3; threads++) {
        recur_gauge *gauge;
        assert_int_equal(recur_gauge_create_reading(3 * 5000, threads, &gauge, NULL), RECUR_OK);
        measured(gauge);
        measured(gauge);
        recur_gauge_free(gauge);
    }
}

/* Fewer threads than were asked for read where there is too little for all. */
static void a_little_is_read(void **state)
{
    (void)state;
    recur_gauge *gauge;
    assert_int_equal(recur_gauge_create_reading(1023, 64, &gauge, NULL), RECUR_OK);
    measured(gauge);
    recur_gauge_free(gauge);
}

static void each_kind_has_a_peak(void **state)
{
    (void)state;
    for (int peak = 0; peak < RECUR_PEAKS; peak++)
        for (size_t threads = 1; threads <= 2; threads++) {
            recur_gauge *gauge;
            assert_int_equal(recur_gauge_create_peak((enum recur_peak)peak, threads, &gauge, NULL),
                             RECUR_OK);
            measured(gauge);
            recur_gauge_free(gauge);
        }
}

static void nothing_to_measure(void **state)
{
    (void)state;
    double rate = 0;
    recur_gauge *gauge = NULL;
    recur_error error;
    assert_int_equal(recur_gauge_create_reading(1 << 20, 0, &gauge, &error), RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_gauge_create_reading(511, 1, &gauge, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "reading is measured on at least one thread, of at least 512 bytes");
    assert_int_equal(recur_gauge_create_peak(RECUR_PEAK_F32, 0, &gauge, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_gauge_create_peak(RECUR_PEAKS, 1, &gauge, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "a peak is one of enum recur_peak, measured on at least one thread");
    assert_null(gauge);
    assert_int_equal(recur_gauge_create_peak(RECUR_PEAK_F32, 1, &gauge, NULL), RECUR_OK);
    assert_int_equal(recur_gauge_measure(gauge, 0, &rate, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "a gauge measures for some time");
    recur_gauge_free(gauge);
    recur_gauge_free(NULL);
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

/* The tests' environment has no GPU: it has an empty RECUR_CUDA. */
static void no_gpu_is_no_error(void **state)
{
    (void)state;
    recur_device_info info = {.name = "something"};
    recur_model_config config = recur_model_config_default();
    recur_model *model;
    recur_error error = {0};
    config.vocabulary = 4;
    assert_int_equal(recur_machine_device(&info, &error), RECUR_OK);
    assert_string_equal(info.name, "");
    assert_string_equal(error.message, "");
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_model_set_device(model, RECUR_DEVICE_AUTO, NULL), RECUR_OK);
    assert_int_equal(recur_model_device(model).device, RECUR_DEVICE_CPU);
    assert_string_equal(recur_model_device(model).why, "");
    assert_int_equal(recur_model_set_device(model, RECUR_DEVICE_CUDA, &error), RECUR_ERROR_DEVICE);
    assert_int_equal(error.status, RECUR_ERROR_DEVICE);
    assert_true(*error.message);
    assert_int_equal(recur_model_set_device(model, (enum recur_device)7, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "unknown device 7: expected auto, cpu or cuda");
    assert_int_equal(recur_model_device(model).device, RECUR_DEVICE_CPU);
    recur_model_free(model);
}

/* Whether a device trains a configuration is known without the device. */
static void what_a_gpu_cannot_train_is_known_without_one(void **state)
{
    (void)state;
    recur_model_config model = recur_model_config_default(), locked = model, drops = model,
                       tied = model, free = model, normalised = model, inputs = model;
    recur_trainer_config trainer = recur_trainer_config_default(), sampled = trainer, ar = trainer,
                         mean = trainer, adds = trainer, frozen = trainer;
    recur_error error = {0};
    drops.weight_drop = 0.1F;
    inputs.input_dropout = 0.1;
    tied.tied = 1;
    normalised.cell = RECUR_CELL_LN_GRU;
    free.dropout_kind = locked.dropout_kind = RECUR_DROPOUT_LOCKED; /* of no dropout */
    locked.dropout = 0.1F;
    sampled.sampled_softmax = 9;
    ar.ar = 1;
    mean.average = RECUR_AVERAGE_EMA;
    adds.accumulate = 2;
    frozen.freeze = 1;
    const struct {
        const recur_model_config *model;
        const recur_trainer_config *trainer;
        enum recur_status status;
    } cases[] = {
        {NULL, NULL, RECUR_OK},
        {&model, &trainer, RECUR_OK},
        {&free, &trainer, RECUR_OK},
        {&locked, &trainer, RECUR_ERROR_UNSUPPORTED},
        {&drops, &trainer, RECUR_ERROR_UNSUPPORTED},
        {&inputs, &trainer, RECUR_ERROR_UNSUPPORTED},
        {&tied, &trainer, RECUR_ERROR_UNSUPPORTED},
        {&normalised, &trainer, RECUR_ERROR_UNSUPPORTED},
        {&normalised, NULL, RECUR_ERROR_UNSUPPORTED},
        {&model, &sampled, RECUR_ERROR_UNSUPPORTED},
        {&model, &ar, RECUR_ERROR_UNSUPPORTED},
        {&model, &mean, RECUR_ERROR_UNSUPPORTED},
        {&model, &adds, RECUR_OK},
        {&model, &frozen, RECUR_ERROR_UNSUPPORTED},
    };
    /* A build without kernels for GPUs says so, whatever is asked. */
    bool kernels = recur_device_trains(RECUR_DEVICE_CUDA, NULL, NULL, NULL) == RECUR_OK;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            recur_device_trains(RECUR_DEVICE_CPU, cases[i].model, cases[i].trainer, NULL),
            RECUR_OK);
        assert_int_equal(
            recur_device_trains(RECUR_DEVICE_AUTO, cases[i].model, cases[i].trainer, NULL),
            RECUR_OK);
        assert_int_equal(
            recur_device_trains(RECUR_DEVICE_CUDA, cases[i].model, cases[i].trainer, &error),
            kernels ? cases[i].status : RECUR_ERROR_DEVICE);
    }
    if (kernels)
        assert_string_equal(error.message, "layers cannot be frozen on a GPU yet");
    assert_int_equal(recur_device_trains((enum recur_device)7, NULL, NULL, NULL),
                     RECUR_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_has_a_rate),
        cmocka_unit_test(a_little_is_read),
        cmocka_unit_test(each_kind_has_a_peak),
        cmocka_unit_test(nothing_to_measure),
        cmocka_unit_test(bytes_of_a_token),
        cmocka_unit_test(no_gpu_is_no_error),
        cmocka_unit_test(what_a_gpu_cannot_train_is_known_without_one),
    };
    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
