/* Passes whose layers share their buffers come to the same bits as those whose layers keep them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/pass.h"
#include "nn/model_object.h"

enum { BATCH = 3, STEPS = 9, VOCABULARY = 7 };

struct bench {
    recur_model *model;
    struct recur_workspace work;
    struct recur_pass pass;
    int32_t ids[BATCH * STEPS];
};

/* Layers of several widths, none of whole panels, and back again. */
static void setup(struct bench *bench, enum recur_cell cell, enum recur_task task, int directions,
                  enum recur_merge merge, bool shares)
{
    static const size_t hidden[] = {70, 3, 40, 33};
    recur_model_config config = recur_model_config_default();
    config.cell = cell;
    config.task = task;
    config.layers = sizeof hidden / sizeof *hidden;
    config.hidden = hidden;
    config.vocabulary = VOCABULARY;
    config.bidirectional = directions > 1;
    config.merge = merge;
    *bench = (struct bench){0};
    assert_int_equal(recur_model_create(&config, NULL, &bench->model, NULL), RECUR_OK);
    const struct recur_work_plan plan = {
        .batch = BATCH, .steps = STEPS, .threads = 1, .shares = shares, .carries = shares};
    assert_int_equal(recur_workspace_plan(&bench->work, &bench->model->network, &plan, NULL),
                     RECUR_OK);
    for (size_t i = 0; i < BATCH * STEPS; i++)
        bench->ids[i] = (int32_t)(i * 5 % VOCABULARY);
    bench->pass = (struct recur_pass){.network = &bench->model->network,
                                      .kernels = bench->model->kernels,
                                      .work = &bench->work,
                                      .parameters = bench->model->parameters,
                                      .batch.steps = STEPS,
                                      .batch.ids = bench->ids};
    recur_pass_prepare(&bench->pass, false);
    recur_pass_forward(&bench->pass, 0);
}

static void teardown(struct bench *bench)
{
    recur_workspace_free(&bench->work);
    recur_model_free(bench->model);
}

static void forward(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    recur_pass_forward(argument, thread);
}

/* Another pass, over what the last one left: on two threads for each direction, which share units.
 */
static void run_together(struct bench *bench, size_t directions)
{
    struct recur_team *team;
    assert_int_equal(recur_grid_set(&bench->work.grid, 1, directions, 2, NULL), RECUR_OK);
    assert_int_equal(recur_team_create(2 * directions, &team, NULL), RECUR_OK);
    recur_team_run(team, forward, &bench->pass);
    recur_team_free(team);
}

/* Rows [0, rows) of what the head of `shared` reads are those of `kept` from row `from` on, in all
 * lanes, those without a unit too. */
static void compare(const struct bench *shared, const struct bench *kept, size_t from, size_t rows)
{
    const struct recur_layer_input *a = &shared->work.layer_input[shared->model->network.layers];
    const struct recur_layer_input *b = &kept->work.layer_input[kept->model->network.layers];
    assert_int_equal(a->panels, b->panels);
    for (size_t p = 0; p < a->panels; p++)
        assert_memory_equal(a->feature[p].value, b->feature[p].value + from * RECUR_LANES,
                            rows * RECUR_LANES * sizeof(real));
}

static void same_outputs(void **state)
{
    (void)state;
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++)
        for (int task = RECUR_TASK_LM; task <= RECUR_TASK_FILL; task++)
            for (int kind = 0; kind < 3; kind++) {
                struct bench kept, shared;
                enum recur_merge merge = kind == 2 ? RECUR_MERGE_SUM : RECUR_MERGE_CONCAT;
                int directions = kind ? 2 : 1;
                setup(&kept, (enum recur_cell)cell, (enum recur_task)task, directions, merge,
                      false);
                setup(&shared, (enum recur_cell)cell, (enum recur_task)task, directions, merge,
                      true);
                assert_true(shared.work.block_bytes < kept.work.block_bytes);
                compare(&shared, &kept, 0, BATCH * STEPS);
                recur_pass_forward(&shared.pass, 0); /* over what the first one left */
                compare(&shared, &kept, 0, BATCH * STEPS);
                run_together(&shared, (size_t)directions);
                compare(&shared, &kept, 0, BATCH * STEPS);
                teardown(&shared);
                teardown(&kept);
            }
}

static void check_carried(bool together)
{
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++) {
        struct bench kept, shared;
        setup(&kept, (enum recur_cell)cell, RECUR_TASK_LM, 1, RECUR_MERGE_CONCAT, false);
        setup(&shared, (enum recur_cell)cell, RECUR_TASK_LM, 1, RECUR_MERGE_CONCAT, true);
        for (size_t from = 0, steps = 5; from < STEPS; from += steps, steps = STEPS - from) {
            shared.pass.batch.ids = shared.ids + from * BATCH;
            shared.pass.states.carried_steps = from ? shared.pass.batch.steps : 0;
            shared.pass.batch.steps = steps;
            if (together)
                run_together(&shared, 1);
            else
                recur_pass_forward(&shared.pass, 0);
            compare(&shared, &kept, from * BATCH, steps * BATCH);
        }
        teardown(&shared);
        teardown(&kept);
    }
}

static void states_carried(void **state)
{
    (void)state;
    check_carried(false);
    check_carried(true);
}

/* Logits of rows here and there are those of all of them. */
static void some_logits(void **state)
{
    (void)state;
    struct bench kept, shared;
    _Alignas(64) real some[2 * RECUR_LANES];
    setup(&kept, RECUR_CELL_GRU, RECUR_TASK_FILL, 2, RECUR_MERGE_CONCAT, false);
    setup(&shared, RECUR_CELL_GRU, RECUR_TASK_FILL, 2, RECUR_MERGE_CONCAT, true);
    for (size_t row = 0; row + 2 <= BATCH * STEPS; row += 5) {
        recur_pass_logits(&shared.pass, row, 2, some, 2 * RECUR_LANES);
        for (size_t i = 0; i < 2; i++)
            assert_memory_equal(some + i * RECUR_LANES, kept.work.logits + (row + i) * RECUR_LANES,
                                VOCABULARY * sizeof(real));
    }
    teardown(&shared);
    teardown(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_outputs),
        cmocka_unit_test(states_carried),
        cmocka_unit_test(some_logits),
    };
    return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}
