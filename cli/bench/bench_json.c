/* Results as JSON. A share that failed is null, and so are its quartiles. */
#include <math.h>
#include <stdio.h>

#include "bench/bench_results.h"
#include "common/output.h"

enum { RATE_DIGITS = 6, SHARE_DIGITS = 4, NAME_ROOM = 64 };

void recur_bench_put_machine(recur_json_writer *json, const struct machine *machine)
{
    recur_json_put_text(json, "isa", machine->isa);
    recur_json_put_u64(json, "threads", machine->threads);
    static const char *const keys[RECUR_PEAKS] = {"peak_gflops", "bf16_peak_gflops",
                                                  "int8_peak_gflops"};
    for (int peak = 0; peak < RECUR_PEAKS; peak++)
        recur_json_put_rounded(json, keys[peak], machine->peak[peak] * 1e-9, RATE_DIGITS);
}

static void put_quartiles(recur_json_writer *json, const char *key, const struct ratio *ratio)
{
    recur_json_open(json, key, '[');
    recur_json_put_rounded(json, NULL, ratio->low, SHARE_DIGITS);
    recur_json_put_rounded(json, NULL, ratio->high, SHARE_DIGITS);
    recur_json_close(json, ']');
}

/* What a ratio comes to where it must not be shown. */
static struct ratio shown(const struct ratio *share)
{
    if (!recur_share_failed(share))
        return *share;
    return (struct ratio){.median = NAN, .low = NAN, .high = NAN, .noisy = share->noisy};
}

/* A ratio: NAME, NAME_quartiles, NAME_noisy. */
static void put_ratio(recur_json_writer *json, const char *name, const struct ratio *ratio)
{
    char key[NAME_ROOM];
    recur_json_put_rounded(json, name, ratio->median, SHARE_DIGITS);
    snprintf(key, sizeof key, "%s_quartiles", name);
    put_quartiles(json, key, ratio);
    snprintf(key, sizeof key, "%s_noisy", name);
    recur_json_put_bool(json, key, ratio->noisy);
}

static void put_training(recur_json_writer *json, const struct speed *speed, double flop,
                         enum recur_peak peak)
{
    const struct ratio share = shown(&speed->share);
    recur_json_put_rounded(json, "train_tokens_per_second", speed->rate, RATE_DIGITS);
    recur_json_put_rounded(json, "train_gflops", speed->rate * flop * 1e-9, RATE_DIGITS);
    recur_json_put_text(json, "train_peak", recur_peak_name(peak));
    recur_json_put_rounded(json, "train_peak_gflops", speed->limit * 1e-9, RATE_DIGITS);
    put_ratio(json, "train_share_of_peak", &share);
}

/* Speeds of each kind of numbers: PREFIX_tokens_per_second, and PREFIX_share_of_LIMIT with its
 * quartiles. */
static void put_kinds(recur_json_writer *json, const char *prefix, const char *limit,
                      const struct speed *speed)
{
    char key[NAME_ROOM];
    snprintf(key, sizeof key, "%stokens_per_second", prefix);
    recur_json_open(json, key, '{');
    for (int kind = 0; kind < KINDS; kind++)
        recur_json_put_rounded(json, recur_kind_name(kind), speed[kind].rate, RATE_DIGITS);
    recur_json_close(json, '}');
    snprintf(key, sizeof key, "%sshare_of_%s", prefix, limit);
    recur_json_open(json, key, '{');
    for (int kind = 0; kind < KINDS; kind++)
        recur_json_put_rounded(json, recur_kind_name(kind), shown(&speed[kind].share).median,
                               SHARE_DIGITS);
    recur_json_close(json, '}');
    snprintf(key, sizeof key, "%sshare_of_%s_quartiles", prefix, limit);
    recur_json_open(json, key, '{');
    for (int kind = 0; kind < KINDS; kind++) {
        const struct ratio share = shown(&speed[kind].share);
        put_quartiles(json, recur_kind_name(kind), &share);
    }
    recur_json_close(json, '}');
    snprintf(key, sizeof key, "%sshare_of_%s_noisy", prefix, limit);
    recur_json_open(json, key, '{');
    for (int kind = 0; kind < KINDS; kind++)
        recur_json_put_bool(json, recur_kind_name(kind), speed[kind].share.noisy);
    recur_json_close(json, '}');
}

static void put_generation(recur_json_writer *json, const struct generation_speed *speed,
                           bool sessions)
{
    put_kinds(json, "generate_", "reading", speed->one);
    put_kinds(json, "generate_threads_", "reading", speed->all);
    if (!sessions)
        return;
    recur_json_open(json, "sessions", '[');
    for (size_t i = 0; i < SESSION_COUNTS; i++) {
        recur_json_open(json, NULL, '{');
        recur_json_put_u64(json, "streams", recur_bench_session_count(i));
        put_kinds(json, "", "peak", speed->sessions[i]);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

void recur_bench_put_preset(recur_json_writer *json, const struct preset_speed *speed)
{
    const struct training_speed *training = speed->training;
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "preset", speed->workload->name);
    recur_json_put_u64(json, "parameters",
                       training ? training->parameters : speed->generation->parameters);
    if (training) {
        put_training(json, &training->speed, training->flop, training->peak);
        if (training->alone > 0) {
            recur_json_put_rounded(json, "train_one_thread_tokens_per_second", training->alone,
                                   RATE_DIGITS);
            put_ratio(json, "train_threads_against_one", &training->threads);
        }
        recur_json_open(json, "train_phases", '{');
        for (size_t p = 0; p < RECUR_PHASES; p++)
            recur_json_put_rounded(json, recur_phase_name((enum recur_phase)p), training->phase[p],
                                   SHARE_DIGITS);
        recur_json_close(json, '}');
    }
    if (speed->generation)
        put_generation(json, speed->generation, speed->workload->sessions);
    recur_json_close(json, '}');
}

void recur_bench_put_stack(recur_json_writer *json, const struct stack_speed *speed)
{
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "preset", speed->name);
    put_training(json, &speed->speed, speed->flop, speed->peak);
    recur_json_close(json, '}');
}

void recur_bench_put_lengths(recur_json_writer *json, const struct lengths_speed *speed)
{
    recur_json_open(json, "lengths", '{');
    put_training(json, &speed->speed, speed->flop, speed->peak);
    recur_json_put_rounded(json, "equal_tokens_per_second", speed->equal, RATE_DIGITS);
    put_ratio(json, "against_equal", &speed->ratio);
    recur_json_close(json, '}');
}

void recur_bench_put_footprint(recur_json_writer *json, const struct footprint *footprint)
{
    recur_json_open(json, BENCH_FOOTPRINT, '{');
    if (footprint->train_bytes > 0)
        recur_json_put_u64(json, "train_peak_bytes", (uint64_t)footprint->train_bytes);
    if (footprint->first_token > 0)
        recur_json_put_rounded(json, "first_token_seconds", footprint->first_token, SHARE_DIGITS);
    recur_json_close(json, '}');
}
