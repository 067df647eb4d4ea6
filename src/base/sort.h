/* Stable sorting without allocating; qsort is neither. */
#ifndef RECUR_BASE_SORT_H
#define RECUR_BASE_SORT_H

#include <stddef.h>

/* Below, at or above 0 where item a comes before, with or behind b. */
typedef int recur_compare_fn(const void *user, size_t a, size_t b);

/* Sorts `count` items, numbers of things that `user` knows; `scratch` has room for as many. */
void recur_sort(size_t *items, size_t count, size_t *scratch, recur_compare_fn *compare,
                const void *user);

#endif
