#include "backend/cpu/int8.h"
#include "backend/cpu/bf16.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* The place of the bytes of the parameter at `number`: at a quarter of the distance, 64-byte
 * aligned. */
static size_t word_of(size_t number)
{
    return (number / 4 + 15) / 16 * 16;
}

static size_t lay_out(struct recur_int8 *int8, size_t span, size_t workspace)
{
    struct recur_plan plan = {0};
    size_t weights = recur_plan_reserve(&plan, word_of(span), sizeof(uint32_t));
    size_t scales = recur_plan_reserve(&plan, span / RECUR_LANES, sizeof(real));
    size_t offsets = recur_plan_reserve(&plan, span / RECUR_LANES, sizeof(int32_t));
    size_t copy = recur_plan_reserve(&plan, workspace / sizeof(real), 1);
    if (int8->block) {
        int8->weights = recur_plan_at(int8->block, weights);
        int8->scales = recur_plan_at(int8->block, scales);
        int8->offsets = recur_plan_at(int8->block, offsets);
        int8->copy = recur_plan_at(int8->block, copy);
    }
    return plan.bytes;
}

enum recur_status recur_int8_create(struct recur_workspace *work,
                                    const struct recur_network *network, recur_error *error)
{
    RECUR_TRY(recur_alloc(1, sizeof *work->int8, "the int8 copies", &work->int8, error));
    size_t span = network->params.span, bytes = lay_out(work->int8, span, work->block_bytes);
    RECUR_TRY(recur_block_alloc(bytes, "the int8 copies", &work->int8->block, error));
    lay_out(work->int8, span, work->block_bytes);
    return RECUR_OK;
}

void recur_int8_free(struct recur_int8 *int8)
{
    if (!int8)
        return;
    recur_block_free(int8->block);
    free(int8);
}

static real larger(real most, real x)
{
    real size = x < 0 ? -x : x;
    return size > most ? size : most;
}

void recur_int8_pack(const struct recur_pass *pass, size_t index, size_t panel)
{
    const struct recur_int8 *int8 = pass->work->int8;
    const struct recur_param *param = recur_network_param(pass->network, index);
    size_t place = recur_param_panel(param, panel);
    const real *w = pass->parameters + place;
    int8_t *bytes = (int8_t *)(int8->weights + word_of(place));
    for (size_t i = 0; i < RECUR_LANES; i++) {
        real most = 0;
        for (size_t k = 0; k < param->depth; k++)
            most = larger(most, w[k * RECUR_LANES + i]);
        real scale = recur_int8_scale(most);
        int32_t sum = 0;
        for (size_t k = 0; k < param->depth; k++) {
            int byte = (int)lrint((double)(w[k * RECUR_LANES + i] / scale));
            bytes[(k / 4 * RECUR_LANES + i) * 4 + k % 4] = (int8_t)byte;
            sum += byte;
        }
        int8->scales[place / RECUR_LANES + i] = scale;
        int8->offsets[place / RECUR_LANES + i] = pass->kernels->int8_zero_point * sum;
    }
}

void recur_int8_measure(const struct recur_pass *pass)
{
    const struct recur_param *param =
        recur_network_param(pass->network, pass->network->embedding_weight);
    real most = 0;
    for (size_t i = 0; i < param->span; i++)
        most = larger(most, pass->parameters[param->offset + i]);
    pass->work->int8->embedding = most;
}

/* The scale of a copy: a byte, -127 .. 127, times the scale is the number that it stands for. */
static real scale_of(const struct recur_pass *pass, const real *x)
{
    const struct recur_layer_input *layer_input = &pass->work->layer_input[0];
    bool embeds =
        pass->network->embedding && x >= layer_input->feature[0].value &&
        x < layer_input->feature[layer_input->panels - 1].value + pass->work->rows * RECUR_LANES;
    return recur_int8_scale(embeds ? pass->work->int8->embedding : 1);
}

void recur_int8_changed(const struct recur_pass *pass, const real *x, size_t rows)
{
    uint32_t *words = pass->work->int8->copy + (size_t)(x - pass->work->base) / 4;
    pass->kernels->int8_pack_columns(words, x, rows, 1 / scale_of(pass, x));
}

enum { PANELS = 4, ROWS = 32 }; /* at a time */

void recur_int8_multiply(const struct recur_pass *pass, real *c, size_t c_stride,
                         const struct recur_left *left, const real *w, size_t w_stride,
                         size_t panels, size_t rows)
{
    const struct recur_int8 *int8 = pass->work->int8;
    _Alignas(64) int32_t sums[PANELS * ROWS * RECUR_LANES];
    const real *base = left->base + left->row * RECUR_LANES;
    real scale = scale_of(pass, left->base + left->panels[0] + left->row * RECUR_LANES);
    size_t place = (size_t)(w - pass->parameters),
           steps = (recur_bf16_depth(pass, left->columns) + 1) / 2;
    for (size_t r = 0; r < rows; r += ROWS)
        for (size_t p = 0; p < panels; p += PANELS) {
            size_t high = rows - r < ROWS ? rows - r : ROWS;
            size_t wide = panels - p < PANELS ? panels - p : PANELS;
            struct recur_word_rows words = {
                int8->copy + (size_t)(base + r * RECUR_LANES - pass->work->base) / 4, left->panels};
            pass->kernels->int8_product(sums, ROWS * RECUR_LANES, words, steps,
                                        int8->weights + word_of(place + p * w_stride), w_stride / 4,
                                        wide, RECUR_LANES, high, NULL);
            for (size_t i = 0; i < wide; i++) {
                size_t outputs = (place + (p + i) * w_stride) / RECUR_LANES;
                pass->kernels->int8_add(c + (p + i) * c_stride + r * RECUR_LANES,
                                        sums + i * ROWS * RECUR_LANES, int8->offsets + outputs,
                                        int8->scales + outputs, scale, high);
            }
        }
}
