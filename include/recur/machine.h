/* recur/machine.h - the machine recur runs on.
 *
 *     size_t threads = recur_machine_threads();
 *     enum recur_status status = recur_machine_isa(&isa, error);
 *     if (status == RECUR_OK)
 *         status = recur_gauge_create_peak(RECUR_PEAK_F32, threads, &gauge, error);
 *     if (status == RECUR_OK)
 *         status = recur_gauge_measure(gauge, 0.1, &flops, error);
 *     if (status == RECUR_OK)
 *         printf("%s, %zu threads: at most %.0f trained tokens per second\n", isa, threads,
 *                flops / recur_machine_flop_per_token(model));
 *     recur_gauge_free(gauge);
 *
 * Threads: any thread may call these functions at any time, except while another thread changes the
 * environment; one thread at a time uses a gauge. */
#ifndef RECUR_MACHINE_H
#define RECUR_MACHINE_H

#include "recur/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What computes. */
enum recur_device {
    RECUR_DEVICE_AUTO, /* the GPU where there is one that can do what is asked, else the CPU */
    RECUR_DEVICE_CPU,  /* the processor; no GPU is looked for */
    RECUR_DEVICE_CUDA, /* an NVIDIA GPU; where it cannot be used, that is an error */
};

/* A GPU. */
typedef struct recur_device_info {
    char name[256];                         /* as its driver calls it; "": there is none */
    int capability_major, capability_minor; /* its compute capability: 9.0 */
    size_t multiprocessors;
    uint64_t memory; /* bytes */
} recur_device_info;

/* The NVIDIA GPU that would compute where one is asked for: the first that the driver lists. None
 * is no error: info->name is "" then, also where this build has no kernels for GPUs. This opens the
 * driver's library, libcuda.so.1, or the one that the environment variable RECUR_CUDA names; where
 * that is empty there is no GPU.
 * Errors: DEVICE where there is a GPU that recur cannot use, with the reason. */
RECUR_API enum recur_status recur_machine_device(recur_device_info *info, recur_error *error);

/* The name as the command line spells it: "auto", "cpu" or "cuda"; static storage. */
RECUR_API const char *recur_device_name(enum recur_device device);

/* The device of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_device_parse(const char *name, enum recur_device *device,
                                               recur_error *error);

/* Has the device compute what the model is asked for from now on: evaluation, features, blanks,
 * sessions. At first that is the CPU. Sessions, steppers and fillers that exist go on where they
 * are. A trainer or a stack has a device of its own (recur_trainer_config), which computes for the
 * model as long as it lives. Errors: DEVICE and UNSUPPORTED, only of RECUR_DEVICE_CUDA: there is no
 * GPU that can be used, or it cannot compute that model yet; ARGUMENT, MEMORY. */
RECUR_API enum recur_status recur_model_set_device(recur_model *model, enum recur_device device,
                                                   recur_error *error);

/* The same with the GPU of that number among those that the driver lists, from 0, counted round: of
 * four GPUs number 5 is number 1. Ranks of one machine take one each (recur_ranks.here). */
RECUR_API enum recur_status recur_model_set_gpu(recur_model *model, enum recur_device device,
                                                size_t number, recur_error *error);

/* What computes. */
typedef struct recur_device_use {
    enum recur_device device; /* never auto */
    recur_device_info info;   /* of the GPU that computes */
    const char *why; /* why auto chose the CPU although there is a GPU: one sentence, "" where
                        that is not so; the model's, valid until its device changes */
} recur_device_use;

/* What computes for the model now: while a trainer of the model lives, where it trains. */
RECUR_API recur_device_use recur_model_device(const recur_model *model);

/* Has the model's GPU failed? What was computed on it since is worth nothing, and the process does
 * not get it back: a server is started anew then. Too little memory is no such failure. Any thread
 * may ask at any time. Errors: DEVICE, what it failed with first. */
RECUR_API enum recur_status recur_model_check_device(const recur_model *model, recur_error *error);

/* The instruction set the arithmetic runs on: "amx", "avx512bf16", "avx512vnni", "avx512",
 * "avxvnni", "avx2", of ARM "neonbf16", "neondot", "neon", or "generic". The environment variable
 * RECUR_ISA lowers it; `*isa` is static storage. A name that is unknown, that this processor lacks
 * or that the build left out is an ARGUMENT error, here and wherever a model is made or loaded.
 *
 * AMX multiplies bf16 and bytes. A processor that has it asks Linux for the process's permission
 * where the first model is quantised, or loaded so, or trained in bf16; from then on stacks for
 * signal handlers (sigaltstack) must have room for its 8 KB of registers, and where one is too
 * small already, that model computes on the set below. A host that wants none of it sets RECUR_ISA
 * to "noamx", the best set but for AMX on whatever processor. */
RECUR_API enum recur_status recur_machine_isa(const char **isa, recur_error *error);

/* How many processors this process may use (its affinity mask), at least 1. */
RECUR_API size_t recur_machine_threads(void);

/* A gauge measures a limit of the machine: a peak, or a rate of reading. A limit changes from
 * moment to moment where other programs or other virtual machines share the processor. So work is
 * compared with a limit that is measured beside it: a while of work, a while of the gauge, and so
 * on in turns. A gauge keeps its threads and its memory between two measurements. */
typedef struct recur_gauge recur_gauge;

/* The kinds of numbers that products multiply. Each has a peak: how many operations a second there
 * are at most, two for each multiply-add, when all operands lie in registers. The peak is that of
 * the unit that recur's products use on the current instruction set. */
enum recur_peak {
    RECUR_PEAK_F32,  /* float: multiply-adds of vectors */
    RECUR_PEAK_BF16, /* bf16 with sums in float: AMX, an instruction for pairs of bf16, or, where
                        neither is used, multiply-adds of floats */
    RECUR_PEAK_INT8, /* bytes with sums of 32 bits: AMX, an instruction for fours of bytes, or what
                        replaces it */
    RECUR_PEAKS,     /* how many there are */
};

/* Makes a gauge of a peak of `threads` threads together, in operations per second. Where the
 * numbers are multiplied by AMX, it asks for the process's permission, as above. The gauge belongs
 * to the caller: recur_gauge_free. Errors: ARGUMENT, MEMORY. */
RECUR_API enum recur_status recur_gauge_create_peak(enum recur_peak peak, size_t threads,
                                                    recur_gauge **gauge, recur_error *error);

/* Makes a gauge of how fast `threads` threads together read `bytes` bytes, each its share of them,
 * again and again, in bytes per second: the rate of the level of the caches that holds a share. One
 * token of one stream takes at least recur_machine_bytes_per_token at that rate. Threads for which
 * there would be less than 512 bytes do not read. The gauge belongs to the caller:
 * recur_gauge_free. Errors: ARGUMENT (no thread, less than 512 bytes), MEMORY. */
RECUR_API enum recur_status recur_gauge_create_reading(size_t bytes, size_t threads,
                                                       recur_gauge **gauge, recur_error *error);

/* Measures for about `seconds`; `*rate` is the mean of that time, per second. Errors: ARGUMENT (no
 * time); MEMORY where a child process may start no threads (recur/recur.h, "Processes"). */
RECUR_API enum recur_status recur_gauge_measure(recur_gauge *gauge, double seconds, double *rate,
                                                recur_error *error);

/* Releases a gauge. NULL is fine. */
RECUR_API void recur_gauge_free(recur_gauge *gauge);

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
