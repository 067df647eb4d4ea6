/* A clock for measuring, which never goes back. */
#ifndef TIMING_H
#define TIMING_H

/* Seconds since some moment. */
double recur_seconds(void);

#endif
