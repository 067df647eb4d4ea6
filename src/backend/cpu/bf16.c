#include "backend/cpu/bf16.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define ROW_WORDS (RECUR_LANES / 2) /* of a panel's row in pairs of columns */

/* Hands out parts of the block; where block is NULL, only adds up their sizes. */
static void *take(struct recur_plan *plan, void *block, size_t count, size_t size)
{
    size_t at = recur_plan_reserve(plan, count, size);
    return block ? recur_plan_at(block, at) : NULL;
}

static size_t lay_out(struct recur_bf16 *bf16, struct recur_workspace *work,
                      const struct recur_network *network, size_t threads)
{
    struct recur_plan plan = {0};
    size_t panel = recur_size_mul(bf16->stride, sizeof(uint32_t));
    bf16->weights = take(&plan, bf16->block, network->params.span / 2, sizeof(uint32_t));
    bf16->copy = take(&plan, bf16->block, work->block_bytes / 2, 1);
    for (size_t i = 0; work->trains && i < network->layers * network->directions; i++) {
        struct recur_stream *stream = &work->stream[i];
        size_t units = network->layer[i / network->directions].units;
        stream->h_pairs = take(&plan, bf16->block, units, panel);
        if (stream->q)
            stream->q_pairs = take(&plan, bf16->block, units, panel);
    }
    for (size_t l = 0; work->trains && l <= network->layers; l++)
        for (size_t i = 0; i < work->layer_input[l].panels; i++)
            work->layer_input[l].feature[i].pairs = take(&plan, bf16->block, 1, panel);
    bf16->gates = take(&plan, bf16->block, threads, sizeof *bf16->gates);
    bf16->gathered = take(&plan, bf16->block, threads, sizeof *bf16->gathered);
    bf16->tiles = take(&plan, bf16->block, threads, sizeof *bf16->tiles);
    for (size_t i = 0; i < threads; i++) {
        real *tiles =
            take(&plan, bf16->block, recur_size_mul(2 * (size_t)network->cell->slots, work->batch),
                 RECUR_LANES * sizeof *tiles);
        if (bf16->block)
            bf16->tiles[i] = tiles;
    }
    for (size_t i = 0; work->trains && i < threads; i++) {
        uint32_t *gates = take(&plan, bf16->block, RECUR_GATES_TOGETHER, panel);
        uint32_t *gathered = take(&plan, bf16->block, 1, panel);
        if (bf16->block) {
            bf16->gates[i] = gates;
            bf16->gathered[i] = gathered;
        }
    }
    return plan.bytes;
}

enum recur_status recur_bf16_create(struct recur_workspace *work,
                                    const struct recur_network *network, size_t threads,
                                    size_t blocks, recur_error *error)
{
    RECUR_TRY(recur_alloc(1, sizeof *work->bf16, "the bf16 copies", &work->bf16, error));
    work->bf16->stride =
        recur_size_mul(recur_panels(work->rows) + blocks, RECUR_LANES * RECUR_LANES / 2);
    size_t bytes = lay_out(work->bf16, work, network, threads);
    RECUR_TRY(recur_block_alloc(bytes, "the bf16 copies", &work->bf16->block, error));
    lay_out(work->bf16, work, network, threads);
    return RECUR_OK;
}

void recur_bf16_free(struct recur_bf16 *bf16)
{
    if (!bf16)
        return;
    recur_block_free(bf16->block);
    free(bf16);
}

uint32_t *recur_bf16_of(const struct recur_pass *pass, const real *number)
{
    const struct recur_bf16 *bf16 = pass->work->bf16;
    size_t weight = (size_t)(number - pass->parameters);
    if (number >= pass->parameters && weight < pass->network->params.span)
        return bf16->weights + weight / 2;
    return bf16->copy + (size_t)(number - pass->work->base) / 2;
}

size_t recur_bf16_block(const struct recur_pass *pass, size_t block)
{
    size_t rows = recur_pass_micro_batch(pass) * pass->batch.steps;
    return block * recur_panels(rows) * (RECUR_LANES * RECUR_LANES / 2);
}

/* Packs a panel as the left operand of weight gradients, each block by itself; `from` is its copy.
 */
static void pair_left(const struct recur_pass *pass, uint32_t *to, const uint32_t *from)
{
    size_t blocks = pass->blocks.count ? pass->blocks.count : 1;
    size_t rows = recur_pass_rows(pass) / blocks;
    for (size_t i = 0; i < blocks; i++)
        pass->kernels->bf16_pair_left(to + recur_bf16_block(pass, i), from + i * rows * ROW_WORDS,
                                      rows);
}

/* The states before each step, in the rows of the steps: where they lie if they follow each other
 * there, else in `gathered`. `states`: the copy of one panel of h. */
static const uint32_t *states_before(const struct recur_pass *pass, size_t d,
                                     const uint32_t *states, uint32_t *gathered)
{
    const struct recur_partition all = {.sequences = recur_pass_batch(pass),
                                        .steps = pass->batch.steps};
    struct recur_step_range range[RECUR_STEP_RANGES_MAX];
    if (!pass->batch.lengths && recur_pass_micro_batch(pass) == all.sequences)
        return states + (d ? all.sequences : recur_pass_initial(pass, d)) * ROW_WORDS;
    for (size_t t = 0; t < all.steps; t++) {
        unsigned ranges = recur_partition_step_ranges(pass, &all, d, t, range);
        for (unsigned i = 0; i < ranges; i++)
            memcpy(gathered + range[i].row * ROW_WORDS, states + range[i].before * ROW_WORDS,
                   range[i].rows * ROW_WORDS * sizeof *states);
    }
    return gathered;
}

static void pair_stream(const struct recur_pass *pass, size_t l, size_t d, size_t thread,
                        size_t threads)
{
    const struct recur_bf16 *bf16 = pass->work->bf16;
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    for (size_t u = thread; u < pass->network->layer[l].units; u += threads) {
        const uint32_t *h = recur_bf16_of(pass, stream->h + u * stream->h_stride);
        pair_left(pass, stream->h_pairs + u * bf16->stride,
                  states_before(pass, d, h, bf16->gathered[thread]));
        if (stream->q)
            pair_left(pass, stream->q_pairs + u * bf16->stride,
                      recur_bf16_of(pass, stream->q + u * stream->z_stride));
    }
}

void recur_bf16_pair(const struct recur_pass *pass, size_t thread, size_t threads)
{
    for (size_t l = 0; l < pass->network->layers; l++)
        for (size_t d = 0; d < pass->network->directions; d++)
            pair_stream(pass, l, d, thread, threads);
    for (size_t l = 0; l <= pass->network->layers; l++) {
        const struct recur_layer_input *layer_input = &pass->work->layer_input[l];
        for (size_t i = thread; i < layer_input->panels; i += threads)
            pair_left(pass, layer_input->feature[i].pairs,
                      recur_bf16_of(pass, layer_input->feature[i].value));
    }
}
