/* What observes a run: shows it, logs it, writes checkpoints of it, says in the end what came of
 * it. The run calls each observer of the table in observers.c at moments of its life; an observer
 * reads the run's state (run.h), keeps a state of its own, and changes nothing of what is computed.
 * It is a file, observe_NAME.c, and a row of the table. */
#ifndef RECUR_CLI_TRAIN_OBSERVER_H
#define RECUR_CLI_TRAIN_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>

struct run;

enum moment {
    MOMENT_CHECK, /* nothing is read yet: can be done what the options ask of it? */
    MOMENT_OPEN,  /* model and trainer stand: opens what it writes to */
    MOMENT_BEGIN, /* signals are caught, the training begins */
    MOMENT_STEP,  /* a minibatch is trained: run->step */
    MOMENT_EPOCH, /* an epoch is finished, its last minibatch's moment is past: run->epoch */
    MOMENT_STOP,  /* the training is over: done, interrupted (interrupt.h) or run->failed, after
                     which no MOMENT_END comes; the trainer is still where its last minibatch left
                     it */
    MOMENT_END,   /* the model that is kept is in its file */
    MOMENT_CLOSE, /* closes and frees what it holds, whatever the run came to */
    MOMENTS
};

/* Returns 0 or the exit status, having said why: the run then ends. `state` is the observer's own.
 */
typedef int observer_hook(struct run *run, void *state);

struct observer {
    size_t size;                /* of its state, all zero at first; 0: it has none */
    bool loud;                  /* talks to who watches, on stderr: not with --quiet */
    observer_hook *at[MOMENTS]; /* NULL: that moment does not matter to it */
};

/* All of them, in the order in which they are called, which is that of what they print. */
#define RECUR_OBSERVERS(OBSERVER)                                                                  \
    OBSERVER(log)                                                                                  \
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

/* Makes the observers' states. */
void recur_observers_start(struct run *run);

/* Calls the observers in the list's order, until one returns an exit status, which it returns;
 * at MOMENT_CLOSE calls all of them, in the opposite order, and frees their states. */
int recur_observe(struct run *run, enum moment moment);

#endif
