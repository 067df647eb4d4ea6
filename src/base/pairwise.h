/* The order in which the sums of a minibatch's blocks are added: pairwise summation. The blocks are
 * the leaves of a binary tree that their number alone decides:
 *
 *     blocks  0   1   2   3   4   5
 *             └─┬─┘   └─┬─┘   └─┬─┘
 *               └───┬───┘       │
 *                   └─────┬─────┘
 *
 * Whoever has some neighbouring blocks adds those whose parent has no other blocks, as a stack: it
 * pushes block after block and joins the two topmost sums while they are siblings. What is left is
 * as few sums as possible. Pushing the sums of all ranks one after the other joins the rest, so
 * however the blocks are shared out, the same numbers are added in the same order. */
#ifndef RECUR_BASE_PAIRWISE_H
#define RECUR_BASE_PAIRWISE_H

#include <stdbool.h>
#include <stddef.h>

/* The sum of blocks [first, first + blocks). */
struct recur_block_sum {
    size_t first, blocks;
};

#define RECUR_BLOCKS_MAX 65536
#define RECUR_BLOCK_SUMS_MAX 34 /* on a stack, even in between: 2 log2(RECUR_BLOCKS_MAX) + 2 */

struct recur_pairwise {
    struct recur_block_sum sum[RECUR_BLOCK_SUMS_MAX];
    size_t count;
};

static inline void recur_pairwise_push(struct recur_pairwise *stack, struct recur_block_sum sum)
{
    stack->sum[stack->count++] = sum;
}

/* Whether the two topmost sums are to be added. Sum number count - 2 is to become the sum of both.
 */
static inline bool recur_pairwise_joins(const struct recur_pairwise *stack)
{
    if (stack->count < 2)
        return false;
    const struct recur_block_sum *left = &stack->sum[stack->count - 2], *right = left + 1;
    return left->blocks == right->blocks && left->first % (2 * left->blocks) == 0;
}

static inline void recur_pairwise_join(struct recur_pairwise *stack)
{
    stack->count--;
    stack->sum[stack->count - 1].blocks += stack->sum[stack->count].blocks;
}

/* The stack that is left of blocks [first, first + blocks); returns how many sums it has at most
 * in between. */
static inline size_t recur_pairwise_of(struct recur_pairwise *stack, size_t first, size_t blocks)
{
    size_t most = 0;
    stack->count = 0;
    for (size_t i = 0; i < blocks; i++) {
        recur_pairwise_push(stack, (struct recur_block_sum){first + i, 1});
        most = stack->count > most ? stack->count : most;
        while (recur_pairwise_joins(stack))
            recur_pairwise_join(stack);
    }
    return most;
}

/* The first block that rank `rank` of `ranks` has; for rank = ranks the number of blocks. */
static inline size_t recur_pairwise_cut(size_t blocks, size_t rank, size_t ranks)
{
    return blocks * rank / ranks; /* NOLINT(clang-analyzer-core.DivideZero): there is a rank */
}

#endif
