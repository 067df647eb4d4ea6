/* A short text that a function hands out in pieces. Include cmocka first, and say with MADE_MOST of
 * how many bytes it is at most. */
#ifndef RECUR_TESTS_MADE_TEXT_H
#define RECUR_TESTS_MADE_TEXT_H

#include <string.h>

#include "recur/status.h"

struct made {
    char text[MADE_MOST + 1];
    size_t size;
};

static inline enum recur_status append(void *user, const char *bytes, size_t size,
                                       recur_error *error)
{
    struct made *made = user;
    (void)error;
    assert_true(made->size + size <= MADE_MOST);
    memcpy(made->text + made->size, bytes, size);
    made->size += size;
    return RECUR_OK;
}

#endif
