/* The machine, and how long work will take on it. */
#ifndef RECUR_CLI_BENCH_BENCH_MACHINE_H
#define RECUR_CLI_BENCH_BENCH_MACHINE_H

#include "recur/machine.h"
#include "recur/training.h"

struct machine {
    const char *isa;
    size_t threads;
    double peak[RECUR_PEAKS]; /* at the start, in operations per second of all threads */
};

/* Measures the peaks, in a moment or `seconds` each. */
enum recur_status recur_bench_machine(size_t threads, double seconds, struct machine *machine,
                                      recur_error *error);

/* "f32", "bf16" or "int8"; what the numbers of a peak are called. */
const char *recur_peak_name(enum recur_peak peak);

/* The peak that bounds training in that precision. */
enum recur_peak recur_precision_peak(enum recur_precision precision);

/* How long training, or reading, will take about: on so many threads, so many operations or
 * bytes. */
double recur_machine_training_seconds(const struct machine *machine, size_t threads, double flop);
double recur_machine_reading_seconds(size_t threads, double bytes);

#endif
