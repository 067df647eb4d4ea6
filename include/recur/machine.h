/* recur/machine.h - the machine recur runs on.
 *
 *     size_t threads = recur_machine_threads();
 *     enum recur_status status = recur_machine_isa(&isa, error);
 *     if (status == RECUR_OK)
 *         status = recur_machine_peak(threads, 0.1, &flops, error);
 *     if (status == RECUR_OK)
 *         printf("%s, %zu threads: at most %.0f trained tokens per second\n", isa, threads,
 *                flops / recur_machine_flop_per_token(model));
 *
 * Threads: any thread may call these functions at any time, except while another thread changes the
 * environment. */
#ifndef RECUR_MACHINE_H
#define RECUR_MACHINE_H

#include "recur/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The instruction set the arithmetic runs on: "amx", "avx512bf16", "avx512vnni", "avx512",
 * "avxvnni", "avx2", of ARM "neonbf16", "neondot", "neon", or "generic". The environment variable
 * RECUR_ISA lowers it; `*isa` is static storage. A name that is unknown, that this processor lacks
 * or that the build left out is an ARGUMENT error, here and wherever a model is made or loaded.
 *
 * AMX multiplies bf16 alone. A processor that has it asks Linux for the process's permission where
 * the first model is quantised to bf16, or loaded so, or trained in bf16; from then on stacks for
 * signal handlers (sigaltstack) must have room for its 8 KB of registers, and where one is too
 * small already, that model computes on the set below. A host that wants none of it sets RECUR_ISA
 * to "noamx", the best set but for AMX on whatever processor. */
RECUR_API enum recur_status recur_machine_isa(const char **isa, recur_error *error);

/* How many processors this process may use (its affinity mask), at least 1. */
RECUR_API size_t recur_machine_threads(void);

/* Measures the multiply-add peak of `threads` threads, at least 1, for about `seconds`: `*flops`
 * are floating-point operations per second in f32 on the current instruction set. Errors: ARGUMENT,
 * MEMORY. */
RECUR_API enum recur_status recur_machine_peak(size_t threads, double seconds, double *flops,
                                               recur_error *error);

/* Measures how fast `threads` threads together read `bytes` bytes, each its share of them, again
 * and again for about `seconds`: `*rate` is in bytes per second, of the level of the caches that
 * holds a share. One token of one stream takes at least recur_machine_bytes_per_token at that rate.
 * Errors: ARGUMENT (less than 4096 bytes for each thread), MEMORY. */
RECUR_API enum recur_status recur_machine_read_rate(size_t threads, size_t bytes, double seconds,
                                                    double *rate, recur_error *error);

/* The bytes of weights that one generated token reads: those of the products, as the model is
 * quantised. */
RECUR_API double recur_machine_bytes_per_token(const recur_model *model);

/* Floating-point operations of one trained token (forward and backward) of a model, counted as
 * 6 x the multiply-adds of its products; the one-hot or embedded input is a look-up and counts
 * nothing (docs/machine.md). Generation needs a third of it. */
RECUR_API double recur_machine_flop_per_token(const recur_model *model);

#ifdef __cplusplus
}
#endif

#endif
