/* A team of threads that run one function together, and the barrier inside it. */
#ifndef RECUR_BASE_TEAM_H
#define RECUR_BASE_TEAM_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/error.h"

/* How often a thread has arrived, in a cache line that only this thread writes. */
struct recur_arrivals {
    _Alignas(64) atomic_size_t count;
};

/* A point that `parties` threads pass together. Each thread announces its arrival in its own cache
 * line and reads the lines of the others. So the line of the last one travels once; a counter that
 * all share would travel to the last one and back to each. Waiting spins for a short while, since
 * the others are microseconds away, and then yields the processor. */
struct recur_barrier {
    size_t parties;
    struct recur_arrivals *arrivals; /* (parties) */
};

/* `arrivals` are zero and remain the caller's. */
void recur_barrier_init(struct recur_barrier *barrier, size_t parties,
                        struct recur_arrivals *arrivals);
/* For the thread that is number `party` of the parties, the same one every time. */
void recur_barrier_wait(struct recur_barrier *barrier, size_t party);

struct recur_team;

/* Runs on every member, thread 0 being the caller's. */
typedef void recur_team_fn(void *argument, size_t thread, size_t threads);

/* Starts threads - 1 threads, `threads` 0 being one for each processor; they sleep until there is
 * work. */
enum recur_status recur_team_create(size_t threads, struct recur_team **team, recur_error *error);
void recur_team_free(struct recur_team *team); /* NULL is fine */

/* Threads do not exist in the child of a fork. In a child this starts the team's threads anew,
 * which a run needs; elsewhere it costs nothing. Errors: MEMORY; a later call may succeed. */
enum recur_status recur_team_attend(struct recur_team *team, recur_error *error);

size_t recur_team_threads(const struct recur_team *team);

/* Runs the function on all members and returns when all are done. Denormal numbers are flushed to
 * zero meanwhile; the caller's floating-point mode is restored. */
void recur_team_run(struct recur_team *team, recur_team_fn *function, void *argument);

/* The barrier of all members, for use inside the function. */
void recur_team_wait(struct recur_team *team, size_t thread);

/* How many processors this process may use. */
size_t recur_team_processors(void);

#endif
