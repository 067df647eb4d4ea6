/* Fields of configurations by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fields.h"
#include "recur/recur.h"

/* Every field of a struct of `size` bytes is in its table, once: what no row has can be padding,
 * which is less than 8 bytes up to a multiple of 8. */
static void check_whole(recur_fields *fields, size_t size)
{
    unsigned char rows[512] = {0};
    memset(rows, 1, sizeof size);
    for (size_t i = 0; fields(i); i++) {
        for (size_t b = 0; b < fields(i)->size; b++)
            assert_int_equal(rows[fields(i)->offset + b]++, 0);
        assert_ptr_equal(recur_field_find(fields, recur_field_name(fields(i))), fields(i));
    }
    for (size_t b = 0, gap = 0; b < size; b++) {
        gap = rows[b] ? 0 : gap + 1;
        assert_true(gap == 0 || b % 8 != 0);
    }
}

static void tables_are_whole(void **state)
{
    (void)state;
    check_whole(recur_model_field, sizeof(recur_model_config));
    check_whole(recur_trainer_field, offsetof(recur_trainer_config, ranks));
    check_whole(recur_sampler_field, sizeof(recur_sampler_config));
    check_whole(recur_dynamic_field, sizeof(recur_dynamic_config));
    check_whole(recur_text_field, offsetof(recur_text_config, encoding));
    assert_non_null(recur_field_find(recur_text_field, "word_rule"));
    assert_null(recur_field_find(recur_model_field, "heads"));
}

static void check_order(recur_fields *fields, const char *names)
{
    const char *name = names;
    for (size_t i = 0; fields(i); i++) {
        size_t length = strcspn(name, " ");
        assert_int_equal(strlen(recur_field_name(fields(i))), length);
        assert_memory_equal(recur_field_name(fields(i)), name, length);
        name += length + (name[length] != 0);
    }
    assert_int_equal(*name, 0);
}

/* Equal runs of different versions make equal files: a new field comes last. */
static void files_keep_the_order_of_their_keys(void **state)
{
    (void)state;
    check_order(recur_model_field,
                "task cell activation layers hidden bidirectional merge inputs embedding "
                "vocabulary biases dropout init seed labels pool decoder characters "
                "character_embedding character_hidden word_column label_column "
                "dropout_kind weight_drop tied input_dropout");
    check_order(recur_trainer_field,
                "batch steps sampling epochs lr optimizer momentum beta1 beta2 alpha epsilon "
                "weight_decay clip warmup schedule lr_floor factor patience blanks validation "
                "precision seed threads device freeze updates stable decay blocks "
                "rank_seconds average average_decay average_start accumulate reduce "
                "reduce_precision sampled_softmax ar sync_every");
    check_order(recur_text_field, "tokens clean word_rule");
}

static void check_defaults(recur_fields *fields, const void *config)
{
    for (size_t i = 0; fields(i); i++) {
        recur_value value = recur_field_get(fields(i), config);
        recur_value standard = recur_field_get(fields(i), NULL);
        assert_memory_equal(&value, &standard, sizeof value);
        assert_int_equal(recur_field_kind(fields(i)) == RECUR_FIELD_CHOICE, value.name != NULL);
    }
}

static void a_default_is_that_of_the_struct(void **state)
{
    (void)state;
    recur_model_config model = recur_model_config_default();
    recur_trainer_config trainer = recur_trainer_config_default();
    recur_sampler_config sampler = recur_sampler_config_default();
    recur_dynamic_config dynamic = recur_dynamic_config_default();
    check_defaults(recur_dynamic_field, &dynamic);
    check_defaults(recur_sampler_field, &sampler);
    check_defaults(recur_model_field, &model);
    check_defaults(recur_trainer_field, &trainer);
    assert_true(recur_field_get(recur_field_find(recur_trainer_field, "lr"), NULL).number ==
                (double)0.002F);
    assert_string_equal(recur_field_get(recur_field_find(recur_model_field, "cell"), NULL).name,
                        "lstm");
}

static void a_field_is_set_by_name(void **state)
{
    (void)state;
    recur_model_config config = recur_model_config_default();
    const recur_field *cell = recur_field_find(recur_model_field, "cell");
    const recur_field *both = recur_field_find(recur_model_field, "bidirectional");
    const recur_field *embedding = recur_field_find(recur_model_field, "embedding");
    const recur_field *dropout = recur_field_find(recur_model_field, "dropout");
    assert_int_equal(recur_field_set(cell, &config, (recur_value){.name = "gru"}, NULL), RECUR_OK);
    assert_int_equal(config.cell, RECUR_CELL_GRU);
    assert_int_equal(recur_field_set(both, &config, (recur_value){.count = 1}, NULL), RECUR_OK);
    assert_true(config.bidirectional);
    assert_int_equal(recur_field_set(embedding, &config, (recur_value){.count = 7}, NULL),
                     RECUR_OK);
    assert_int_equal(config.embedding, 7);
    assert_int_equal(recur_field_set(dropout, &config, (recur_value){.number = 0.5}, NULL),
                     RECUR_OK);
    assert_true(config.dropout == 0.5F);
    assert_string_equal(recur_field_choice(cell, 3), "lstm");
    assert_null(recur_field_choice(cell, 6));
    assert_null(recur_field_choice(dropout, 0));
}

static void widths_are_the_callers(void **state)
{
    (void)state;
    const size_t widths[] = {3, 4};
    recur_error error;
    recur_model_config config = recur_model_config_default();
    const recur_field *hidden = recur_field_find(recur_model_field, "hidden");
    config.layers = 2;
    config.hidden = widths;
    assert_int_equal(recur_field_get(hidden, &config).count, 2);
    assert_ptr_equal(recur_field_get(hidden, &config).widths, widths);
    assert_int_equal(recur_field_set(hidden, &config, (recur_value){.count = 1}, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "hidden is an array, which is set by hand");
}

static void check_refused(const char *name, recur_value value, const char *sentence)
{
    recur_trainer_config config = recur_trainer_config_default(), before = config;
    recur_error error;
    const recur_field *field = recur_field_find(recur_trainer_field, name);
    assert_int_equal(recur_field_set(field, &config, value, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, sentence);
    assert_memory_equal(&config, &before, sizeof config);
}

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    check_refused("lr", (recur_value){.number = 0},
                  "the learning rate must be above 0 and below inf, got 0");
    check_refused("validation", (recur_value){.number = 0.91},
                  "the validation share must be at least 0 and at most 0.9, got 0.91");
    check_refused("momentum", (recur_value){.number = 1},
                  "momentum must be at least 0 and below 1, got 1");
    check_refused("batch", (recur_value){.count = 0},
                  "batch must be at least 1 and at most 1000000, got 0");
    check_refused(
        "schedule", (recur_value){.name = "linear"},
        "unknown schedule \"linear\": expected constant, cosine, plateau, wsd or onecycle");
    check_refused("schedule", (recur_value){.count = 1},
                  "unknown schedule \"\": expected constant, cosine, plateau, wsd or onecycle");
}

static void an_older_programs_struct_lacks_fields(void **state)
{
    (void)state;
    struct {
        size_t size, batch;
    } old = {sizeof old, 5};
    recur_error error;
    const recur_field *steps = recur_field_find(recur_trainer_field, "steps");
    assert_int_equal(recur_field_get(recur_trainer_field(0), &old).count, 5);
    assert_int_equal(recur_field_get(steps, &old).count, 35);
    assert_int_equal(recur_field_set(steps, &old, (recur_value){.count = 6}, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the program was compiled with headers that have no steps");
}

static void a_field_may_be_of_one_task(void **state)
{
    (void)state;
    recur_model_config config = recur_model_config_default();
    const recur_field *pool = recur_field_find(recur_model_field, "pool");
    assert_true(recur_field_applies(recur_field_find(recur_model_field, "cell"), &config));
    assert_false(recur_field_applies(pool, &config));
    config.task = RECUR_TASK_CLASSIFY;
    assert_true(recur_field_applies(pool, &config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_whole),
        cmocka_unit_test(files_keep_the_order_of_their_keys),
        cmocka_unit_test(a_default_is_that_of_the_struct),
        cmocka_unit_test(a_field_is_set_by_name),
        cmocka_unit_test(widths_are_the_callers),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(an_older_programs_struct_lacks_fields),
        cmocka_unit_test(a_field_may_be_of_one_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
