#include "recur/machine.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/team.h"
#include "kernels/kernels.h"

enum recur_status recur_machine_isa(const char **isa, recur_error *error)
{
    const struct recur_kernels *kernels;
    RECUR_TRY(recur_kernels_select(&kernels, error));
    *isa = kernels->isa;
    return RECUR_OK;
}

size_t recur_machine_threads(void)
{
    return recur_team_processors();
}

struct measurement {
    struct recur_team *team;
    const struct recur_kernels *kernels;
    double seconds;
    double *rate; /* of each thread */
};

static void measure(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    struct measurement *m = argument;
    double flop = 0;
    recur_team_wait(m->team);
    double start = recur_clock(), elapsed;
    do {
        flop += m->kernels->peak(20000);
        elapsed = recur_clock() - start;
    } while (elapsed < m->seconds);
    m->rate[thread] = flop / elapsed;
}

enum recur_status recur_machine_peak(size_t threads, double seconds, double *flops,
                                     recur_error *error)
{
    if (threads < 1 || !(seconds > 0))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a peak is measured on at least one thread for some time");
    struct measurement m = {.seconds = seconds};
    RECUR_TRY(recur_kernels_select(&m.kernels, error));
    RECUR_TRY(recur_team_create(threads, &m.team, error));
    enum recur_status status =
        recur_alloc(threads, sizeof *m.rate, "measuring the peak", &m.rate, error);
    if (status == RECUR_OK) {
        recur_team_run(m.team, measure, &m);
        *flops = 0;
        for (size_t i = 0; i < threads; i++)
            *flops += m.rate[i];
    }
    recur_team_free(m.team);
    free(m.rate);
    return status;
}
