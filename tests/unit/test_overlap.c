/* What of a minibatch's gradients travels while the rest of it is computed. A lower layer's gates
 * tell how far back-propagation has come: at the steps that it has not reached they are still
 * values of the logistic function, which are positive; at the others they are gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/engine.h"
#include "text_engine.h"

enum { VOCABULARY = 70, LAYERS = 3, STEPS = 6, BATCH_MOST = 16, UPDATES = 8, OUTPUT_GATE = 3 };

/* What calls of a communicator find. */
struct watch {
    const struct recur_cpu_engine *engine;
    bool blind;                    /* they look at nothing, because other threads write it */
    size_t most;                   /* parcels */
    size_t head, gates[LAYERS];    /* parcels that have begun */
    size_t during[LAYERS], before; /* calls of progress while a layer's steps are walked through */
};

/* So many steps of a layer, the first ones, are not walked through yet. */
static size_t steps_left(const struct watch *watch, size_t l)
{
    const struct recur_pass *pass = &watch->engine->pass;
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, 0);
    const real *gate = stream->z + OUTPUT_GATE * stream->z_stride;
    for (size_t t = 0; t < STEPS; t++)
        for (size_t j = 0; j < RECUR_LANES; j++)
            if (gate[recur_pass_row(pass, t, 0) * RECUR_LANES + j] <= 0)
                return t;
    return STEPS;
}

/* Whether a parcel has numbers of the tensor. */
static bool has(const struct watch *watch, const struct recur_summands *summands, size_t tensor)
{
    const struct recur_param *param = recur_network_param(watch->engine->pass.network, tensor);
    for (size_t i = 0; i < summands->chunks; i++)
        if (summands->chunk[i].first < param->offset + param->span &&
            param->offset < summands->chunk[i].first + summands->chunk[i].count)
            return true;
    return false;
}

/* Whatever has no place in this parcel is still to be walked through. */
static enum recur_status begin(void *ranks, const struct recur_summands *summands,
                               recur_error *error)
{
    struct watch *watch = ranks;
    const struct recur_network *network = watch->engine->pass.network;
    size_t lowest = LAYERS;
    (void)error;
    for (size_t l = LAYERS; l-- > 0;)
        if (has(watch, summands, network->layer[l].direction[0].weight_hh)) {
            watch->gates[l]++;
            lowest = l;
        }
    lowest = has(watch, summands, network->embedding_weight) ? 0 : lowest;
    watch->head += has(watch, summands, network->head_weight);
    for (size_t l = 0; l < lowest && !watch->blind; l++)
        assert_int_equal(steps_left(watch, l), STEPS);
    return RECUR_OK;
}

static enum recur_status progress(void *ranks, recur_error *error)
{
    struct watch *watch = ranks;
    size_t untouched = 0;
    (void)error;
    for (size_t l = 0; l < LAYERS && !watch->blind; l++) {
        size_t left = steps_left(watch, l);
        watch->during[l] += left > 0 && left < STEPS;
        untouched += left == STEPS;
    }
    watch->before += untouched == LAYERS;
    return RECUR_OK;
}

static enum recur_status sum(void *ranks, const struct recur_summands *summands, recur_error *error)
{
    (void)ranks;
    (void)summands;
    (void)error;
    return RECUR_OK;
}

static recur_model *make_model(size_t width)
{
    const size_t hidden[LAYERS] = {width, width, width};
    recur_model_config config = recur_model_config_default();
    config.vocabulary = VOCABULARY;
    config.layers = LAYERS;
    config.hidden = hidden;
    config.embedding = 40;
    recur_model *model;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

/* Learns from some minibatches of text; `watch` NULL: the sum comes after all gradients. */
static void learn(recur_model *model, size_t threads, size_t batch, struct watch *watch)
{
    static int32_t ids[BATCH_MOST * STEPS];
    const struct recur_backend *backend = model->place.backend;
    const struct recur_parcel_calls calls = {
        .begin = begin, .progress = progress, .numbers = 1, .most = watch ? watch->most : 1};
    recur_trainer_config config = recur_trainer_config_default();
    struct recur_team *team;
    struct recur_learner *learner;
    for (size_t i = 0; i < batch * STEPS; i++)
        ids[i] = (int32_t)(i * i % VOCABULARY);
    assert_int_equal(recur_team_create(threads, &team, NULL), RECUR_OK);
    const struct recur_learner_plan plan = {.model = model,
                                            .team = team,
                                            .config = &config,
                                            .tokens = batch * STEPS,
                                            .sum = sum,
                                            .parcels = watch ? &calls : NULL,
                                            .ranks = watch,
                                            .blocks = 1};
    struct recur_engine *engine = make_text_engine(&plan, batch, STEPS, &learner);
    backend->prepare(engine);
    if (watch)
        watch->engine = recur_cpu_engine_of(engine);
    for (size_t i = 0; i < UPDATES; i++) {
        const struct recur_minibatch minibatch = {
            .input = {.batch = batch, .steps = STEPS, .ids = ids, .targets = ids}};
        const struct recur_learning how = {.lr = 1e-4, .number = i + 1};
        double loss, norm;
        backend->begin(learner);
        backend->add_tokens(learner, ids, batch * STEPS, 1);
        assert_int_equal(backend->learn(engine, &minibatch, &how, &loss, &norm, NULL), RECUR_OK);
    }
    backend->free_engine(engine);
    backend->free_learner(learner);
    recur_team_free(team);
}

static void sums_begin_before_the_layers_below_are_walked_through(void **state)
{
    (void)state;
    recur_model *model = make_model(64);
    struct watch watch = {.most = 1000};
    learn(model, 1, 4, &watch);
    assert_int_equal(watch.head, UPDATES * recur_panels(VOCABULARY));
    for (size_t l = 0; l < LAYERS; l++)
        assert_int_equal(watch.gates[l], UPDATES); /* eight panels each */
    assert_true(watch.before > 0);
    recur_model_free(model);
}

/* Steps that take no longer than a look at messages are no reason to look. */
static void messages_move_between_steps_that_take_long(void **state)
{
    (void)state;
    for (size_t wide = 0; wide < 2; wide++) {
        recur_model *model = make_model(wide ? 256 : 64);
        struct watch watch = {.most = 1000};
        learn(model, 1, wide ? 16 : 4, &watch);
        for (size_t l = 0; l < LAYERS; l++)
            assert_int_equal(watch.during[l], wide ? UPDATES * (STEPS - 1) : 0);
        recur_model_free(model);
    }
}

/* Threads without sequences, too, meet the others. */
static void any_number_of_threads_computes_the_same_bits(void **state)
{
    (void)state;
    for (size_t batch = 1; batch <= 4; batch += 3) {
        recur_model *plain = make_model(64);
        learn(plain, 1, batch, NULL);
        for (size_t threads = 1; threads <= 5; threads++) {
            recur_model *model = make_model(64);
            struct watch watch = {.most = 1000, .blind = true};
            learn(model, threads, batch, &watch);
            assert_memory_equal(model->parameters, plain->parameters,
                                plain->network.params.span * sizeof(real));
            recur_model_free(model);
        }
        recur_model_free(plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_begin_before_the_layers_below_are_walked_through),
        cmocka_unit_test(messages_move_between_steps_that_take_long),
        cmocka_unit_test(any_number_of_threads_computes_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
