/* recur bench: how fast this machine trains and generates. */
#include <stdio.h>
#include <string.h>

#include "bench/bench_results.h"
#include "common/live.h"
#include "common/message.h"
#include "common/output.h"
#include "options/train_options.h"

struct bench_options {
    const char *preset, *precision;
    uint64_t threads;
    double seconds;
    bool json, training, generation; /* only training, or only generation */
};

/* One run of the command. Results are printed as they come, or added to the report. */
struct run {
    const struct command *command;
    const struct bench_options *options;
    struct bench bench;
    struct footprint footprint;
    bool has_footprint;
    recur_json_writer report;
};

static bool wanted(const struct run *run, const char *name)
{
    return !run->options->preset || strcmp(run->options->preset, name) == 0;
}

static bool trains(const struct run *run)
{
    return !run->options->generation;
}

static bool generates(const struct run *run)
{
    return !run->options->training;
}

/* Plans all that run_all measures. */
static void plan_all(struct run *run)
{
    struct bench *bench = &run->bench;
    if (wanted(run, BENCH_FOOTPRINT))
        recur_bench_plan_add(&bench->plan, recur_bench_footprint_seconds(&bench->machine));
    for (size_t i = 0; recur_workload(i); i++) {
        if (trains(run) && wanted(run, recur_workload(i)->name))
            recur_bench_plan_training(bench, recur_workload(i));
        if (generates(run) && wanted(run, recur_workload(i)->name))
            recur_bench_plan_generation(bench, recur_workload(i));
    }
    for (size_t i = 0; trains(run) && recur_bench_stack_name(i); i++)
        if (wanted(run, recur_bench_stack_name(i)))
            recur_bench_plan_stack(bench, i);
    if (trains(run) && wanted(run, BENCH_LENGTHS))
        recur_bench_plan_lengths(bench);
}

/* Measures the program itself. If only this was asked for, it must succeed. */
static int measure_footprint(struct run *run)
{
    recur_error error;
    struct bench *bench = &run->bench;
    if (!wanted(run, BENCH_FOOTPRINT))
        return 0;
    recur_bench_plan_begin(&bench->plan, recur_bench_footprint_seconds(&bench->machine),
                           BENCH_FOOTPRINT, "memory and start");
    run->has_footprint =
        recur_bench_footprint(bench->machine.threads, &run->footprint, &error) == RECUR_OK;
    if (!trains(run))
        run->footprint.train_bytes = 0;
    if (!generates(run))
        run->footprint.first_token = 0;
    if (run->has_footprint)
        return 0;
    if (run->options->preset)
        return recur_library_failure(run->command, &error);
    recur_warning(run->command, "the footprint is not measured: %s", error.message);
    return 0;
}

static int measure_preset(struct run *run, const struct workload *workload)
{
    recur_error error;
    enum recur_status status = RECUR_OK;
    struct training_speed training;
    struct generation_speed generation;
    const struct preset_speed speed = {workload, trains(run) ? &training : NULL,
                                       generates(run) ? &generation : NULL};
    if (speed.training)
        status = recur_bench_training(&run->bench, workload, &training, &error);
    if (status == RECUR_OK && speed.generation)
        status = recur_bench_generation(&run->bench, workload, &generation, &error);
    if (status != RECUR_OK)
        return recur_library_failure(run->command, &error);
    recur_live_clear();
    if (run->options->json)
        recur_bench_put_preset(&run->report, &speed);
    else
        recur_bench_print_preset(&speed);
    return 0;
}

static int measure_stack(struct run *run, size_t index)
{
    recur_error error;
    struct stack_speed speed;
    if (recur_bench_stack(&run->bench, index, &speed, &error) != RECUR_OK)
        return recur_library_failure(run->command, &error);
    recur_live_clear();
    if (run->options->json)
        recur_bench_put_stack(&run->report, &speed);
    else
        recur_bench_print_stack(&speed);
    return 0;
}

static int measure_lengths(struct run *run)
{
    recur_error error;
    struct lengths_speed speed;
    if (recur_bench_lengths(&run->bench, &speed, &error) != RECUR_OK)
        return recur_library_failure(run->command, &error);
    recur_live_clear();
    if (run->options->json)
        recur_bench_put_lengths(&run->report, &speed);
    else
        recur_bench_print_lengths(&speed);
    return 0;
}

static int measure_presets(struct run *run)
{
    int status = 0;
    for (size_t i = 0; status == 0 && recur_workload(i); i++)
        if (wanted(run, recur_workload(i)->name))
            status = measure_preset(run, recur_workload(i));
    return status;
}

static int measure_stacks(struct run *run)
{
    int status = 0;
    for (size_t i = 0; status == 0 && trains(run) && recur_bench_stack_name(i); i++)
        if (wanted(run, recur_bench_stack_name(i)))
            status = measure_stack(run, i);
    return status;
}

static int print_results(struct run *run)
{
    recur_live_clear();
    recur_bench_print_machine(&run->bench.machine);
    int status = measure_presets(run);
    if (status == 0)
        status = measure_stacks(run);
    if (status == 0 && trains(run) && wanted(run, BENCH_LENGTHS))
        status = measure_lengths(run);
    if (status == 0 && run->has_footprint)
        recur_bench_print_footprint(&run->footprint);
    return status;
}

static int print_report(struct run *run)
{
    recur_json_writer *report = &run->report;
    *report = (recur_json_writer)RECUR_JSON_SHOWN;
    recur_json_open(report, NULL, '{');
    recur_bench_put_machine(report, &run->bench.machine);
    recur_json_open(report, "results", '[');
    int status = measure_presets(run);
    recur_json_close(report, ']');
    recur_json_open(report, "stacks", '[');
    if (status == 0)
        status = measure_stacks(run);
    recur_json_close(report, ']');
    if (status == 0 && trains(run) && wanted(run, BENCH_LENGTHS))
        status = measure_lengths(run);
    if (run->has_footprint)
        recur_bench_put_footprint(report, &run->footprint);
    recur_json_close(report, '}');
    if (status == 0)
        return recur_json_print(run->command, report);
    recur_json_writer_free(report);
    return status;
}

/* Does the preset measure generation? NULL means all presets. */
static bool can_generate(const char *preset)
{
    if (!preset || strcmp(preset, BENCH_FOOTPRINT) == 0)
        return true;
    for (size_t i = 0; recur_workload(i); i++)
        if (strcmp(preset, recur_workload(i)->name) == 0)
            return true;
    return false;
}

static int bench(const struct command *command, int argc, char **argv)
{
    struct bench_options options = {0};
    struct arguments arguments;
    enum recur_precision precision;
    struct run run = {.command = command, .options = &options};
    recur_error error;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    if (options.training && options.generation)
        return recur_usage_error(command, "either --training or --generation, not both");
    if (options.generation && !can_generate(options.preset))
        return recur_usage_error(command, "%s only trains: --generation has nothing to measure",
                                 options.preset);
    if (options.precision && recur_precision_parse(options.precision, &precision, NULL) == RECUR_OK)
        run.bench.precision = &precision;
    run.bench.seconds = options.seconds;
    run.bench.alone = !options.threads; /* otherwise the user chose the number of threads */
    if (recur_bench_machine(options.threads ? (size_t)options.threads : recur_machine_threads(),
                            options.seconds, &run.bench.machine, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    plan_all(&run);
    recur_bench_plan_start(&run.bench.plan, command->name);
    status = measure_footprint(&run);
    if (status == 0)
        status = (options.json ? print_report : print_results)(&run);
    recur_live_clear();
    return status;
}

#define AT(field) offsetof(struct bench_options, field)

static const struct option_spec options[] = {
    {OPTION_CHOICE, 0, "preset", "NAME", AT(preset),
     .choices =
         BENCH_WORKLOADS(BENCH_CHOICE) BENCH_STACKS(BENCH_CHOICE) BENCH_LENGTHS "|" BENCH_FOOTPRINT,
     .shown = "all of them", .help = "measure only this one"},
    {OPTION_COUNT, 0, "threads", "N", AT(threads), .least = 1, .most = 1024, .shown = "all cores",
     .help = "threads to train and to advance sessions with"},
    {OPTION_CHOICE, 0, "precision", NULL, AT(precision), .fields = recur_trainer_field,
     .shown = "as the preset's", .help = "train in this precision"},
    {OPTION_NUMBER, 0, "seconds", "X", AT(seconds), .above_low = true, .high = 3600,
     .standard = "1",
     .help = "how long each speed is measured, half of it what it is compared with"},
    {OPTION_FLAG, 0, "training", NULL, AT(training), .help = "measure training alone"},
    {OPTION_FLAG, 0, "generation", NULL, AT(generation), .help = "measure generation alone"},
    {OPTION_FLAG, 0, "json", NULL, AT(json),
     .help = "one JSON object: isa, threads, peaks at the start, results, stacks, lengths, "
             "footprint; a "
             "share that failed is null"},
    {.help = NULL},
};

const struct command recur_command_bench = {
    .name = "bench",
    .summary = "measure training and generation speed",
    .operands = "",
    .about =
        "Measures how fast this machine trains the presets of recur train, wider networks, two "
        "networks over 10 000 words and a small one, and generates with them: tokens/s (medians), "
        "GFLOP/s and the share of the peak, which is how many operations per second there are at "
        "most with the numbers that are multiplied (f32, bf16 or int8). Below stands where an "
        "iteration's time goes: load (drawing the minibatch), input (look-ups and input products), "
        "forward and backward (the recurrent steps), head (logits and loss), gradient (of the "
        "weights), update; without --threads also how many times as fast as one thread all of "
        "them are. "
        "One stream is a token at a time, on one thread and on all that make it faster, also "
        "quantised, and its share of the rate at which the same threads do nothing but "
        "read as many bytes as a token has weights. 1, 8, 64 and 512 sessions are "
        "advanced together, on all threads: the tokens of all of them. stack-... are recurrent "
        "layers alone that read as many numbers as they are wide, forward and backward: no head, "
        "loss or update. lengths trains a "
        "bidirectional LSTM of 256 units on sequences of 5 to 100 tokens, each of which it labels, "
        "beside as many of equal length: tokens that are there, per second. footprint is the most "
        "memory that recur train --preset d2l-rnn-scratch has at once, and how soon recur generate "
        "begins to write. "
        "Work and what it is compared with take turns of a twentieth of the time. Shares and "
        "ratios are medians of neighbouring turns, and half of all pairs lie between the numbers "
        "in brackets. \"noisy\": these differ by more than a quarter. \"failed\": too many pairs "
        "say that the work was faster than its limit, so something disturbed the measurement.",
    .examples = "  recur bench\n"
                "  recur bench --preset d2l-lstm --threads 1 --json\n",
    .options = options,
    .stray = "preset",
    .run = bench,
};
