/* This file is compiled once for every instruction set, with that set's flags and name
 * (src/backend/cpu/kernels/meson.build). All that the headers below define is static; the table is
 * the only symbol. */
#include "backend/cpu/kernels/dropout.h"
#include "backend/cpu/kernels/gru.h"
#include "backend/cpu/kernels/gru_reset_before.h"
#include "backend/cpu/kernels/ln_gru.h"
#include "backend/cpu/kernels/ln_lstm.h"
#include "backend/cpu/kernels/lstm.h"
#include "backend/cpu/kernels/measure.h"
#include "backend/cpu/kernels/optimizers.h"
#include "backend/cpu/kernels/product.h"
#include "backend/cpu/kernels/rnn.h"
#include "backend/cpu/kernels/softmax.h"
#ifndef RECUR_DOUBLE
#include "backend/cpu/kernels/low_precision.h"
#endif

#define NAME_(isa) recur_kernels_##isa
#define NAME(isa) NAME_(isa)
#define TEXT_(isa) #isa
#define TEXT(isa) TEXT_(isa)

#ifdef __AMX_BF16__
#define POINT_OR_NULL(point) point
#else
#define POINT_OR_NULL(point) NULL
#endif

extern const struct recur_kernels NAME(RECUR_ISA);

const struct recur_kernels NAME(RECUR_ISA) = {
    .isa = TEXT(RECUR_ISA),
    .product = product,
    .product_far = product_far,
    .outer = outer,
#ifndef RECUR_DOUBLE
    .bf16_product = bf16_product,
    .bf16_product_beside = BF16_PRODUCT_BESIDE,
    .rest = REST,
    .bf16_tile_rows = BF16_TILE_ROWS,
    .bf16_outer = bf16_outer,
    .bf16_pack_rows = bf16_pack_rows,
    .bf16_pack_columns = bf16_pack_columns,
    .bf16_transpose = bf16_transpose,
    .bf16_pair_left = bf16_pair_left,
    .bf16_pair_rows = bf16_pair_rows,
    .bf16_column_sum = bf16_column_sum,
    .bf16_scatter_add = bf16_scatter_add,
    .int8_product = INT8_PRODUCT,
    .int8_pack_columns = int8_pack_columns,
    .int8_zero_point = INT8_ZERO_POINT,
    .int8_add = int8_add,
    .bf16_peak = bf16_peak,
    .int8_peak = int8_peak,
#endif
    .column_sum = column_sum,
    .fill = fill,
    .gather = gather,
    .scatter_add = scatter_add,
    .add = add,
    .transpose = transpose,
    .cell =
        {
            [RECUR_CELL_RNN] = {.forward = {rnn_forward}, .backward = {rnn_backward}},
            [RECUR_CELL_GRU] = {.forward = {gru_forward},
                                .backward = {gru_backward},
                                .forward_point = POINT_OR_NULL(gru_forward_point),
                                .backward_point = POINT_OR_NULL(gru_backward_point)},
            [RECUR_CELL_GRU_RESET_BEFORE] = {.forward = {gru_reset_before_gates,
                                                         gru_reset_before_output},
                                             .backward = {gru_reset_before_gates_backward,
                                                          gru_reset_before_output_backward}},
            [RECUR_CELL_LN_GRU] = LN_GRU,
            [RECUR_CELL_LN_LSTM] = LN_LSTM,
            [RECUR_CELL_LSTM] = {.forward = {lstm_forward},
                                 .backward = {lstm_backward},
                                 .forward_point = POINT_OR_NULL(lstm_forward_point),
                                 .backward_point = POINT_OR_NULL(lstm_backward_point)},
        },
    .moments = moments,
    .moments_backward = moments_backward,
    .normalise_backward = normalise_backward,
    .softmax_loss = softmax_loss,
    .dropout = dropout,
    .sum_squares = sum_squares,
    .optimizer = OPTIMIZERS,
    .approach = approach,
    .peak = peak,
    .read = read_all,
};
