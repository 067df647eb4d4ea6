/* Observers of a run show it, log it, write its checkpoints and report its result. The run calls
 * each observer of the table in observers.c at certain moments. An observer reads the run's state
 * (run.h), keeps a state of its own, and changes nothing of what is computed. To add one, add a
 * file, observe_NAME.c, and a row of the table. */
#ifndef RECUR_CLI_TRAIN_OBSERVER_H
#define RECUR_CLI_TRAIN_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>

struct run;

enum moment {
    MOMENT_CHECK, /* nothing was read yet: checks that what the options ask for is possible */
    MOMENT_OPEN,  /* model and trainer exist: opens its files */
    MOMENT_BEGIN, /* signals are caught, the training begins */
    MOMENT_STEP,  /* run->step: a minibatch was trained */
    MOMENT_EPOCH, /* run->epoch: an epoch was finished, after the moment of its last minibatch */
    /* The training is over: done, interrupted (interrupt.h) or run->failed. After a failure there
     * is no MOMENT_END. The trainer is still as its last minibatch left it. */
    MOMENT_STOP,
    MOMENT_END,   /* the kept model is in its file */
    MOMENT_CLOSE, /* however the run ended: closes and frees what the observer holds */
    MOMENTS
};

/* Returns 0, or prints the reason and returns an exit status, which ends the run. `state` belongs
 * to the observer. */
typedef int observer_hook(struct run *run, void *state);

struct observer {
    size_t size;                /* bytes of its state, all zero at first; 0: it has none */
    bool loud;                  /* writes to stderr for people; not called with --quiet */
    bool all_ranks;             /* called on each rank; all others only on rank 0 */
    observer_hook *at[MOMENTS]; /* NULL: the observer ignores this moment */
};

/* All observers, in the order in which they are called and print. */
#define RECUR_OBSERVERS(OBSERVER)                                                                  \
    OBSERVER(log)                                                                                  \
    OBSERVER(tensorboard)                                                                          \
    OBSERVER(dashboard)                                                                            \
    OBSERVER(summary)                                                                              \
    OBSERVER(checkpoints)                                                                          \
    OBSERVER(progress)                                                                             \
    OBSERVER(samples)                                                                              \
    OBSERVER(kept)                                                                                 \
    OBSERVER(advice)                                                                               \
    OBSERVER(result)                                                                               \
    OBSERVER(report)                                                                               \
    OBSERVER(plot)                                                                                 \
    OBSERVER(curve)                                                                                \
    OBSERVER(next)

#define RECUR_DECLARE_OBSERVER(name) extern const struct observer recur_observe_##name;
RECUR_OBSERVERS(RECUR_DECLARE_OBSERVER)

/* Allocates the observers' states. */
void recur_observers_start(struct run *run);

/* Calls the observers in the list's order until one returns an exit status, and returns that. At
 * MOMENT_CLOSE calls all of them in reverse order and frees their states. */
int recur_observe(struct run *run, enum moment moment);

#endif
