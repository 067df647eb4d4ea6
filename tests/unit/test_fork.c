/* A child process has its parent's objects and none of their threads: it can free them and work
 * with them, to the same results, and never waits for who is not there. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/team.h"
#include "recur/features.h"
#include "recur/machine.h"
#include "recur/predict.h"
#include "recur/session.h"
#include "recur/stack.h"
#include "sanitizers.h"
#include "trainer_example.h"

enum { THREADS = 3, PATIENCE = 60 }; /* seconds, after which a child is taken to hang */

/* The linker puts these in the place of pthread_create and madvise. */
static bool refuse_threads;
enum { FOLLOWED, REFUSED, IGNORED, TREATMENTS }; /* ignored: with status 0 */
static int advice_is = FOLLOWED;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument)
{
    return refuse_threads ? EAGAIN : __real_pthread_create(thread, attributes, function, argument);
}

int __real_madvise(void *address, size_t size, int advice);
int __wrap_madvise(void *address, size_t size, int advice);
int __wrap_madvise(void *address, size_t size, int advice)
{
    if (advice_is == FOLLOWED)
        return __real_madvise(address, size, advice);
    errno = EINVAL;
    return advice_is == REFUSED ? -1 : 0;
}

/* Does `work` in a child, which says whether all went well; it cannot fail a test itself. */
static void in_a_child(bool (*work)(void *), void *argument)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(PATIENCE);
        _exit(work(argument) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("the child was ended by signal %d%s", WTERMSIG(status),
                 WTERMSIG(status) == SIGALRM ? ": it hangs" : "");
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Where a child leaves its results. */
static void *shared(size_t size)
{
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(block, MAP_FAILED);
    return block;
}

struct job {
    struct recur_team *team;
    size_t calls[THREADS];
};

static void do_nothing(void *argument, size_t thread, size_t threads)
{
    (void)argument;
    (void)thread;
    (void)threads;
}

/* The address sanitizer's threads allocate while they start; a child of that moment would find its
 * allocator locked for ever. Threads that have run something have started. */
static enum recur_status create_team(struct recur_team **team)
{
    enum recur_status status = recur_team_create(THREADS, team, NULL);
    if (ADDRESS_SANITIZER && status == RECUR_OK)
        recur_team_run(*team, do_nothing, NULL);
    return status;
}

static void count(void *argument, size_t thread, size_t threads)
{
    struct job *job = argument;
    (void)threads;
    recur_team_wait(job->team, thread);
    job->calls[thread]++;
    recur_team_wait(job->team, thread);
}

static bool all_came(struct job *job, size_t times)
{
    for (size_t i = 0; i < THREADS; i++)
        if (job->calls[i] != times)
            return false;
    return true;
}

static bool only_free(void *argument)
{
    struct job *job = argument;
    recur_team_free(job->team);
    return true;
}

static bool run_and_free(void *argument)
{
    struct job *job = argument;
    size_t before = job->calls[0];
    if (recur_team_attend(job->team, NULL) != RECUR_OK)
        return false;
    recur_team_run(job->team, count, job);
    recur_team_run(job->team, count, job);
    return all_came(job, before + 2) && only_free(job);
}

/* What is a child to this process is a parent to the next. */
static bool have_a_child(void *argument)
{
    int status;
    if (!run_and_free(argument) || create_team(&((struct job *)argument)->team) != RECUR_OK)
        return false;
    pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE); /* which a child does not inherit */
        _exit(run_and_free(argument) ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 && only_free(argument);
}

static bool refused_and_freed(void *argument)
{
    struct job *job = argument;
    recur_error error = {0};
    refuse_threads = true;
    if (recur_team_attend(job->team, &error) != RECUR_ERROR_MEMORY ||
        !strstr(error.message, "could not be started"))
        return false;
    refuse_threads = false; /* another try may do */
    return run_and_free(job);
}

static void teams_begin_anew(void **state)
{
    (void)state;
    bool (*const works[])(void *) = {only_free, run_and_free, have_a_child, refused_and_freed};
    for (size_t i = 0; i < TREATMENTS * sizeof works / sizeof *works; i++) {
        struct job job = {0};
        advice_is = (int)(i % TREATMENTS);
        assert_int_equal(create_team(&job.team), RECUR_OK);
        in_a_child(works[i / TREATMENTS], &job); /* asleep for the first time, */
        recur_team_run(job.team, count, &job);
        in_a_child(works[i / TREATMENTS], &job); /* waiting for more, */
        usleep(20000);
        in_a_child(works[i / TREATMENTS], &job); /* and asleep */
        recur_team_run(job.team, count, &job);
        assert_true(all_came(&job, 2));
        recur_team_free(job.team);
        advice_is = FOLLOWED;
    }
}

enum { STEPS = 3 };

struct training {
    recur_trainer *trainer;
    double *losses; /* (STEPS + 1) */
};

static bool train_on(void *argument)
{
    const struct training *t = argument;
    recur_step step = {0};
    recur_epoch epoch;
    for (size_t i = 0; i < STEPS; i++) {
        if (recur_trainer_step(t->trainer, &step, NULL) != RECUR_OK)
            return false;
        t->losses[i] = step.loss;
    }
    bool done = recur_trainer_end_epoch(t->trainer, &epoch, NULL) == RECUR_OK &&
                recur_trainer_finish(t->trainer, NULL) == RECUR_OK;
    t->losses[STEPS] = epoch.valid_loss;
    return done;
}

static bool train_on_and_free(void *argument)
{
    bool done = train_on(argument);
    recur_trainer_free(((struct training *)argument)->trainer);
    return done;
}

static bool train_without_threads(void *argument)
{
    const struct training *t = argument;
    recur_error error = {0};
    refuse_threads = true;
    return recur_trainer_step(t->trainer, NULL, &error) == RECUR_ERROR_MEMORY &&
           strstr(error.message, "could not be started") &&
           recur_trainer_end_epoch(t->trainer, NULL, &error) == RECUR_ERROR_MEMORY &&
           recur_trainer_finish(t->trainer, NULL) == RECUR_OK;
}

static void check_training(recur_trainer *trainer)
{
    double *theirs = shared((STEPS + 1) * sizeof *theirs), ours[STEPS + 1];
    struct training training = {trainer, theirs};
    assert_int_equal(recur_trainer_step(trainer, NULL, NULL), RECUR_OK);
    in_a_child(train_without_threads, &training);
    in_a_child(train_on_and_free, &training);
    training.losses = ours;
    assert_true(train_on(&training));
    assert_memory_equal(ours, theirs, sizeof ours);
    munmap(theirs, (STEPS + 1) * sizeof *theirs);
    recur_trainer_free(trainer);
}

static void a_trainer_goes_on_to_the_same_bits(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, 1, 70, 0);
    recur_corpus *corpus = make_corpus(TOKENS_MAX, 0);
    recur_trainer_config config = small_config();
    config.threads = THREADS;
    config.validation = 0.1F;
    check_training(make_trainer(model, corpus, &config));
    release(NULL, corpus, model);
}

static recur_labels *some_labels(void)
{
    const char *text = "x\ta b\ny\tb a\nx\ta c\ny\tb c\nx\ta a\ny\tb b\nx\ta\ny\tb\n";
    recur_labels_config config = recur_labels_config_default();
    recur_labels *labels;
    config.task = RECUR_TASK_CLASSIFY;
    assert_int_equal(recur_labels_read_memory(text, strlen(text), &config, &labels, NULL),
                     RECUR_OK);
    return labels;
}

static void so_does_one_of_labels(void **state)
{
    (void)state;
    recur_labels *labels = some_labels();
    recur_model *model;
    recur_trainer *trainer;
    recur_trainer_config config = small_config();
    config.threads = THREADS;
    config.batch = 2;
    assert_int_equal(recur_model_create_labels(NULL, labels, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_create_labels(model, labels, labels, &config, &trainer, NULL),
                     RECUR_OK);
    check_training(trainer);
    recur_model_free(model);
    recur_labels_free(labels);
}

struct streaming {
    recur_stepper *stepper;
    recur_session *session[2];
    float *logits; /* (2, V) */
};

static bool feed(void *argument)
{
    const struct streaming *s = argument;
    const int32_t ids[] = {1, 2};
    const float *row = recur_stepper_feed(s->stepper, s->session[0], 3);
    if (!row || recur_stepper_feed_many(s->stepper, s->session, ids, 2, s->logits, NULL))
        return false;
    recur_stepper_refresh(s->stepper);
    row = recur_stepper_feed(s->stepper, s->session[1], 4);
    memcpy(s->logits, row, VOCABULARY * sizeof *row);
    return true;
}

static bool feed_and_free(void *argument)
{
    const struct streaming *s = argument;
    bool done = feed(argument);
    recur_stepper_free(s->stepper);
    return done;
}

static bool feed_on_one_thread(void *argument)
{
    refuse_threads = true;
    return feed_and_free(argument);
}

static void a_stepper_goes_on_to_the_same_bits(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_GRU, 1, 512, 0);
    const size_t size = 2 * VOCABULARY * sizeof(float);
    float ours[2 * VOCABULARY];
    struct streaming s = {.logits = shared(size)};
    assert_int_equal(recur_stepper_create(model, 2, THREADS, &s.stepper, NULL), RECUR_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(recur_session_create(model, &s.session[i], NULL), RECUR_OK);
        recur_stepper_feed(s.stepper, s.session[i], 5);
    }
    float *theirs = s.logits, *alone = shared(size);
    in_a_child(feed_and_free, &s);
    s.logits = alone;
    in_a_child(feed_on_one_thread, &s);
    s.logits = ours;
    assert_true(feed(&s));
    assert_memory_equal(ours, theirs, size);
    assert_memory_equal(ours, alone, size);
    munmap(theirs, size);
    munmap(alone, size);
    recur_session_free(s.session[0]);
    recur_session_free(s.session[1]);
    recur_stepper_free(s.stepper);
    recur_model_free(model);
}

enum { BATCH = 4 };

struct looping {
    recur_stack *stack;
    double *norm;
};

static enum recur_status loop(const struct looping *l, recur_error *error)
{
    int32_t ids[2 * BATCH] = {1, 2, 3, 4, 5, 6, 7, 8};
    const recur_stack_input input = {.batch = BATCH, .steps = 2, .ids = ids, .targets = ids};
    double loss;
    const recur_stack_output output = {.loss = &loss};
    enum recur_status status = recur_stack_forward(l->stack, &input, &output, error);
    if (status == RECUR_OK)
        status = recur_stack_backward(l->stack, NULL, NULL, error);
    return status == RECUR_OK ? recur_stack_update(l->stack, 0.1, l->norm, error) : status;
}

static bool loop_and_free(void *argument)
{
    const struct looping *l = argument;
    bool done = loop(l, NULL) == RECUR_OK;
    recur_stack_free(l->stack);
    return done;
}

static bool loop_without_threads(void *argument)
{
    recur_error error = {0};
    refuse_threads = true;
    return loop(argument, &error) == RECUR_ERROR_MEMORY;
}

static void a_stack_goes_on_to_the_same_bits(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, 1, 64, 0);
    recur_trainer_config config = small_config();
    double ours, *theirs = shared(sizeof *theirs);
    struct looping l = {.norm = &ours};
    config.threads = THREADS;
    assert_int_equal(recur_stack_create(model, &config, 0, &l.stack, NULL), RECUR_OK);
    assert_int_equal(loop(&l, NULL), RECUR_OK);
    l.norm = theirs;
    in_a_child(loop_without_threads, &l);
    in_a_child(loop_and_free, &l);
    l.norm = &ours;
    assert_int_equal(loop(&l, NULL), RECUR_OK);
    assert_true(ours == *theirs && ours > 0);
    munmap(theirs, sizeof *theirs);
    recur_stack_free(l.stack);
    recur_model_free(model);
}

static bool measure(void *argument)
{
    double rate = 0;
    return recur_gauge_measure(argument, 1e-4, &rate, NULL) == RECUR_OK && rate > 0;
}

static bool measure_without_threads(void *argument)
{
    recur_error error = {0};
    double rate;
    refuse_threads = true;
    bool refused = recur_gauge_measure(argument, 1e-4, &rate, &error) == RECUR_ERROR_MEMORY;
    recur_gauge_free(argument);
    return refused && strstr(error.message, "could not be started");
}

static void a_gauge_measures_on(void **state)
{
    (void)state;
    recur_gauge *gauge;
    assert_int_equal(recur_gauge_create_peak(RECUR_PEAK_F32, THREADS, &gauge, NULL), RECUR_OK);
    assert_true(measure(gauge));
    in_a_child(measure, gauge);
    in_a_child(measure_without_threads, gauge);
    assert_true(measure(gauge));
    recur_gauge_free(gauge);
}

/* Callbacks that fork: both processes go on to the end. */
struct forking {
    size_t calls;
    pid_t child;
};

static enum recur_status fork_once(void *user, const float *rows, size_t count, recur_error *error)
{
    struct forking *f = user;
    (void)rows;
    (void)count;
    (void)error;
    if (f->calls++ == 0 && (f->child = fork()) == 0)
        alarm(PATIENCE);
    return RECUR_OK;
}

static enum recur_status fork_at_the_first(void *user, size_t sequence,
                                           const recur_prediction *prediction, recur_error *error)
{
    (void)sequence;
    (void)prediction;
    return fork_once(user, NULL, 0, error);
}

static void check_forked(const struct forking *f, enum recur_status status)
{
    int ended;
    if (f->child == 0)
        _exit(status == RECUR_OK && f->calls > 1 ? 0 : 1);
    assert_int_equal(status, RECUR_OK);
    assert_int_equal(waitpid(f->child, &ended, 0), f->child);
    assert_int_equal(ended, 0);
}

static void functions_that_are_called_back_may_fork(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, 1, 64, 0);
    recur_corpus *corpus = make_corpus(TOKENS_MAX, 0);
    struct forking f = {0};
    check_forked(&f, recur_features(model, corpus, 0, THREADS, fork_once, &f, NULL));
    release(NULL, corpus, model);

    recur_labels *labels = some_labels();
    assert_int_equal(recur_model_create_labels(NULL, labels, NULL, &model, NULL), RECUR_OK);
    f = (struct forking){0};
    check_forked(&f, recur_predict(model, labels, THREADS, fork_at_the_first, &f, NULL));
    recur_model_free(model);
    recur_labels_free(labels);
}

int main(void)
{
    if (THREAD_SANITIZER)
        return 77; /* its runtime starts no threads in the child of a process that has some */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(teams_begin_anew),
        cmocka_unit_test(a_trainer_goes_on_to_the_same_bits),
        cmocka_unit_test(so_does_one_of_labels),
        cmocka_unit_test(a_stepper_goes_on_to_the_same_bits),
        cmocka_unit_test(a_stack_goes_on_to_the_same_bits),
        cmocka_unit_test(a_gauge_measures_on),
        cmocka_unit_test(functions_that_are_called_back_may_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
