/* How threads share a pass, and how its rows are laid out for them: what the planner chooses, and
 * that it changes no bit, or none but those of sums over all rows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/pass.h"
#include "base/memory.h"
#include "nn/model_object.h"

enum { BATCH = 8, STEPS = 9, VOCABULARY = 40, LOSSES = 2 * STEPS * BATCH };

static recur_model *make_model(const size_t *hidden, bool both, enum recur_task task)
{
    recur_model_config config = recur_model_config_default();
    recur_model *model;
    config.layers = 2;
    config.hidden = hidden;
    config.bidirectional = both;
    config.task = task;
    config.vocabulary = VOCABULARY;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static void assert_grid(bool both, size_t batch, size_t threads, const size_t grid[3])
{
    static const size_t hidden[] = {256, 256};
    struct recur_workspace work;
    recur_model *model = make_model(hidden, both, RECUR_TASK_LM);
    assert_int_equal(recur_workspace_init(&work, &model->network, batch, 2, true, threads, NULL),
                     RECUR_OK);
    assert_int_equal(work.grid.batch_partitions, grid[0]);
    assert_int_equal(work.grid.directions, grid[1]);
    assert_int_equal(work.grid.unit_partitions, grid[2]);
    recur_workspace_free(&work);
    recur_model_free(model);
}

/* Directions are the first to be shared: a thread then walks one direction's weights alone, over
 * more rows, and sequences of any lengths balance. Then the batch is, whose partitions wait for
 * nobody; the units only where it is too small. */
static void planned(void **state)
{
    (void)state;
    assert_grid(true, 32, 1, (const size_t[]){1, 1, 1});
    assert_grid(true, 32, 2, (const size_t[]){1, 2, 1});
    assert_grid(true, 32, 3, (const size_t[]){3, 1, 1});
    assert_grid(true, 32, 4, (const size_t[]){2, 2, 1});
    assert_grid(true, 1, 2, (const size_t[]){1, 2, 1});
    assert_grid(true, 2, 2, (const size_t[]){1, 2, 1});
    assert_grid(true, 2, 4, (const size_t[]){1, 2, 2});
    assert_grid(true, 16, 4, (const size_t[]){2, 2, 1});
    assert_grid(false, 32, 2, (const size_t[]){2, 1, 1});
    assert_grid(false, 1, 2, (const size_t[]){1, 1, 2});
    assert_grid(false, 2, 1, (const size_t[]){1, 1, 1});
}

struct job {
    struct recur_pass pass;
    struct recur_team *team;
};

static void run(void *argument, size_t thread, size_t threads)
{
    struct job *job = argument;
    (void)threads;
    recur_pass_prepare(&job->pass, true);
    recur_team_wait(job->team, thread);
    if (thread == 0)
        atomic_store(&job->pass.next_task, 0);
    recur_pass_forward(&job->pass, thread);
    recur_pass_backward(&job->pass, thread);
    recur_team_wait(job->team, thread);
    recur_pass_gradients(&job->pass, thread);
}

/* Losses in the order of steps and sequences. */
static void take_losses(const struct recur_pass *pass, real *losses)
{
    for (size_t i = 0; i < (pass->batch.lengths ? pass->batch.lengths->rows : STEPS * BATCH); i++)
        losses[i] =
            pass->work->loss[pass->batch.lengths ? i : recur_pass_row(pass, i / BATCH, i % BATCH)];
}

/* Of two minibatches, the second of which starts where the first has ended: losses, then gradients;
 * recur_block_free them. */
static real *results(recur_model *model, const size_t grid[3], const struct recur_lengths *lengths,
                     size_t block)
{
    size_t threads = grid[0] * grid[1] * grid[2];
    int32_t ids[BATCH * STEPS];
    struct recur_workspace work;
    struct job job;
    real *made;
    assert_int_equal(recur_team_create(threads, &job.team, NULL), RECUR_OK);
    assert_int_equal(
        recur_workspace_init(&work, &model->network, BATCH, STEPS, true, threads, NULL), RECUR_OK);
    assert_int_equal(recur_grid_set(&work.grid, grid[0], grid[1], grid[2], NULL), RECUR_OK);
    assert_int_equal(recur_block_alloc((LOSSES + model->network.params.span) * sizeof *made,
                                       "results", &made, NULL),
                     RECUR_OK);
    job.pass = (struct recur_pass){.network = &model->network,
                                   .kernels = model->kernels,
                                   .work = &work,
                                   .parameters = model->parameters,
                                   .gradients = made + LOSSES,
                                   .batch.lengths = lengths,
                                   .batch.micro_batch = block,
                                   .batch.steps = lengths ? lengths->steps : STEPS,
                                   .batch.ids = ids,
                                   .batch.targets = ids,
                                   .loss_scale = 1};
    for (size_t i = 0; i < BATCH * STEPS; i++)
        ids[lengths ? i : recur_pass_row(&job.pass, i / BATCH, i % BATCH)] =
            (int32_t)(i * i % VOCABULARY);
    recur_team_run(job.team, run, &job);
    take_losses(&job.pass, made);
    job.pass.states.carried_steps = lengths ? 0 : STEPS;
    atomic_store(&job.pass.next_task, 0);
    recur_team_run(job.team, run, &job);
    take_losses(&job.pass, made + LOSSES / 2);
    recur_workspace_free(&work);
    recur_team_free(job.team);
    return made;
}

static void same_bits(void **state)
{
    (void)state;
    static const size_t grids[][3] = {{1, 1, 1}, {1, 2, 1}, {2, 2, 1}, {1, 2, 2}, {3, 2, 1},
                                      {2, 1, 2}, {7, 1, 1}, {2, 2, 2}, {3, 1, 1}};
    static const size_t hidden[] = {70, 40};
    static const size_t length[BATCH] = {9, 1, 0, 9, 4, 3, 6, 2};
    struct recur_lengths lengths;
    assert_int_equal(recur_lengths_init(&lengths, BATCH, STEPS, NULL), RECUR_OK);
    recur_lengths_set(&lengths, BATCH, length, NULL, 0);
    recur_model *model = make_model(hidden, true, RECUR_TASK_LM);
    size_t bytes = (LOSSES + model->network.params.span) * sizeof(real);
    for (size_t block = 0; block <= 4; block += 2)
        for (int mixed = 0; mixed < 2; mixed++) {
            real *expected = results(model, grids[0], mixed ? &lengths : NULL, block);
            for (size_t g = 1; g < sizeof grids / sizeof *grids; g++) {
                real *got = results(model, grids[g], mixed ? &lengths : NULL, block);
                assert_memory_equal(expected, got, bytes);
                recur_block_free(got);
            }
            recur_block_free(expected);
        }
    recur_model_free(model);
    recur_lengths_free(&lengths);
}

/* Blocks change where rows lie, and thereby the order of sums over them: no loss, and of gradients
 * no more than their last bits. */
static void in_blocks(void **state)
{
    (void)state;
    static const size_t hidden[] = {70, 40}, grid[] = {1, 1, 1};
    for (int which = 0; which < 3; which++) {
        recur_model *model =
            make_model(hidden, which > 0, which == 2 ? RECUR_TASK_FILL : RECUR_TASK_LM);
        real *expected = results(model, grid, NULL, 0);
        for (size_t block = 1; block < BATCH; block *= 2) {
            real *got = results(model, grid, NULL, block);
            assert_memory_equal(expected, got, LOSSES * sizeof *got);
            for (size_t i = LOSSES; i < LOSSES + model->network.params.span; i++)
                if (!(fabs((double)got[i] - (double)expected[i]) <=
                      1e-5 * fabs((double)expected[i]) + 1e-6))
                    fail_msg("blocks of %zu, gradient %zu: %.9g, expected %.9g", block, i - LOSSES,
                             (double)got[i], (double)expected[i]);
            recur_block_free(got);
        }
        recur_block_free(expected);
        recur_model_free(model);
    }
}

static void assert_blocks(size_t batch, size_t blocks)
{
    assert_int_equal(recur_micro_batch_of(batch, RECUR_MICRO_ROWS) * blocks, batch);
}

/* Halves of halves, of ten sequences or more. */
static void blocks_chosen(void **state)
{
    (void)state;
    assert_blocks(1, 1);
    assert_blocks(18, 1);
    assert_blocks(20, 2);
    assert_blocks(30, 2);
    assert_blocks(32, 2);
    assert_blocks(33, 1);
    assert_blocks(64, 4);
    assert_blocks(4096, 16);
}

/* Slices of the batch have about as many tokens each, whatever the lengths; with equal ones as
 * many sequences. */
static void balanced(void **state)
{
    (void)state;
    static const size_t length[][8] = {{5, 5, 5, 5, 5, 5, 5, 5},
                                       {100, 1, 1, 1, 1, 1, 1, 1},
                                       {80, 60, 40, 30, 20, 10, 0, 0},
                                       {0, 0, 0, 0, 0, 0, 0, 0}};
    static const size_t cut[][3] = {{2, 4, 6}, {0, 1, 1}, {1, 2, 3}, {0, 0, 0}};
    struct recur_lengths lengths;
    assert_int_equal(recur_lengths_init(&lengths, 8, 100, NULL), RECUR_OK);
    for (size_t i = 0; i < 4; i++) {
        recur_lengths_set(&lengths, 8, length[i], NULL, 0);
        assert_int_equal(recur_lengths_cut(&lengths, 0, 4), 0);
        assert_int_equal(recur_lengths_cut(&lengths, 4, 4), 8);
        for (size_t k = 0; k < 3 && lengths.rows; k++)
            assert_int_equal(recur_lengths_cut(&lengths, k + 1, 4), cut[i][k]);
    }
    recur_lengths_free(&lengths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planned),       cmocka_unit_test(same_bits), cmocka_unit_test(in_blocks),
        cmocka_unit_test(blocks_chosen), cmocka_unit_test(balanced),
    };
    return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}
