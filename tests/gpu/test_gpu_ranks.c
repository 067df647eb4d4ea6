/* Several ranks, which are threads of this program, on the GPU, which is the stand-in: the bits of
 * one rank with as many blocks, near those of the CPU. */
#define _GNU_SOURCE /* clock_gettime, setenv */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "rank_work.h"
#include "scratch.h"

/* Four updates of few numbers: the stand-in takes its time. */
static struct work small_work_of(void)
{
    static const size_t hidden[] = {7, 5};
    struct work work = work_of();
    work.model.hidden = hidden;
    work.most = 3;
    work.tokens = 150;
    work.cut = RECUR_TOKENS_CHAR;
    work.sequences = 30;
    work.config.device = RECUR_DEVICE_CUDA;
    work.config.steps = 3;
    work.config.epochs = 1;
    work.config.updates = 4;
    work.config.rank_seconds = 60;
    return work;
}

/* Any number of ranks has the bits of one, and the loss is that of the CPU but for `tolerance`. */
static void same_bits_near_the_cpu(const struct work *work, double tolerance)
{
    struct work on_cpu = *work;
    on_cpu.config.device = RECUR_DEVICE_CPU;
    work_on(&on_cpu, 0);
    double loss = rank[RANKS].loss, valid_loss = rank[RANKS].valid_loss;
    assert_string_equal(rank[RANKS].gpu.name, "");
    same_bits(work);
    assert_string_not_equal(rank[RANKS].gpu.name, "");
    if (!(fabs(rank[RANKS].loss - loss) <= tolerance * loss) ||
        !(fabs(rank[RANKS].valid_loss - valid_loss) <= tolerance * valid_loss))
        fail_msg("losses of the GPU: %.9g, %.9g, of the CPU: %.9g, %.9g", rank[RANKS].loss,
                 rank[RANKS].valid_loss, loss, valid_loss);
}

static void ranks_learn_texts(void **state)
{
    (void)state;
    struct work work = small_work_of();
    work.model.layers = 2;
    work.model.dropout = 0.3F;
    same_bits_near_the_cpu(&work, 1e-5);
    work.config.accumulate = 2;
    work.config.precision = RECUR_PRECISION_BF16;
    same_bits_near_the_cpu(&work, 1e-2);
    work = small_work_of();
    work.model.task = RECUR_TASK_FILL;
    work.model.cell = RECUR_CELL_GRU_RESET_BEFORE;
    work.model.bidirectional = true;
    work.model.embedding = 0; /* one-hot: W_ih is the table */
    same_bits_near_the_cpu(&work, 1e-5);
}

static void ranks_learn_labels(void **state)
{
    (void)state;
    struct work work = small_work_of();
    work.labels = RECUR_TASK_TAG;
    work.model.bidirectional = true;
    work.model.dropout = 0.2F;
    work.model.decoder = RECUR_DECODER_CRF;
    work.model.character_hidden = 4;
    work.config.accumulate = 2;
    same_bits_near_the_cpu(&work, 1e-5);
    work = small_work_of();
    work.labels = RECUR_TASK_CLASSIFY;
    work.sequences = 28;
    work.config.batch = 6; /* and fewer sequences than blocks in the last minibatch */
    same_bits_near_the_cpu(&work, 1e-5);
}

/* Minibatches of one update without ranks, whose gradients are one sum. */
static void one_rank_accumulates(void **state)
{
    (void)state;
    struct work work = small_work_of();
    work.most = 0;
    work.config.blocks = 0;
    work.config.accumulate = 3;
    same_bits_near_the_cpu(&work, 1e-5);
}

/* What travels, or how it is added, changes last bits. */
static void other_sums_are_near(void **state)
{
    (void)state;
    static float exact[MOST];
    struct work work = small_work_of();
    work_on(&work, 3);
    double loss = rank[0].loss;
    memcpy(exact, rank[0].parameters, sizeof exact);
    work.config.reduce = RECUR_REDUCE_FAST;
    work_on(&work, 3);
    assert_together(3);
    assert_memory_not_equal(rank[0].parameters, exact, rank[0].span * sizeof *exact);
    assert_true(fabs(rank[0].loss - loss) <= 1e-4 * loss);
    work.config.reduce = RECUR_REDUCE_EXACT;
    work.config.reduce_precision = RECUR_PRECISION_BF16;
    work_on(&work, 3);
    assert_together(3);
    assert_memory_not_equal(rank[0].parameters, exact, rank[0].span * sizeof *exact);
    assert_true(fabs(rank[0].loss - loss) <= 1e-2 * loss);
}

/* The same bits once more from a checkpoint on, and the CPU's loss. */
static void ranks_learn_apart(void **state)
{
    static float parameters[MOST];
    static const enum recur_task tasks[] = {RECUR_TASK_LM, RECUR_TASK_TAG};
    for (size_t t = 0; t < 2; t++) {
        struct work work = small_work_of();
        work.labels = tasks[t];
        work.config.sync_every = 2;
        work.config.batch = 6;
        work.config.device = RECUR_DEVICE_CPU;
        work_on(&work, 2);
        double loss = rank[0].loss;
        work.config.device = RECUR_DEVICE_CUDA;
        work.save = scratch_path(*state, "apart.checkpoint");
        work.after = 1;
        work_on(&work, 2);
        assert_together(2);
        assert_true(fabs(rank[0].loss - loss) <= 1e-5 * loss);
        memcpy(parameters, rank[0].parameters, sizeof parameters);
        work.resume = work.save;
        work.save = NULL;
        work_on(&work, 2);
        assert_together(2);
        assert_string_not_equal(rank[0].gpu.name, "");
        assert_memory_equal(rank[0].parameters, parameters, rank[0].span * sizeof *parameters);
    }
}

/* A run goes on with another number of ranks, with the states that the others have carried. */
static void a_checkpoint_belongs_to_any_number_of_ranks(void **state)
{
    static float parameters[MOST];
    struct work work = small_work_of();
    work.save = scratch_path(*state, "ranks.checkpoint");
    work.after = 2;
    work_on(&work, 3);
    assert_together(3);
    memcpy(parameters, rank[0].parameters, sizeof parameters);
    work.resume = work.save;
    work.save = NULL;
    for (size_t count = 0; count <= 2; count++) {
        work_on(&work, count);
        const struct rank *first = count ? rank : &rank[RANKS];
        assert_string_equal(first->error.message, "");
        assert_int_equal(first->steps, 2);
        assert_memory_equal(first->parameters, parameters, first->span * sizeof *parameters);
    }
}

/* Two GPUs, three ranks. */
static void each_rank_takes_a_gpu(void **state)
{
    (void)state;
    struct work work = small_work_of();
    setenv("STANDIN_DEVICES", "2", 1);
    work.config.device = RECUR_DEVICE_AUTO;
    work.config.updates = 1;
    work_on(&work, 3);
    unsetenv("STANDIN_DEVICES");
    assert_together(3);
    assert_string_equal(rank[0].gpu.name, "Stand-in for a GPU");
    assert_string_equal(rank[1].gpu.name, "Stand-in for a GPU, number 1");
    assert_string_equal(rank[2].gpu.name, "Stand-in for a GPU");
}

/* The run ends with the sentence of the communicator, and the model has its last parameters. */
static void a_rank_that_hangs_is_named(void **state)
{
    (void)state;
    struct work work = small_work_of();
    work.stops = 2;
    work.config.rank_seconds = 1;
    work_on(&work, 2);
    assert_given_up(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_learn_texts),
        cmocka_unit_test(ranks_learn_labels),
        cmocka_unit_test(one_rank_accumulates),
        cmocka_unit_test(other_sums_are_near),
        cmocka_unit_test_setup_teardown(ranks_learn_apart, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(a_checkpoint_belongs_to_any_number_of_ranks, scratch_create,
                                        scratch_remove),
        cmocka_unit_test(each_rank_takes_a_gpu),
        cmocka_unit_test(a_rank_that_hangs_is_named),
    };
    return cmocka_run_group_tests_name("gpu_ranks", tests, NULL, NULL);
}
