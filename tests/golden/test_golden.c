/* Against PyTorch and the D2L book's code, through the fixtures of make_fixtures.py, on every
 * instruction set and on 1 and 3 threads. PyTorch computed them in double precision, so the
 * difference is our rounding alone: |a - b| <= 1e-5 max |b|, b being a whole tensor (the logits of
 * a minibatch, its loss, one parameter's gradient, one parameter). States that are normalised do
 * not fade, and roundings grow in them from step to step: after ten minibatches of layer
 * normalisation it is 1e-4. */
#define _GNU_SOURCE /* setenv */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/pass.h"
#include "base/memory.h"
#include "io/safetensors.h"
#include "nn/model_object.h"
#include "recur/trainer.h"

enum { VOCABULARY = 11, BATCH = 4, STEPS = 7, MINIBATCHES = 10, LAYERS_MAX = 3, HIDDEN_MAX = 33 };
enum { TOKENS = MINIBATCHES * BATCH * STEPS + 1 };

static const double tolerance = 1e-5, tolerance_of_many_steps = 1e-4;

struct setup {
    const char *fixture, *isa;
    size_t threads;
};

struct golden {
    struct recur_safetensors file;
    recur_model *model;
    int32_t ids[TOKENS];
};

static const char *metadata(const struct golden *golden, const char *key)
{
    const char *value = recur_metadata_find(&golden->file.metadata, key);
    assert_non_null(value);
    return value;
}

/* Values of tensor "PREFIXNAME", free() them. */
static float *fixture_values(const struct golden *golden, const char *prefix, const char *name,
                             size_t count)
{
    char full[96];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const struct recur_safetensor *tensor = recur_safetensors_find(&golden->file, full);
    if (!tensor)
        fail_msg("the fixture has no tensor %s", full);
    assert_int_equal(tensor->end - tensor->begin, count * sizeof(float));
    float *values = malloc(count * sizeof *values);
    assert_non_null(values);
    assert_int_equal(recur_safetensors_get_f32(&golden->file, tensor, values, NULL), RECUR_OK);
    return values;
}

static void check_within(const struct golden *golden, const char *prefix, const char *name,
                         const float *got, size_t count, double near)
{
    float *wanted = fixture_values(golden, prefix, name, count);
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)wanted[i]));
    assert_true(largest > 0);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)wanted[i]) <= near * largest))
            fail_msg("%s%s[%zu] is %.9g, expected %.9g +- %.2g", prefix, name, i, (double)got[i],
                     (double)wanted[i], near * largest);
    free(wanted);
}

static void check(const struct golden *golden, const char *prefix, const char *name,
                  const float *got, size_t count)
{
    check_within(golden, prefix, name, got, count, tolerance);
}

/* The same after many steps. */
static void check_later(const struct golden *golden, const char *prefix, const char *name,
                        const float *got, size_t count)
{
    bool normalises = golden->model->network.cell->lines;
    check_within(golden, prefix, name, got, count,
                 normalises ? tolerance_of_many_steps : tolerance);
}

static void make_model(struct golden *golden)
{
    recur_error error;
    recur_model_config config = recur_model_config_default();
    size_t hidden[LAYERS_MAX];
    assert_int_equal(recur_cell_parse(metadata(golden, "cell"), &config.cell, &error), 0);
    assert_int_equal(
        recur_activation_parse(metadata(golden, "activation"), &config.activation, &error), 0);
    const char *widths = metadata(golden, "hidden");
    for (config.layers = 0; *widths; config.layers++) {
        char *end;
        assert_true(config.layers < LAYERS_MAX);
        hidden[config.layers] = strtoul(widths, &end, 10);
        widths = *end == ',' ? end + 1 : end;
    }
    config.hidden = hidden;
    config.embedding = strtoul(metadata(golden, "embedding"), NULL, 10);
    const char *task = recur_metadata_find(&golden->file.metadata, "task");
    if (task)
        assert_int_equal(recur_task_parse(task, &config.task, &error), 0);
    const char *merge = recur_metadata_find(&golden->file.metadata, "merge");
    config.bidirectional = merge;
    if (merge)
        assert_int_equal(recur_merge_parse(merge, &config.merge, &error), 0);
    config.biases = strtoul(metadata(golden, "biases"), NULL, 10);
    config.vocabulary = VOCABULARY;
    assert_int_equal(recur_model_create(&config, NULL, &golden->model, &error), RECUR_OK);
    for (size_t i = 0; i < recur_model_tensors(golden->model); i++) {
        recur_tensor_info info = recur_model_tensor(golden->model, i);
        float *values =
            fixture_values(golden, "initial.", info.name, info.shape[0] * info.shape[1]);
        recur_model_set_tensor(golden->model, i, values);
        free(values);
    }
}

static void open_golden(struct golden *golden, const struct setup *setup)
{
    recur_error error = {0};
    char path[1024];
    const char *tests = getenv("RECUR_TESTS");
    assert_non_null(tests);
    snprintf(path, sizeof path, "%s/golden/%s.safetensors", tests, setup->fixture);
    if (recur_safetensors_load(path, &golden->file, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    const struct recur_safetensor *ids = recur_safetensors_find(&golden->file, "ids");
    assert_non_null(ids);
    assert_int_equal(ids->end - ids->begin, sizeof golden->ids);
    memcpy(golden->ids, golden->file.data + ids->begin, sizeof golden->ids);
    setenv("RECUR_ISA", setup->isa, 1);
    make_model(golden);
    assert_string_equal(golden->model->kernels->isa, setup->isa);
}

static void close_golden(struct golden *golden)
{
    recur_model_free(golden->model);
    recur_safetensors_free(&golden->file);
}

/* One pass by a team: what every member does with it. */
struct job {
    struct recur_pass pass;
    struct recur_team *team;
    bool backward;
};

static void run_pass(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    struct job *job = argument;
    recur_pass_prepare(&job->pass, job->backward);
    recur_team_wait(job->team, thread);
    if (thread == 0)
        atomic_store(&job->pass.next_task, 0);
    recur_pass_forward(&job->pass, thread);
    if (!job->backward)
        return;
    recur_pass_backward(&job->pass, thread);
    recur_team_wait(job->team, thread);
    recur_pass_gradients(&job->pass, thread);
}

static void check_logits(const struct golden *golden, const struct recur_workspace *work)
{
    float logits[STEPS * BATCH * VOCABULARY];
    for (size_t row = 0; row < STEPS * BATCH; row++)
        for (size_t v = 0; v < VOCABULARY; v++)
            logits[row * VOCABULARY + v] = work->logits[v / RECUR_LANES * work->logit_stride +
                                                        row * RECUR_LANES + v % RECUR_LANES];
    check(golden, "", "logits", logits, STEPS * BATCH * VOCABULARY);
}

/* The states that each layer ends in: the forward direction's after the last step, the backward
 * one's after the first. */
static void check_final_states(const struct golden *golden, const struct recur_pass *pass)
{
    const struct recur_network *network = &golden->model->network;
    float states[2 * LAYERS_MAX * BATCH * HIDDEN_MAX], *state = states;
    for (size_t l = 0; l < network->layers; l++)
        for (size_t d = 0; d < 2; d++) {
            const struct recur_stream *stream = recur_workspace_stream(pass->work, network, l, d);
            for (size_t b = 0; b < BATCH; b++)
                for (size_t i = 0; i < network->layer[l].hidden; i++)
                    *state++ =
                        stream->h[i / RECUR_LANES * stream->h_stride +
                                  recur_pass_after(pass, d, d ? 0 : STEPS - 1, b) * RECUR_LANES +
                                  i % RECUR_LANES];
        }
    check(golden, "", "final", states, (size_t)(state - states));
}

static void check_gradients(const struct golden *golden, const real *gradients)
{
    const struct recur_params *params = &golden->model->network.params;
    for (size_t i = 0; i < params->count; i++) {
        const struct recur_param *param = &params->entry[i];
        float *values = malloc(param->rows * param->columns * sizeof *values);
        assert_non_null(values);
        recur_param_unpack(param, gradients, values);
        check(golden, "gradient.", param->name, values, param->rows * param->columns);
        free(values);
    }
}

/* The first minibatch: logits, loss and every gradient. */
static void first_minibatch(void **state)
{
    const struct setup *setup = *state;
    struct golden golden = {0};
    recur_error error;
    open_golden(&golden, setup);
    bool fills = golden.model->config.task == RECUR_TASK_FILL;
    int32_t x[STEPS * BATCH], y[STEPS * BATCH];
    for (size_t b = 0; b < BATCH; b++)
        for (size_t t = 0; t < STEPS; t++) {
            x[t * BATCH + b] = golden.ids[b * MINIBATCHES * STEPS + t];
            y[t * BATCH + b] = golden.ids[b * MINIBATCHES * STEPS + t + !fills];
        }
    struct recur_workspace work;
    real *gradients;
    struct job job = {.backward = false};
    assert_int_equal(recur_team_create(setup->threads, &job.team, &error), 0);
    assert_int_equal(recur_workspace_init(&work, &golden.model->network, BATCH, STEPS, true,
                                          setup->threads, &error),
                     0);
    assert_int_equal(recur_block_alloc(golden.model->network.params.span * sizeof(real),
                                       "gradients", &gradients, &error),
                     0);
    job.pass = (struct recur_pass){.network = &golden.model->network,
                                   .kernels = golden.model->kernels,
                                   .work = &work,
                                   .parameters = golden.model->parameters,
                                   .gradients = gradients,
                                   .batch.steps = STEPS,
                                   .batch.ids = x,
                                   .loss_scale = 1.0f / (STEPS * BATCH)};
    recur_team_run(job.team, run_pass, &job);
    check_logits(&golden, &work);
    if (golden.model->config.bidirectional && !fills)
        check_final_states(&golden, &job.pass);

    job.pass.batch.targets = y;
    job.backward = true;
    atomic_store(&job.pass.next_task, 0);
    recur_team_run(job.team, run_pass, &job);
    float *losses = fixture_values(&golden, "", "losses", MINIBATCHES);
    double loss = recur_pass_loss_sum(&job.pass) / (STEPS * BATCH);
    assert_true(fabs(loss - (double)losses[0]) <= tolerance * (double)losses[0]);
    check_gradients(&golden, gradients);

    free(losses);
    recur_block_free(gradients);
    recur_workspace_free(&work);
    recur_team_free(job.team);
    close_golden(&golden);
}

/* A seed whose first epoch begins at the first token: then there is room for ten minibatches. */
static uint64_t seed_without_offset(const recur_corpus *corpus)
{
    recur_batches_config config = recur_batches_config_default();
    config.batch = BATCH;
    config.steps = STEPS;
    for (config.seed = 1; config.seed < 1000; config.seed++) {
        recur_batches *batches;
        assert_int_equal(recur_batches_create(corpus, &config, &batches, NULL), RECUR_OK);
        size_t count = recur_batches_start(batches, 0);
        recur_batches_free(batches);
        if (count == MINIBATCHES)
            return config.seed;
    }
    fail_msg("no seed below %llu begins at the first token", (unsigned long long)config.seed);
    return 0;
}

/* Ten clipped steps of SGD: every loss, every norm, and the parameters they end in. */
static void ten_steps(void **state)
{
    const struct setup *setup = *state;
    struct golden golden = {0};
    recur_error error;
    recur_corpus *corpus;
    recur_trainer *trainer;
    open_golden(&golden, setup);
    assert_int_equal(recur_corpus_from_ids(golden.ids, TOKENS, VOCABULARY, &corpus, &error), 0);
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = BATCH;
    config.steps = STEPS;
    config.optimizer = RECUR_OPTIMIZER_SGD;
    config.lr = strtof(metadata(&golden, "lr"), NULL);
    config.clip = strtof(metadata(&golden, "clip"), NULL);
    config.blanks = 0;
    config.validation = 0;
    config.seed = seed_without_offset(corpus);
    config.threads = setup->threads;
    assert_int_equal(recur_trainer_create(golden.model, corpus, &config, &trainer, &error), 0);

    float losses[MINIBATCHES], norms[MINIBATCHES];
    size_t clipped = 0;
    for (size_t i = 0; i < MINIBATCHES; i++) {
        recur_step step;
        assert_int_equal(recur_trainer_step(trainer, &step, &error), RECUR_OK);
        losses[i] = (float)step.loss;
        norms[i] = (float)step.gradient_norm;
        clipped += norms[i] > config.clip;
    }
    assert_in_range(clipped, 1, MINIBATCHES - 1);
    check_later(&golden, "", "losses", losses, MINIBATCHES);
    check_later(&golden, "", "norms", norms, MINIBATCHES);
    for (size_t i = 0; i < recur_model_tensors(golden.model); i++) {
        recur_tensor_info info = recur_model_tensor(golden.model, i);
        size_t count = info.shape[0] * info.shape[1];
        float *values = malloc(count * sizeof *values);
        assert_non_null(values);
        recur_model_get_tensor(golden.model, i, values);
        check_later(&golden, "after.", info.name, values, count);
        free(values);
    }
    recur_trainer_free(trainer);
    recur_corpus_free(corpus);
    close_golden(&golden);
}

/* Those of both directions have one part: a language model cannot be trained on them. */
static const struct {
    const char *name;
    size_t parts;
} fixtures[] = {
    {"rnn-tanh-1", 2}, {"rnn-tanh-2", 2}, {"rnn-tanh-3", 2}, {"rnn-relu-1", 2},  {"rnn-relu-2", 2},
    {"rnn-relu-3", 2}, {"gru-1", 2},      {"gru-2", 2},      {"gru-3", 2},       {"lstm-1", 2},
    {"lstm-2", 2},     {"lstm-3", 2},     {"book-rnn", 2},   {"book-gru", 2},    {"both-rnn-1", 1},
    {"both-rnn-2", 1}, {"both-gru-1", 1}, {"both-gru-2", 1}, {"both-lstm-1", 1}, {"both-lstm-2", 1},
    {"both-sum", 1},   {"fill-rnn", 2},   {"fill-gru", 2},   {"fill-lstm", 2},   {"ln-lstm-1", 2},
    {"ln-lstm-2", 2},  {"ln-gru-1", 2},   {"ln-gru-2", 2},
};

enum { FIXTURES = sizeof fixtures / sizeof *fixtures };

/* On a GPU, which RECUR_CUDA names, instruction sets and threads make no difference. */
static bool once(void)
{
    const char *cuda = getenv("RECUR_CUDA");
    return cuda && *cuda;
}

int main(void)
{
    static const size_t threads[] = {1, 3};
    static struct setup setups[FIXTURES * RECUR_LEVELS_MAX * 2];
    static char labels[2 * FIXTURES * RECUR_LEVELS_MAX * 2][64];
    static struct CMUnitTest tests[2 * FIXTURES * RECUR_LEVELS_MAX * 2];
    size_t made = 0, listed = 0;
    for (size_t i = 0; i < FIXTURES; i++)
        for (size_t level = 0; recur_kernels_level(level) && !(once() && level); level++)
            for (size_t k = 0; k < (once() ? 1 : 2); k++) {
                struct setup *setup = &setups[made++];
                *setup =
                    (struct setup){fixtures[i].name, recur_kernels_level(level)->isa, threads[k]};
                const CMUnitTestFunction parts[] = {first_minibatch, ten_steps};
                for (size_t part = 0; part < fixtures[i].parts; part++, listed++) {
                    snprintf(labels[listed], sizeof labels[listed], "%s, %s, %zu threads, %s",
                             setup->fixture, setup->isa, setup->threads,
                             part ? "ten steps" : "first minibatch");
                    tests[listed] =
                        (struct CMUnitTest){labels[listed], parts[part], NULL, NULL, setup};
                }
            }
    return _cmocka_run_group_tests("golden", tests, listed, NULL, NULL);
}
