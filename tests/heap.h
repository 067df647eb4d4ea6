/* Watches what the library allocates, and lets an allocation fail. Programs that use it are linked
 * with heap.c and with --wrap for each of its functions (heap_args in tests/meson.build). What C's
 * library and others take by themselves is not seen. Any thread's allocations are. */
#ifndef RECUR_TESTS_HEAP_H
#define RECUR_TESTS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Calls of malloc and its kin so far. */
size_t allocations(void);

/* Bytes in use, and the most there were since heap_begin. */
void heap_begin(void);
ptrdiff_t heap_live(void);
ptrdiff_t heap_peak(void);

/* Lets the n-th allocation from now on fail, from 1; 0: none. True if one failed since the last
 * call. */
bool heap_fail(size_t n);

#endif
