/* Stable sorting that does not allocate; qsort is neither stable nor free of allocation. */
#ifndef RECUR_BASE_SORT_H
#define RECUR_BASE_SORT_H

#include <stddef.h>

/* Negative, zero or positive where item a comes before, with or after b. */
typedef int recur_compare_fn(const void *user, size_t a, size_t b);

/* Sorts `count` items, numbers of things that `user` knows; `scratch` has room for as many. */
void recur_sort(size_t *items, size_t count, size_t *scratch, recur_compare_fn *compare,
                const void *user);

#endif
