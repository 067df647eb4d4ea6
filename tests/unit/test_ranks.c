/* Several ranks, which are threads of this program: they compute the bits of one rank, and end with
 * one sentence where they cannot go on. */
#define _GNU_SOURCE /* clock_gettime */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "rank_work.h"
#include "scratch.h"

static void any_number_of_ranks_computes_the_same_bits(void **state)
{
    (void)state;
    struct work work = work_of();
    same_bits(&work);
    work.config.optimizer = RECUR_OPTIMIZER_SGD; /* updates the rows of the minibatch alone */
    work.config.batch = 6;
    work.config.steps = 3;
    same_bits(&work);
    work.model.embedding = 0; /* one-hot: W_ih is the table */
    same_bits(&work);
    work.config.sampled_softmax = 10;
    same_bits(&work);
    work.model.embedding = HIDDEN;
    work.model.tied = 1;
    same_bits(&work);
}

static void likewise_with_dropout_in_low_precision_and_with_blanks(void **state)
{
    (void)state;
    struct work work = work_of();
    work.model.layers = 2;
    work.model.dropout = 0.3F;
    work.config.ar = 2;
    same_bits(&work);
    work.config.precision = RECUR_PRECISION_BF16;
    work.model.cell = RECUR_CELL_GRU_RESET_BEFORE;
    same_bits(&work);
    work.model.cell = RECUR_CELL_LN_GRU;
    same_bits(&work);
    work = work_of();
    work.model.task = RECUR_TASK_FILL;
    work.model.bidirectional = true;
    same_bits(&work);
}

static void likewise_where_gradients_are_accumulated(void **state)
{
    (void)state;
    struct work work = work_of();
    work.config.accumulate = 3;
    work.model.cell = RECUR_CELL_LN_LSTM;
    work.model.dropout = 0.2F;
    work.model.layers = 2;
    same_bits(&work);
    work.config.precision = RECUR_PRECISION_BF16;
    work.config.clip = 0.01F;
    same_bits(&work);
    work = work_of();
    work.config.accumulate = 2;
    work.config.optimizer = RECUR_OPTIMIZER_SGD;
    work.config.batch = 6;
    work.config.steps = 3;
    same_bits(&work);
    work.model.task = RECUR_TASK_FILL;
    work.model.bidirectional = true;
    same_bits(&work);
}

static void ranks_learn_labels_too(void **state)
{
    (void)state;
    for (size_t accumulate = 1; accumulate <= 2; accumulate++) {
        struct work work = work_of();
        work.labels = RECUR_TASK_TAG;
        work.config.accumulate = accumulate;
        work.model.bidirectional = true;
        work.model.dropout = 0.2F;
        same_bits(&work);
        work.model.decoder = RECUR_DECODER_CRF;
        work.model.character_hidden = 4;
        work.config.optimizer = RECUR_OPTIMIZER_SGD;
        same_bits(&work);
        work = work_of();
        work.labels = RECUR_TASK_CLASSIFY;
        work.config.accumulate = accumulate;
        same_bits(&work);
        work.model.pool = RECUR_POOL_MAX;
        work.config.batch = 6; /* and fewer sequences than blocks in the last minibatch */
        same_bits(&work);
    }
}

/* One sequence is held out, so that most have nothing to validate. */
static void ranks_share_few_labels(void **state)
{
    (void)state;
    struct work work = work_of();
    work.labels = RECUR_TASK_TAG;
    work.sequences = 6;
    work.config.batch = 6;
    same_bits(&work);
    assert_int_equal(rank[0].scores.sequences, 5);
}

static void ranks_score_the_same_labels_or_none(void **state)
{
    (void)state;
    struct work work = work_of();
    work.labels = RECUR_TASK_TAG;
    work.differs = 2;
    work_on(&work, 3);
    for (size_t r = 0; r < 3; r++) {
        assert_int_equal(rank[r].status, RECUR_ERROR_DATA);
        assert_string_equal(rank[r].error.message, "rank 1 has another labelled text than rank 0");
    }
    work.differs = 0;
    work.spoils = true; /* a word that other ranks do not meet */
    work_on(&work, 4);
    for (size_t r = 0; r < 4; r++) {
        assert_int_equal(rank[r].status, RECUR_ERROR_DIVERGED);
        assert_string_equal(rank[r].error.message,
                            "rank 3: the model's weights are too large to compute with: a logit is "
                            "not finite");
    }
}

/* Several parcels, of one layer and of more; some have frozen parts, some rows of a table. */
static void likewise_while_gradients_are_computed(void **state)
{
    (void)state;
    struct work work = work_of();
    static const size_t hidden[] = {160, 160, 96};
    work.model.hidden = hidden;
    work.model.layers = 3;
    work.model.embedding = 40;
    work.config.batch = 6;
    work.config.steps = 3;
    work.config.epochs = 1;
    work.config.updates = 6;
    for (size_t moves = 0; moves < 2; moves++) {
        work.moves = moves;
        same_bits(&work);
    }
    work.config.freeze = 1;
    same_bits(&work);
    work.config.freeze = 0;
    work.config.accumulate = 2;
    same_bits(&work);
    work.config.accumulate = 1;
    work.model.tied = true;
    work.model.embedding = 96;
    same_bits(&work);
    work.model.tied = false;
    work.model.embedding = 0;
    work.model.cell = RECUR_CELL_GRU;
    work.model.bidirectional = true;
    work.model.task = RECUR_TASK_FILL;
    work.config.precision = RECUR_PRECISION_BF16;
    same_bits(&work);
}

/* Several parcels of gradients. */
static struct work wide_work_of(void)
{
    static const size_t hidden[] = {160, 96};
    struct work work = work_of();
    work.model.hidden = hidden;
    work.model.layers = 2;
    work.model.embedding = 40;
    work.moves = true;
    return work;
}

/* All ranks have the same parameters, in any number of threads, and these are not the exact ones;
 * the loss is near that of the exact run. */
static void near_the_exact_run(const struct work *work, double tolerance)
{
    static float parameters[MOST];
    struct work exact = *work;
    exact.config.reduce = RECUR_REDUCE_EXACT;
    exact.config.reduce_precision = RECUR_PRECISION_F32;
    for (size_t count = 2; count <= RANKS; count++) {
        work_on(&exact, count);
        double loss = rank[0].loss, valid_loss = rank[0].valid_loss;
        memcpy(parameters, rank[0].parameters, sizeof parameters);
        struct work other = *work;
        for (other.threads = 0; other.threads < 2; other.threads++) {
            work_on(&other, count);
            assert_string_equal(rank[0].error.message, "");
            assert_memory_not_equal(rank[0].parameters, parameters, rank[0].span * sizeof(float));
            for (size_t r = 1; r < count; r++)
                assert_memory_equal(rank[r].parameters, rank[0].parameters,
                                    rank[0].span * sizeof(float));
            assert_true(fabs(rank[0].loss - loss) < tolerance * loss);
            assert_true(fabs(rank[0].valid_loss - valid_loss) < tolerance * valid_loss);
            if (other.threads)
                assert_memory_equal(rank[0].parameters, rank[RANKS].parameters,
                                    rank[0].span * sizeof(float));
            memcpy(rank[RANKS].parameters, rank[0].parameters, sizeof parameters);
        }
    }
}

/* An order of its own changes the last bits of a sum; a few updates of Adam, whose steps do not
 * shrink with the gradient, leave the loss within a thousandth. */
static void fast_sums_are_near_exact_ones(void **state)
{
    (void)state;
    struct work work = wide_work_of();
    work.config.reduce = RECUR_REDUCE_FAST;
    near_the_exact_run(&work, 1e-3);
    work.config.reduce_precision = RECUR_PRECISION_BF16;
    work_on(&work, 2);
    assert_int_equal(rank[0].status, RECUR_ERROR_UNSUPPORTED);
    assert_string_equal(rank[0].error.message, "--reduce fast sums floats: it does not go with "
                                               "--reduce-precision bf16");
}

/* bf16 changes each gradient by up to 2^-8 of itself, at random: the loss stays within 2 %. */
static void gradients_of_bf16_are_near_exact_ones(void **state)
{
    (void)state;
    struct work work = wide_work_of();
    work.config.reduce_precision = RECUR_PRECISION_BF16;
    near_the_exact_run(&work, 2e-2);
    work.moves = false;
    near_the_exact_run(&work, 2e-2);
}

/* A run goes on with another number of ranks, in the middle of an epoch. */
static void a_checkpoint_belongs_to_any_number_of_ranks(void **state)
{
    struct work work = work_of();
    const struct rank *alone = &rank[RANKS];
    work.save = scratch_path(*state, "ranks.checkpoint");
    work.after = 3;
    work.config.accumulate = 2;
    work_on(&work, 3);
    static float parameters[MOST];
    memcpy(parameters, rank[0].parameters, sizeof parameters);
    size_t steps = rank[0].steps;
    work.resume = work.save;
    work.save = NULL;
    for (size_t count = 0; count <= 2; count++) {
        work_on(&work, count);
        const struct rank *first = count ? rank : alone;
        assert_string_equal(first->error.message, "");
        assert_int_equal(first->steps, steps - work.after);
        assert_memory_equal(first->parameters, parameters, first->span * sizeof(float));
    }
}

/* All have the same parameters in the end, and from a checkpoint on. */
static void ranks_learn_apart_and_take_means(void **state)
{
    static float parameters[MOST];
    const enum recur_task tasks[] = {RECUR_TASK_LM, RECUR_TASK_TAG};
    for (size_t t = 0; t < 2; t++)
        for (size_t count = 2; count <= RANKS; count++) {
            struct work work = work_of();
            work.labels = tasks[t];
            work.config.sync_every = 3;
            work.config.accumulate = count == 3 ? 2 : 1;
            work.config.average = RECUR_AVERAGE_EMA;
            work.config.batch = tasks[t] == RECUR_TASK_TAG ? count : 12;
            work.config.steps = 3;
            work.save = scratch_path(*state, "apart.checkpoint");
            work.after = 1;
            work_on(&work, count);
            assert_together(count);
            memcpy(parameters, rank[0].parameters, sizeof parameters);
            size_t steps = rank[0].steps;
            assert_in_range(steps, 2, 40);
            work.resume = work.save;
            work.save = NULL;
            work_on(&work, count);
            assert_together(count);
            assert_int_equal(rank[0].steps, steps - 1);
            assert_memory_equal(rank[0].parameters, parameters, rank[0].span * sizeof(float));
        }
}

/* All but the head of 795 words stay as they were, though thrice a third of a number is not always
 * the number. */
static void means_leave_frozen_parameters_alone(void **state)
{
    (void)state;
    static float before[MOST];
    struct work work = work_of();
    size_t differ = 0;
    work.config.freeze = 1;
    work_on(&work, 0);
    memcpy(before, rank[RANKS].parameters, sizeof before);
    work.config.sync_every = 2;
    work_on(&work, 3);
    assert_together(3);
    for (size_t i = 0; i < rank[0].span; i++)
        differ += rank[0].parameters[i] != before[i];
    assert_in_range(differ, 1, 795 * (HIDDEN + 1));
}

/* After one update of plain SGD: what the mean of the gradients makes. */
static void the_mean_of_one_update_is_that_of_gradients(void **state)
{
    (void)state;
    static float wanted[MOST];
    struct work work = work_of();
    work.config.optimizer = RECUR_OPTIMIZER_SGD;
    work.config.clip = 0;
    work.config.lr = 0.5F;
    work.config.updates = 1;
    for (size_t count = 2; count <= RANKS; count++) {
        double norm = 0;
        work.config.sync_every = 1;
        work_on(&work, count);
        memcpy(wanted, rank[0].parameters, sizeof wanted);
        double loss = rank[0].loss;
        work.config.sync_every = 5;
        work_on(&work, count);
        assert_together(count);
        assert_true(fabs(rank[0].loss - loss) < 1e-6);
        for (size_t i = 0; i < rank[0].span; i++)
            norm = fmax(norm, fabs((double)rank[0].parameters[i] - (double)wanted[i]));
        assert_true(norm < 1e-6); /* sums in another order */
    }
}

/* Where one rank alone is lost all end in the same way. */
static void ranks_that_learn_apart_are_lost_together(void **state)
{
    (void)state;
    struct work work = work_of();
    work.config.optimizer = RECUR_OPTIMIZER_SGD;
    work.config.clip = 0;
    work.config.lr = 1e30F;
    work.config.sync_every = 4;
    work_on(&work, 3);
    for (size_t r = 0; r < 3; r++)
        assert_int_equal(rank[r].status, RECUR_ERROR_DIVERGED);
    work.config.batch = 8;
    work_on(&work, 3);
    assert_string_equal(rank[0].error.message,
                        "a minibatch of 8 sequences cannot be cut into 3 equal blocks");
}

static void ranks_must_mean_the_same_run(void **state)
{
    (void)state;
    struct work work = work_of();
    work.differs = 2;
    work_on(&work, 3);
    for (size_t r = 0; r < 3; r++) {
        assert_int_equal(rank[r].status, RECUR_ERROR_DATA);
        assert_string_equal(rank[r].error.message,
                            "rank 1 has another text or other labelled texts than rank 0");
    }
}

static void a_rank_that_hangs_is_named(void **state)
{
    (void)state;
    struct work work = work_of();
    work.stops = 3;
    work.config.rank_seconds = 1;
    work_on(&work, 3);
    assert_given_up(2);
}

/* Rank 0 of two, the other of which is its mirror image: it receives what it sends, in this order.
 * After some messages, or calls of `progress`, it can do no more. */
struct mirror {
    size_t left;    /* so many messages can still be sent */
    size_t calls;   /* so often `progress` can still be called */
    size_t let_go;  /* how often `wait` was called with 0 seconds */
    size_t written; /* bytes that were received then */
    const void *sent[MESSAGES];
    size_t sizes[MESSAGES], sends, receives;
    struct wanted wanted[MESSAGES];
};

static enum recur_status use_up(size_t *left, recur_error *error)
{
    if ((*left)-- > 0)
        return RECUR_OK;
    snprintf(error->message, sizeof error->message, "the cable is cut");
    return RECUR_ERROR_FILE;
}

static enum recur_status mirror_send(void *user, size_t to, const void *data, size_t bytes,
                                     recur_error *error)
{
    struct mirror *mirror = user;
    (void)to;
    mirror->sent[mirror->sends] = data;
    mirror->sizes[mirror->sends++] = bytes;
    return use_up(&mirror->left, error);
}

static enum recur_status mirror_receive(void *user, size_t from, void *data, size_t bytes,
                                        recur_error *error)
{
    struct mirror *mirror = user;
    (void)error;
    mirror->wanted[mirror->receives++] = (struct wanted){from, bytes, data, NULL};
    return RECUR_OK;
}

static enum recur_status mirror_wait(void *user, double seconds, size_t *late, recur_error *error)
{
    struct mirror *mirror = user;
    (void)error;
    *late = 1;
    mirror->let_go += seconds <= 0;
    for (size_t i = 0; i < mirror->receives; i++) {
        const struct wanted *wanted = &mirror->wanted[i];
        size_t bytes = i < mirror->sends ? mirror->sizes[i] : 0;
        memset(wanted->data, 0, wanted->bytes); /* it is still there */
        if (bytes)
            memcpy(wanted->data, mirror->sent[i], bytes < wanted->bytes ? bytes : wanted->bytes);
        mirror->written += seconds <= 0 ? wanted->bytes : 0;
    }
    mirror->sends = mirror->receives = 0;
    return seconds <= 0 ? RECUR_STOP : RECUR_OK;
}

static enum recur_status mirror_progress(void *user, size_t *through, recur_error *error)
{
    struct mirror *mirror = user;
    *through = 0;
    return use_up(&mirror->calls, error);
}

/* Trains until the mirror can do no more; `at_once`: messages are let go as that is known. */
static void cut_the_cable(struct mirror *mirror, size_t at_once)
{
    struct work work = wide_work_of();
    struct rank *first = rank;
    struct data data = {.corpus = NULL};
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    recur_step step;
    *first = (struct rank){.work = &work};
    first->ranks = (recur_ranks){.size = sizeof(recur_ranks),
                                 .count = 2,
                                 .user = mirror,
                                 .send = mirror_send,
                                 .receive = mirror_receive,
                                 .wait = mirror_wait,
                                 .progress = mirror_progress};
    assert_int_equal(make_data(first, &data), RECUR_OK);
    assert_int_equal(create(first, &data, &model, &trainer), RECUR_OK);
    assert_int_equal(recur_trainer_step(trainer, &step, &first->error), RECUR_ERROR_FILE);
    assert_string_equal(first->error.message, "the cable is cut");
    assert_int_equal(mirror->let_go, at_once);
    recur_trainer_free(trainer);
    assert_int_equal(mirror->let_go, 1);
    assert_true(mirror->written > 0);
    recur_model_free(model);
    recur_vocab_free(data.vocab);
    recur_corpus_free(data.corpus);
}

/* At once where a message cannot begin, since functions free what they have told others; at the
 * trainer's end where gradients were on their way. */
static void what_is_on_its_way_is_let_go_before_it_is_freed(void **state)
{
    (void)state;
    static struct mirror sends = {.left = 4, .calls = SIZE_MAX};
    static struct mirror moves = {.left = SIZE_MAX, .calls = 3};
    cut_the_cable(&sends, 1);
    cut_the_cable(&moves, 0);
}

static void ranks_stop_together(void **state)
{
    (void)state;
    struct work work = work_of();
    work.asks = 2;
    work_on(&work, 3);
    for (size_t r = 0; r < 3; r++) {
        assert_int_equal(rank[r].status, RECUR_OK);
        assert_int_equal(rank[r].steps, 2);
    }
}

static void blocks_must_divide_the_minibatch(void **state)
{
    (void)state;
    struct work work = work_of();
    work.config.blocks = 5;
    work_on(&work, 0);
    assert_int_equal(rank[RANKS].status, RECUR_ERROR_ARGUMENT);
    assert_string_equal(rank[RANKS].error.message,
                        "a minibatch of 12 sequences cannot be cut into 5 equal blocks");
    work.config.blocks = 2;
    work_on(&work, 3);
    assert_string_equal(rank[0].error.message,
                        "3 ranks cannot share a minibatch of 2 blocks: each needs at least one, "
                        "so choose more --blocks or a larger --batch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_ranks_computes_the_same_bits),
        cmocka_unit_test(likewise_with_dropout_in_low_precision_and_with_blanks),
        cmocka_unit_test(likewise_where_gradients_are_accumulated),
        cmocka_unit_test(ranks_learn_labels_too),
        cmocka_unit_test(ranks_share_few_labels),
        cmocka_unit_test(ranks_score_the_same_labels_or_none),
        cmocka_unit_test(likewise_while_gradients_are_computed),
        cmocka_unit_test(fast_sums_are_near_exact_ones),
        cmocka_unit_test(gradients_of_bf16_are_near_exact_ones),
        cmocka_unit_test_setup_teardown(a_checkpoint_belongs_to_any_number_of_ranks, scratch_create,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(ranks_learn_apart_and_take_means, scratch_create,
                                        scratch_remove),
        cmocka_unit_test(means_leave_frozen_parameters_alone),
        cmocka_unit_test(the_mean_of_one_update_is_that_of_gradients),
        cmocka_unit_test(ranks_that_learn_apart_are_lost_together),
        cmocka_unit_test(ranks_must_mean_the_same_run),
        cmocka_unit_test(a_rank_that_hangs_is_named),
        cmocka_unit_test(what_is_on_its_way_is_let_go_before_it_is_freed),
        cmocka_unit_test(ranks_stop_together),
        cmocka_unit_test(blocks_must_divide_the_minibatch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
