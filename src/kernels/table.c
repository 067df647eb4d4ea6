/* Compiled once for every instruction set, with that set's flags and name
 * (src/kernels/meson.build): everything the headers below define is static, and the table is the
 * one symbol. */
#include "kernels/loss.h"
#include "kernels/pointwise.h"
#include "kernels/product.h"
#ifndef RECUR_DOUBLE
#include "kernels/narrow.h"
#endif

#define NAME_(isa) recur_kernels_##isa
#define NAME(isa) NAME_(isa)
#define TEXT_(isa) #isa
#define TEXT(isa) TEXT_(isa)

extern const struct recur_kernels NAME(RECUR_ISA);

const struct recur_kernels NAME(RECUR_ISA) = {
    .isa = TEXT(RECUR_ISA),
    .product = product,
    .product_far = product_far,
    .outer = outer,
#ifndef RECUR_DOUBLE
    .bf16_product = bf16_product,
    .bf16_outer = bf16_outer,
    .bf16_pack_rows = bf16_pack_rows,
    .bf16_pack_columns = bf16_pack_columns,
    .bf16_transpose = bf16_transpose,
    .bf16_pack_left = bf16_pack_left,
    .int8_product = int8_product,
    .int8_pack_columns = int8_pack_columns,
    .int8_zero_point = INT8_ZERO_POINT,
    .int8_add = int8_add,
#endif
    .column_sum = column_sum,
    .fill = fill,
    .gather = gather,
    .scatter_add = scatter_add,
    .add = add,
    .transpose = transpose,
    .rnn_forward = {rnn_forward_tanh, rnn_forward_relu, rnn_forward_sigmoid},
    .rnn_backward = {rnn_backward_tanh, rnn_backward_relu, rnn_backward_sigmoid},
    .lstm_forward = lstm_forward,
    .lstm_backward = lstm_backward,
    .gru_forward = gru_forward,
    .gru_backward = gru_backward,
    .gru_before_gates = gru_before_gates,
    .gru_before_output = gru_before_output,
    .gru_before_output_backward = gru_before_output_backward,
    .gru_before_gates_backward = gru_before_gates_backward,
    .softmax_loss = softmax_loss,
    .dropout = dropout,
    .sum_squares = sum_squares,
    .sgd = sgd,
    .adam = adam,
    .rmsprop = rmsprop,
    .peak = peak,
    .read = read_all,
};
