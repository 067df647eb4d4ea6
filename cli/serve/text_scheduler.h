/* Advances all texts that are being made. Each of some threads has a share of them and advances its
 * share by one token at a time, the streams of a model together, so that they share each reading of
 * its weights. New prompts are read several tokens at a time between the steps of the others. What
 * finds no room waits in a queue. */
#ifndef RECUR_CLI_SERVE_TEXT_SCHEDULER_H
#define RECUR_CLI_SERVE_TEXT_SCHEDULER_H

#include "serve/cache.h"
#include "serve/stream.h"

struct scheduler;

struct scheduler_config {
    const struct served_models *models;
    struct state_cache *cache;
    size_t threads;
    size_t streams; /* that are advanced at once, at most */
    size_t queue;   /* that wait, at most */
};

/* Starts the threads. Errors: MEMORY, and those of recur_stepper_create. */
enum recur_status recur_scheduler_create(const struct scheduler_config *config,
                                         struct scheduler **scheduler, recur_error *error);

/* Takes over a list of groups, all of them or none; false: there are too many in the queue. From
 * here on their owner may be called by another thread. */
bool recur_scheduler_add(struct scheduler *scheduler, struct group *groups);

/* How many streams run and wait. */
void recur_scheduler_load(struct scheduler *scheduler, size_t *running, size_t *waiting);

/* Ends when every group has ended: owners have to see to that. */
void recur_scheduler_free(struct scheduler *scheduler);

#endif
