/* Which row is which: the maps of a minibatch, made on the host. */
#include <string.h>

#include "backend/cuda/cuda_engine.h"
#include "base/sort.h"

/* Packs an array (T, B) into the rows. */
static void pack(const struct recur_lengths *lengths, int32_t *rows, const int32_t *values)
{
    for (size_t t = 0; t < lengths->steps; t++)
        for (size_t b = 0; b < lengths->alive[t]; b++)
            rows[lengths->offset[t] + b] = values[t * lengths->batch + lengths->order[b]];
}

static void map_states(struct recur_cuda_engine *engine)
{
    const struct recur_lengths *lengths = &engine->lengths;
    int32_t *after = recur_cuda_host_rows(engine, RECUR_CUDA_AFTER);
    int32_t *forward = recur_cuda_host_rows(engine, RECUR_CUDA_BEFORE);
    int32_t *backward = forward + engine->rows;
    int32_t *last = recur_cuda_host_rows(engine, RECUR_CUDA_LAST);
    size_t begin = engine->batch;
    int32_t *offset = recur_cuda_host_rows(engine, RECUR_CUDA_OFFSET);
    int32_t *alive = recur_cuda_host_rows(engine, RECUR_CUDA_ALIVE);
    for (size_t t = 0; t < lengths->steps; t++) {
        offset[t] = (int32_t)lengths->offset[t];
        alive[t] = (int32_t)lengths->alive[t];
        for (size_t b = 0; b < lengths->alive[t]; b++) {
            size_t row = lengths->offset[t] + b;
            bool goes_on = t + 1 < lengths->length[b];
            after[row] = (int32_t)(begin + row);
            forward[row] = (int32_t)(t ? begin + lengths->offset[t - 1] + b : b);
            backward[row] = (int32_t)(goes_on ? begin + lengths->offset[t + 1] + b : b);
        }
    }
    for (size_t b = 0; b < lengths->batch; b++) {
        size_t length = lengths->length[b];
        last[b] = (int32_t)(length ? begin + lengths->offset[length - 1] + b : b);
        last[engine->batch + b] = (int32_t)(length ? begin + b : b);
    }
}

/* Lists the rows of each part of the sequences. */
static void map_parts(struct recur_cuda_engine *engine)
{
    const struct recur_lengths *lengths = &engine->lengths;
    const int32_t *before = recur_cuda_host_rows(engine, RECUR_CUDA_BEFORE);
    int32_t *rows = recur_cuda_host_rows(engine, RECUR_CUDA_PART);
    int32_t *rows_before = recur_cuda_host_rows(engine, RECUR_CUDA_PART_BEFORE);
    size_t each = lengths->batch / engine->parts, count = 0;
    for (size_t p = 0; p < engine->parts; p++) {
        struct recur_cuda_part *part = &engine->part[p];
        part->first = count;
        for (size_t t = 0; t < lengths->steps; t++)
            for (size_t b = p * each; b < (p + 1) * each && b < lengths->alive[t]; b++, count++) {
                size_t row = lengths->offset[t] + b;
                rows[count] = (int32_t)row;
                rows_before[count] = before[row];
                rows_before[engine->rows + count] = before[engine->rows + row];
            }
        part->rows = count - part->first;
    }
}

/* The CPU numbers masks by its rows: those of equal lengths lie in micro-batches, which are a
 * text's blocks. Sequences that hold the same, where the caller may list them in any order, have
 * the same mask. */
static void map_masks(struct recur_cuda_engine *engine, bool alike)
{
    const struct recur_lengths *lengths = &engine->lengths;
    int32_t *like = recur_cuda_host_rows(engine, RECUR_CUDA_LIKE);
    bool equal = lengths->batch && lengths->length[lengths->batch - 1] == lengths->steps;
    bool ties = alike && lengths->ties;
    size_t each = engine->parts_are_blocks ? lengths->batch / engine->parts
                                           : recur_micro_batch_of(lengths->batch, RECUR_MICRO_ROWS);
    for (size_t t = 0; t < lengths->steps; t++)
        for (size_t b = 0; b < lengths->alive[t]; b++) {
            size_t row = lengths->offset[t] + (ties ? lengths->same[b] : b);
            if (equal && !ties)
                row = (b / each * lengths->steps + t) * each + b % each;
            like[lengths->offset[t] + b] = (int32_t)(engine->pass.masks + row);
        }
}

static int compare(const void *user, size_t a, size_t b)
{
    const int32_t *ids = user;
    return ids[a] < ids[b] ? -1 : ids[a] > ids[b];
}

/* Lists each id that occurs in part p with its rows in rising order; the parts before have `used`
 * ids. */
static void group_ids(struct recur_cuda_engine *engine, size_t p, size_t used)
{
    struct recur_cuda_part *part = &engine->part[p];
    size_t *order = engine->index.order, tokens = 0;
    const int32_t *ids = recur_cuda_host_rows(engine, RECUR_CUDA_IDS);
    const int32_t *rows = recur_cuda_host_rows(engine, RECUR_CUDA_PART) + part->first;
    int32_t *token = recur_cuda_host_rows(engine, RECUR_CUDA_TOKEN) + used;
    int32_t *first = recur_cuda_host_rows(engine, RECUR_CUDA_FIRST) + used + p;
    int32_t *member = recur_cuda_host_rows(engine, RECUR_CUDA_MEMBER);
    for (size_t i = 0; i < part->rows; i++)
        order[i] = engine->parts > 1 ? (size_t)rows[i] : i;
    recur_sort(order, part->rows, order + engine->rows, compare, ids);
    for (size_t i = 0; i < part->rows; i++) {
        int32_t id = ids[order[i]];
        member[part->first + i] = (int32_t)order[i];
        if (!i || id != token[tokens - 1]) {
            token[tokens] = id;
            first[tokens++] = (int32_t)(part->first + i);
        }
    }
    first[tokens] = (int32_t)(part->first + part->rows);
    part->token = used;
    part->tokens = tokens;
}

void recur_cuda_load_rows(struct recur_cuda_engine *engine, const int32_t *ids,
                          const int32_t *targets, bool alike)
{
    struct recur_cuda_rows *index = &engine->index;
    map_states(engine);
    map_masks(engine, alike);
    engine->part[0].rows = engine->lengths.rows;
    if (engine->parts > 1)
        map_parts(engine);
    if (ids) {
        pack(&engine->lengths, recur_cuda_host_rows(engine, RECUR_CUDA_IDS), ids);
        for (size_t p = 0, used = 0; p < engine->parts && engine->learner; p++) {
            group_ids(engine, p, used);
            used += engine->part[p].tokens;
        }
    }
    if (targets)
        pack(&engine->lengths, recur_cuda_host_rows(engine, RECUR_CUDA_TARGETS), targets);
    recur_cuda_upload(engine->queue, index->memory, index->host,
                      index->at[RECUR_CUDA_ROW_ARRAYS] * sizeof *index->host);
}
