/* Measures how fast the network of a workload generates: one stream beside the rate of reading,
 * many sessions together beside the peak of the processor. */
#ifndef RECUR_CLI_BENCH_BENCH_STREAMS_H
#define RECUR_CLI_BENCH_BENCH_STREAMS_H

#include "bench/bench.h"
#include "bench/bench_turns.h"
#include "bench/bench_workloads.h"

/* Generation is measured for each value of enum recur_quantization. */
enum { KINDS = RECUR_QUANTIZATION_INT8 + 1 };

/* "f32", "bf16" or "int8". */
const char *recur_kind_name(int kind);

/* How many different numbers of sessions are measured together, and the number at `index`. */
enum { SESSION_COUNTS = 4 };
size_t recur_bench_session_count(size_t index);

struct generation_speed {
    struct speed one[KINDS]; /* one stream on one thread, beside reading on one */
    struct speed all[KINDS]; /* on all threads, beside reading on all */
    struct speed sessions[SESSION_COUNTS][KINDS]; /* all their tokens, beside the peak; not every
                                                     workload */
    size_t parameters;
};

/* Measures the model that recur train would make for the workload. */
enum recur_status recur_bench_generation(struct bench *bench, const struct workload *workload,
                                         struct generation_speed *speed, recur_error *error);
void recur_bench_plan_generation(struct bench *bench, const struct workload *workload);

#endif
