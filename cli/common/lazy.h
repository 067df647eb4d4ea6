/* Libraries that are loaded when an option needs them. libcurl and cairo bring fifty others along,
 * which would cost every start of the command 8 ms and 6 MB. */
#ifndef RECUR_CLI_COMMON_LAZY_H
#define RECUR_CLI_COMMON_LAZY_H

#include <stdbool.h>
#include <stddef.h>

/* Declares the members of a struct that holds nothing but pointers to a library's functions, and
 * the functions' names in the same order; X-macros give both from one list. */
#define LAZY_POINTER(name) __typeof__(name) *name;
#define LAZY_NAME(name) #name,

/* Loads the library and sets `count` pointers at `functions`. Where that fails `why` says so. The
 * library stays loaded. */
bool recur_lazy_load(const char *library, const char *const *names, size_t count, void *functions,
                     char *why, size_t size);

#endif
