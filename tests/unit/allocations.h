/* Counts what the library allocates. Test programs that use it are linked with --wrap for each of
 * the functions (tests/unit/meson.build). */
#ifndef RECUR_TESTS_ALLOCATIONS_H
#define RECUR_TESTS_ALLOCATIONS_H

#include <stddef.h>

/* Calls of malloc and its kin so far, by any thread. */
size_t allocations(void);

/* A test: the count sees what the library does. */
void allocations_are_counted(void **state);

#endif
