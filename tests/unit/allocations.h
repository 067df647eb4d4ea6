#ifndef RECUR_TESTS_ALLOCATIONS_H
#define RECUR_TESTS_ALLOCATIONS_H

#include "heap.h"

/* A test: the count sees what the library does. */
void allocations_are_counted(void **state);

#endif
