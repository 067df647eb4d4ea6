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

struct recur_gauge {
    struct recur_team *team;
    double *rate; /* of each thread, in the last measurement */
    double seconds;
    double (*multiply)(void); /* of a gauge of a peak, otherwise NULL */
    real (*read)(const real *x, size_t n);
    real *numbers; /* that are read */
    size_t each;   /* numbers of a thread */
};

/* Makes a gauge that measures nothing yet. */
static enum recur_status create(size_t threads, struct recur_gauge **gauge, recur_error *error)
{
    struct recur_gauge *g = NULL;
    RECUR_TRY(recur_alloc(1, sizeof *g, "a gauge of the machine", &g, error));
    enum recur_status status = recur_team_create(threads, &g->team, error);
    if (status == RECUR_OK)
        status = recur_alloc(threads, sizeof *g->rate, "a gauge of the machine", &g->rate, error);
    if (status == RECUR_OK)
        *gauge = g;
    else
        recur_gauge_free(g);
    return status;
}

enum recur_status recur_gauge_create_peak(enum recur_peak peak, size_t threads,
                                          struct recur_gauge **gauge, recur_error *error)
{
    const struct recur_kernels *kernels;
    if (threads < 1 || (unsigned)peak >= RECUR_PEAKS)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a peak is one of enum recur_peak, measured on at least one thread");
    RECUR_TRY(recur_kernels_select(&kernels, error));
    if (peak != RECUR_PEAK_F32)
        recur_kernels_permit_tiles(&kernels);
    RECUR_TRY(create(threads, gauge, error));
    (*gauge)->multiply = peak == RECUR_PEAK_F32    ? kernels->peak
                         : peak == RECUR_PEAK_BF16 ? kernels->bf16_peak
                                                   : kernels->int8_peak;
    return RECUR_OK;
}

enum recur_status recur_gauge_create_reading(size_t bytes, size_t threads,
                                             struct recur_gauge **gauge, recur_error *error)
{
    const struct recur_kernels *kernels;
    const size_t chunks = bytes / sizeof(real) / RECUR_READ_CHUNK;
    if (threads < 1 || chunks < 1)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "reading is measured on at least one thread, of at least %zu bytes",
                          RECUR_READ_CHUNK * sizeof(real));
    if (threads > chunks)
        threads = chunks; /* nothing would be left for the others */
    struct recur_gauge *g;
    RECUR_TRY(recur_kernels_select(&kernels, error));
    RECUR_TRY(create(threads, &g, error));
    g->read = kernels->read;
    g->each = chunks / threads * RECUR_READ_CHUNK;
    enum recur_status status = recur_block_alloc(threads * g->each * sizeof *g->numbers,
                                                 "numbers to read", &g->numbers, error);
    if (status == RECUR_OK)
        *gauge = g;
    else
        recur_gauge_free(g);
    return status;
}

/* Multiplies until the time is over; returns operations per second. */
static double multiply(const struct recur_gauge *gauge)
{
    double operations = 0, start = recur_clock(), elapsed;
    do {
        operations += gauge->multiply();
        elapsed = recur_clock() - start;
    } while (elapsed < gauge->seconds);
    return operations / elapsed;
}

/* The same for bytes per second. What was done between two measurements may have taken the share's
 * place in the caches, so it is read once before the time begins. Between two readings of the clock
 * lies about a megabyte. */
static double read_share(const struct recur_gauge *gauge, const real *share)
{
    const size_t rounds = 1 + ((size_t)1 << 20) / (gauge->each * sizeof *share);
    volatile real keep = gauge->read(share, gauge->each); /* so that the work is not removed */
    double bytes = 0, start = recur_clock(), elapsed;
    do {
        for (size_t i = 0; i < rounds; i++)
            keep = gauge->read(share, gauge->each);
        bytes += (double)(rounds * gauge->each * sizeof *share);
        elapsed = recur_clock() - start;
    } while (elapsed < gauge->seconds);
    (void)keep;
    return bytes / elapsed;
}

static void measure(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    struct recur_gauge *gauge = argument;
    recur_team_wait(gauge->team, thread);
    gauge->rate[thread] = gauge->multiply
                              ? multiply(gauge)
                              : read_share(gauge, gauge->numbers + thread * gauge->each);
}

enum recur_status recur_gauge_measure(struct recur_gauge *gauge, double seconds, double *rate,
                                      recur_error *error)
{
    if (!(seconds > 0))
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "a gauge measures for some time");
    RECUR_TRY(recur_team_attend(gauge->team, error));
    gauge->seconds = seconds;
    recur_team_run(gauge->team, measure, gauge);
    *rate = 0;
    for (size_t i = 0; i < recur_team_threads(gauge->team); i++)
        *rate += gauge->rate[i];
    return RECUR_OK;
}

void recur_gauge_free(struct recur_gauge *gauge)
{
    if (!gauge)
        return;
    recur_team_free(gauge->team);
    recur_block_free(gauge->numbers);
    free(gauge->rate);
    free(gauge);
}
