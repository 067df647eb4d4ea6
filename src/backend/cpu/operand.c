/* The operands of products: floats, or their copies in low precision. */
#include <assert.h>

#include "backend/cpu/bf16.h"
#include "backend/cpu/int8.h"

void recur_pass_changed(const struct recur_pass *pass, const real *x, size_t rows)
{
    if (pass->work->bf16)
        pass->kernels->bf16_pack_columns(recur_bf16_of(pass, x), x, rows);
    else if (pass->work->int8)
        recur_int8_changed(pass, x, rows);
}

void recur_pass_multiply(const struct recur_pass *pass, real *c, size_t c_stride,
                         const struct recur_left *left, const real *w, size_t w_stride,
                         size_t panels, size_t columns, size_t rows, const real *start)
{
    const struct recur_kernels *kernels = pass->kernels;
    const real *base = left->base + left->row * RECUR_LANES;
    if (pass->work->int8) {
        assert(start);
        for (size_t p = 0; p < panels && start != c; p++)
            kernels->fill(c + p * c_stride, start + p * RECUR_LANES, rows);
        recur_int8_multiply(pass, c, c_stride, left, w, w_stride, panels, rows);
    } else if (pass->work->bf16) {
        kernels->bf16_product(c, c_stride,
                              (struct recur_word_rows){recur_bf16_of(pass, base), left->panels},
                              recur_bf16_depth(pass, left->columns), recur_bf16_of(pass, w),
                              w_stride / 2, panels, columns, rows, start);
    } else {
        (pass->work->far ? kernels->product_far : kernels->product)(
            c, c_stride, (struct recur_rows){base, left->panels}, left->columns, w, w_stride,
            panels, columns, rows, start);
    }
}

void recur_pass_pack_weight(const struct recur_pass *pass, size_t index, size_t panel)
{
    const real *w = recur_pass_panel(pass, index, panel);
    if (pass->work->bf16)
        pass->kernels->bf16_pack_rows(recur_bf16_of(pass, w), w,
                                      recur_network_param(pass->network, index)->depth);
    else if (pass->work->int8)
        recur_int8_pack(pass, index, panel);
}
