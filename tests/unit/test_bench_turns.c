/* Measurements in turns: in which order recur bench lets work and limits run, and that what changes
 * the speed of the machine for longer than a turn changes no ratio. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../cli/bench/bench_turns.h"

enum { CALLS_MOST = 4 * (ROUNDS_MOST + 6) };

/* A machine whose speed halves and doubles, and what runs on it. */
static struct {
    size_t calls, who[CALLS_MOST];
    size_t fails_at; /* 0: never */
    double speed;
} machine;

struct runner {
    size_t number;
    double share; /* of the machine's speed */
};

/* The neighbour of this machine comes and goes every 20 turns. */
static enum recur_status run(void *user, double seconds, double *rate, recur_error *error)
{
    const struct runner *runner = user;
    assert_true(seconds > 0);
    machine.who[machine.calls++] = runner->number;
    machine.speed = machine.calls / 20 % 2 ? 50 : 300;
    *rate = machine.speed * runner->share;
    if (machine.calls == machine.fails_at) {
        *error = (recur_error){RECUR_ERROR_MEMORY, "no memory"};
        return RECUR_ERROR_MEMORY;
    }
    return RECUR_OK;
}

static void work_and_limit_alternate(void **state)
{
    (void)state;
    struct runner work = {0, 0.6}, limit = {1, 1};
    const struct turn turn[] = {{run, &work}, {run, &limit}};
    struct turns turns;
    recur_error error;
    machine.calls = machine.fails_at = 0;
    assert_int_equal(recur_bench_turns(turn, 2, 1e-9, &turns, &error), RECUR_OK);
    assert_true(turns.rounds >= ROUNDS_LEAST && turns.rounds <= ROUNDS_MOST);
    const size_t warm_up = machine.calls - 2 * turns.rounds;
    for (size_t i = warm_up; i < machine.calls; i++)
        assert_int_equal(machine.who[i], (i - warm_up) % 2);
}

static void a_neighbour_changes_no_share(void **state)
{
    (void)state;
    struct runner work = {0, 0.6}, limit = {1, 1}, alone = {2, 0.3};
    const struct turn turn[] = {{run, &work}, {run, &limit}, {run, &alone}};
    struct turns turns;
    recur_error error;
    machine.calls = machine.fails_at = 0;
    assert_int_equal(recur_bench_turns(turn, 3, 1e-2, &turns, &error), RECUR_OK);
    assert_int_equal(turns.rounds, ROUNDS_MOST); /* these turns take no time */
    const struct speed speed = recur_bench_speed(&turns, 0, 1, 1);
    const struct ratio ratio = recur_bench_turns_ratio(&turns, 0, 1, 2);
    assert_string_equal(recur_share_text(&speed.share, "it").text, "60.0 % (60.0-60.0) of it");
    assert_string_equal(recur_times_text(&ratio, "one").text,
                        "2.00 (2.00-2.00) times as fast as one");
    assert_true(speed.rate > 29 && speed.rate < 181);
    assert_true(speed.limit > 49 && speed.limit < 301);
    const struct speed costly = recur_bench_speed(&turns, 2, 3, 1); /* operations a token */
    assert_string_equal(recur_share_text(&costly.share, "it").text, "90.0 % (90.0-90.0) of it");
}

static void a_failure_ends_it(void **state)
{
    (void)state;
    struct runner work = {0, 0.6}, limit = {1, 1};
    const struct turn turn[] = {{run, &work}, {run, &limit}};
    struct turns turns;
    recur_error error;
    for (size_t at = 1; at < 22; at++) {
        machine.calls = 0;
        machine.fails_at = at;
        assert_int_equal(recur_bench_turns(turn, 2, 1e-9, &turns, &error), RECUR_ERROR_MEMORY);
        assert_int_equal(machine.calls, at);
    }
}

/* Work and its limit have the time that was asked for together, or more where the work is slow. */
static void the_time_is_known_before(void **state)
{
    (void)state;
    const double quick[] = {0, 0}, slow[] = {1, 0}, three[] = {1e-3, 0, 1e-3};
    const double warm_up = 0.1;
    assert_true(recur_bench_turns_seconds(quick, 2, 1) == 1 + warm_up);
    assert_true(recur_bench_turns_seconds(slow, 2, 1) > ROUNDS_LEAST);
    assert_true(recur_bench_turns_seconds(three, 3, 2) < 2 * 1.5 * (1 + 2 * warm_up));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_and_limit_alternate),
        cmocka_unit_test(a_neighbour_changes_no_share),
        cmocka_unit_test(a_failure_ends_it),
        cmocka_unit_test(the_time_is_known_before),
    };
    return cmocka_run_group_tests_name("bench_turns", tests, NULL, NULL);
}
