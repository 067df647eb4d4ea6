/* recur bench: how fast this machine trains and generates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench_footprint.h"
#include "bench/bench_lengths.h"
#include "bench/bench_network.h"
#include "bench/bench_stack.h"
#include "common/message.h"
#include "common/output.h"
#include "options/train_options.h"
#include "recur/machine.h"

struct bench_options {
    const char *preset;
    uint64_t threads;
    double seconds;
    bool json, training, generation; /* only training, or only generation */
};

static size_t bench_threads(const struct bench_options *options)
{
    return options->threads ? (size_t)options->threads : recur_machine_threads();
}

static double gflops(const struct network_speed *speed)
{
    return speed->train * speed->flop * 1e-9;
}

static void put_phases(recur_json_writer *json, const struct network_speed *speed)
{
    recur_json_open(json, "train_phases", '{');
    for (size_t p = 0; p < RECUR_PHASES; p++)
        recur_json_put_rounded(json, recur_phase_name((enum recur_phase)p), speed->phase[p], 4);
    recur_json_close(json, '}');
}

static void put_streams(recur_json_writer *json, const struct network_speed *speed)
{
    recur_json_open(json, "sessions", '[');
    for (size_t i = 0; i < STREAM_COUNTS; i++) {
        recur_json_open(json, NULL, '{');
        recur_json_put_u64(json, "streams", recur_bench_stream_count(i));
        recur_json_put_rounded(json, "tokens_per_second", speed->stream[i], 6);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static void put_kinds(recur_json_writer *json, const char *key, const double *numbers, int digits)
{
    recur_json_open(json, key, '{');
    for (int kind = RECUR_QUANTIZATION_NONE; kind < KINDS; kind++)
        recur_json_put_rounded(
            json, kind ? recur_quantization_name((enum recur_quantization)kind) : "f32",
            numbers[kind], digits);
    recur_json_close(json, '}');
}

static void put_generation(recur_json_writer *json, const struct network_speed *speed)
{
    put_kinds(json, "generate_tokens_per_second", speed->generate, 6);
    put_kinds(json, "generate_share_of_reading", speed->share, 4);
    put_kinds(json, "generate_threads_tokens_per_second", speed->threads, 6);
    put_kinds(json, "generate_threads_share_of_reading", speed->threads_share, 4);
    if (speed->workload->streams)
        put_streams(json, speed);
}

static void put_speed(recur_json_writer *json, const struct network_speed *speed, double peak)
{
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "preset", speed->workload->name);
    recur_json_put_u64(json, "parameters", speed->parameters);
    if (speed->train > 0) {
        recur_json_put_rounded(json, "train_tokens_per_second", speed->train, 6);
        if (speed->train_alone > 0)
            recur_json_put_rounded(json, "train_one_thread_tokens_per_second", speed->train_alone,
                                   6);
        recur_json_put_rounded(json, "train_gflops", gflops(speed), 6);
        recur_json_put_rounded(json, "train_share_of_peak", gflops(speed) / peak, 4);
        put_phases(json, speed);
    }
    if (speed->generate[0] > 0)
        put_generation(json, speed);
    recur_json_close(json, '}');
}

/* Prints the speeds of one stream and, in brackets, their share of the speed of reading the
 * weights. */
static void print_stream(const char *threads, const double *speeds, const double *shares)
{
    printf("    one stream, tokens/s on %s:", threads);
    for (int kind = RECUR_QUANTIZATION_NONE; kind < KINDS; kind++)
        printf("%s %s %.0f (%.0f %%)", kind ? "," : "",
               kind ? recur_quantization_name((enum recur_quantization)kind) : "f32", speeds[kind],
               100 * shares[kind]);
    putchar('\n');
}

static void print_generation(const struct network_speed *speed)
{
    print_stream("one thread", speed->generate, speed->share);
    print_stream("all threads", speed->threads, speed->threads_share);
    if (!speed->workload->streams)
        return;
    printf("    sessions together, tokens/s:");
    for (size_t i = 0; i < STREAM_COUNTS; i++)
        printf("%s %zu %.0f", i ? "," : "", recur_bench_stream_count(i), speed->stream[i]);
    putchar('\n');
}

static void print_speed(const struct network_speed *speed, double peak)
{
    if (speed->train > 0) {
        printf("%-16s %10.0f tokens/s %8.1f GFLOP/s %5.1f %%\n", speed->workload->name,
               speed->train, gflops(speed), 100 * gflops(speed) / peak);
        if (speed->train_alone > 0)
            printf("    %.2f times as fast as one thread\n", speed->train / speed->train_alone);
        for (size_t p = 0; p < RECUR_PHASES; p++)
            printf("%s%s %.1f %%", p ? ", " : "    ", recur_phase_name((enum recur_phase)p),
                   100 * speed->phase[p]);
        putchar('\n');
    } else {
        printf("%s\n", speed->workload->name);
    }
    if (speed->generate[0] > 0)
        print_generation(speed);
    fflush(stdout);
}

/* Measures what was asked for; prints each result or adds it to the report. */
static int measure_all(const struct command *command, const struct bench_options *options,
                       double peak, recur_json_writer *report)
{
    recur_error error;
    enum recur_status status = RECUR_OK;
    const struct network_settings settings = {
        .threads = bench_threads(options),
        .alone = !options->threads, /* otherwise the user chose the number of threads */
        .seconds = options->seconds,
        .training = !options->generation,
        .generation = !options->training,
    };
    for (size_t i = 0; status == RECUR_OK && recur_workload(i); i++) {
        struct network_speed speed = {.workload = recur_workload(i)};
        if (options->preset && strcmp(options->preset, speed.workload->name) != 0)
            continue;
        status = recur_bench_network(&settings, &speed, &error);
        if (status == RECUR_OK && report)
            put_speed(report, &speed, peak);
        else if (status == RECUR_OK)
            print_speed(&speed, peak);
    }
    return status == RECUR_OK ? 0 : recur_library_failure(command, &error);
}

static void put_lengths(recur_json_writer *json, const struct lengths_speed *speed)
{
    recur_json_open(json, "lengths", '{');
    recur_json_put_rounded(json, "train_tokens_per_second", speed->mixed, 6);
    recur_json_put_rounded(json, "equal_tokens_per_second", speed->equal, 6);
    recur_json_put_rounded(json, "share_of_equal", speed->share, 4);
    recur_json_close(json, '}');
}

/* Measures sequences of different lengths if this was asked for; prints the result or adds it to
 * the report. */
static int measure_lengths(const struct command *command, const struct bench_options *options,
                           size_t threads, recur_json_writer *report)
{
    struct lengths_speed speed;
    recur_error error;
    if (options->generation || (options->preset && strcmp(options->preset, "lengths") != 0))
        return 0;
    if (recur_bench_lengths(threads, options->seconds, &speed, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    if (report)
        put_lengths(report, &speed);
    else
        printf("%-16s %10.0f tokens/s\n    %.1f %% of %.0f tokens/s at equal lengths\n", "lengths",
               speed.mixed, 100 * speed.share, speed.equal);
    return 0;
}

static double stack_gflops(const struct stack_speed *speed)
{
    return speed->tokens * speed->flop * 1e-9;
}

static void put_stack(recur_json_writer *json, const struct stack_speed *speed, double peak)
{
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "preset", speed->name);
    recur_json_put_rounded(json, "train_tokens_per_second", speed->tokens, 6);
    recur_json_put_rounded(json, "train_gflops", stack_gflops(speed), 6);
    recur_json_put_rounded(json, "train_share_of_peak", stack_gflops(speed) / peak, 4);
    recur_json_close(json, '}');
}

/* The same for recurrent layers alone; prints each result or adds it to the report. */
static int measure_stacks(const struct command *command, const struct bench_options *options,
                          double peak, recur_json_writer *report)
{
    recur_error error;
    struct stack_speed speed;
    for (size_t i = 0; !options->generation && recur_bench_stack_name(i); i++) {
        if (options->preset && strcmp(options->preset, recur_bench_stack_name(i)) != 0)
            continue;
        if (recur_bench_stack(i, bench_threads(options), options->seconds, &speed, &error) !=
            RECUR_OK)
            return recur_library_failure(command, &error);
        if (report)
            put_stack(report, &speed, peak);
        else
            printf("%-16s %10.0f tokens/s %8.1f GFLOP/s %5.1f %%\n", speed.name, speed.tokens,
                   stack_gflops(&speed), 100 * stack_gflops(&speed) / peak);
    }
    return 0;
}

/* Measures the program itself if this was asked for. If only this was asked for, it must succeed.
 * Otherwise it may fail, and `*measured` says whether it succeeded. */
static int measure_footprint(const struct command *command, const struct bench_options *options,
                             struct footprint *footprint, bool *measured)
{
    recur_error error;
    *measured = false;
    if (options->preset && strcmp(options->preset, BENCH_FOOTPRINT) != 0)
        return 0;
    *measured = recur_bench_footprint(bench_threads(options), footprint, &error) == RECUR_OK;
    if (*measured)
        return 0;
    if (options->preset)
        return recur_library_failure(command, &error);
    recur_warning(command, "the footprint is not measured: %s", error.message);
    return 0;
}

static void put_footprint(recur_json_writer *json, const struct bench_options *options,
                          const struct footprint *footprint)
{
    recur_json_open(json, BENCH_FOOTPRINT, '{');
    if (!options->generation)
        recur_json_put_u64(json, "train_peak_bytes", (uint64_t)footprint->train_bytes);
    if (!options->training)
        recur_json_put_rounded(json, "first_token_seconds", footprint->first_token, 4);
    recur_json_close(json, '}');
}

static void print_footprint(const struct bench_options *options, const struct footprint *footprint)
{
    printf("%s\n", BENCH_FOOTPRINT);
    if (!options->generation)
        printf("    %.1f MB at most to train d2l-rnn-scratch\n", footprint->train_bytes * 1e-6);
    if (!options->training)
        printf("    %.1f ms from the start of recur generate to the first token\n",
               footprint->first_token * 1e3);
}

/* Does the preset measure generation? NULL means all presets. */
static bool generates(const char *preset)
{
    if (!preset || strcmp(preset, BENCH_FOOTPRINT) == 0)
        return true;
    for (size_t i = 0; recur_workload(i); i++)
        if (strcmp(preset, recur_workload(i)->name) == 0)
            return true;
    return false;
}

/* The machine, under which all results stand. */
struct machine {
    const char *isa;
    size_t threads;
    double peak; /* GFLOP/s */
};

static int print_results(const struct command *command, const struct bench_options *options,
                         const struct machine *machine, const struct footprint *footprint)
{
    printf("%s, %zu thread%s, measured peak %.1f GFLOP/s\n\n", machine->isa, machine->threads,
           recur_plural(machine->threads), machine->peak);
    printf("%-16s %19s %16s %7s\n", "preset", "training", "", "of peak");
    fflush(stdout);
    int status = measure_all(command, options, machine->peak, NULL);
    if (status == 0)
        status = measure_stacks(command, options, machine->peak, NULL);
    if (status == 0)
        status = measure_lengths(command, options, machine->threads, NULL);
    if (status == 0 && footprint)
        print_footprint(options, footprint);
    return status;
}

static int print_report(const struct command *command, const struct bench_options *options,
                        const struct machine *machine, const struct footprint *footprint)
{
    recur_json_writer report = RECUR_JSON_SHOWN;
    recur_json_open(&report, NULL, '{');
    recur_json_put_text(&report, "isa", machine->isa);
    recur_json_put_u64(&report, "threads", machine->threads);
    recur_json_put_rounded(&report, "peak_gflops", machine->peak, 6);
    recur_json_open(&report, "results", '[');
    int status = measure_all(command, options, machine->peak, &report);
    recur_json_close(&report, ']');
    recur_json_open(&report, "stacks", '[');
    if (status == 0)
        status = measure_stacks(command, options, machine->peak, &report);
    recur_json_close(&report, ']');
    if (status == 0)
        status = measure_lengths(command, options, machine->threads, &report);
    if (footprint)
        put_footprint(&report, options, footprint);
    recur_json_close(&report, '}');
    if (status == 0)
        return recur_json_print(command, &report);
    recur_json_writer_free(&report);
    return status;
}

static int bench(const struct command *command, int argc, char **argv)
{
    struct bench_options options = {0};
    struct arguments arguments;
    struct machine machine;
    struct footprint footprint;
    bool measured;
    recur_error error;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    if (options.training && options.generation)
        return recur_usage_error(command, "either --training or --generation, not both");
    if (options.generation && !generates(options.preset))
        return recur_usage_error(command, "%s only trains: --generation has nothing to measure",
                                 options.preset);
    machine.threads = bench_threads(&options);
    if (recur_machine_isa(&machine.isa, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    status = measure_footprint(command, &options, &footprint, &measured);
    if (status)
        return status;
    if (recur_machine_peak(machine.threads, options.seconds, &machine.peak, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    machine.peak *= 1e-9;
    return (options.json ? print_report : print_results)(command, &options, &machine,
                                                         measured ? &footprint : NULL);
}

#define AT(field) offsetof(struct bench_options, field)

static const struct option_spec options[] = {
    {OPTION_CHOICE, 0, "preset", "NAME", AT(preset),
     .choices = BENCH_WORKLOADS(BENCH_CHOICE) BENCH_STACKS(BENCH_CHOICE) "lengths|" BENCH_FOOTPRINT,
     .shown = "all of them", .help = "measure only this one"},
    {OPTION_COUNT, 0, "threads", "N", AT(threads), .least = 1, .most = 1024, .shown = "all cores",
     .help = "threads to train and to advance sessions with"},
    {OPTION_NUMBER, 0, "seconds", "X", AT(seconds), .above_low = true, .high = 3600,
     .standard = "1", .help = "how long each measurement takes"},
    {OPTION_FLAG, 0, "training", NULL, AT(training), .help = "measure training alone"},
    {OPTION_FLAG, 0, "generation", NULL, AT(generation), .help = "measure generation alone"},
    {OPTION_FLAG, 0, "json", NULL, AT(json),
     .help = "one JSON object: isa, threads, peak_gflops, results, stacks, lengths, footprint"},
    {.help = NULL},
};

const struct command recur_command_bench = {
    .name = "bench",
    .summary = "measure training and generation speed",
    .operands = "",
    .about =
        "Measures how fast this machine trains the presets of recur train, wider networks, two "
        "networks over 10 000 words and a small one, and generates with them: tokens/s (medians), "
        "GFLOP/s and the share of the peak that its float arithmetic reaches in a measurement of "
        "its own (bf16 may pass it), and where an iteration's time goes: load (drawing "
        "the minibatch), input (look-ups and input products), forward and backward (the "
        "recurrent steps), head (logits and loss), gradient (of the weights), update; without "
        "--threads also how many times as fast as one thread all of them are. "
        "One stream is a token at a time, on one thread and on all that make it faster, also "
        "quantised; in brackets the share of the rate at which the same threads do nothing but "
        "read as many bytes as a token has weights. Below stand 1, 8, 64 and 512 sessions that are "
        "advanced together, on all threads: the tokens of all of them. stack-... are recurrent "
        "layers alone that read as many numbers as they are wide, forward and backward: no head, "
        "loss or update. lengths trains a "
        "bidirectional LSTM of 256 units on sequences of 5 to 100 tokens, each of which it labels, "
        "beside as many of equal length: tokens that are there, per second. footprint is the most "
        "memory that recur train --preset d2l-rnn-scratch has at once, and how soon recur generate "
        "begins to write.",
    .examples = "  recur bench\n"
                "  recur bench --preset d2l-lstm --threads 1 --json\n",
    .options = options,
    .stray = "preset",
    .run = bench,
};
