/* Ctrl-C and a polite kill, as a question the training loop asks between minibatches. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

/* From here on the first SIGINT, SIGTERM or SIGHUP is remembered, a second one ends the program at
 * once. */
void recur_interrupt_catch(void);

/* The signal that came, 0 where none did. */
int recur_interrupt(void);

#endif
