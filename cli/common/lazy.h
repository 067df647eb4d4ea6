/* Loads libraries when an option needs them. libcurl and cairo load fifty other libraries, which
 * would cost every start of the command 8 ms and 6 MB. */
#ifndef RECUR_CLI_COMMON_LAZY_H
#define RECUR_CLI_COMMON_LAZY_H

#include <stdbool.h>
#include <stddef.h>

/* X-macros for one list of functions of a library. The first declares the members of a struct that
 * holds only pointers to these functions, the second lists their names in the same order. */
#define LAZY_POINTER(name) __typeof__(name) *name;
#define LAZY_NAME(name) #name,

/* Loads the library and sets the `count` pointers at `functions`. On failure `why` gives the
 * reason. The library stays loaded. */
bool recur_lazy_load(const char *library, const char *const *names, size_t count, void *functions,
                     char *why, size_t size);

#endif
