/* Sums over ranks. Each rank adds a slice of the numbers, of all ranks' sums over blocks, in the
 * order of base/pairwise.h, and tells all others its slice:
 *
 *                 slice 0     slice 1     slice 2
 *     rank 0      adds it  <- sends    <- sends
 *     rank 1      sends ->    adds it  <- sends       scatter; then each sends its slice to all,
 *     rank 2      sends ->    sends ->    adds it     gather
 *
 * So with n ranks a rank sends and receives about 2 (n - 1) / n times the numbers, as little as any
 * algorithm (Rabenseifner 2004), and as many times more as it has sums: one, where the number of
 * blocks is a power of two and so is that of the ranks.
 *
 * Numbers are summed in parcels, so that the first ones travel while the last ones are computed.
 * They travel from where they were computed to where they are added, without a copy. What comes
 * from another rank arrives in the order in which that rank has sent it, so all ranks begin
 * messages in one order, whatever is through when:
 *
 *     scatter 0, scatter 1, scatter 2, gather 0, scatter 3, gather 1, ... gather n - 1
 *
 * A rank that cannot gather yet, because another is behind, keeps later parcels until it can. */
#include <string.h>

#include "base/bf16.h"
#include "ranks/collective.h"

enum {
    LAG = 2,          /* so many parcels are scattered before one is gathered */
    STRIP = 512,      /* numbers that are added at once */
    LINE = 16,        /* numbers that slices are multiples of */
    LEAST = 1 << 17,  /* numbers of a parcel */
    MESSAGE = 1 << 12 /* numbers of a message, rather */
};

/* Numbers [slice(r), slice(r + 1)) are rank r's. */
static size_t slice(const struct recur_collective *x, size_t numbers, size_t rank)
{
    size_t lines = (numbers + LINE - 1) / LINE, at = lines * rank / x->ranks->count * LINE;
    return at < numbers ? at : numbers;
}

static size_t slice_of(const struct recur_collective *x, size_t numbers, size_t rank)
{
    return slice(x, numbers, rank + 1) - slice(x, numbers, rank);
}

/* A walk over the pieces that a slice has of a parcel's chunks. */
struct walk {
    const struct recur_chunk *chunk;
    size_t skip, left;
};

static struct walk begin_walk(const struct recur_collective *x, const struct recur_parcel *parcel,
                              size_t rank)
{
    struct walk walk = {parcel->chunk, slice(x, parcel->numbers, rank),
                        slice_of(x, parcel->numbers, rank)};
    while (walk.left && walk.skip >= walk.chunk->count)
        walk.skip -= (walk.chunk++)->count;
    return walk;
}

static bool walk_on(struct walk *walk, struct recur_chunk *piece)
{
    if (!walk->left)
        return false;
    size_t most = walk->chunk->count - walk->skip;
    piece->first = walk->chunk->first + walk->skip;
    piece->count = most < walk->left ? most : walk->left;
    walk->left -= piece->count;
    walk->skip = 0;
    walk->chunk++;
    return true;
}

static void add(float *to, const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = a[i] + b[i];
}

/* Adds this rank's sums, where nobody else has any or their order is free. */
static void add_own(const struct recur_summands *summands, size_t sums)
{
    for (size_t s = sums; s-- > 1;)
        for (size_t i = 0; i < summands->chunks; i++) {
            float *to = summands->gradients[s - 1] + summands->chunk[i].first;
            add(to, to, summands->gradients[s] + summands->chunk[i].first,
                summands->chunk[i].count);
        }
}

static void to_bf16(uint16_t *restrict to, const float *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = recur_bf16_round(from[i]);
}

static void from_bf16(float *restrict to, const uint16_t *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = recur_bf16_widen(from[i]);
}

/* Copies the chunks of sum s one behind the other to where they travel from. */
static void pack(const struct recur_collective *x, const struct recur_parcel *parcel, size_t s)
{
    unsigned char *to = parcel->out[s];
    for (size_t i = 0; i < parcel->of.chunks; i++) {
        const struct recur_chunk *chunk = &parcel->of.chunk[i];
        const float *from = parcel->of.gradients[s] + chunk->first;
        if (x->unit == sizeof(float))
            memcpy(to, from, chunk->count * sizeof(float));
        else
            to_bf16((uint16_t *)(void *)to, from, chunk->count);
        to += chunk->count * x->unit;
    }
}

/* Copies the total back to where the first sum was computed. */
static void unpack(const struct recur_collective *x, const struct recur_parcel *parcel)
{
    const unsigned char *from = parcel->out[0];
    for (size_t i = 0; i < parcel->of.chunks && parcel->copied; i++) {
        const struct recur_chunk *chunk = &parcel->of.chunk[i];
        float *to = parcel->of.gradients[0] + chunk->first;
        if (x->unit == sizeof(float))
            memcpy(to, from, chunk->count * sizeof(float));
        else
            from_bf16(to, (const uint16_t *)(const void *)from, chunk->count);
        from += chunk->count * x->unit;
    }
}

/* How many sums of each number this rank sends. */
static size_t own_sums(const struct recur_collective *x)
{
    return x->fast ? 1 : x->own[x->ranks->rank].count;
}

/* Puts a parcel behind the others. */
static enum recur_status push(struct recur_collective *x, const struct recur_summands *summands,
                              bool last, recur_error *error)
{
    struct recur_parcel *parcel = &x->parcel[x->begun];
    if (x->failed || x->begun == RECUR_PARCELS_MAX)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a sum over ranks has failed before, so the run cannot go on");
    *parcel = (struct recur_parcel){.of = *summands,
                                    .copied = last || x->unit != sizeof(float),
                                    .chunk = summands->chunk,
                                    .last = last};
    for (size_t i = 0; i < summands->chunks; i++)
        parcel->numbers += summands->chunk[i].count;
    parcel->whole = (struct recur_chunk){0, parcel->numbers};
    if (x->fast)
        add_own(summands, x->own[x->ranks->rank].count);
    for (size_t s = 0; s < own_sums(x); s++) {
        parcel->out[s] =
            parcel->copied ? x->out + x->outs : (unsigned char *)(void *)summands->gradients[s];
        if (!parcel->copied)
            continue;
        x->outs += (parcel->numbers * x->unit + 63) / 64 * 64;
        pack(x, parcel, s);
    }
    if (parcel->copied)
        parcel->chunk = &parcel->whole;
    x->begun++;
    return RECUR_OK;
}

static enum recur_status exchange_heads(struct recur_collective *x, recur_error *error)
{
    const struct recur_rank_head *own = &x->heads[x->ranks->rank];
    for (size_t r = 0; r < x->ranks->count; r++) {
        if (r == x->ranks->rank)
            continue;
        RECUR_TRY(recur_collective_receive(x, r, &x->heads[r], sizeof *own, error));
        RECUR_TRY(recur_collective_send(x, r, own, sizeof *own, error));
    }
    return RECUR_OK;
}

/* Receives this rank's slice of all sums of rank r. */
static enum recur_status receive_sums(struct recur_collective *x, const struct recur_parcel *parcel,
                                      size_t r, recur_error *error)
{
    struct recur_chunk piece;
    for (size_t s = 0; s < x->own[r].count; s++)
        for (struct walk walk = begin_walk(x, parcel, x->ranks->rank); walk_on(&walk, &piece);) {
            RECUR_TRY(recur_collective_receive(x, r, x->in + x->ins, piece.count * x->unit, error));
            x->ins += piece.count * x->unit;
        }
    return RECUR_OK;
}

/* Sends rank `to` the slice of rank `of`, of `sums` sums. */
static enum recur_status send_slice(struct recur_collective *x, const struct recur_parcel *parcel,
                                    size_t of, size_t sums, size_t to, recur_error *error)
{
    struct recur_chunk piece;
    for (size_t s = 0; s < sums; s++)
        for (struct walk walk = begin_walk(x, parcel, of); walk_on(&walk, &piece);)
            RECUR_TRY(recur_collective_send(x, to, parcel->out[s] + piece.first * x->unit,
                                            piece.count * x->unit, error));
    return RECUR_OK;
}

/* Sends every rank its slice of this rank's sums, and receives this rank's slice of all others. */
static enum recur_status scatter(struct recur_collective *x, struct recur_parcel *parcel,
                                 recur_error *error)
{
    if (parcel->last)
        RECUR_TRY(exchange_heads(x, error));
    parcel->in = x->in + x->ins;
    for (size_t r = 0; r < x->ranks->count; r++) {
        if (r == x->ranks->rank)
            continue;
        RECUR_TRY(receive_sums(x, parcel, r, error));
        RECUR_TRY(send_slice(x, parcel, r, own_sums(x), r, error));
    }
    x->ins = (x->ins + 63) / 64 * 64;
    parcel->messages = x->messages;
    return RECUR_OK;
}

/* Has the communicator sum a parcel, where its chunks are. */
static enum recur_status sum_fast(struct recur_collective *x, struct recur_parcel *parcel,
                                  recur_error *error)
{
    if (parcel->last)
        RECUR_TRY(exchange_heads(x, error));
    for (size_t left = parcel->numbers, i = 0; left; left -= parcel->chunk[i++].count) {
        const struct recur_chunk *chunk = &parcel->chunk[i];
        float *numbers = (float *)(void *)parcel->out[0] + chunk->first;
        recur_error own = {0};
        x->messages += chunk->count > 0;
        if (chunk->count)
            RECUR_TRY(recur_called_back(x->ranks->sum(x->ranks->user, numbers, chunk->count, &own),
                                        &own, error));
    }
    return RECUR_OK;
}

/* The sums of one strip of a slice, as they lie on a stack. */
struct stack {
    struct recur_pairwise blocks;
    float *numbers[RECUR_BLOCK_SUMS_MAX];
    float wide[RECUR_BLOCK_SUMS_MAX][STRIP];
};

static void push_sum(const struct recur_collective *x, struct stack *stack, unsigned char *from,
                     struct recur_block_sum sum, size_t count)
{
    size_t place = stack->blocks.count;
    stack->numbers[place] = (float *)(void *)from;
    if (x->unit != sizeof(float)) {
        from_bf16(stack->wide[place], (const uint16_t *)(const void *)from, count);
        stack->numbers[place] = stack->wide[place];
    }
    recur_pairwise_push(&stack->blocks, sum);
}

/* Adds the two topmost sums, into `to` or, where that is NULL, into the lower one. */
static void join(struct stack *stack, float *to, size_t count)
{
    size_t left = stack->blocks.count - 2;
    to = to ? to : stack->numbers[left];
    add(to, stack->numbers[left], stack->numbers[left + 1], count);
    stack->numbers[left] = to;
    recur_pairwise_join(&stack->blocks);
}

/* Adds `count` numbers of this rank's slice, from `offset` on, into the first of its own sums,
 * where they are `at`. The number of blocks may be no power of two. */
static void add_strip(const struct recur_collective *x, const struct recur_parcel *parcel,
                      struct stack *stack, size_t at, size_t offset, size_t count)
{
    size_t own = x->ranks->rank, each = slice_of(x, parcel->numbers, own) * x->unit;
    unsigned char *in = parcel->in + offset * x->unit, *to = parcel->out[0] + at * x->unit;
    bool wide = x->unit != sizeof(float);
    stack->blocks.count = 0;
    for (size_t r = 0; r < x->ranks->count; r++)
        for (size_t s = 0; s < x->own[r].count; s++) {
            bool last = r + 1 == x->ranks->count && s + 1 == x->own[r].count;
            push_sum(x, stack, r == own ? parcel->out[s] + at * x->unit : in, x->own[r].sum[s],
                     count);
            in += r == own ? 0 : each;
            while (recur_pairwise_joins(&stack->blocks) || (last && stack->blocks.count > 1)) {
                bool all = last && stack->blocks.count == 2 && !wide;
                join(stack, all ? (float *)(void *)to : NULL, count);
            }
        }
    if (wide)
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): each rank has a sum */
        to_bf16((uint16_t *)(void *)to, stack->numbers[0], count);
}

/* Adds this rank's slice of all sums. */
static void add_slice(const struct recur_collective *x, const struct recur_parcel *parcel)
{
    struct stack stack;
    struct recur_chunk piece;
    size_t offset = 0;
    for (struct walk walk = begin_walk(x, parcel, x->ranks->rank); walk_on(&walk, &piece);)
        for (size_t done = 0, count; done < piece.count; done += count, offset += count) {
            count = piece.count - done < STRIP ? piece.count - done : STRIP;
            add_strip(x, parcel, &stack, piece.first + done, offset, count);
        }
}

/* Tells all ranks this rank's slice of the total, and learns theirs. */
static enum recur_status gather(struct recur_collective *x, const struct recur_parcel *parcel,
                                recur_error *error)
{
    size_t own = x->ranks->rank;
    struct recur_chunk piece;
    for (size_t r = 0; r < x->ranks->count; r++) {
        if (r == own)
            continue;
        for (struct walk walk = begin_walk(x, parcel, r); walk_on(&walk, &piece);)
            RECUR_TRY(recur_collective_receive(x, r, parcel->out[0] + piece.first * x->unit,
                                               piece.count * x->unit, error));
        RECUR_TRY(send_slice(x, parcel, own, 1, r, error));
    }
    return RECUR_OK;
}

/* Moves messages where that takes no waiting. */
static enum recur_status move(struct recur_collective *x, recur_error *error)
{
    recur_error own = {0};
    if (!x->ranks->progress || x->through == x->messages)
        return RECUR_OK;
    return recur_called_back(x->ranks->progress(x->ranks->user, &x->through, &own), &own, error);
}

/* Begins what can be begun, in the order that all ranks keep. `ends`: all parcels are there. */
static enum recur_status advance(struct recur_collective *x, bool ends, recur_error *error)
{
    for (;;) {
        bool turn = x->ranks->progress && x->scattered - x->gathered > LAG;
        if (x->scattered < x->begun && !turn) {
            struct recur_parcel *parcel = &x->parcel[x->scattered++];
            RECUR_TRY(x->fast ? sum_fast(x, parcel, error) : scatter(x, parcel, error));
            x->gathered += x->fast;
            continue;
        }
        if (x->gathered == x->scattered || !(turn || ends))
            return RECUR_OK;
        const struct recur_parcel *parcel = &x->parcel[x->gathered];
        if (x->gathered >= x->settled && x->through < parcel->messages)
            return RECUR_OK;
        add_slice(x, parcel);
        RECUR_TRY(gather(x, parcel, error));
        x->gathered++;
    }
}

static enum recur_status wait_for_all(struct recur_collective *x, recur_error *error)
{
    x->settled = x->scattered;
    return recur_collective_wait(x, error);
}

/* Compares what the ranks have told each other, and adds their losses as the numbers. */
static enum recur_status read_heads(struct recur_collective *x, double *loss, recur_error *error)
{
    struct recur_pairwise blocks = {.count = 0};
    double stack[RECUR_BLOCK_SUMS_MAX];
    const struct recur_rank_head *own = &x->heads[x->ranks->rank];
    for (size_t r = 0; r < x->ranks->count; r++) {
        const struct recur_rank_head *head = &x->heads[r];
        if (head->sums != own->sums || head->numbers != own->numbers)
            return recur_fail(error, RECUR_ERROR_DATA,
                              "rank %zu does not do what rank %zu does: it has %llu sums of %llu "
                              "numbers behind it, expected %llu of %llu",
                              r, x->ranks->rank, (unsigned long long)head->sums,
                              (unsigned long long)head->numbers, (unsigned long long)own->sums,
                              (unsigned long long)own->numbers);
        x->asked |= head->asks > 0;
        for (size_t s = 0; s < x->own[r].count; s++) {
            bool last = r + 1 == x->ranks->count && s + 1 == x->own[r].count;
            stack[blocks.count] = head->loss[s];
            recur_pairwise_push(&blocks, x->own[r].sum[s]);
            for (; recur_pairwise_joins(&blocks) || (last && blocks.count > 1);
                 recur_pairwise_join(&blocks))
                stack[blocks.count - 2] += stack[blocks.count - 1];
        }
    }
    *loss = stack[0]; /* NOLINT(clang-analyzer-core.uninitialized.Assign): each rank has a sum */
    return RECUR_OK;
}

/* Sends the last parcel, and waits until all are summed. */
static enum recur_status end(struct recur_collective *x, const struct recur_summands *summands,
                             recur_error *error)
{
    struct recur_rank_head *head = &x->heads[x->ranks->rank];
    RECUR_TRY(push(x, summands, true, error));
    *head = (struct recur_rank_head){.sums = x->sums, .asks = x->asks};
    for (size_t i = 0; i < x->begun; i++)
        head->numbers += x->parcel[i].numbers;
    memcpy(head->loss, summands->loss, x->own[x->ranks->rank].count * sizeof *head->loss);
    RECUR_TRY(advance(x, true, error));
    while (x->gathered < x->begun) {
        RECUR_TRY(wait_for_all(x, error));
        RECUR_TRY(advance(x, true, error));
    }
    RECUR_TRY(wait_for_all(x, error));
    RECUR_TRY(read_heads(x, &summands->loss[0], error));
    for (size_t i = 0; i < x->begun; i++)
        unpack(x, &x->parcel[i]);
    x->begun = x->scattered = x->gathered = x->settled = x->outs = x->ins = 0;
    x->sums++;
    return RECUR_OK;
}

enum recur_status recur_collective_sum(void *collective, const struct recur_summands *summands,
                                       recur_error *error)
{
    struct recur_collective *x = collective;
    if (x->ranks->count == 1) {
        add_own(summands, summands->blocks->count);
        for (size_t s = summands->blocks->count; s-- > 1;)
            summands->loss[s - 1] += summands->loss[s];
        x->asked |= x->asks;
        return RECUR_OK;
    }
    enum recur_status status = end(x, summands, error);
    x->failed |= status != RECUR_OK;
    return status;
}

enum recur_status recur_collective_begin(void *collective, const struct recur_summands *summands,
                                         recur_error *error)
{
    struct recur_collective *x = collective;
    enum recur_status status = push(x, summands, false, error);
    if (status == RECUR_OK)
        status = advance(x, false, error);
    x->failed |= status != RECUR_OK;
    return status;
}

enum recur_status recur_collective_progress(void *collective, recur_error *error)
{
    struct recur_collective *x = collective;
    enum recur_status status = move(x, error);
    if (status == RECUR_OK)
        status = advance(x, false, error);
    x->failed |= status != RECUR_OK;
    return status;
}

struct recur_parcel_calls recur_collective_parcels(const struct recur_collective *x)
{
    size_t least = x->ranks->count * MESSAGE;
    return (struct recur_parcel_calls){.begin = recur_collective_begin,
                                       .progress = recur_collective_progress,
                                       .numbers = least > LEAST ? least : LEAST,
                                       .most = RECUR_PARCELS_MAX - 1};
}
