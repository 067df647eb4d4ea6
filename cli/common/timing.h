/* A clock for measurements, which never goes backwards. */
#ifndef RECUR_CLI_COMMON_TIMING_H
#define RECUR_CLI_COMMON_TIMING_H

/* Seconds since some moment. */
double recur_seconds(void);

#endif
