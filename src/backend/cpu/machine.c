#include "recur/machine.h"

#include <stdlib.h>

#include "backend/cpu/kernels/kernels.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/team.h"

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
    recur_team_wait(m->team, thread);
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

struct reading {
    struct recur_team *team;
    const struct recur_kernels *kernels;
    const real *numbers;
    size_t each; /* numbers of a thread */
    double seconds;
    double *rate; /* of each thread */
};

/* A thread reads about a megabyte between two looks at the clock. The fastest look counts: during a
 * slower one something else had the processor. */
static void read_share(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    struct reading *r = argument;
    const real *share = r->numbers + thread * r->each;
    size_t rounds = 1 + ((size_t)1 << 20) / (r->each * sizeof *share);
    volatile real keep; /* the work must not be optimised away */
    double best = 0;
    recur_team_wait(r->team, thread);
    double start = recur_clock(), now = start;
    while (now - start < r->seconds) {
        double before = now;
        for (size_t i = 0; i < rounds; i++)
            keep = r->kernels->read(share, r->each);
        (void)keep;
        now = recur_clock();
        double rate = (double)(rounds * r->each * sizeof *share) / (now - before);
        best = rate > best ? rate : best;
    }
    r->rate[thread] = best;
}

enum recur_status recur_machine_read_rate(size_t threads, size_t bytes, double seconds,
                                          double *rate, recur_error *error)
{
    size_t chunk = RECUR_READ_CHUNK * sizeof(real);
    if (threads < 1 || bytes / threads < 4096 || !(seconds > 0))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "reading is measured on at least one thread with 4096 bytes for each, "
                          "for some time");
    struct reading r = {.seconds = seconds, .each = bytes / threads / chunk * RECUR_READ_CHUNK};
    real *numbers = NULL;
    RECUR_TRY(recur_kernels_select(&r.kernels, error));
    RECUR_TRY(recur_team_create(threads, &r.team, error));
    enum recur_status status =
        recur_alloc(threads, sizeof *r.rate, "measuring how memory is read", &r.rate, error);
    if (status == RECUR_OK)
        status = recur_block_alloc(threads * r.each * sizeof *numbers, "numbers to read", &numbers,
                                   error);
    if (status == RECUR_OK) {
        r.numbers = numbers;
        recur_team_run(r.team, read_share, &r);
        *rate = 0;
        for (size_t i = 0; i < threads; i++)
            *rate += r.rate[i];
    }
    recur_team_free(r.team);
    recur_block_free(numbers);
    free(r.rate);
    return status;
}
