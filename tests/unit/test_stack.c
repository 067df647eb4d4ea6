/* recur_stack over sequences of any lengths: the same bits in any order and on any threads, and
 * what PyTorch's fixtures (tests/golden/test_lengths.c) leave out. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "allocations.h"
#include "stack_work.h"

/* to[at] = from[order[at]] for arrays (blocks, B) of items of `bytes`. */
static void permute(const size_t *order, size_t batch, size_t blocks, size_t bytes,
                    const void *from, void *to, bool back)
{
    for (size_t block = 0; block < blocks; block++)
        for (size_t b = 0; b < batch; b++) {
            size_t other = block * batch + order[b], own = block * batch + b;
            memcpy((char *)to + (back ? other : own) * bytes,
                   (const char *)from + (back ? own : other) * bytes, bytes);
        }
}

/* Every array of `from` in another order of the sequences, or back from it. States have layers of
 * two widths, of both directions each, where there are two. */
static void permute_work(struct work *to, const struct work *from, const size_t *order, bool back)
{
    size_t batch = from->batch, steps = from->steps, directions = from->states / 73;
    float *given[][2] = {
        {from->x, to->x}, {from->dx, to->dx},           {from->dy, to->dy},
        {from->y, to->y}, {from->dlogits, to->dlogits}, {from->logits, to->logits}};
    size_t width[] = {from->inputs, from->inputs,     from->width,
                      from->width,  from->vocabulary, from->vocabulary};
    float *states[][2] = {{from->h0, to->h0},     {from->c0, to->c0},   {from->dh_n, to->dh_n},
                          {from->dc_n, to->dc_n}, {from->h_n, to->h_n}, {from->c_n, to->c_n},
                          {from->dh0, to->dh0},   {from->dc0, to->dc0}};
    for (size_t i = 0; i < sizeof width / sizeof *width; i++)
        permute(order, batch, steps, width[i] * sizeof(float), given[i][0], given[i][1], back);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        for (size_t l = 0; l < 2; l++) {
            size_t begin = l ? directions * batch * 33 : 0, bytes = (l ? 40 : 33) * sizeof(float);
            permute(order, batch, directions, bytes, states[i][0] + begin, states[i][1] + begin,
                    back);
        }
    permute(order, batch, steps, sizeof *from->ids, from->ids, to->ids, back);
    permute(order, batch, 1, sizeof *from->lengths, from->lengths, to->lengths, back);
}

static void assert_same_work(const struct work *a, const struct work *b, bool has_c)
{
    size_t rows = a->batch * a->steps, states = a->batch * a->states;
    assert_memory_equal(a->y, b->y, rows * a->width * sizeof(float));
    assert_memory_equal(a->logits, b->logits, rows * a->vocabulary * sizeof(float));
    assert_memory_equal(a->h_n, b->h_n, states * sizeof(float));
    assert_memory_equal(a->dh0, b->dh0, states * sizeof(float));
    assert_memory_equal(a->dx, b->dx, rows * a->inputs * sizeof(float));
    if (has_c) {
        assert_memory_equal(a->c_n, b->c_n, states * sizeof(float));
        assert_memory_equal(a->dc0, b->dc0, states * sizeof(float));
    }
}

/* Sequences 1 and 4 read the same, as 0 and 6 do and the two that end at once may; their losses
 * differ. */
static void make_twins(struct work *work)
{
    const size_t twins[][2] = {{1, 4}, {0, 6}};
    for (size_t i = 0; i < 2; i++) {
        size_t from = twins[i][0], to = twins[i][1], directions = work->states / 73;
        for (size_t t = 0; t < work->steps; t++) {
            float *x = work->x + t * work->batch * work->inputs;
            memcpy(x + to * work->inputs, x + from * work->inputs, work->inputs * sizeof *x);
            work->ids[t * work->batch + to] = work->ids[t * work->batch + from];
        }
        float *states[] = {work->h0, work->c0};
        for (size_t s = 0; s < 2; s++)
            for (size_t l = 0; l < 2; l++)
                for (size_t d = 0; d < directions; d++) {
                    size_t hidden = l ? 40 : 33;
                    float *part = states[s] + (l ? directions * work->batch * 33 : 0) +
                                  d * work->batch * hidden;
                    memcpy(part + to * hidden, part + from * hidden, hidden * sizeof *part);
                }
    }
}

/* The same bits on 1, 2, 3 and 7 threads and in any order of the sequences, dropout included. */
static void same_bits(void **state)
{
    static const size_t orders[][SEQUENCES] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1, 0}, {4, 6, 3, 8, 1, 0, 7, 2, 5}};
    static const size_t threads[] = {1, 2, 3, 7};
    (void)state;
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++)
        for (int variant = 0; variant < 6; variant++) {
            bool fills = variant >= 4;
            recur_model *model =
                make_task_model(fills ? RECUR_TASK_FILL : RECUR_TASK_LM, (enum recur_cell)cell,
                                variant & 1, fills || variant & 2, variant == 1 ? 0 : 0.25F);
            struct work first, work, given;
            float *expected = NULL;
            for (size_t k = 0; k < 4; k++)
                for (size_t o = 0; o < 3; o++) {
                    size_t count;
                    recur_stack *stack = make_stack(model, SEQUENCES, STEPS, threads[k]);
                    work_init(&given, stack, model, some_lengths, SEQUENCES, STEPS);
                    work_init(&work, stack, model, some_lengths, SEQUENCES, STEPS);
                    make_twins(&given);
                    permute_work(&work, &given, orders[o], false);
                    run(stack, &work, true);
                    permute_work(&given, &work, orders[o], true);
                    float *got = gradients(stack, model, &count);
                    if (expected) {
                        assert_same_work(&first, &given,
                                         cell == RECUR_CELL_LSTM || cell == RECUR_CELL_LN_LSTM);
                        assert_memory_equal(expected, got, count * sizeof *got);
                        work_free(&given);
                        free(got);
                    } else {
                        first = given;
                        expected = got;
                    }
                    work_free(&work);
                    recur_stack_free(stack);
                }
            work_free(&first);
            free(expected);
            recur_model_free(model);
        }
}

static void copy_column(float *to, size_t to_batch, size_t to_b, const float *from,
                        size_t from_batch, size_t from_b, size_t blocks, size_t width)
{
    for (size_t block = 0; block < blocks; block++)
        memcpy(to + (block * to_batch + to_b) * width, from + (block * from_batch + from_b) * width,
               width * sizeof *to);
}

/* Sequence b of a batch as a batch of its own. */
static void take_one(struct work *one, const struct work *all, size_t b)
{
    size_t length = all->lengths[b];
    copy_column(one->x, 1, 0, all->x, all->batch, b, length, all->inputs);
    copy_column(one->dy, 1, 0, all->dy, all->batch, b, length, one->width);
    copy_column(one->dlogits, 1, 0, all->dlogits, all->batch, b, length, one->vocabulary);
    for (size_t t = 0; t < length; t++)
        one->ids[t] = all->ids[t * all->batch + b];
    float *states[][2] = {
        {one->h0, all->h0}, {one->c0, all->c0}, {one->dh_n, all->dh_n}, {one->dc_n, all->dc_n}};
    for (size_t i = 0; i < 4; i++) {
        copy_column(states[i][0], 1, 0, states[i][1], all->batch, b, 2, 33);
        copy_column(states[i][0] + (size_t)66, 1, 0, states[i][1] + all->batch * 66, all->batch, b,
                    2, 40);
    }
}

/* Sequence b of an array (T, B, width) is that of its own, and zero behind its end. */
static void assert_column(const struct work *work, const float *all, const float *one, size_t b,
                          size_t width)
{
    static const float zero;
    for (size_t t = 0; t < STEPS; t++)
        for (size_t i = 0; i < width; i++)
            assert_memory_equal(&all[(t * work->batch + b) * width + i],
                                t < work->lengths[b] ? &one[t * width + i] : &zero, sizeof zero);
}

static void assert_as_alone(recur_model *model, const size_t *lengths, size_t batch)
{
    recur_stack *stack = make_stack(model, batch, STEPS, 2);
    struct work all;
    work_init(&all, stack, model, lengths, batch, STEPS);
    run(stack, &all, false);
    for (size_t b = 0; b < batch; b++) {
        struct work one;
        work_init(&one, stack, model, &lengths[b], 1, lengths[b]);
        take_one(&one, &all, b);
        run(stack, &one, false);
        assert_column(&all, all.y, one.y, b, one.width);
        assert_column(&all, all.logits, one.logits, b, one.vocabulary);
        assert_column(&all, all.dx, one.dx, b, one.inputs);
        for (size_t d = 0; d < 2; d++) {
            assert_memory_equal(all.h_n + (d * batch + b) * 33, one.h_n + d * 33,
                                33 * sizeof(float));
            assert_memory_equal(all.dh0 + (d * batch + b) * 33, one.dh0 + d * 33,
                                33 * sizeof(float));
        }
        work_free(&one);
    }
    work_free(&all);
    recur_stack_free(stack);
}

/* Each sequence of a batch comes to what it comes to alone, and behind its end there is zero. So it
 * does in a large batch of equal lengths, which lies in blocks. */
static void as_alone(void **state)
{
    (void)state;
    size_t equal[40];
    for (size_t b = 0; b < 40; b++)
        equal[b] = STEPS;
    for (int variant = 0; variant < 8; variant++) {
        enum recur_task task = variant % 2 ? RECUR_TASK_FILL : RECUR_TASK_LM;
        recur_model *model =
            make_task_model(task, (enum recur_cell)(variant / 2), true, task == RECUR_TASK_FILL, 0);
        assert_as_alone(model, some_lengths, SEQUENCES);
        assert_as_alone(model, equal, 40);
        recur_model_free(model);
    }
}

/* Length 0: the last states are the first ones, and so are their gradients. */
static void of_no_length(void **state)
{
    (void)state;
    const size_t none[] = {0, 0, 0};
    for (size_t steps = 0; steps <= 4; steps += 4) {
        recur_model *model = make_model(RECUR_CELL_LSTM, true, false, 0);
        recur_stack *stack = make_stack(model, 3, 4, 2);
        struct work work;
        size_t count;
        work_init(&work, stack, model, none, 3, steps);
        run(stack, &work, false);
        size_t bytes = 3 * work.states * sizeof(float);
        assert_memory_equal(work.h_n, work.h0, bytes);
        assert_memory_equal(work.c_n, work.c0, bytes);
        assert_memory_equal(work.dh0, work.dh_n, bytes);
        assert_memory_equal(work.dc0, work.dc_n, bytes);
        for (size_t i = 0; i < 3 * steps * work.width; i++)
            assert_true(work.y[i] == 0);
        float *gradient = gradients(stack, model, &count);
        for (size_t i = 0; i < count; i++)
            assert_true(gradient[i] == 0);
        free(gradient);
        work_free(&work);
        recur_stack_free(stack);
        recur_model_free(model);
    }
}

/* Lengths that say what the arrays say anyway change no bit. */
static void of_equal_length(void **state)
{
    (void)state;
    const size_t equal[] = {6, 6, 6};
    recur_model *model = make_model(RECUR_CELL_GRU, true, false, 0);
    recur_stack *stack = make_stack(model, 3, 6, 2);
    struct work work;
    size_t count;
    work_init(&work, stack, model, equal, 3, 6);
    run(stack, &work, false);
    float *expected = gradients(stack, model, &count);
    free(work.lengths);
    work.lengths = NULL;
    recur_stack_clear_gradients(stack);
    run(stack, &work, false);
    float *got = gradients(stack, model, &count);
    assert_memory_equal(expected, got, count * sizeof *got);
    free(expected);
    free(got);
    work_free(&work);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* One sequence of 5000 steps among short ones, and nothing allocated by any call. */
static void very_long(void **state)
{
    (void)state;
    enum { LONG = 5000, OTHERS = 6 };
    const size_t lengths[OTHERS] = {1, 3, LONG, 0, 2, 1};
    recur_model *model = make_model(RECUR_CELL_LSTM, true, false, 0.5F);
    recur_stack *stack = make_stack(model, OTHERS, LONG, 2);
    struct work work;
    work_init(&work, stack, model, lengths, OTHERS, LONG);
    size_t before = allocations();
    run(stack, &work, true);
    assert_int_equal(recur_stack_update(stack, 0.01, NULL, NULL), RECUR_OK);
    assert_int_equal(allocations(), before);
    for (size_t i = 0; i < OTHERS * work.states; i++)
        assert_true(isfinite(work.h_n[i]) && isfinite(work.dh0[i]));
    work_free(&work);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* A stack for few steps in all has room for a few long sequences or many short ones. */
static void few_tokens(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, true, false, 0);
    recur_trainer_config config = recur_trainer_config_default();
    recur_stack *stack, *roomy;
    recur_error error;
    const size_t lengths[][3] = {{90, 4, 6}, {30, 40, 30}, {50, 50, 1}};
    config.batch = 3;
    config.steps = 90;
    config.threads = 2;
    assert_int_equal(recur_stack_create(model, &config, 100, &stack, NULL), RECUR_OK);
    assert_int_equal(recur_stack_create(model, &config, 0, &roomy, NULL), RECUR_OK);
    for (size_t i = 0; i < 2; i++) {
        struct work small, large;
        work_init(&small, stack, model, lengths[i], 3, 90);
        work_init(&large, roomy, model, lengths[i], 3, 90);
        run(stack, &small, false);
        run(roomy, &large, false);
        assert_same_work(&small, &large, true);
        work_free(&small);
        work_free(&large);
    }
    struct work work;
    work_init(&work, stack, model, lengths[2], 3, 90);
    const recur_stack_input input = {.batch = 3, .steps = 90, .lengths = work.lengths, .x = work.x};
    assert_int_equal(recur_stack_forward(stack, &input, &(recur_stack_output){.y = NULL}, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "the sequences have 101 steps together, but the stack is made for 100");
    work_free(&work);
    recur_stack_free(stack);
    recur_stack_free(roomy);
    recur_model_free(model);
}

enum { EQUAL = 40, HIDDEN = 48 }; /* of so many equal lengths lie in blocks */

static recur_model *make_dropping_model(float dropout, enum recur_dropout_kind kind,
                                        float weight_drop)
{
    const size_t hidden[] = {HIDDEN};
    recur_model_config config = recur_model_config_default();
    recur_model *model;
    config.hidden = hidden;
    config.inputs = INPUTS;
    config.vocabulary = OUTPUTS;
    config.dropout = dropout;
    config.dropout_kind = kind;
    config.weight_drop = weight_drop;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

/* Are the same outputs dropped in two rows of y? */
static bool same_mask(const struct work *work, size_t row, size_t other)
{
    for (size_t j = 0; j < work->width; j++)
        if ((work->y[row * work->width + j] == 0) != (work->y[other * work->width + j] == 0))
            return false;
    return true;
}

static void check_masks(const size_t *lengths, size_t batch, enum recur_dropout_kind kind)
{
    recur_model *model = make_dropping_model(0.25F, kind, 0);
    recur_stack *stack = make_stack(model, batch, STEPS, 3);
    struct work work;
    size_t dropped = 0, rows = 0, changed = 0;
    work_init(&work, stack, model, lengths, batch, STEPS);
    run(stack, &work, true);
    for (size_t b = 0; b < batch; b++)
        for (size_t t = 0; t < lengths[b]; t++, rows++) {
            for (size_t j = 0; j < work.width; j++)
                dropped += work.y[(t * batch + b) * work.width + j] == 0;
            changed += !same_mask(&work, t * batch + b, b);
        }
    assert_true((changed == 0) == (kind == RECUR_DROPOUT_LOCKED));
    /* three standard deviations of a share of at least 7 x 48 masks */
    assert_true(fabs((double)dropped / (double)(rows * work.width) - 0.25) < 0.075);
    for (size_t b = 1; b < batch; b++)
        assert_false(lengths[b] && lengths[b - 1] && same_mask(&work, b, b - 1));
    work_free(&work);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* Locked dropout drops the same outputs at all steps of a sequence. */
static void locked_masks_last_for_a_sequence(void **state)
{
    (void)state;
    size_t equal[EQUAL];
    for (size_t b = 0; b < EQUAL; b++)
        equal[b] = STEPS;
    for (int kind = RECUR_DROPOUT_STANDARD; kind <= RECUR_DROPOUT_LOCKED; kind++) {
        check_masks(some_lengths, SEQUENCES, (enum recur_dropout_kind)kind);
        check_masks(equal, EQUAL, (enum recur_dropout_kind)kind);
    }
}

/* The gradient of weight_hh, (4 H, H), and all that a pass makes with it; free() it. */
static float *recurrent_gradient(recur_model *model, struct work *work, bool drops)
{
    recur_stack *stack = make_stack(model, SEQUENCES, STEPS, 2);
    float *values = malloc(4 * HIDDEN * HIDDEN * sizeof *values);
    work_init(work, stack, model, some_lengths, SEQUENCES, STEPS);
    run(stack, work, drops);
    recur_stack_get_gradient(stack, 1, values);
    recur_stack_free(stack);
    return values;
}

/* A pass with weight drop is that of a model whose weights are what is left of them, and its
 * gradient is that model's, times the same mask. */
static void weight_drop_is_a_mask_of_weights(void **state)
{
    (void)state;
    const float rate = 0.4F;
    const size_t count = 4 * (size_t)HIDDEN * HIDDEN;
    recur_model *model = make_dropping_model(0, RECUR_DROPOUT_STANDARD, rate);
    struct work dropped, whole;
    assert_string_equal(recur_model_tensor(model, 1).name, "rnn.weight_hh_l0");
    float *gradient = recurrent_gradient(model, &dropped, true), *weights = draw(count, 0);
    size_t zeros = 0;
    recur_model_get_tensor(model, 1, weights);
    for (size_t i = 0; i < count; i++) {
        zeros += gradient[i] == 0;
        weights[i] *= gradient[i] == 0 ? 0 : 1 / (1 - rate);
    }
    /* four standard deviations */
    assert_true(fabs((double)zeros / (double)count - (double)rate) < 0.021);
    recur_model_set_tensor(model, 1, weights);
    float *wanted = recurrent_gradient(model, &whole, false);
    for (size_t i = 0; i < SEQUENCES * dropped.states; i++)
        assert_true(fabsf(dropped.h_n[i] - whole.h_n[i]) < 1e-6F);
    for (size_t i = 0; i < count; i++)
        if (gradient[i] != 0)
            assert_true(fabsf(gradient[i] - wanted[i] / (1 - rate)) <
                        1e-5F + 1e-5F * fabsf(gradient[i]));
    work_free(&dropped);
    work_free(&whole);
    free(gradient);
    free(wanted);
    free(weights);
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_counted),
        cmocka_unit_test(same_bits),
        cmocka_unit_test(as_alone),
        cmocka_unit_test(of_no_length),
        cmocka_unit_test(of_equal_length),
        cmocka_unit_test(very_long),
        cmocka_unit_test(few_tokens),
        cmocka_unit_test(locked_masks_last_for_a_sequence),
        cmocka_unit_test(weight_drop_is_a_mask_of_weights),
    };
    return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
