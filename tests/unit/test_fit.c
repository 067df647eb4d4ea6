/* How a run fits its time, by a clock of the test's own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/message.h"
#include "common/timing.h"
#include "recur/trainer.h"
#include "train/run.h"
#include "trainer_example.h"

/* An epoch has 20 minibatches of 24 tokens, from wherever its offset lets it begin. */
enum { EPOCH = 20, TOKENS = EPOCH * 24 + 7, MOST = 5000, BEGINS = 100 };

static double now_is; /* on the test's clock */

double recur_seconds(void)
{
    return now_is;
}

/* What a fitted run asks of the command line, which this one has not. */
bool recur_option_given(const struct command *command, const struct arguments *arguments,
                        const char *name)
{
    (void)command, (void)arguments, (void)name;
    return false;
}

void recur_option_forget(const struct command *command, struct arguments *arguments,
                         const char *name)
{
    (void)command, (void)arguments, (void)name;
}

void recur_run_choose_option(struct run *run, const char *name, const char *format, ...)
{
    (void)run, (void)name, (void)format;
}

int recur_run_set_origin(struct run *run)
{
    (void)run;
    return 0;
}

int recur_library_failure(const struct command *command, const recur_error *error)
{
    (void)command;
    fail_msg("%s", error->message);
    return 1;
}

/* A machine on which minibatch number `count`, from 0, takes so many seconds. */
typedef double machine(size_t count);

/* What became of a run. */
struct outcome {
    size_t updates;
    double seconds, epochs;
    double lr[MOST];
    bool spliced;
};

/* Trains until the run is over or interrupted. */
static void train(struct run *run, machine *speed, struct outcome *outcome, size_t until)
{
    do {
        do {
            assert_int_equal(recur_fit_step(run), 0);
            assert_int_equal(recur_trainer_step(run->trainer, &run->step, NULL), RECUR_OK);
            assert_true(outcome->updates < MOST);
            outcome->lr[outcome->updates] = run->step.lr;
            now_is += speed(outcome->updates++);
            run->of_step = 1;
            run->minibatches++;
            if (outcome->updates == until)
                return;
        } while (!run->step.end_of_epoch);
        assert_int_equal(recur_trainer_end_epoch(run->trainer, &run->epoch, NULL), RECUR_OK);
        recur_fit_validated(run, 0);
    } while (!recur_trainer_over(run->trainer));
}

/* A run of so many seconds on that machine, where a minibatch took `measured` seconds. With `more`
 * it is then made longer by as much. */
static struct outcome fit(double seconds, double measured, double most, machine *speed, bool more)
{
    static struct outcome outcome;
    struct run run = {.fit = {.end = BEGINS + seconds, .most = most}};
    recur_trainer_config config = small_config();
    recur_corpus *corpus = make_corpus(TOKENS, 7);
    outcome = (struct outcome){0};
    now_is = BEGINS;
    config.schedule = RECUR_SCHEDULE_WSD;
    config.warmup = 2;
    config.lr_floor = 0.02f;
    config.updates = 1;
    run.model = make_model(RECUR_CELL_RNN, 1, 2, 0);
    run.trainer = make_trainer(run.model, corpus, &config);
    run.config = *recur_trainer_get_config(run.trainer);
    run.tokens = 24;
    run.fit.step.seconds = measured;
    assert_int_equal(recur_fit_begin(&run), 0);
    assert_false(run.spliced);
    train(&run, speed, &outcome, SIZE_MAX);
    if (more) {
        run.fit = (struct fit){.end = BEGINS + 2 * seconds};
        assert_int_equal(recur_fit_begin(&run), 0);
        train(&run, speed, &outcome, SIZE_MAX);
    }
    outcome.seconds = now_is - BEGINS;
    outcome.epochs = (double)outcome.updates / EPOCH;
    outcome.spliced = run.spliced;
    release(run.trainer, corpus, run.model);
    return outcome;
}

/* The rate is whole for about so large a share of the run, then falls to its floor at the end. */
static void expect_decay(const struct outcome *outcome, double from, double to)
{
    size_t falls = 2;
    while (falls < outcome->updates && outcome->lr[falls] >= outcome->lr[2])
        falls++;
    double share = (double)falls / (double)outcome->updates;
    assert_true(share >= from && share <= to);
    assert_true(outcome->lr[outcome->updates - 1] < 0.1 * outcome->lr[2]);
}

static double steady(size_t count)
{
    (void)count;
    return 0.01;
}

static void steady_machine(void **state)
{
    (void)state;
    struct outcome outcome = fit(8, 0.01, 0, steady, false);
    assert_true(outcome.seconds > 7.8 && outcome.seconds < 8.05);
    expect_decay(&outcome, 0.58, 0.62);
}

/* The bound holds although the time did not reach it by the speed that was measured, whenever the
 * machine shows that it is faster. */
static double slow_at_first(size_t count)
{
    return count < 30 ? 0.1 : 0.005;
}

static void bound_of_epochs(void **state)
{
    (void)state;
    struct outcome outcome = fit(20, 0.1, 30, slow_at_first, false);
    assert_int_equal(outcome.updates, 30 * EPOCH);
    assert_true(outcome.seconds < 10);
    expect_decay(&outcome, 0.58, 0.62);
    outcome = fit(20, 0.1, 30, steady, false);
    assert_int_equal(outcome.updates, 30 * EPOCH);
    expect_decay(&outcome, 0.58, 0.62);
    outcome = fit(20, 0.01, 0.5, steady, false);
    assert_int_equal(outcome.updates, EPOCH / 2);
    outcome = fit(20, 0.01, 0, steady, false);
    assert_true(outcome.epochs > 90);
}

static size_t stalled; /* the minibatch in which the process is stopped */

static double stalls(size_t count)
{
    return count == stalled ? 2 : 0.01;
}

/* A stop of two seconds before the rate falls costs two seconds, and no more of the run or its
 * decay. */
static void stall(void **state)
{
    (void)state;
    for (stalled = 0; stalled < 480; stalled += 40) {
        struct outcome outcome = fit(8, 0.01, 0, stalls, false);
        assert_true(outcome.updates > 570 && outcome.seconds < 8.1);
        expect_decay(&outcome, 0.55, 0.85);
    }
}

/* A speed that was measured while the machine was busy does not end the run. */
static void busy_measurement(void **state)
{
    (void)state;
    struct outcome outcome = fit(5, 6, 0, steady, false);
    assert_true(outcome.updates > 480 && outcome.seconds < 5.1);
    expect_decay(&outcome, 0.55, 0.65);
}

static double very_slow(size_t count)
{
    (void)count;
    return 6;
}

/* Where a minibatch takes longer than the time there are two at most; none once it is over. */
static void no_time(void **state)
{
    (void)state;
    assert_true(fit(5, 6, 0, very_slow, false).updates <= 2);
    assert_int_equal(fit(-1, 6, 0, very_slow, false).updates, 1);
}

/* A run whose rate had fallen is not one that a command repeats. */
static void gone_on(void **state)
{
    (void)state;
    struct outcome outcome = fit(5, 0.01, 0, steady, true);
    assert_true(outcome.spliced && outcome.seconds > 9.8 && outcome.seconds < 10.1);
    assert_true(outcome.lr[outcome.updates / 2 + 10] == outcome.lr[2]);
}

/* Does a run that is interrupted after so many minibatches, with that warm-up, and goes on for
 * another time begin a new schedule? */
static bool begins_anew(size_t interrupted, float warmup)
{
    static struct outcome outcome;
    struct run run = {.fit = {.end = BEGINS + 5}};
    recur_trainer_config config = small_config();
    recur_corpus *corpus = make_corpus(TOKENS, 7);
    outcome = (struct outcome){0};
    now_is = BEGINS;
    config.schedule = RECUR_SCHEDULE_WSD;
    config.warmup = warmup;
    config.updates = 500;
    config.decay = 200;
    run.model = make_model(RECUR_CELL_RNN, 1, 2, 0);
    run.trainer = make_trainer(run.model, corpus, &config);
    run.config = *recur_trainer_get_config(run.trainer);
    run.tokens = 24;
    run.fit.step.seconds = 0.01;
    assert_int_equal(recur_fit_begin(&run), 0);
    train(&run, steady, &outcome, interrupted);
    run.fit = (struct fit){.end = BEGINS + 9};
    assert_int_equal(recur_fit_begin(&run), 0);
    release(run.trainer, corpus, run.model);
    return run.spliced;
}

static void interrupted(void **state)
{
    (void)state;
    assert_false(begins_anew(100, 2));
    assert_false(begins_anew(290, 2));
    assert_true(begins_anew(310, 2));
    assert_true(begins_anew(100, 0.1f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steady_machine), cmocka_unit_test(bound_of_epochs),
        cmocka_unit_test(stall),          cmocka_unit_test(busy_measurement),
        cmocka_unit_test(no_time),        cmocka_unit_test(gone_on),
        cmocka_unit_test(interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
