/* Shows results: for people on stdout, or as a JSON object. */
#ifndef RECUR_CLI_BENCH_BENCH_RESULTS_H
#define RECUR_CLI_BENCH_BENCH_RESULTS_H

#include "bench/bench_footprint.h"
#include "bench/bench_lengths.h"
#include "bench/bench_stack.h"
#include "bench/bench_streams.h"
#include "bench/bench_training.h"
#include "json.h"

/* What was measured of a workload; NULL: it was not asked for. */
struct preset_speed {
    const struct workload *workload;
    const struct training_speed *training;
    const struct generation_speed *generation;
};

/* A member of footprint that was not asked for is 0. */
void recur_bench_print_machine(const struct machine *machine);
void recur_bench_print_preset(const struct preset_speed *speed);
void recur_bench_print_stack(const struct stack_speed *speed);
void recur_bench_print_lengths(const struct lengths_speed *speed);
void recur_bench_print_footprint(const struct footprint *footprint);

void recur_bench_put_machine(recur_json_writer *json, const struct machine *machine);
void recur_bench_put_preset(recur_json_writer *json, const struct preset_speed *speed);
void recur_bench_put_stack(recur_json_writer *json, const struct stack_speed *speed);
void recur_bench_put_lengths(recur_json_writer *json, const struct lengths_speed *speed);
void recur_bench_put_footprint(recur_json_writer *json, const struct footprint *footprint);

#endif
