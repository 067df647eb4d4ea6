/* What a plug-in for MPI exports: one function. It is built once for each MPI, includes nothing of
 * the library but public headers, and is opened by launch.c. */
#ifndef RECUR_RANKS_PLUGIN_H
#define RECUR_RANKS_PLUGIN_H

#include "recur/ranks.h"

/* Fills in a communicator; `communicator` is as recur_ranks_open says. *close ends it. Errors:
 * UNSUPPORTED, MEMORY. */
typedef enum recur_status recur_plugin_open_fn(const void *communicator, recur_ranks *ranks,
                                               void (**close)(void *user, int failed),
                                               recur_error *error);

#define RECUR_PLUGIN_OPEN "recur_plugin_open"
RECUR_API recur_plugin_open_fn recur_plugin_open;

#endif
