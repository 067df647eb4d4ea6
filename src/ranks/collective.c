/* What ranks say to each other beside sums of gradients, and what sums need room for. */
#include "ranks/collective.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

size_t recur_collective_first(const struct recur_collective *x)
{
    return recur_pairwise_cut(x->blocks, x->ranks->rank, x->ranks->count);
}

size_t recur_collective_count(const struct recur_collective *x)
{
    return recur_pairwise_cut(x->blocks, x->ranks->rank + 1, x->ranks->count) -
           recur_collective_first(x);
}

static enum recur_status check(const recur_ranks *ranks, size_t blocks, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    if (ranks->size < offsetof(recur_ranks, progress) || ranks->size > sizeof *ranks ||
        ranks->size % sizeof(size_t) != 0)
        return recur_fail(error, bad,
                          "the communicator's size, %zu, is that of no known version: it was "
                          "compiled with newer headers, or not set",
                          ranks->size);
    if (!ranks->count || ranks->rank >= ranks->count)
        return recur_fail(error, bad, "a communicator cannot have rank %zu of %zu", ranks->rank,
                          ranks->count);
    if (ranks->count > 1 && (!ranks->send || !ranks->receive || !ranks->wait))
        return recur_fail(error, bad, "a communicator needs functions to send, receive and wait");
    if (blocks < ranks->count)
        return recur_fail(error, bad,
                          "%zu ranks cannot share a minibatch of %zu block%s: each needs at least "
                          "one, so choose more --blocks or a larger --batch",
                          ranks->count, blocks, recur_plural(blocks));
    return RECUR_OK;
}

/* The longest slice of all parcels together, in numbers: a slice is a rank's share of a parcel's
 * lines of 16 numbers. */
static size_t most_of_slices(const struct recur_collective *x)
{
    return x->room / x->ranks->count + (size_t)RECUR_PARCELS_MAX * 32;
}

static enum recur_status plan(struct recur_collective *x, recur_error *error)
{
    const char *what = "the sum over ranks";
    size_t count = x->ranks->count, others = 0, lines = (size_t)RECUR_PARCELS_MAX * 64;
    RECUR_TRY(recur_alloc(count, sizeof *x->own, "the ranks", &x->own, error));
    RECUR_TRY(recur_alloc(count, sizeof *x->heads, "the ranks", &x->heads, error));
    RECUR_TRY(recur_alloc(count, sizeof *x->ends, "the ranks", &x->ends, error));
    for (size_t r = 0; r < count; r++) {
        size_t first = recur_pairwise_cut(x->blocks, r, count);
        recur_pairwise_of(&x->own[r], first, recur_pairwise_cut(x->blocks, r + 1, count) - first);
        others += r == x->ranks->rank ? 0 : x->own[r].count;
    }
    if (count == 1)
        return RECUR_OK;
    size_t out = recur_size_add(recur_size_mul(x->room, sizeof(float)), lines);
    size_t in = recur_size_mul(most_of_slices(x), sizeof(float));
    RECUR_TRY(
        recur_block_alloc(recur_size_mul(out, x->own[x->ranks->rank].count), what, &x->out, error));
    return recur_block_alloc(recur_size_add(recur_size_mul(in, others), lines), what, &x->in,
                             error);
}

enum recur_status recur_collective_create(const recur_ranks *ranks, size_t blocks, size_t numbers,
                                          double patience, struct recur_collective **out,
                                          recur_error *error)
{
    struct recur_collective *x;
    RECUR_TRY(check(ranks, blocks, error));
    RECUR_TRY(recur_alloc(1, sizeof *x, "the ranks", &x, error));
    *x = (struct recur_collective){.ranks = &x->functions,
                                   .patience = patience,
                                   .heard = recur_clock(),
                                   .blocks = blocks,
                                   .unit = sizeof(float),
                                   .room = numbers};
    memcpy(&x->functions, ranks, ranks->size);
    enum recur_status status = plan(x, error);
    if (status != RECUR_OK) {
        recur_collective_free(x);
        return status;
    }
    *out = x;
    return RECUR_OK;
}

void recur_collective_free(struct recur_collective *x)
{
    if (!x)
        return;
    free(x->own);
    free(x->heads);
    free(x->ends);
    recur_block_free(x->out);
    recur_block_free(x->in);
    free(x);
}

void recur_collective_let_go(struct recur_collective *x)
{
    recur_error error = {.status = RECUR_OK};
    size_t late;
    if (x && x->messages)
        x->ranks->wait(x->ranks->user, 0, &late, &error);
    if (x)
        x->messages = x->through = 0;
}

enum recur_status recur_collective_reduce(struct recur_collective *x, bool fast,
                                          enum recur_precision precision, recur_error *error)
{
    if (fast && x->ranks->count > 1 && !x->ranks->sum)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "--reduce fast needs a communicator that sums, and this one has no such "
                          "function");
    if (fast && precision != RECUR_PRECISION_F32)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "--reduce fast sums floats: it does not go with --reduce-precision %s",
                          recur_precision_name(precision));
    x->fast = fast;
    x->unit = precision == RECUR_PRECISION_BF16 ? sizeof(uint16_t) : sizeof(float);
    return RECUR_OK;
}

/* How a message begins. */
static enum recur_status begin(struct recur_collective *x, enum recur_status status,
                               const recur_error *own, recur_error *error)
{
    if (status != RECUR_OK)
        recur_collective_let_go(x);
    x->failed |= status != RECUR_OK;
    return recur_called_back(status, own, error);
}

enum recur_status recur_collective_send(struct recur_collective *x, size_t to, const void *data,
                                        size_t bytes, recur_error *error)
{
    recur_error own = {0};
    x->messages += bytes > 0;
    return bytes ? begin(x, x->ranks->send(x->ranks->user, to, data, bytes, &own), &own, error)
                 : RECUR_OK;
}

enum recur_status recur_collective_receive(struct recur_collective *x, size_t from, void *data,
                                           size_t bytes, recur_error *error)
{
    recur_error own = {0};
    x->messages += bytes > 0;
    return bytes ? begin(x, x->ranks->receive(x->ranks->user, from, data, bytes, &own), &own, error)
                 : RECUR_OK;
}

enum recur_status recur_collective_wait(struct recur_collective *x, recur_error *error)
{
    recur_error own = {0};
    size_t late = 0;
    if (x->ranks->count == 1)
        return RECUR_OK;
    /* What took this rank minutes may take another one twice as many. */
    double busy = recur_clock() - x->heard, patience = busy > x->patience ? busy : x->patience;
    enum recur_status status = x->ranks->wait(x->ranks->user, patience, &late, &own);
    x->heard = recur_clock();
    x->messages = x->through = 0;
    x->failed |= status != RECUR_OK;
    if (status == RECUR_STOP && late == x->ranks->rank)
        return recur_fail(error, RECUR_ERROR_FILE,
                          "a sum over ranks has not ended for %g seconds: a rank hangs, was "
                          "stopped, or its machine cannot be reached",
                          patience);
    if (status == RECUR_STOP)
        return recur_fail(error, RECUR_ERROR_FILE,
                          "rank %zu has not answered rank %zu for %g seconds: it hangs, was "
                          "stopped, or its machine cannot be reached",
                          late, x->ranks->rank, patience);
    return recur_called_back(status, &own, error);
}

enum recur_status recur_collective_parts(struct recur_collective *x, void *all, const size_t *at,
                                         recur_error *error)
{
    size_t own = x->ranks->rank;
    unsigned char *bytes = all;
    for (size_t r = 0; r < x->ranks->count; r++) {
        if (r == own)
            continue;
        RECUR_TRY(recur_collective_receive(x, r, bytes + at[r], at[r + 1] - at[r], error));
        RECUR_TRY(recur_collective_send(x, r, bytes + at[own], at[own + 1] - at[own], error));
    }
    return recur_collective_wait(x, error);
}

enum recur_status recur_collective_all(struct recur_collective *x, const void *own, size_t bytes,
                                       void *all, recur_error *error)
{
    unsigned char *to = all;
    memcpy(to + x->ranks->rank * bytes, own, bytes);
    for (size_t r = 0; r < x->ranks->count; r++) {
        if (r == x->ranks->rank)
            continue;
        RECUR_TRY(recur_collective_receive(x, r, to + r * bytes, bytes, error));
        RECUR_TRY(recur_collective_send(x, r, own, bytes, error));
    }
    return recur_collective_wait(x, error);
}

/* The first rank that has failed, as many as there are where none has; *all: all have, with one
 * sentence. */
static size_t first_failed(const struct recur_collective *x, bool *all)
{
    size_t count = x->ranks->count, first = 0;
    while (first < count && x->ends[first].status == RECUR_OK)
        first++;
    *all = true;
    for (size_t r = 0; r < count && first < count; r++)
        *all &= strcmp(x->ends[r].message, x->ends[first].message) == 0;
    return first;
}

enum recur_status recur_collective_fail_together(struct recur_collective *x,
                                                 enum recur_status status, const recur_error *own,
                                                 recur_error *error)
{
    recur_error end = {.status = status};
    bool all;
    if (status != RECUR_OK)
        memcpy(end.message, own->message, sizeof end.message);
    if (x && x->ranks->count > 1 && !x->failed) {
        recur_error unheard = {.status = RECUR_OK};
        enum recur_status told = recur_collective_all(x, &end, sizeof end, x->ends, &unheard);
        size_t rank = told == RECUR_OK ? first_failed(x, &all) : x->ranks->count;
        if (rank < x->ranks->count && !all)
            return recur_fail(error, x->ends[rank].status, "rank %zu: %s", rank,
                              x->ends[rank].message);
        if (status == RECUR_OK && told != RECUR_OK) {
            end = unheard;
            end.status = told;
        }
    }
    return end.status == RECUR_OK ? RECUR_OK : recur_fail(error, end.status, "%s", end.message);
}
