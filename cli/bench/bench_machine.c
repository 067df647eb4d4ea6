#include "bench/bench_machine.h"

/* What is expected of a machine that nothing is known of but its peak: the share of the peak of f32
 * that training reaches, also in bf16, and how many bytes per second a thread reads. */
#define USUAL_SHARE 0.5
#define USUAL_RATE 1e10

#define LOOK 0.05 /* at most so many seconds for each peak */

const char *recur_peak_name(enum recur_peak peak)
{
    static const char *const names[RECUR_PEAKS] = {"f32", "bf16", "int8"};
    return names[peak];
}

enum recur_peak recur_precision_peak(enum recur_precision precision)
{
    return precision == RECUR_PRECISION_BF16 ? RECUR_PEAK_BF16 : RECUR_PEAK_F32;
}

enum recur_status recur_bench_machine(size_t threads, double seconds, struct machine *machine,
                                      recur_error *error)
{
    seconds = seconds < LOOK ? seconds : LOOK;
    machine->threads = threads;
    enum recur_status status = recur_machine_isa(&machine->isa, error);
    for (int i = 0; i < RECUR_PEAKS && status == RECUR_OK; i++) {
        recur_gauge *gauge = NULL;
        status = recur_gauge_create_peak((enum recur_peak)i, threads, &gauge, error);
        if (status == RECUR_OK)
            status = recur_gauge_measure(gauge, seconds, &machine->peak[i], error);
        recur_gauge_free(gauge);
    }
    return status;
}

double recur_machine_training_seconds(const struct machine *machine, size_t threads, double flop)
{
    double peak = machine->peak[RECUR_PEAK_F32] * (double)threads / (double)machine->threads;
    return flop / (USUAL_SHARE * peak);
}

double recur_machine_reading_seconds(size_t threads, double bytes)
{
    return bytes / (USUAL_RATE * (double)threads);
}
