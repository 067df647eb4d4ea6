/* Time, for measuring. */
#ifndef RECUR_BASE_CLOCK_H
#define RECUR_BASE_CLOCK_H

/* Seconds since some moment in the past, never running backwards. */
double recur_clock(void);

#endif
