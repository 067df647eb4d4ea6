/* Time, for measuring. */
#ifndef RECUR_BASE_CLOCK_H
#define RECUR_BASE_CLOCK_H

/* Seconds since an unspecified moment in the past; never runs backwards. */
double recur_clock(void);

#endif
