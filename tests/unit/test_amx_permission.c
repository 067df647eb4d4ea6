/* AMX needs the process's permission, which a host may not want to have asked for: it is not before
 * the first product that needs it, and not where RECUR_ISA says no. Where the system refuses, the
 * table below computes. Any processor is told here that it has AMX; none of its instructions runs.
 */
#define _GNU_SOURCE /* setenv */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/kernels/amx_permission.h"
#include "backend/cpu/kernels/kernels.h"
#include "nn/model_object.h"
#include "recur/machine.h"
#include "recur/session.h"
#include "recur/trainer.h"

static size_t asked;
static bool refused;

bool __wrap_recur_amx_present(void);
bool __wrap_recur_amx_present(void)
{
    return true;
}

bool __wrap_recur_amx_permit(void);
bool __wrap_recur_amx_permit(void)
{
    asked++;
    return !refused;
}

static int begin(void **state)
{
    (void)state;
    unsetenv("RECUR_ISA");
    asked = 0;
    refused = false;
    return 0;
}

/* The rest of what the table needs is not there on every processor. */
static void need_amx(void)
{
    const char *isa;
    assert_int_equal(recur_machine_isa(&isa, NULL), RECUR_OK);
    if (strcmp(isa, "amx") != 0)
        skip();
}

static recur_model *make_model(void)
{
    static const size_t hidden[] = {8};
    recur_model *model;
    recur_model_config config = recur_model_config_default();
    config.hidden = hidden;
    config.vocabulary = 5;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static void train(recur_model *model, enum recur_precision precision)
{
    int32_t ids[200];
    recur_corpus *corpus;
    recur_trainer *trainer;
    recur_step step;
    recur_trainer_config config = recur_trainer_config_default();
    for (size_t i = 0; i < 200; i++)
        ids[i] = (int32_t)(i % 5);
    config.batch = 2;
    config.steps = 4;
    config.threads = 1;
    config.precision = precision;
    assert_int_equal(recur_corpus_from_ids(ids, 200, 5, &corpus, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_create(model, corpus, &config, &trainer, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_OK);
    recur_trainer_free(trainer);
    recur_corpus_free(corpus);
}

static void feed(recur_model *model)
{
    recur_stepper *stepper;
    recur_session *session;
    assert_int_equal(recur_stepper_create(model, 1, 1, &stepper, NULL), RECUR_OK);
    assert_int_equal(recur_session_create(model, &session, NULL), RECUR_OK);
    assert_non_null(recur_stepper_feed(stepper, session, 1));
    recur_session_free(session);
    recur_stepper_free(stepper);
}

static void floats_ask_for_nothing(void **state)
{
    (void)state;
    need_amx();
    recur_model *model = make_model();
    train(model, RECUR_PRECISION_F32);
    feed(model);
    assert_string_equal(model->kernels->isa, "amx");
    assert_int_equal(asked, 0);
    recur_model_free(model);
}

static void a_lower_set_asks_for_nothing(void **state)
{
    (void)state;
    static const char *const lower[] = {"generic", "avx512bf16", "noamx"};
    need_amx();
    for (size_t i = 0; i < sizeof lower / sizeof *lower; i++) {
        const char *isa;
        setenv("RECUR_ISA", lower[i], 1);
        if (recur_machine_isa(&isa, NULL) != RECUR_OK)
            continue; /* a build without it */
        assert_string_not_equal(isa, "amx");
        recur_model *model = make_model();
        train(model, RECUR_PRECISION_BF16);
        enum recur_quantization kind = i ? RECUR_QUANTIZATION_BF16 : RECUR_QUANTIZATION_INT8;
        assert_int_equal(recur_model_quantize(model, kind, NULL), RECUR_OK);
        feed(model);
        recur_model_free(model);
    }
    assert_int_equal(asked, 0);
}

static void what_is_refused_is_computed_without(void **state)
{
    (void)state;
    need_amx();
    refused = true;
    recur_model *model = make_model();
    train(model, RECUR_PRECISION_BF16);
    assert_int_equal(asked, 1);
    assert_string_not_equal(model->kernels->isa, "amx");
    recur_model_free(model);
    static const enum recur_quantization kinds[] = {RECUR_QUANTIZATION_INT8,
                                                    RECUR_QUANTIZATION_BF16};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        model = make_model();
        assert_int_equal(recur_model_quantize(model, kinds[i], NULL), RECUR_OK);
        assert_int_equal(asked, i + 2);
        assert_string_not_equal(model->kernels->isa, "amx");
        feed(model);
        recur_model_free(model);
    }
}

static void what_is_granted_is_used(void **state)
{
    (void)state;
    need_amx();
    recur_model *model = make_model();
    assert_int_equal(recur_model_quantize(model, RECUR_QUANTIZATION_BF16, NULL), RECUR_OK);
    assert_string_equal(model->kernels->isa, "amx");
    assert_int_equal(asked, 1);
    recur_model_free(model);
}

/* Any processor can leave it out. */
static void noamx_is_always_a_set(void **state)
{
    (void)state;
    const char *isa;
    setenv("RECUR_ISA", "noamx", 1);
    assert_int_equal(recur_machine_isa(&isa, NULL), RECUR_OK);
    assert_string_not_equal(isa, "amx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(floats_ask_for_nothing, begin),
        cmocka_unit_test_setup(a_lower_set_asks_for_nothing, begin),
        cmocka_unit_test_setup(what_is_refused_is_computed_without, begin),
        cmocka_unit_test_setup(what_is_granted_is_used, begin),
        cmocka_unit_test_setup(noamx_is_always_a_set, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
