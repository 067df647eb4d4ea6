/* Between a caller's row-major arrays and the panels that a stack computes with. */
#include <string.h>

#include "train/stack_object.h"

/* One panel of rows beside columns [column, column + width) of a caller's array (T, B, columns). */
struct exchange {
    real *panel;
    size_t width;
    size_t column, columns;
};

static void copy_row(float *to, const float *from, size_t width)
{
    if (width == RECUR_LANES) /* a size that the compiler knows needs no call */
        memcpy(to, from, RECUR_LANES * sizeof *to);
    else
        memcpy(to, from, width * sizeof *to);
}

/* The caller's numbers into the rows of step t; his NULL is zero. */
static void load(const struct recur_stack *stack, struct exchange e, const float *array, size_t t)
{
    const struct recur_lengths *lengths = &stack->lengths;
    for (size_t b = 0; b < lengths->alive[t]; b++) {
        real *row = e.panel + recur_pass_row(&stack->pass, t, b) * RECUR_LANES;
        size_t at = (t * lengths->batch + lengths->order[b]) * e.columns + e.column;
        if (!array || e.width < RECUR_LANES)
            memset(row, 0, RECUR_LANES * sizeof *row);
        if (array)
            copy_row(row, array + at, e.width);
    }
}

/* Rows into the caller's array, and zero behind each sequence's end. */
static void store(const struct recur_stack *stack, struct exchange e, float *array, size_t t)
{
    const struct recur_lengths *lengths = &stack->lengths;
    for (size_t b = 0; b < lengths->batch; b++) {
        float *to = array + (t * lengths->batch + lengths->order[b]) * e.columns + e.column;
        if (t < lengths->length[b])
            copy_row(to, e.panel + recur_pass_row(&stack->pass, t, b) * RECUR_LANES, e.width);
        else
            memset(to, 0, e.width * sizeof *to);
    }
}

/* One panel at step t, one way or the other. */
static void exchange(const struct recur_stack *stack, struct exchange e, const float *from,
                     float *to, size_t t)
{
    if (to)
        store(stack, e, to, t);
    else
        load(stack, e, from, t);
}

/* Steps to exchange: all that the caller's array has, or all that there are. */
static size_t exchange_steps(const struct recur_stack *stack, const float *to)
{
    return to ? stack->steps : stack->lengths.steps;
}

void recur_stack_exchange_seam(const struct recur_stack *stack, const struct recur_seam *seam,
                               bool gradient, const float *from, float *to, size_t thread,
                               size_t threads)
{
    size_t columns = 0, steps = exchange_steps(stack, to);
    for (size_t p = 0; p < seam->panels; p++)
        columns += seam->feature[p].width;
    for (size_t t = steps * thread / threads; t < steps * (thread + 1) / threads; t++)
        for (size_t p = 0, column = 0; p < seam->panels; column += seam->feature[p++].width) {
            const struct recur_feature *feature = &seam->feature[p];
            struct exchange e = {gradient ? feature->gradient : feature->value, feature->width,
                                 column, columns};
            exchange(stack, e, from, to, t);
        }
}

void recur_stack_exchange_logits(const struct recur_stack *stack, const float *from, float *to,
                                 size_t thread, size_t threads)
{
    size_t vocabulary = stack->network->outputs, steps = exchange_steps(stack, to);
    for (size_t t = steps * thread / threads; t < steps * (thread + 1) / threads; t++)
        for (size_t p = 0; p < recur_panels(vocabulary); p++) {
            size_t column = p * RECUR_LANES, left = vocabulary - column;
            struct exchange e = {stack->work.logits + p * stack->work.logit_stride,
                                 left < RECUR_LANES ? left : RECUR_LANES, column, vocabulary};
            exchange(stack, e, from, to, t);
        }
}

static real *state_row(const struct recur_stack *stack, const struct recur_stream *stream, size_t d,
                       enum recur_stack_which which, size_t b, size_t *stride)
{
    const struct recur_pass *pass = &stack->pass;
    size_t length = stack->lengths.length[b], initial = recur_pass_initial(pass, d);
    size_t last = length ? recur_pass_after(pass, d, d ? 0 : length - 1, b) : initial + b;
    *stride = stream->h_stride;
    switch (which) {
    case RECUR_STACK_H0: return stream->h + (initial + b) * RECUR_LANES;
    case RECUR_STACK_C0: return stream->c + (initial + b) * RECUR_LANES;
    case RECUR_STACK_H_N: return stream->h + last * RECUR_LANES;
    case RECUR_STACK_C_N: return stream->c + last * RECUR_LANES;
    case RECUR_STACK_DH0: return stream->dh + (initial + b) * RECUR_LANES;
    case RECUR_STACK_ENDS:
    case RECUR_STACK_DC: break;
    }
    *stride = stack->work.batch * RECUR_LANES;
    return (which == RECUR_STACK_DC ? stream->dc : stream->ends) + b * RECUR_LANES;
}

void recur_stack_exchange_states(const struct recur_stack *stack, enum recur_stack_which which,
                                 const float *from, float *to, size_t thread, size_t threads)
{
    const struct recur_network *network = stack->network;
    size_t batch = stack->lengths.batch, begun = 0, stride;
    for (size_t i = 0; i < network->layers * network->directions; i++) {
        size_t hidden = network->layer[i / network->directions].hidden;
        for (size_t b = batch * thread / threads; b < batch * (thread + 1) / threads; b++) {
            size_t at = begun + stack->lengths.order[b] * hidden;
            real *row = state_row(stack, &stack->work.stream[i], i % network->directions, which, b,
                                  &stride);
            for (size_t j = 0; j < hidden; j += RECUR_LANES, row += stride) {
                size_t width = hidden - j < RECUR_LANES ? hidden - j : RECUR_LANES;
                if (to)
                    memcpy(to + at + j, row, width * sizeof *row);
                else
                    memset(row, 0, RECUR_LANES * sizeof *row);
                if (from)
                    memcpy(row, from + at + j, width * sizeof *row);
            }
        }
        begun += batch * hidden;
    }
}
