/* Ctrl-C and a polite kill: the training loop asks for them between minibatches. */
#ifndef RECUR_CLI_COMMON_INTERRUPT_H
#define RECUR_CLI_COMMON_INTERRUPT_H

#include <signal.h>

/* From here on the first SIGINT, SIGTERM or SIGHUP is remembered, a second one ends the program at
 * once. */
void recur_interrupt_catch(void);

/* The signal that came, 0 where none did. */
int recur_interrupt(void);

/* For a while: those of the three that are not ignored are remembered, and also interrupt the
 * system call that the program waits in. */
struct interrupts {
    struct sigaction before[3];
};
void recur_interrupt_begin(struct interrupts *interrupts);

/* As it was before; a signal that was remembered then does what it would have done. */
void recur_interrupt_end(const struct interrupts *interrupts);

#endif
