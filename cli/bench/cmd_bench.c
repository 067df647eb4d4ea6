/* recur bench: how fast this machine trains and generates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench_footprint.h"
#include "bench/bench_lengths.h"
#include "bench/bench_samples.h"
#include "bench/bench_stack.h"
#include "bench/bench_streams.h"
#include "bench/bench_works.h"
#include "common/message.h"
#include "common/output.h"
#include "common/timing.h"
#include "options/train_options.h"
#include "recur/machine.h"

struct bench_options {
    const char *preset;
    uint64_t threads;
    double seconds;
    bool json, training, generation; /* training or generation alone */
};

/* As many tokens as the book's loader. Speed does not depend on which. */
enum { BENCH_TOKENS = 10000 };

/* How many streams generate together. */
static const size_t stream_counts[] = {1, 8, 64, BENCH_STREAMS_MOST};

/* One stream with a model of each enum recur_quantization. */
enum { KINDS = RECUR_QUANTIZATION_INT8 + 1 };

enum { STREAM_COUNTS = sizeof stream_counts / sizeof *stream_counts };

struct speed {
    const struct bench_work *work;
    size_t parameters;
    double train;                 /* tokens/s */
    double train_alone;           /* the same on one thread; 0: not measured */
    double generate[KINDS];       /* tokens/s of one stream on one thread */
    double share[KINDS];          /* of the rate at which one thread reads as many bytes */
    double threads[KINDS];        /* tokens/s of one stream on all threads */
    double threads_share[KINDS];  /* of the rate at which they read as many bytes together */
    double stream[STREAM_COUNTS]; /* tokens/s, of all together */
    double flop;                  /* of a trained token */
    double phase[RECUR_PHASES];   /* shares of the training time */
};

static enum recur_status make_corpus(size_t vocabulary, recur_corpus **corpus, recur_error *error)
{
    int32_t ids[BENCH_TOKENS];
    uint32_t state = 1;
    for (size_t i = 0; i < BENCH_TOKENS; i++)
        ids[i] = (int32_t)(recur_bench_draw(&state) % vocabulary);
    return recur_corpus_from_ids(ids, BENCH_TOKENS, vocabulary, corpus, error);
}

/* The median speed of whole epochs, after one to warm up. */
static enum recur_status time_training(recur_trainer *trainer, double seconds, double *speed,
                                       recur_error *error)
{
    double samples[BENCH_SAMPLES_MOST];
    size_t count = 0;
    recur_epoch epoch;
    enum recur_status status = recur_trainer_epoch(trainer, &epoch, error);
    double end = recur_seconds() + seconds;
    while (status == RECUR_OK && count < BENCH_SAMPLES_MOST &&
           (count == 0 || recur_seconds() < end)) {
        status = recur_trainer_epoch(trainer, &epoch, error);
        samples[count++] = epoch.tokens_per_second;
    }
    if (status == RECUR_OK)
        *speed = recur_median(samples, count);
    return status;
}

static void phase_shares(const recur_trainer *trainer, double *share)
{
    const double *seconds = recur_trainer_phases(trainer);
    double sum = 0;
    for (size_t p = 0; p < RECUR_PHASES; p++)
        sum += seconds[p];
    for (size_t p = 0; p < RECUR_PHASES; p++)
        share[p] = seconds[p] / sum;
}

static size_t bench_threads(const struct bench_options *options)
{
    return options->threads ? (size_t)options->threads : recur_machine_threads();
}

/* One stream on one thread and on all of them, and how much of the rate of reading that is. The
 * model is another one where it is quantised, for training cannot go on with it. */
static enum recur_status time_stream(const struct bench_options *options,
                                     const recur_model_config *config, enum recur_quantization kind,
                                     struct speed *speed, recur_error *error)
{
    size_t threads = bench_threads(options);
    double rate = 0;
    recur_model *model = NULL;
    enum recur_status status = recur_model_create(config, NULL, &model, error);
    if (status == RECUR_OK)
        status = recur_model_quantize(model, kind, error);
    double bytes = status == RECUR_OK ? recur_machine_bytes_per_token(model) : 0;
    for (size_t all = 0; all < 2 && status == RECUR_OK; all++) {
        double *speeds = all ? speed->threads : speed->generate;
        double *shares = all ? speed->threads_share : speed->share;
        size_t count = all ? threads : 1;
        status = recur_bench_streams(model, 1, count, options->seconds, &speeds[kind], error);
        if (status == RECUR_OK)
            status = recur_machine_read_rate(count, (size_t)bytes, options->seconds, &rate, error);
        if (status == RECUR_OK)
            shares[kind] = speeds[kind] * bytes / rate;
    }
    recur_model_free(model);
    return status;
}

static enum recur_status time_generation(const struct bench_options *options,
                                         const recur_model *model, struct speed *speed,
                                         recur_error *error)
{
    const recur_model_config *config = recur_model_get_config(model);
    enum recur_status status = RECUR_OK;
    for (int kind = RECUR_QUANTIZATION_NONE; kind < KINDS && status == RECUR_OK; kind++)
        status = time_stream(options, config, (enum recur_quantization)kind, speed, error);
    for (size_t i = 0; i < STREAM_COUNTS && status == RECUR_OK && speed->work->streams; i++)
        status = recur_bench_streams(model, stream_counts[i], bench_threads(options),
                                     options->seconds, &speed->stream[i], error);
    return status;
}

/* Trains for a while; `phase` may be NULL. */
static enum recur_status train(recur_model *model, const recur_corpus *corpus,
                               const recur_trainer_config *run, double seconds, double *speed,
                               double *phase, recur_error *error)
{
    recur_trainer *trainer = NULL;
    enum recur_status status = recur_trainer_create(model, corpus, run, &trainer, error);
    if (status == RECUR_OK)
        status = time_training(trainer, seconds, speed, error);
    if (status == RECUR_OK && phase)
        phase_shares(trainer, phase);
    recur_trainer_free(trainer);
    return status;
}

/* A model and its trainer, as recur train makes them. */
static enum recur_status measure(const struct bench_options *options, struct speed *speed,
                                 recur_error *error)
{
    struct bench_settings settings;
    recur_corpus *corpus = NULL;
    recur_model *model = NULL;
    recur_bench_work_settings(speed->work, &settings);
    settings.options.threads = bench_threads(options);
    const recur_model_config config =
        recur_train_model_config(&settings.options, speed->work->vocabulary);
    recur_trainer_config run = recur_train_trainer_config(&settings.options, BENCH_TOKENS);
    enum recur_status status = make_corpus(speed->work->vocabulary, &corpus, error);
    if (status == RECUR_OK)
        status = recur_model_create(&config, NULL, &model, error);
    if (status == RECUR_OK && !options->generation)
        status = train(model, corpus, &run, options->seconds, &speed->train, speed->phase, error);
    /* On one thread too, unless their number was the user's choice. */
    if (status == RECUR_OK && !options->generation && !options->threads && run.threads > 1) {
        run.threads = 1;
        status = train(model, corpus, &run, options->seconds, &speed->train_alone, NULL, error);
    }
    if (status == RECUR_OK && !options->training)
        status = time_generation(options, model, speed, error);
    if (status == RECUR_OK) {
        speed->parameters = recur_model_parameters(model);
        speed->flop = recur_machine_flop_per_token(model);
    }
    recur_model_free(model);
    recur_corpus_free(corpus);
    return status;
}

static double gflops(const struct speed *speed)
{
    return speed->train * speed->flop * 1e-9;
}

static void put_phases(recur_json_writer *json, const struct speed *speed)
{
    recur_json_open(json, "train_phases", '{');
    for (size_t p = 0; p < RECUR_PHASES; p++)
        recur_json_put_rounded(json, recur_phase_name((enum recur_phase)p), speed->phase[p], 4);
    recur_json_close(json, '}');
}

static void put_streams(recur_json_writer *json, const struct speed *speed)
{
    recur_json_open(json, "sessions", '[');
    for (size_t i = 0; i < STREAM_COUNTS; i++) {
        recur_json_open(json, NULL, '{');
        recur_json_put_u64(json, "streams", stream_counts[i]);
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

static void put_generation(recur_json_writer *json, const struct speed *speed)
{
    put_kinds(json, "generate_tokens_per_second", speed->generate, 6);
    put_kinds(json, "generate_share_of_reading", speed->share, 4);
    put_kinds(json, "generate_threads_tokens_per_second", speed->threads, 6);
    put_kinds(json, "generate_threads_share_of_reading", speed->threads_share, 4);
    if (speed->work->streams)
        put_streams(json, speed);
}

static void put_speed(recur_json_writer *json, const struct speed *speed, double peak)
{
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "preset", speed->work->name);
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

/* One stream: speeds, and in brackets how much of reading the weights that is. */
static void print_stream(const char *threads, const double *speeds, const double *shares)
{
    printf("    one stream, tokens/s on %s:", threads);
    for (int kind = RECUR_QUANTIZATION_NONE; kind < KINDS; kind++)
        printf("%s %s %.0f (%.0f %%)", kind ? "," : "",
               kind ? recur_quantization_name((enum recur_quantization)kind) : "f32", speeds[kind],
               100 * shares[kind]);
    putchar('\n');
}

static void print_generation(const struct speed *speed)
{
    print_stream("one thread", speed->generate, speed->share);
    print_stream("all threads", speed->threads, speed->threads_share);
    if (!speed->work->streams)
        return;
    printf("    sessions together, tokens/s:");
    for (size_t i = 0; i < STREAM_COUNTS; i++)
        printf("%s %zu %.0f", i ? "," : "", stream_counts[i], speed->stream[i]);
    putchar('\n');
}

static void print_speed(const struct speed *speed, double peak)
{
    if (speed->train > 0) {
        printf("%-16s %10.0f tokens/s %8.1f GFLOP/s %5.1f %%\n", speed->work->name, speed->train,
               gflops(speed), 100 * gflops(speed) / peak);
        if (speed->train_alone > 0)
            printf("    %.2f times as fast as one thread\n", speed->train / speed->train_alone);
        for (size_t p = 0; p < RECUR_PHASES; p++)
            printf("%s%s %.1f %%", p ? ", " : "    ", recur_phase_name((enum recur_phase)p),
                   100 * speed->phase[p]);
        putchar('\n');
    } else {
        printf("%s\n", speed->work->name);
    }
    if (speed->generate[0] > 0)
        print_generation(speed);
    fflush(stdout);
}

/* Measures what was asked for, printing each result or adding it to the report. */
static int measure_all(const struct command *command, const struct bench_options *options,
                       double peak, recur_json_writer *report)
{
    recur_error error;
    enum recur_status status = RECUR_OK;
    for (size_t i = 0; status == RECUR_OK && recur_bench_work(i); i++) {
        struct speed speed = {.work = recur_bench_work(i)};
        if (options->preset && strcmp(options->preset, speed.work->name) != 0)
            continue;
        status = measure(options, &speed, &error);
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

/* Measures sequences of different lengths, where they were asked for; prints the result or adds it
 * to the report. */
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

static void put_stack(recur_json_writer *json, const struct stack_speed *speed, double peak)
{
    double gflops = speed->tokens * speed->flop * 1e-9;
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "preset", speed->name);
    recur_json_put_rounded(json, "train_tokens_per_second", speed->tokens, 6);
    recur_json_put_rounded(json, "train_gflops", gflops, 6);
    recur_json_put_rounded(json, "train_share_of_peak", gflops / peak, 4);
    recur_json_close(json, '}');
}

/* The same of recurrent layers alone: prints each result or adds it to the report. */
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
        double gflops = speed.tokens * speed.flop * 1e-9;
        if (report)
            put_stack(report, &speed, peak);
        else
            printf("%-16s %10.0f tokens/s %8.1f GFLOP/s %5.1f %%\n", speed.name, speed.tokens,
                   gflops, 100 * gflops / peak);
    }
    return 0;
}

/* What the program itself takes, where it was asked for. By itself it must succeed; among all
 * others it may be missing, and `*measured` says whether it is not. */
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

/* Whether anything of a preset, NULL: all, is generation. */
static bool generates(const char *preset)
{
    if (!preset || strcmp(preset, BENCH_FOOTPRINT) == 0)
        return true;
    for (size_t i = 0; recur_bench_work(i); i++)
        if (strcmp(preset, recur_bench_work(i)->name) == 0)
            return true;
    return false;
}

static int bench(const struct command *command, int argc, char **argv)
{
    struct bench_options options = {0};
    struct arguments arguments;
    recur_error error;
    const char *isa;
    double flops;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    if (options.training && options.generation)
        return recur_usage_error(command, "either --training or --generation, not both");
    if (options.generation && !generates(options.preset))
        return recur_usage_error(command, "%s only trains: --generation has nothing to measure",
                                 options.preset);
    struct footprint footprint;
    bool has_footprint;
    size_t threads = bench_threads(&options);
    if (recur_machine_isa(&isa, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    status = measure_footprint(command, &options, &footprint, &has_footprint);
    if (status)
        return status;
    if (recur_machine_peak(threads, options.seconds, &flops, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    double peak = flops * 1e-9;
    if (!options.json) {
        printf("%s, %zu thread%s, measured peak %.1f GFLOP/s\n\n", isa, threads,
               recur_plural(threads), peak);
        printf("%-16s %19s %16s %7s\n", "preset", "training", "", "of peak");
        fflush(stdout);
        status = measure_all(command, &options, peak, NULL);
        if (status == 0)
            status = measure_stacks(command, &options, peak, NULL);
        if (status == 0)
            status = measure_lengths(command, &options, threads, NULL);
        if (status == 0 && has_footprint)
            print_footprint(&options, &footprint);
        return status;
    }
    recur_json_writer report = RECUR_JSON_SHOWN;
    recur_json_open(&report, NULL, '{');
    recur_json_put_text(&report, "isa", isa);
    recur_json_put_u64(&report, "threads", threads);
    recur_json_put_rounded(&report, "peak_gflops", peak, 6);
    recur_json_open(&report, "results", '[');
    status = measure_all(command, &options, peak, &report);
    recur_json_close(&report, ']');
    recur_json_open(&report, "stacks", '[');
    if (status == 0)
        status = measure_stacks(command, &options, peak, &report);
    recur_json_close(&report, ']');
    if (status == 0)
        status = measure_lengths(command, &options, threads, &report);
    if (has_footprint)
        put_footprint(&report, &options, &footprint);
    recur_json_close(&report, '}');
    if (status == 0)
        return recur_json_print(command, &report);
    recur_json_writer_free(&report);
    return status;
}

#define AT(field) offsetof(struct bench_options, field)

static const struct option_spec options[] = {
    {OPTION_CHOICE, 0, "preset", "NAME", AT(preset),
     .choices = BENCH_WORKS "|" BENCH_STACKS "|lengths|" BENCH_FOOTPRINT, .shown = "all of them",
     .help = "measure only this one"},
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
