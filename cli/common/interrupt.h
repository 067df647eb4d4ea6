/* Ctrl-C and other signals that end the program. The training loop asks for them between
 * minibatches. */
#ifndef RECUR_CLI_COMMON_INTERRUPT_H
#define RECUR_CLI_COMMON_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

/* From this call on the first SIGINT, SIGTERM or SIGHUP is remembered, and a second one ends the
 * program at once. */
void recur_interrupt_catch(void);

/* The signal that arrived; 0: none. */
int recur_interrupt(void);

/* From this call on every SIGINT is remembered and, if it `waits`, interrupts a system call in
 * which the program waits; other signals do what they did. The second function returns the signal
 * that arrived and
 * forgets it; 0: none. */
void recur_interrupt_hold(bool waits);
int recur_interrupt_take(void);

/* Until recur_interrupt_end, those of the three signals that are not ignored are remembered. They
 * also interrupt a system call in which the program waits. */
struct interrupts {
    struct sigaction before[3];
};
void recur_interrupt_begin(struct interrupts *interrupts);

/* Restores the handlers from before. If a signal was remembered, it now does what it would have
 * done. */
void recur_interrupt_end(const struct interrupts *interrupts);

#endif
