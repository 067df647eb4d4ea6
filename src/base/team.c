#define _GNU_SOURCE /* sched_getaffinity, MADV_WIPEONFORK */
#include "base/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

/* Spins for 20 us (Zen 4) to 56 us (Xeon) before it yields the processor. */
#define SPINS 4000

static void spin_hint(void)
{
#if defined(__SSE__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Waits until *value is no longer `old`, spinning first. */
static void await_change(atomic_size_t *value, size_t old)
{
    for (unsigned spins = 0; atomic_load_explicit(value, memory_order_acquire) == old; spins++)
        if (spins < SPINS)
            spin_hint();
        else
            sched_yield();
}

void recur_barrier_init(struct recur_barrier *barrier, size_t parties,
                        struct recur_arrivals *arrivals)
{
    *barrier = (struct recur_barrier){parties, arrivals};
}

/* A thread that has arrived once less than this one now is still on its way; no thread can be
 * further behind, or more than one ahead. */
void recur_barrier_wait(struct recur_barrier *barrier, size_t party)
{
    if (barrier->parties < 2)
        return;
    atomic_size_t *own = &barrier->arrivals[party].count;
    size_t before = atomic_load_explicit(own, memory_order_relaxed);
    atomic_store_explicit(own, before + 1, memory_order_release);
    for (size_t i = 0; i < barrier->parties; i++)
        if (i != party)
            await_change(&barrier->arrivals[i].count, before);
}

struct recur_team {
    /* What members look at while they wait for a run: a cache line that only the caller writes. */
    atomic_size_t run; /* the number of runs started */
    recur_team_fn *function;
    void *argument;
    atomic_bool stop;
    atomic_size_t asleep; /* members that may wait for `wake` */

    _Alignas(64) size_t threads;
    struct recur_barrier barrier;    /* the function's */
    struct recur_arrivals *finished; /* (threads): the runs that each member is done with */
    pthread_mutex_t mutex;           /* with wake: for members that went to sleep */
    pthread_cond_t wake;
    size_t started; /* members after the caller */
    pthread_t *member;
    pid_t process; /* whose threads these are */
    char *mark;    /* a page that says so too: 1, and 0 in a child; NULL: the system cannot do it */
};

/* To ask for the process's number takes as long as a token; to look at a page that the system
 * clears in a child takes nothing. Old versions of QEMU accept every advice, even one that does not
 * exist, and follow none. */
static void make_mark(struct recur_team *team)
{
#ifdef MADV_WIPEONFORK
    const int kind = MAP_PRIVATE | MAP_ANONYMOUS;
    char *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, kind, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, 1, -1) != 0 && madvise(page, 1, MADV_WIPEONFORK) == 0)
        team->mark = page;
    else
        munmap(page, 1);
#else
    (void)team;
#endif
}

static bool is_ours(const struct recur_team *team)
{
    return team->mark ? *team->mark : team->process == getpid();
}

/* Denormal operands and results cost a hundred cycles each and mean nothing to training. */
static uint64_t flush_denormals(void)
{
#if defined(__SSE__)
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040); /* flush to zero, denormals are zero */
    return mode;
#elif defined(__aarch64__)
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | 1 << 24)); /* FZ: both */
    return mode;
#else
    return 0;
#endif
}

static void restore_denormals(uint64_t mode)
{
#if defined(__SSE__)
    _mm_setcsr((unsigned)mode);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
    (void)mode;
#endif
}

/* Spins for a moment, because minibatches follow each other at once, then sleeps. */
static void await_run(struct recur_team *team, size_t seen)
{
    for (unsigned spins = 0; spins < SPINS; spins++) {
        if (atomic_load_explicit(&team->run, memory_order_acquire) != seen)
            return;
        spin_hint();
    }
    pthread_mutex_lock(&team->mutex);
    atomic_fetch_add(&team->asleep, 1);
    while (atomic_load(&team->run) == seen)
        pthread_cond_wait(&team->wake, &team->mutex);
    atomic_fetch_sub(&team->asleep, 1);
    pthread_mutex_unlock(&team->mutex);
}

/* A thread that goes to sleep announces this before it looks for a run for the last time, and the
 * caller looks for sleepers after it has announced a run. In the one order of all these operations
 * one of them sees the other. */
static void announce_run(struct recur_team *team)
{
    atomic_fetch_add(&team->run, 1);
    if (!atomic_load(&team->asleep))
        return;
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(&team->wake);
    pthread_mutex_unlock(&team->mutex);
}

struct seat {
    struct recur_team *team;
    size_t thread;
};

static void *member_main(void *argument)
{
    struct seat seat = *(struct seat *)argument;
    free(argument);
    flush_denormals();
    for (size_t seen = 0;; seen++) {
        await_run(seat.team, seen);
        if (atomic_load_explicit(&seat.team->stop, memory_order_relaxed))
            return NULL;
        seat.team->function(seat.team->argument, seat.thread, seat.team->threads);
        atomic_store_explicit(&seat.team->finished[seat.thread].count, seen + 1,
                              memory_order_release);
    }
}

static enum recur_status start_member(struct recur_team *team, recur_error *error)
{
    struct seat *seat;
    RECUR_TRY(recur_alloc(1, sizeof *seat, "a thread", &seat, error));
    *seat = (struct seat){team, team->started + 1};
    int refused = pthread_create(&team->member[team->started], NULL, member_main, seat);
    if (refused) {
        free(seat);
        return recur_fail(error, RECUR_ERROR_MEMORY,
                          "thread %zu of %zu could not be started: %s; fewer may do",
                          team->started + 2, team->threads, strerror(refused));
    }
    team->started++;
    return RECUR_OK;
}

static void stop_members(struct recur_team *team)
{
    atomic_store_explicit(&team->stop, true, memory_order_relaxed);
    announce_run(team);
    for (size_t i = 0; i < team->started; i++)
        pthread_join(team->member[i], NULL);
    pthread_cond_destroy(&team->wake);
    pthread_mutex_destroy(&team->mutex);
    team->started = 0;
}

/* Starts all members in a process that has none of them. Whatever state the parent's threads left,
 * no run was going on then. */
static enum recur_status start_members(struct recur_team *team, recur_error *error)
{
    enum recur_status status = RECUR_OK;
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->wake, NULL);
    atomic_store(&team->run, 0);
    atomic_store(&team->asleep, 0);
    atomic_store(&team->stop, false);
    team->started = 0;
    for (size_t i = 0; i < team->threads; i++)
        atomic_store(&team->finished[i].count, 0);
    while (status == RECUR_OK && team->started + 1 < team->threads)
        status = start_member(team, error);
    if (status != RECUR_OK) {
        stop_members(team);
        return status;
    }
    team->process = getpid();
    if (team->mark)
        *team->mark = 1;
    return RECUR_OK;
}

enum recur_status recur_team_attend(struct recur_team *team, recur_error *error)
{
    return team->threads < 2 || is_ours(team) ? RECUR_OK : start_members(team, error);
}

enum recur_status recur_team_create(size_t threads, struct recur_team **out, recur_error *error)
{
    struct recur_team *team;
    struct recur_plan plan = {0};
    threads = threads ? threads : recur_team_processors();
    recur_plan_reserve(&plan, 1, sizeof *team);
    size_t at = recur_plan_reserve(&plan, threads, 2 * sizeof *team->finished);
    RECUR_TRY(recur_block_alloc(plan.bytes, "the thread team", &team, error));
    team->threads = threads;
    team->finished = recur_plan_at(team, at);
    recur_barrier_init(&team->barrier, threads, team->finished + threads);
    enum recur_status status =
        recur_alloc(threads, sizeof *team->member, "the thread team", &team->member, error);
    if (status == RECUR_OK && threads > 1) {
        make_mark(team);
        status = start_members(team, error);
    }
    if (status != RECUR_OK) {
        recur_team_free(team);
        return status;
    }
    *out = team;
    return RECUR_OK;
}

void recur_team_free(struct recur_team *team)
{
    if (!team)
        return;
    if (team->started && is_ours(team)) /* else there is nobody to wait for */
        stop_members(team);
    if (team->mark)
        munmap(team->mark, 1);
    free(team->member);
    recur_block_free(team);
}

size_t recur_team_threads(const struct recur_team *team)
{
    return team->threads;
}

void recur_team_run(struct recur_team *team, recur_team_fn *function, void *argument)
{
    uint64_t mode = flush_denormals();
    if (team->function != function || team->argument != argument) { /* members look there */
        team->function = function;
        team->argument = argument;
    }
    size_t before = atomic_load_explicit(&team->run, memory_order_relaxed);
    if (team->threads > 1)
        announce_run(team);
    function(argument, 0, team->threads);
    for (size_t i = 1; i < team->threads; i++)
        await_change(&team->finished[i].count, before);
    restore_denormals(mode);
}

void recur_team_wait(struct recur_team *team, size_t thread)
{
    recur_barrier_wait(&team->barrier, thread);
}

size_t recur_team_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (size_t)CPU_COUNT(&set);
    return 1;
}
