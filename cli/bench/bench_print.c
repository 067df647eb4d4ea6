/* Results for people. */
#include <stdio.h>

#include "bench/bench_results.h"
#include "common/message.h"

void recur_bench_print_machine(const struct machine *machine)
{
    printf("%s, %zu thread%s; peaks at the start:", machine->isa, machine->threads,
           recur_plural(machine->threads));
    for (int peak = 0; peak < RECUR_PEAKS; peak++)
        printf("%s %s %.1f", peak ? "," : "", recur_peak_name((enum recur_peak)peak),
               machine->peak[peak] * 1e-9);
    printf(" GFLOP/s\n\n");
}

/* The line of a training: tokens/s, GFLOP/s, share of the peak. */
static void print_training(const char *name, const struct speed *speed, double flop,
                           enum recur_peak peak)
{
    char limit[24];
    snprintf(limit, sizeof limit, "the %s peak", recur_peak_name(peak));
    printf("%-16s %10.0f tokens/s %8.1f GFLOP/s  %s\n", name, speed->rate,
           speed->rate * flop * 1e-9, recur_share_text(&speed->share, limit).text);
}

/* A line for each kind of numbers; the first one begins with what they have in common. */
static void print_kinds(const char *what, const struct speed *speed, const char *limit)
{
    for (int kind = 0; kind < KINDS; kind++) {
        char peak[24];
        snprintf(peak, sizeof peak, "the %s peak", recur_kind_name(kind));
        printf("    %-24s%-5s%10.0f tokens/s  %s\n", kind ? "" : what, recur_kind_name(kind),
               speed[kind].rate, recur_share_text(&speed[kind].share, limit ? limit : peak).text);
    }
}

static void print_generation(const struct generation_speed *speed, bool sessions)
{
    print_kinds("one stream, one thread", speed->one, "reading");
    print_kinds("one stream, all threads", speed->all, "reading");
    for (size_t i = 0; i < SESSION_COUNTS && sessions; i++) {
        char what[40];
        size_t count = recur_bench_session_count(i);
        snprintf(what, sizeof what, "%zu session%s", count, recur_plural(count));
        print_kinds(what, speed->sessions[i], NULL);
    }
}

void recur_bench_print_preset(const struct preset_speed *speed)
{
    const struct training_speed *training = speed->training;
    if (training) {
        print_training(speed->workload->name, &training->speed, training->flop, training->peak);
        if (training->alone > 0)
            printf("    %s\n", recur_times_text(&training->threads, "one thread").text);
        for (size_t p = 0; p < RECUR_PHASES; p++)
            printf("%s%s %.1f %%", p ? ", " : "    ", recur_phase_name((enum recur_phase)p),
                   100 * training->phase[p]);
        putchar('\n');
    } else {
        puts(speed->workload->name);
    }
    if (speed->generation)
        print_generation(speed->generation, speed->workload->sessions);
    fflush(stdout);
}

void recur_bench_print_stack(const struct stack_speed *speed)
{
    print_training(speed->name, &speed->speed, speed->flop, speed->peak);
    fflush(stdout);
}

void recur_bench_print_lengths(const struct lengths_speed *speed)
{
    print_training("lengths", &speed->speed, speed->flop, speed->peak);
    printf("    %s\n", recur_times_text(&speed->ratio, "at equal lengths").text);
    fflush(stdout);
}

void recur_bench_print_footprint(const struct footprint *footprint)
{
    puts(BENCH_FOOTPRINT);
    if (footprint->train_bytes > 0)
        printf("    %.1f MB at most to train d2l-rnn-scratch\n", footprint->train_bytes * 1e-6);
    if (footprint->first_token > 0)
        printf("    %.1f ms from the start of recur generate to the first token\n",
               footprint->first_token * 1e3);
    fflush(stdout);
}
