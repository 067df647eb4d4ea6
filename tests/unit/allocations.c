#include "allocations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"

void allocations_are_counted(void **state)
{
    (void)state;
    size_t before = allocations(), capacity = 0;
    int *array = NULL;
    void *block;
    assert_int_equal(recur_grow(&array, &capacity, 1, sizeof *array, "a test", NULL), RECUR_OK);
    assert_int_equal(allocations(), before + 1);
    assert_int_equal(recur_block_alloc(100, "a test", &block, NULL), RECUR_OK);
    assert_int_equal(allocations(), before + 2);
    recur_block_free(block);
    free(array);
    assert_int_equal(recur_alloc(1, 1, "a test", &block, NULL), RECUR_OK);
    assert_int_equal(allocations(), before + 3);
    free(block);
}
