/* Many sessions advanced together on the GPU, which is the stand-in: the CPU's logits; the same
 * bits whoever else is advanced; states that go from stepper to stepper; a GPU that fails. */
#define _GNU_SOURCE /* setenv */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu_work.h"
#include "recur/session.h"

enum { SESSIONS = 40, STEPS = 4 };

static const struct training models[] = {
    {.cell = RECUR_CELL_RNN, .layers = 1, .hidden = 33},
    {.cell = RECUR_CELL_GRU, .layers = 2, .hidden = 7, .embedding = 6},
    {.cell = RECUR_CELL_GRU_RESET_BEFORE, .layers = 2, .hidden = 9},
    {.cell = RECUR_CELL_LSTM, .layers = 2, .hidden = 31},
};

/* One model, its sessions and a stepper on the device. */
struct streams {
    recur_model *model;
    recur_stepper *stepper;
    recur_session *session[SESSIONS];
    float logits[SESSIONS * VOCABULARY];
};

static void begin(struct streams *streams, const struct training *training,
                  enum recur_device device)
{
    recur_error error = {0};
    streams->model = gpu_model(training);
    if (recur_model_set_device(streams->model, device, &error) != RECUR_OK ||
        recur_stepper_create(streams->model, SESSIONS, 1, &streams->stepper, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < SESSIONS; i++)
        assert_int_equal(recur_session_create(streams->model, &streams->session[i], NULL),
                         RECUR_OK);
}

static void end(struct streams *streams)
{
    for (size_t i = 0; i < SESSIONS; i++)
        recur_session_free(streams->session[i]);
    recur_stepper_free(streams->stepper);
    recur_model_free(streams->model);
}

/* Feeds sessions [first, first + count), from the last to the first. */
static void feed(struct streams *streams, size_t first, size_t count, size_t step)
{
    recur_session *session[SESSIONS];
    int32_t ids[SESSIONS];
    float logits[SESSIONS * VOCABULARY];
    for (size_t i = 0; i < count; i++) {
        size_t number = first + count - 1 - i;
        session[i] = streams->session[number];
        ids[i] = number == 3 ? VOCABULARY + 5 : (int32_t)((number * 7 + step * 3) % VOCABULARY);
    }
    assert_int_equal(recur_stepper_feed_many(streams->stepper, session, ids, count, logits, NULL),
                     RECUR_OK);
    for (size_t i = 0; i < count; i++)
        memcpy(streams->logits + (first + count - 1 - i) * VOCABULARY, logits + i * VOCABULARY,
               VOCABULARY * sizeof *logits);
}

static void assert_near(const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true(fabsf(a[i] - b[i]) <= 1e-5F);
}

static void as_on_the_cpu(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct streams cpu, gpu;
        begin(&cpu, &models[i], RECUR_DEVICE_CPU);
        begin(&gpu, &models[i], RECUR_DEVICE_CUDA);
        for (size_t t = 0; t < STEPS; t++) {
            feed(&cpu, 0, SESSIONS, t);
            feed(&gpu, 0, SESSIONS, t);
            assert_near(cpu.logits, gpu.logits, SESSIONS * VOCABULARY);
        }
        /* Session 1 goes on where 2 stands, 5 begins anew, and 6 goes on the CPU and back. */
        struct streams *both[] = {&cpu, &gpu};
        for (size_t k = 0; k < 2; k++) {
            recur_stepper *alone;
            recur_session **session = both[k]->session;
            assert_int_equal(recur_session_copy(session[1], session[2], NULL), RECUR_OK);
            recur_session_reset(session[5]);
            assert_int_equal(recur_stepper_create(both[k]->model, 1, 1, &alone, NULL), RECUR_OK);
            recur_stepper_feed(alone, session[6], 4);
            recur_stepper_free(alone);
            feed(both[k], 0, SESSIONS, STEPS);
        }
        assert_near(cpu.logits, gpu.logits, SESSIONS * VOCABULARY);
        end(&cpu);
        end(&gpu);
    }
}

static void with_whomever(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct streams together, apart;
        begin(&together, &models[i], RECUR_DEVICE_CUDA);
        begin(&apart, &models[i], RECUR_DEVICE_CUDA);
        for (size_t t = 0; t < STEPS; t++) {
            size_t cut = t % 2 ? 33 : 2;
            feed(&together, 0, SESSIONS, t);
            feed(&apart, 0, cut, t);
            feed(&apart, cut, SESSIONS - cut, t);
            assert_memory_equal(together.logits, apart.logits, sizeof apart.logits);
        }
        end(&together);
        end(&apart);
    }
}

/* The model is changed, and the stepper is told. */
static void refreshed(void **state)
{
    struct streams gpu;
    float values[64 * VOCABULARY] = {0}, first[VOCABULARY];
    (void)state;
    begin(&gpu, &models[0], RECUR_DEVICE_CUDA);
    feed(&gpu, 0, SESSIONS, 0);
    memcpy(first, gpu.logits, sizeof first);
    for (size_t i = 0; i < recur_model_tensors(gpu.model); i++)
        recur_model_set_tensor(gpu.model, i, values);
    recur_stepper_refresh(gpu.stepper);
    feed(&gpu, 0, SESSIONS, 0);
    for (size_t v = 0; v < VOCABULARY; v++)
        assert_true(gpu.logits[v] == 0 && first[v] != 0);
    end(&gpu);
}

static void failing(void **state)
{
    struct streams gpu;
    recur_error error = {0};
    int32_t ids[SESSIONS] = {0};
    (void)state;
    setenv("STANDIN_FAIL_LAUNCH", "3", 1);
    begin(&gpu, &models[0], RECUR_DEVICE_CUDA);
    assert_int_equal(
        recur_stepper_feed_many(gpu.stepper, gpu.session, ids, SESSIONS, gpu.logits, &error),
        RECUR_ERROR_DEVICE);
    assert_non_null(strstr(error.message, "the GPU failed while"));
    end(&gpu);
    unsetenv("STANDIN_FAIL_LAUNCH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_on_the_cpu),
        cmocka_unit_test(with_whomever),
        cmocka_unit_test(refreshed),
        cmocka_unit_test(failing),
    };
    return cmocka_run_group_tests_name("gpu_sessions", tests, NULL, NULL);
}
