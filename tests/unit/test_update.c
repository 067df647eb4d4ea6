/* Clipping, optimisers and schedules against their textbook definitions, in double precision. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/update.h"
#include "base/memory.h"
#include "base/rng.h"
#include "train/schedule.h"

enum { SPAN = 3 * RECUR_SUM_CHUNK + 5 * RECUR_LANES, UPDATES = 40 };

struct bench {
    struct recur_optimiser optimiser;
    real *parameters, *gradients;
    double p[SPAN], m[SPAN], v[SPAN]; /* the reference's */
    struct recur_sparse_rows sparse;  /* rows of two tables */
    struct recur_rng rng;
};

/* Two tables of so many rows, of one panel and of two; before, between and behind them is something
 * else. */
enum { ROWS = RECUR_SUM_CHUNK / RECUR_LANES - 3, TOUCHED = 20 };
static const struct recur_param tables[] = {
    {.offset = RECUR_LANES, .depth = ROWS, .panels = 1, .span = ROWS * RECUR_LANES},
    {.offset = RECUR_SUM_CHUNK, .depth = ROWS, .panels = 2, .span = 2 * ROWS * RECUR_LANES},
};

static bool is_touched(const struct bench *bench, int32_t row)
{
    for (size_t i = 0; i < bench->sparse.rows; i++)
        if (bench->sparse.row[i] == row)
            return true;
    return false;
}

/* Sets the gradients of the tables' other rows to zero. */
static void clear_others(struct bench *bench)
{
    for (size_t i = 0; i < bench->sparse.tables; i++)
        for (size_t p = 0; p < tables[i].panels; p++)
            for (int32_t row = 0; row < ROWS; row++)
                for (size_t j = 0; j < RECUR_LANES && !is_touched(bench, row); j++)
                    bench->gradients[recur_sparse_rows_place(&bench->sparse, i, p, row) + j] = 0;
}

static void draw_rows(struct bench *bench)
{
    recur_sparse_rows_begin(&bench->sparse);
    for (size_t i = 0; i < TOUCHED; i++)
        recur_sparse_rows_add(&bench->sparse, (int32_t)recur_rng_below(&bench->rng, ROWS));
}

static void make(struct bench *bench, const recur_trainer_config *config, bool with_tables)
{
    static int32_t row[2][TOUCHED];
    static uint32_t place[ROWS];
    bench->sparse = (struct recur_sparse_rows){.row = row[0], .stale = row[1], .place = place};
    for (; with_tables && bench->sparse.tables < 2; bench->sparse.tables++)
        bench->sparse.table[bench->sparse.tables] = &tables[bench->sparse.tables];
    bench->sparse.most = TOUCHED;
    assert_int_equal(recur_block_alloc(SPAN * sizeof(real), "p", &bench->parameters, NULL), 0);
    assert_int_equal(recur_block_alloc(SPAN * sizeof(real), "g", &bench->gradients, NULL), 0);
    const struct recur_kernels *kernels;
    assert_int_equal(recur_kernels_select(&kernels, NULL), RECUR_OK);
    assert_int_equal(recur_optimiser_init(&bench->optimiser, kernels, config, bench->parameters,
                                          bench->gradients, SPAN, &bench->sparse, NULL, NULL, NULL),
                     RECUR_OK);
    recur_rng_seed(&bench->rng, 4, 0);
    for (size_t j = 0; j < SPAN; j++) {
        bench->parameters[j] = (real)recur_rng_normal(&bench->rng);
        bench->p[j] = (double)bench->parameters[j];
        bench->m[j] = bench->v[j] = 0;
    }
}

static void discard(struct bench *bench)
{
    recur_optimiser_free(&bench->optimiser);
    recur_block_free(bench->parameters);
    recur_block_free(bench->gradients);
}

/* One update by so many threads; returns the norm. */
static double step(struct bench *bench, size_t threads, const struct recur_learning *how,
                   double clip)
{
    struct recur_team *team;
    assert_int_equal(recur_team_create(threads, &team, NULL), RECUR_OK);
    double norm = recur_optimiser_run(&bench->optimiser, team, how, clip);
    recur_team_free(team);
    return norm;
}

static double norm_of(const struct bench *bench)
{
    double sum = 0;
    for (size_t j = 0; j < SPAN; j++)
        sum += (double)bench->gradients[j] * (double)bench->gradients[j];
    return sqrt(sum);
}

static void draw_gradients(struct bench *bench)
{
    for (size_t j = 0; j < SPAN; j++)
        bench->gradients[j] = (real)recur_rng_normal(&bench->rng);
    draw_rows(bench);
    clear_others(bench);
}

/* One number's update number t, from the papers and PyTorch's documentation. */
static void reference(const recur_trainer_config *config, double *p, double *m, double *v, double g,
                      double t)
{
    double lr = (double)config->lr, decay = (double)config->weight_decay;
    double b1 = (double)config->beta1, b2 = (double)config->beta2, alpha = (double)config->alpha;
    double epsilon = (double)config->epsilon, momentum = (double)config->momentum;
    if (config->optimizer == RECUR_OPTIMIZER_ADAMW)
        *p -= lr * decay * *p;
    else
        g += decay * *p;
    switch (config->optimizer) {
    case RECUR_OPTIMIZER_SGD:
        *m = momentum * *m + g;
        *p -= lr * *m;
        break;
    case RECUR_OPTIMIZER_ADAM:
    case RECUR_OPTIMIZER_ADAMW:
        *m = b1 * *m + (1 - b1) * g;
        *v = b2 * *v + (1 - b2) * g * g;
        *p -= lr * (*m / (1 - pow(b1, t))) / (sqrt(*v / (1 - pow(b2, t))) + epsilon);
        break;
    case RECUR_OPTIMIZER_RMSPROP:
        *v = alpha * *v + (1 - alpha) * g * g;
        *m = momentum * *m + g / (sqrt(*v) + epsilon);
        *p -= lr * *m;
        break;
    }
}

/* After many updates, by 1 and by 5 threads in turn, with clipped gradients. A parameter moves by
 * about lr at a time and each move errs by a few roundings. */
static void check_optimiser(const recur_trainer_config *config, bool with_tables)
{
    static struct bench bench;
    make(&bench, config, with_tables);
    double lr = (double)config->lr, worst = 0;
    for (int update = 1; update <= UPDATES; update++) {
        draw_gradients(&bench);
        double clip = update % 2 ? 0 : 0.75 * norm_of(&bench);
        const struct recur_learning how = {.lr = lr, .number = (uint64_t)update};
        double norm = step(&bench, update % 2 ? 1 : 5, &how, clip);
        const real scale = update % 2 ? 1 : (real)(clip / norm);
        for (size_t j = 0; j < SPAN; j++)
            reference(config, &bench.p[j], &bench.m[j], &bench.v[j],
                      (double)(scale * bench.gradients[j]), update);
    }
    for (size_t j = 0; j < SPAN; j++)
        worst = fmax(worst, fabs((double)bench.parameters[j] - bench.p[j]));
    if (!(worst < UPDATES * 5e-7))
        fail_msg("%s: off by %g", recur_optimizer_name(config->optimizer), worst);
    discard(&bench);
}

static void optimisers(void **state)
{
    (void)state;
    for (int kind = RECUR_OPTIMIZER_SGD; kind <= RECUR_OPTIMIZER_RMSPROP; kind++)
        for (int variant = 0; variant < 4; variant++) {
            recur_trainer_config config = recur_trainer_config_default();
            config.optimizer = (enum recur_optimizer)kind;
            config.lr = 0.05f;
            config.momentum = variant & 1 ? 0.8f : 0;
            config.weight_decay = variant & 2 ? 0.3f : 0;
            config.epsilon = 1e-3f;
            check_optimiser(&config, false);
            check_optimiser(&config, true);
        }
}

/* The padding of the panels has neither gradient nor value, and keeps none. */
static void zeros_stay_zero(void **state)
{
    (void)state;
    static struct bench bench;
    for (int kind = RECUR_OPTIMIZER_SGD; kind <= RECUR_OPTIMIZER_RMSPROP; kind++) {
        recur_trainer_config config = recur_trainer_config_default();
        config.optimizer = (enum recur_optimizer)kind;
        config.momentum = 0.5f;
        config.weight_decay = 0.1f;
        make(&bench, &config, false);
        draw_gradients(&bench);
        for (size_t j = 0; j < SPAN; j += 3)
            bench.parameters[j] = bench.gradients[j] = 0;
        for (int update = 0; update < 5; update++)
            step(&bench, 1, &(struct recur_learning){.lr = 0.1, .number = 1}, 0);
        for (size_t j = 0; j < SPAN; j += 3)
            assert_true(bench.parameters[j] == 0);
        discard(&bench);
    }
}

/* The mean is that of every parameter, also of rows that plain SGD does not look at. Each update
 * rounds the mean a few times, at less than 8. */
static void a_mean_follows_all_parameters(void **state)
{
    (void)state;
    static struct bench bench;
    static double sum[SPAN];
    recur_trainer_config config = recur_trainer_config_default();
    config.optimizer = RECUR_OPTIMIZER_SGD;
    make(&bench, &config, true);
    assert_int_equal(recur_block_alloc(SPAN * sizeof(real), "a", &bench.optimiser.average, NULL),
                     0);
    for (int update = 1; update <= UPDATES; update++) {
        draw_gradients(&bench);
        const struct recur_learning how = {
            .lr = 0.1, .number = (uint64_t)update, .average = 1 / (double)update};
        step(&bench, update % 2 ? 1 : 5, &how, 0);
        for (size_t j = 0; j < SPAN; j++)
            sum[j] += (double)bench.parameters[j];
    }
    for (size_t j = 0; j < SPAN; j++)
        assert_true(fabs((double)bench.optimiser.average[j] - sum[j] / UPDATES) < UPDATES * 1e-6);
    recur_block_free(bench.optimiser.average);
    discard(&bench);
}

static void check_norm(bool with_tables)
{
    static struct bench bench;
    recur_trainer_config config = recur_trainer_config_default();
    make(&bench, &config, with_tables);
    draw_gradients(&bench);
    double wanted = norm_of(&bench), first = 0;
    for (size_t threads = 1; threads <= 9; threads++) {
        double norm =
            step(&bench, threads, &(struct recur_learning){.lr = 0.1, .number = threads}, 1);
        assert_true(fabs(norm - wanted) < 1e-6 * norm);
        if (threads == 1)
            first = norm;
        assert_true(norm == first); /* the same bits on any number of threads */
    }
    discard(&bench);
}

static void norm_is_global(void **state)
{
    (void)state;
    check_norm(false);
    check_norm(true);
}

/* Gradients that are no numbers update nothing. */
static void not_finite(void **state)
{
    (void)state;
    static struct bench bench;
    static real before[SPAN];
    recur_trainer_config config = recur_trainer_config_default();
    make(&bench, &config, false);
    draw_gradients(&bench);
    bench.gradients[SPAN / 2] = (real)NAN;
    memcpy(before, bench.parameters, sizeof before);
    for (size_t threads = 1; threads <= 3; threads++)
        assert_true(
            isnan(step(&bench, threads, &(struct recur_learning){.lr = 0.1, .number = 1}, 1)));
    assert_memory_equal(before, bench.parameters, sizeof before);
    discard(&bench);
}

/* The book's: if norm > theta, g *= theta / norm. */
static void clipping(void **state)
{
    (void)state;
    assert_true(recur_clip_scale(0.5, 1) == 1);
    assert_true(recur_clip_scale(1, 1) == 1);
    assert_true(recur_clip_scale(4, 1) == 0.25);
    assert_true(recur_clip_scale(3, 1.5) == 0.5);
    assert_true(recur_clip_scale(0, 1) == 1);
    assert_true(recur_clip_scale(1e30, 0) == 1); /* no threshold */
}

static void constant(void **state)
{
    (void)state;
    recur_trainer_config config = recur_trainer_config_default();
    struct recur_plateau plateau = {.factor = 1};
    for (int i = 0; i < 10; i++) {
        const struct recur_place place = {i / 10.0, (i + 1) / 10.0, i, 10};
        assert_true(recur_schedule_lr(&config, &plateau, &place) == (double)config.lr);
    }
}

static void assert_lr(const recur_trainer_config *config, double done, double next, double wanted)
{
    struct recur_plateau plateau = {.factor = 1};
    double total = 1 / (next - done);
    const struct recur_place place = {done, next, done * total, total};
    double lr = recur_schedule_lr(config, &plateau, &place);
    if (!(fabs(lr - wanted) < 1e-6 * wanted))
        fail_msg("rate %g at %g, expected %g", lr, done, wanted);
}

/* 100 minibatches: up over the first 20, down over the 80 others. */
static void cosine(void **state)
{
    (void)state;
    recur_trainer_config config = recur_trainer_config_default();
    config.schedule = RECUR_SCHEDULE_COSINE;
    config.lr = 2;
    config.warmup = 0.2f;
    config.lr_floor = 0.1f;
    double last = 0;
    for (int i = 0; i < 19; i++)
        assert_lr(&config, i / 100.0, (i + 1) / 100.0, 2.0 * (i + 1) / 20);
    for (int i = 20; i < 100; i++) {
        double x = (i - 20) / 80.0, wanted = 2 * (0.1 + 0.9 * (1 + cos(acos(-1) * x)) / 2);
        assert_lr(&config, i / 100.0, (i + 1) / 100.0, wanted);
        assert_true(i == 20 || wanted < last);
        last = wanted;
    }
    assert_lr(&config, 0.2, 0.21, 2);
    assert_lr(&config, 0.6, 0.61, 2 * 0.55);
    assert_lr(&config, 1, 1.01, 0.2);
    assert_lr(&config, 1.7, 1.71, 0.2); /* a run that goes on past its plan stays at the floor */
    config.warmup = 0;
    assert_lr(&config, 0, 0.01, 2);
}

static void plateau(void **state)
{
    (void)state;
    recur_trainer_config config = recur_trainer_config_default();
    config.schedule = RECUR_SCHEDULE_PLATEAU;
    config.lr = 8;
    config.factor = 0.5f;
    config.patience = 2;
    /* Losses epoch by epoch, and the rate after each: it falls, as PyTorch's ReduceLROnPlateau
     * has it, with the first epoch past `patience` bad ones. */
    static const double losses[] = {3, 2, 2, 2.5, 2.1, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.8};
    static const double rates[] = {8, 8, 8, 8, 4, 4, 4, 4, 2, 2, 2, 1, 1};
    struct recur_plateau plateau = {.factor = 1};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        recur_plateau_epoch(&config, &plateau, losses[i]);
        const struct recur_place place = {0.5, 0.6, 5, 10};
        assert_true(recur_schedule_lr(&config, &plateau, &place) == rates[i]);
    }
}

/* 100 minibatches: 10 up, 60 at the rate, 30 down, and some more that stay at the floor. */
static void warmup_stable_decay(void **state)
{
    (void)state;
    recur_trainer_config config = recur_trainer_config_default();
    const struct recur_plateau none = {.factor = 1};
    config.schedule = RECUR_SCHEDULE_WSD;
    config.lr = 2;
    config.lr_floor = 0.1f;
    config.warmup = 0.1f;
    for (int i = 0; i < 110; i++) {
        double x = (i - 70) / 30.0;
        double wanted = i < 10   ? 2 * (i + 1) / 10.0
                        : i < 70 ? 2
                                 : 2 * (0.1 + 0.9 * (1 - sqrt(x < 1 ? x : 1)));
        const struct recur_place place = {i / 100.0, (i + 1) / 100.0, i, 100};
        double shares = recur_schedule_lr(&config, &none, &place);
        /* A share is a float: 0.1f * 100 is not 10, and the root has a steep beginning. */
        assert_true(fabs(shares - wanted) < 2e-3);
        recur_trainer_config counts = config;
        counts.warmup = 10;
        counts.stable = 60;
        counts.decay = 30;
        double lr = recur_schedule_lr(&counts, &none, &place);
        assert_true(fabs(lr - wanted) < 1e-6);
        /* With numbers of minibatches the run's length does not matter, to the bit. */
        const struct recur_place longer = {i / 777.0, (i + 1) / 777.0, i, 777};
        assert_true(recur_schedule_lr(&counts, &none, &longer) == lr);
    }
}

/* As torch.optim.lr_scheduler.OneCycleLR has it with its defaults, but for the number of steps
 * between which the rate moves: from lr / 25 up to lr, down to the floor. */
static void one_cycle(void **state)
{
    (void)state;
    recur_trainer_config config = recur_trainer_config_default();
    config.schedule = RECUR_SCHEDULE_ONECYCLE;
    config.lr = 1;
    config.warmup = 0.3f;
    config.lr_floor = 4e-6f; /* 1 / (25 * 10000) */
    assert_lr(&config, -0.1, 0, 0.04);
    assert_lr(&config, 0.05, 0.15, 0.52);
    assert_lr(&config, 0.3, 0.4, 1);
    assert_lr(&config, 0.65, 0.75, 0.500002);
    assert_lr(&config, 1, 1.1, 4e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optimisers),
        cmocka_unit_test(zeros_stay_zero),
        cmocka_unit_test(a_mean_follows_all_parameters),
        cmocka_unit_test(norm_is_global),
        cmocka_unit_test(not_finite),
        cmocka_unit_test(clipping),
        cmocka_unit_test(constant),
        cmocka_unit_test(cosine),
        cmocka_unit_test(plateau),
        cmocka_unit_test(warmup_stable_decay),
        cmocka_unit_test(one_cycle),
    };
    return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
