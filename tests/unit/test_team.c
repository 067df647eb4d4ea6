/* The thread team: every member once a run, barriers that nobody passes early, threads that cannot
 * be started. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/team.h"

enum { THREADS_MAX = 8, ROUNDS = 50, RUNS = 100 };

struct job {
    struct recur_team *team;
    struct recur_barrier barrier;
    struct recur_arrivals arrivals[THREADS_MAX];
    size_t threads;
    size_t calls[THREADS_MAX]; /* of each member */
    size_t cells[THREADS_MAX]; /* plain memory: the barriers alone order it */
    atomic_size_t arrived, wrong;
};

static void start(struct job *job, size_t threads)
{
    *job = (struct job){.threads = threads};
    assert_int_equal(recur_team_create(threads, &job->team, NULL), RECUR_OK);
    assert_int_equal(recur_team_threads(job->team), threads);
    recur_barrier_init(&job->barrier, threads, job->arrivals);
}

static void count_calls(void *argument, size_t thread, size_t threads)
{
    struct job *job = argument;
    if (threads != job->threads || thread >= threads)
        atomic_fetch_add(&job->wrong, 1);
    else
        job->calls[thread]++;
}

/* A run is over when everybody is done: the caller reads plain memory right away. */
static void every_member_once(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= THREADS_MAX; threads++) {
        struct job job;
        start(&job, threads);
        for (size_t run = 1; run <= RUNS; run++) {
            recur_team_run(job.team, count_calls, &job);
            for (size_t i = 0; i < threads; i++)
                assert_int_equal(job.calls[i], run);
        }
        assert_int_equal(atomic_load(&job.wrong), 0);
        recur_team_free(job.team);
    }
}

/* Between two barriers everybody has arrived as often as everybody else. */
static void meet(struct job *job, size_t thread, void (*wait)(struct job *, size_t thread))
{
    for (size_t round = 1; round <= ROUNDS; round++) {
        job->cells[thread] = round;
        atomic_fetch_add(&job->arrived, 1);
        wait(job, thread);
        for (size_t i = 0; i < job->threads; i++)
            if (job->cells[i] != round)
                atomic_fetch_add(&job->wrong, 1);
        if (atomic_load(&job->arrived) != round * job->threads)
            atomic_fetch_add(&job->wrong, 1);
        wait(job, thread);
    }
}

static void wait_for_team(struct job *job, size_t thread)
{
    recur_team_wait(job->team, thread);
}

static void wait_at_barrier(struct job *job, size_t thread)
{
    recur_barrier_wait(&job->barrier, thread);
}

static void meet_as_team(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    meet(argument, thread, wait_for_team);
}

static void meet_at_barrier(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    meet(argument, thread, wait_at_barrier);
}

static void check_meeting(recur_team_fn *function)
{
    for (size_t threads = 1; threads <= THREADS_MAX; threads++) {
        struct job job;
        start(&job, threads);
        recur_team_run(job.team, function, &job);
        assert_int_equal(atomic_load(&job.wrong), 0);
        assert_int_equal(atomic_load(&job.arrived), ROUNDS * threads);
        recur_team_free(job.team);
    }
}

static void team_waits(void **state)
{
    (void)state;
    check_meeting(meet_as_team);
}

static void barrier_waits(void **state)
{
    (void)state;
    check_meeting(meet_at_barrier);
}

/* Denormal numbers are flushed inside a run on every member, and not outside it. */
static void make_denormal(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    struct job *job = argument;
    volatile float small = 0x1p-120f, smaller = small * 0x1p-20f;
    job->cells[thread] = smaller != 0;
}

static void denormals_are_flushed(void **state)
{
    (void)state;
    struct job job;
    start(&job, 3);
    recur_team_run(job.team, make_denormal, &job);
#if defined(__SSE__) || defined(__aarch64__)
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(job.cells[i], 0);
#endif
    make_denormal(&job, 0, 1);
    assert_int_equal(job.cells[0], 1);
    recur_team_free(job.team);
}

static void many_teams(void **state)
{
    (void)state;
    recur_team_free(NULL);
    for (int i = 0; i < 50; i++) { /* some of them without ever having worked */
        struct job job;
        start(&job, 4);
        if (i % 2)
            recur_team_run(job.team, count_calls, &job);
        recur_team_free(job.team);
    }
    assert_in_range(recur_team_processors(), 1, 1 << 16);
}

/* The linker puts this in the place of pthread_create: so many threads can still be started. */
static size_t startable = SIZE_MAX;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument)
{
    if (startable == 0)
        return EAGAIN;
    startable--;
    return __real_pthread_create(thread, attributes, function, argument);
}

/* Those that were started end again. */
static void a_thread_that_cannot_be_started(void **state)
{
    (void)state;
    struct recur_team *team;
    recur_error error;
    char expected[200];
    snprintf(expected, sizeof expected, "thread 4 of 5 could not be started: %s; fewer may do",
             strerror(EAGAIN));
    startable = 2; /* beside the caller's */
    assert_int_equal(recur_team_create(5, &team, &error), RECUR_ERROR_MEMORY);
    assert_string_equal(error.message, expected);
    startable = SIZE_MAX;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_once),     cmocka_unit_test(team_waits),
        cmocka_unit_test(barrier_waits),         cmocka_unit_test(many_teams),
        cmocka_unit_test(denormals_are_flushed), cmocka_unit_test(a_thread_that_cannot_be_started),
    };
    return cmocka_run_group_tests_name("team", tests, NULL, NULL);
}
