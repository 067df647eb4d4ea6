#define _GNU_SOURCE /* sched_getaffinity */
#include "common/ranks.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/message.h"
#include "common/need.h"
#include "recur/machine.h"
#include "recur/training.h"

/* The first of these variables that is set, as a number; `none` where none is. */
static long variable(const char *const *names, long none)
{
    const char *value = NULL;
    for (; *names && !value; names++)
        value = getenv(*names);
    return value ? strtol(value, NULL, 10) : none;
}

size_t recur_ranks_patience(void)
{
    return recur_trainer_config_default().rank_seconds;
}

void recur_ranks_hush(struct ranks *ranks)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", NULL};
    long rank = recur_ranks_launcher() ? variable(names, 0) : 0;
    *ranks = (struct ranks){.real_stderr = -1};
    if (rank <= 0)
        return;
    ranks->rank = (size_t)rank;
    FILE *kept = tmpfile(); /* holds what this rank would have said */
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (!kept || nowhere < 0)
        return;
    ranks->real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(fileno(kept), STDERR_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    close(nowhere);
}

/* A launcher may bind each rank to some processors. Where it binds none, ranks of one machine would
 * all start a thread for each processor. */
static void share_processors(const struct command *command, struct ranks *ranks, size_t threads)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS",
                                        "SLURM_STEP_TASKS_PER_NODE", NULL};
    long here = variable(names, 1), online = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;
    if (here < 1 || online < 1 || sched_getaffinity(0, sizeof set, &set) != 0)
        return;
    long may = CPU_COUNT(&set), share = online / here > 0 ? online / here : 1;
    long wanted = threads ? (long)threads : share;
    if (may > share)
        ranks->threads = (size_t)share;
    else if (may < wanted && may < share && ranks->rank == 0)
        recur_warning(command,
                      "the launcher has bound this rank to %ld processor%s, but %ld rank%s share%s "
                      "%ld: mpirun --bind-to none leaves none idle",
                      may, recur_plural((uint64_t)may), here, recur_plural((uint64_t)here),
                      here == 1 ? "s" : "", online);
}

/* What this rank says if MPI takes too long: a handler of signals may not make sentences. */
static struct {
    char sentence[256];
    int length, place;
} late;

static void give_up(int signal)
{
    (void)signal;
    ssize_t written = write(late.place, late.sentence, (size_t)late.length);
    (void)written;
    _exit(STATUS_FAILURE); /* the launcher ends the others */
}

/* Ends this process with a sentence where MPI takes longer than so many seconds for what it does
 * next: it waits for all ranks without a limit. Rank 0 says it before the others would. */
static void watch(const struct command *command, const struct ranks *ranks, size_t seconds,
                  const char *what, const char *consequence)
{
    enum { WHILE_0_SPEAKS = 3 };
    bool silent = ranks->real_stderr >= 0;
    late.place = silent ? ranks->real_stderr : STDERR_FILENO;
    char who[32] = "";
    if (silent)
        snprintf(who, sizeof who, "rank %zu: ", ranks->rank);
    late.length = snprintf(late.sentence, sizeof late.sentence,
                           "%srecur %s: MPI has not %s on all ranks for %zu seconds: one hangs, "
                           "was stopped, or its machine cannot be reached%s\n",
                           who, command->name, what, seconds, consequence);
    signal(SIGALRM, give_up);
    alarm((unsigned)seconds + (silent ? WHILE_0_SPEAKS : 0));
}

static void watch_no_more(void)
{
    alarm(0);
    signal(SIGALRM, SIG_DFL);
}

int recur_ranks_join(const struct command *command, struct ranks *ranks, size_t threads,
                     size_t seconds)
{
    recur_error error;
    if (!recur_ranks_launcher())
        return 0;
    ranks->seconds = seconds;
    watch(command, ranks, seconds, "started", "");
    enum recur_status status = recur_ranks_open(NULL, NULL, &ranks->all, &error);
    watch_no_more();
    if (status != RECUR_OK) {
        ranks->failed = true;
        return recur_failure(command, "%s", error.message);
    }
    ranks->rank = ranks->all->rank;
    share_processors(command, ranks, threads);
    return 0;
}

/* Sends one byte to each rank and receives one of each. */
static enum recur_status exchange(const struct ranks *ranks, unsigned char own, unsigned char *all,
                                  recur_error *error)
{
    const recur_ranks *x = ranks->all;
    enum recur_status status = RECUR_OK;
    size_t missing = 0;
    all[x->rank] = own;
    for (size_t r = 0; r < x->count && status == RECUR_OK; r++) {
        if (r == x->rank)
            continue;
        status = x->receive(x->user, r, &all[r], 1, error);
        if (status == RECUR_OK)
            status = x->send(x->user, r, &all[x->rank], 1, error);
    }
    if (status == RECUR_OK)
        status = x->wait(x->user, (double)ranks->seconds, &missing, error);
    if (status == RECUR_STOP)
        snprintf(
            error->message, sizeof error->message,
            "rank %zu has not answered rank %zu for %zu seconds: it hangs, was stopped, or its "
            "machine cannot be reached",
            missing, x->rank, ranks->seconds);
    return status;
}

int recur_ranks_find_gpus(const struct command *command, struct ranks *ranks, bool may)
{
    recur_device_info gpu = {0};
    recur_error error = {0};
    if (!ranks->all)
        return 0;
    unsigned char *all = recur_need(command, ranks->all->count, 1, "the ranks");
    unsigned char own = may && recur_machine_device(&gpu, &error) == RECUR_OK && *gpu.name;
    error = (recur_error){0};
    enum recur_status status = exchange(ranks, own, all, &error);
    ranks->gpus = status == RECUR_OK;
    for (size_t r = 0; r < ranks->all->count; r++)
        ranks->gpus &= all[r] > 0;
    free(all);
    return status == RECUR_OK ? 0 : recur_failure(command, "%s", error.message);
}

/* Says what this rank has kept for itself. */
static void speak(const struct ranks *ranks)
{
    char line[4096];
    ssize_t size = pread(STDERR_FILENO, line, sizeof line - 1, 0);
    if (size <= 0)
        return;
    line[size] = '\0';
    dprintf(ranks->real_stderr, "rank %zu: %s", ranks->rank, line);
}

int recur_ranks_leave(const struct command *command, struct ranks *ranks, int status)
{
    if (status != 0 && !ranks->all && !ranks->failed) /* so that it can end the others */
        recur_ranks_join(command, ranks, 1, recur_ranks_patience());
    fflush(stdout);
    fflush(stderr);
    /* Rank 0 fails in the same way, as a rule, says so and ends all: that is a signal here.
     * Launchers may lose what was said just before the end. */
    const struct timespec while_0_speaks = {.tv_sec = 3},
                          while_it_is_heard = {.tv_nsec = 300000000};
    if (status != 0 && ranks->real_stderr >= 0 && nanosleep(&while_0_speaks, NULL) == 0)
        speak(ranks);
    if (status != 0 && ranks->all)
        nanosleep(&while_it_is_heard, NULL);
    /* The others wait for rank 0, which may still have had much to write. */
    if (status == 0 && ranks->all && ranks->rank == 0)
        watch(command, ranks, ranks->seconds, "ended", ". What it was to write is written");
    recur_ranks_close(ranks->all, status);
    watch_no_more();
    ranks->all = NULL;
    return status;
}
