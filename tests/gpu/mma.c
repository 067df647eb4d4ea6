/* mma.sync and ldmatrix. Each product of bf16, f16 or tf32 is exact in f32; sums are f32, one
 * product after the other, k ascending. Processors add several at once and cut what is lowest,
 * differently from one architecture to the next: results here are close to theirs, not equal. */
#include <string.h>

#include "counts.h"
#include "device_memory.h"
#include "multiply.h"
#include "read.h"

typedef uint32_t __attribute__((may_alias)) word32;

/* i->vector: k; i->type: of A and B. o: D[4], A[..], B[..], C[4]. */
static void run_mma(struct warp *w, const struct instruction *i, uint32_t mask)
{
    if (w->lanes != UINT32_MAX || w->live != UINT32_MAX)
        gpu_end(w, i, 0, "it needs all 32 lanes of the warp");
    if (!gpu_all_lanes_here(w, UINT32_MAX, mask))
        return;
    gpu_counts.mma++;
    uint32_t words = i->vector / (i->type == TYPE_TF32 ? 4u : 8u);
    const struct operand *a_at = &i->o[4], *b_at = a_at + 2 * words, *c_at = b_at + words;
    const uint32_t *a[8], *b[4];
    const float *c[4];
    float *d[4];
    for (uint32_t n = 0; n < 2 * words; n++)
        a[n] = gpu_lanes(w, a_at + n);
    for (uint32_t n = 0; n < words; n++)
        b[n] = gpu_lanes(w, b_at + n);
    for (uint32_t n = 0; n < 4; n++) {
        c[n] = gpu_lanes(w, c_at + n);
        d[n] = gpu_lanes(w, &i->o[n]);
    }
    gpu_multiply()(d, a, b, c, i->vector, i->type);
}

/* i->vector matrices of 8 x 8; lanes 8 m to 8 m + 7 have the addresses of matrix m's rows. */
static void run_load_matrix(struct warp *w, const struct instruction *i, uint32_t mask)
{
    if (w->live != UINT32_MAX)
        gpu_end(w, i, 0, "it needs all 32 lanes of the warp");
    if (!gpu_all_lanes_here(w, UINT32_MAX, mask))
        return;
    uint16_t matrix[4][8][8];
    for (uint32_t m = 0; m < i->vector; m++)
        for (uint32_t r = 0; r < 8; r++) {
            uint32_t l = m * 8 + r;
            struct reached from =
                gpu_reach(w, i, l, SPACE_SHARED, gpu_address(w, &i->o[i->vector], l), 16);
            gpu_check_written(w, i, l, &from, 16);
            memcpy(matrix[m][r], from.data, 16);
        }
    for (uint32_t m = 0; m < i->vector; m++) {
        word32 *to = gpu_lanes(w, &i->o[m]);
        for (uint32_t l = 0; l < LANES; l++) {
            uint32_t r = l / 4, c = l % 4 * 2;
            to[l] = i->flag[0] ? matrix[m][c][r] | (uint32_t)matrix[m][c + 1][r] << 16
                               : matrix[m][r][c] | (uint32_t)matrix[m][r][c + 1] << 16;
        }
    }
}

static void take_group(struct decoder *d, uint32_t size, enum type type, bool result)
{
    if (!gpu_more(d) || d->s->tokens[d->next].group != size)
        gpu_unknown(d, "the number of registers in braces is wrong");
    for (uint32_t k = 0; k < size; k++) {
        if (result)
            gpu_take_result(d, type, false);
        else
            gpu_take_source(d, type, false);
    }
}

static void decode_mma(struct decoder *d)
{
    static const struct {
        const char *shape;
        uint8_t k;
    } shapes[] = {{"m16n8k4", 4}, {"m16n8k8", 8}, {"m16n8k16", 16}};
    if (!gpu_part(d, "sync") || !gpu_part(d, "aligned"))
        gpu_unknown(d, "mma.sync.aligned was expected");
    for (size_t k = 0; k < 3; k++)
        if (gpu_part(d, shapes[k].shape))
            d->i->vector = shapes[k].k;
    if (!d->i->vector || !gpu_part(d, "row") || !gpu_part(d, "col") || !gpu_part(d, "f32"))
        gpu_unknown(d, "the stand-in multiplies m16n8k4, k8 and k16, row by col, into f32");
    enum type type = gpu_part_type(d), second = gpu_part_type(d);
    bool tf32 = type == TYPE_TF32;
    bool known = type == second && (tf32 ? d->i->vector < 16 : d->i->vector > 4) &&
                 (tf32 || type == TYPE_BF16 || type == TYPE_F16);
    if (!known || !gpu_part(d, "f32"))
        gpu_unknown(d, "the stand-in multiplies bf16 and f16 (k8, k16) and tf32 (k4, k8) into f32");
    d->i->type = (uint8_t)type;
    uint32_t words = d->i->vector / (tf32 ? 4u : 8u);
    take_group(d, 4, TYPE_F32, true);
    take_group(d, 2 * words, TYPE_B32, false);
    if (words == 1 && !d->s->tokens[d->next].group)
        gpu_take_source(d, TYPE_B32, false);
    else
        take_group(d, words, TYPE_B32, false);
    take_group(d, 4, TYPE_F32, false);
    d->i->run = run_mma;
}

static void decode_load_matrix(struct decoder *d)
{
    if (!gpu_part(d, "sync") || !gpu_part(d, "aligned") || !gpu_part(d, "m8n8"))
        gpu_unknown(d, "ldmatrix.sync.aligned.m8n8 was expected");
    d->i->vector = gpu_part(d, "x1") ? 1 : gpu_part(d, "x2") ? 2 : gpu_part(d, "x4") ? 4 : 0;
    d->i->flag[0] = gpu_part(d, "trans");
    if (!d->i->vector || (!gpu_part(d, "shared") && !gpu_part(d, "shared::cta")) ||
        !gpu_part(d, "b16"))
        gpu_unknown(d, "ldmatrix of x1, x2 or x4 from shared memory was expected");
    d->i->space = SPACE_SHARED;
    take_group(d, d->i->vector, TYPE_B32, true);
    gpu_take_address(d, SPACE_SHARED);
    d->i->run = run_load_matrix;
}

const struct family gpu_mma_family[] = {
    {"mma", decode_mma},
    {"ldmatrix", decode_load_matrix},
    {NULL, NULL},
};
