/* Sizes that cannot overflow, and the one aligned block that a plan fills. */
#ifndef RECUR_BASE_MEMORY_H
#define RECUR_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* a * b and a + b; SIZE_MAX where the result does not fit, and no allocation of that size succeeds.
 */
size_t recur_size_mul(size_t a, size_t b);
size_t recur_size_add(size_t a, size_t b);

/* count * size bytes, zeroed; free() releases them. A count of 0 gives a block of one item. */
enum recur_status recur_alloc(size_t count, size_t size, const char *what, void *pointer,
                              recur_error *error);

/* Makes room for `need` items in a growing array: doubles *capacity until it fits. */
enum recur_status recur_grow(void *array, size_t *capacity, size_t need, size_t item,
                             const char *what, recur_error *error);

/* A 64-byte-aligned zeroed block, in huge pages where the system gives them. */
enum recur_status recur_block_alloc(size_t bytes, const char *what, void *pointer,
                                    recur_error *error);
void recur_block_free(void *block); /* NULL is fine */

/* A plan: reserve every buffer first, allocate once, then take the buffers at their offsets.
 *
 *     struct recur_plan plan = {0};
 *     size_t at = recur_plan_reserve(&plan, count, sizeof(float));
 *     recur_block_alloc(plan.bytes, "activations", &block, error);
 *     float *buffer = recur_plan_at(block, at);                                              */
struct recur_plan {
    size_t bytes; /* so far, a multiple of 64; SIZE_MAX once it overflowed */
};

/* Reserves count items of `size` bytes, 64-byte aligned; returns the offset in bytes. */
size_t recur_plan_reserve(struct recur_plan *plan, size_t count, size_t size);

static inline void *recur_plan_at(void *block, size_t offset)
{
    return (char *)block + offset;
}

#endif
