/* The smallest networks there are: widths, inputs, vocabularies, batches and sequences of 1,
 * against equations in double precision (plain_network.h), at each instruction set. What is padded
 * to 32 lanes, or shared out among threads, has its ends here. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/kernels/kernels.h"
#include "plain_network.h"
#include "recur/convert.h"
#include "recur/evaluate.h"
#include "recur/features.h"
#include "recur/session.h"
#include "recur/stack.h"
#include "recur/trainer.h"
#include "scratch.h"

enum { B_MOST = 3, STEPS = 4, TOKENS = 12 };

static const struct shape {
    const char *name;
    size_t layers, hidden[LAYERS_MOST], embedding, inputs, vocabulary;
    enum recur_task task;
    bool both, sum;
} shapes[] = {
    {"one token", 1, {1}, 1, 0, 1, RECUR_TASK_LM, false, false},
    {"one-hot", 1, {1}, 0, 0, 2, RECUR_TASK_LM, false, false},
    {"1,3,1", 3, {1, 3, 1}, 1, 0, 5, RECUR_TASK_LM, false, false},
    {"one-hot 3,1,3", 3, {3, 1, 3}, 0, 0, 4, RECUR_TASK_LM, false, false},
    {"a number", 2, {1, 1}, 0, 1, 1, RECUR_TASK_LM, false, false},
    {"a number, no head", 1, {1}, 0, 1, 0, RECUR_TASK_LM, false, false},
    {"a number, both, concat", 2, {1, 2}, 0, 1, 1, RECUR_TASK_LM, true, false},
    {"both, concat", 3, {1, 3, 1}, 1, 0, 3, RECUR_TASK_LM, true, false},
    {"both, sum", 2, {1, 1}, 0, 0, 3, RECUR_TASK_LM, true, true},
    {"fill, concat", 2, {1, 1}, 1, 0, 2, RECUR_TASK_FILL, true, false},
    {"fill, sum", 2, {1, 3}, 0, 0, 2, RECUR_TASK_FILL, true, true},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const struct kind {
    enum recur_cell cell;
    enum recur_activation activation;
} kinds[] = {
    {RECUR_CELL_RNN, RECUR_ACTIVATION_TANH},
    {RECUR_CELL_RNN, RECUR_ACTIVATION_RELU},
    {RECUR_CELL_RNN, RECUR_ACTIVATION_SIGMOID},
    {RECUR_CELL_GRU, RECUR_ACTIVATION_TANH},
    {RECUR_CELL_GRU_RESET_BEFORE, 0},
    {RECUR_CELL_LSTM, 0},
    {RECUR_CELL_LN_LSTM, 0},
    {RECUR_CELL_LN_GRU, 0},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static recur_model *make_model(const struct shape *shape, const struct kind *kind)
{
    recur_model_config config = recur_model_config_default();
    recur_model *model;
    recur_error error;
    config.task = shape->task;
    config.cell = kind->cell;
    config.activation = kind->activation;
    config.layers = shape->layers;
    config.hidden = shape->hidden;
    config.embedding = shape->embedding;
    config.inputs = shape->inputs;
    config.vocabulary = shape->vocabulary;
    config.bidirectional = shape->both;
    config.merge = shape->sum ? RECUR_MERGE_SUM : RECUR_MERGE_CONCAT;
    if (recur_model_create(&config, NULL, &model, &error) != RECUR_OK)
        fail_msg("%s: %s", shape->name, error.message);
    return model;
}

/* Tries every cell of every shape on every level. */
typedef void check_fn(recur_model *model, const struct shape *shape, const struct kind *kind);

static void on_all(check_fn *check)
{
    for (size_t level = 0; recur_kernels_level(level); level++)
        for (size_t i = 0; i < SHAPES * KINDS; i++) {
            setenv("RECUR_ISA", recur_kernels_level(level)->isa, 1);
            recur_model *model = make_model(&shapes[i / KINDS], &kinds[i % KINDS]);
            check(model, &shapes[i / KINDS], &kinds[i % KINDS]);
            recur_model_free(model);
        }
    unsetenv("RECUR_ISA");
}

/* A minibatch, sequence after sequence and as a stack has it, and what is made of it. */
struct minibatch {
    size_t batch, steps, length[B_MOST];
    int32_t ids[B_MOST][STEPS], stack_ids[STEPS * B_MOST];
    float x[B_MOST][STEPS], stack_x[STEPS * B_MOST]; /* I is 1 */
    float y[STEPS * B_MOST * READ_MOST], logits[STEPS * B_MOST * READ_MOST];
};

/* Of several sequences the second one has one step, the third none. */
static void make_minibatch(struct minibatch *m, const recur_model *model, size_t batch,
                           size_t steps)
{
    size_t vocabulary = recur_model_get_config(model)->vocabulary;
    memset(m, 0, sizeof *m);
    m->batch = batch;
    m->steps = steps;
    for (size_t b = 0; b < batch; b++) {
        m->length[b] = b == 0 ? steps : 2 - b;
        for (size_t t = 0; t < steps; t++) {
            int32_t id = vocabulary ? (int32_t)((t * t + 3 * b + 1) % vocabulary) : 0;
            float number = (float)t * 0.7F - (float)b - 0.4F;
            m->ids[b][t] = m->stack_ids[t * batch + b] = id;
            m->x[b][t] = m->stack_x[t * batch + b] = number;
        }
    }
}

/* The weights of what comes out in a loss, which is their sum. */
static float weight_of(size_t t, size_t b, size_t i)
{
    return 0.5F + (float)(3 * t + 5 * b + 7 * i) / 40;
}

/* Forward, and backward from that loss. */
static recur_stack *run(recur_model *model, struct minibatch *m, size_t threads,
                        enum recur_precision precision)
{
    const recur_model_config *config = recur_model_get_config(model);
    recur_trainer_config settings = recur_trainer_config_default();
    recur_stack *stack;
    settings.batch = m->batch;
    settings.steps = m->steps;
    settings.threads = threads;
    settings.precision = precision;
    assert_int_equal(recur_stack_create(model, &settings, 0, &stack, NULL), RECUR_OK);
    const recur_stack_input input = {.batch = m->batch,
                                     .steps = m->steps,
                                     .lengths = m->batch > 1 ? m->length : NULL,
                                     .x = config->inputs ? m->stack_x : NULL,
                                     .ids = config->inputs ? NULL : m->stack_ids};
    const recur_stack_output output = {.y = m->y, .logits = config->vocabulary ? m->logits : NULL};
    float dy[STEPS * B_MOST * READ_MOST], dlogits[STEPS * B_MOST * READ_MOST];
    size_t width = recur_stack_width(stack), V = config->vocabulary;
    for (size_t t = 0; t < m->steps; t++)
        for (size_t b = 0; b < m->batch; b++)
            for (size_t i = 0; i < READ_MOST; i++) {
                if (i < width)
                    dy[(t * m->batch + b) * width + i] = weight_of(t, b, i);
                if (i < V)
                    dlogits[(t * m->batch + b) * V + i] = weight_of(t, b, i);
            }
    const recur_stack_output_gradient given = {.dy = dy, .dlogits = V ? dlogits : NULL};
    assert_int_equal(recur_stack_forward(stack, &input, &output, NULL), RECUR_OK);
    assert_int_equal(recur_stack_backward(stack, &given, NULL, NULL), RECUR_OK);
    return stack;
}

static void expect_near(const struct shape *shape, const struct kind *kind, const char *what,
                        double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance * (1 + fabs(wanted))))
        fail_msg("%s, %s, %s: %s is %.9g, expected %.9g", getenv("RECUR_ISA"),
                 recur_cell_name(kind->cell), shape->name, what, got, wanted);
}

static void check_outputs(recur_model *model, const struct shape *shape, const struct kind *kind,
                          const struct minibatch *m, double tolerance)
{
    size_t V = shape->vocabulary, H = shape->hidden[shape->layers - 1];
    size_t width = shape->both && !shape->sum ? 2 * H : H;
    for (size_t b = 0; b < m->batch; b++) {
        struct plain_output wanted;
        memset(&wanted, 0, sizeof wanted); /* also behind a sequence's end */
        plain_forward(model, m->ids[b], m->x[b], m->length[b], &wanted);
        for (size_t t = 0; t < m->steps; t++) {
            size_t row = t * m->batch + b;
            for (size_t i = 0; i < width; i++)
                expect_near(shape, kind, "an output", (double)m->y[row * width + i], wanted.y[t][i],
                            tolerance);
            for (size_t v = 0; v < V; v++)
                expect_near(shape, kind, "a logit", (double)m->logits[row * V + v],
                            wanted.logits[t][v], tolerance);
        }
    }
}

static double loss_of(const recur_model *model, const struct minibatch *m)
{
    const recur_model_config *config = recur_model_get_config(model);
    size_t H = config->hidden[config->layers - 1];
    size_t width = config->bidirectional && config->merge == RECUR_MERGE_CONCAT ? 2 * H : H;
    double sum = 0;
    for (size_t b = 0; b < m->batch; b++) {
        struct plain_output output;
        plain_forward(model, m->ids[b], m->x[b], m->length[b], &output);
        for (size_t t = 0; t < m->length[b]; t++) {
            for (size_t i = 0; i < width; i++)
                sum += (double)weight_of(t, b, i) * output.y[t][i];
            for (size_t v = 0; v < config->vocabulary; v++)
                sum += (double)weight_of(t, b, v) * output.logits[t][v];
        }
    }
    return sum;
}

/* Of every single parameter, by central differences of the equations: their error is e^2 times a
 * third derivative, which is up to 3e7 where two numbers are normalised over each other: 3e-5. */
static void check_gradients(recur_model *model, const struct shape *shape, const struct kind *kind,
                            const struct minibatch *m, const recur_stack *stack)
{
    const float e = 0x1p-20F;
    float values[READ_MOST * GATES_MOST * WIDEST], found[READ_MOST * GATES_MOST * WIDEST];
    for (size_t tensor = 0; tensor < recur_model_tensors(model); tensor++) {
        recur_tensor_info info = recur_model_tensor(model, tensor);
        size_t count = info.shape[0] * info.shape[1];
        assert_in_range(count, 1, sizeof values / sizeof *values);
        recur_model_get_tensor(model, tensor, values);
        recur_stack_get_gradient(stack, tensor, found);
        for (size_t i = 0; i < count; i++) {
            float value = values[i], above = value + e, below = value - e;
            values[i] = above;
            recur_model_set_tensor(model, tensor, values);
            double change = loss_of(model, m);
            values[i] = below;
            recur_model_set_tensor(model, tensor, values);
            change -= loss_of(model, m);
            values[i] = value;
            expect_near(shape, kind, info.name, (double)found[i],
                        change / ((double)above - (double)below), 1e-3);
        }
        recur_model_set_tensor(model, tensor, values);
    }
}

static const size_t sizes[][2] = {{1, 1}, {B_MOST, STEPS}};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Alone and with shorter ones beside it. */
static void check_passes(recur_model *model, const struct shape *shape, const struct kind *kind)
{
    for (size_t i = 0; i < SIZES; i++) {
        struct minibatch m;
        make_minibatch(&m, model, sizes[i][0], sizes[i][1]);
        recur_stack *stack = run(model, &m, 1, RECUR_PRECISION_F32);
        check_outputs(model, shape, kind, &m, 1e-5);
        if (kind->activation != RECUR_ACTIVATION_RELU) /* which has a kink */
            check_gradients(model, shape, kind, &m, stack);
        recur_stack_free(stack);
        stack = run(model, &m, 1, RECUR_PRECISION_BF16);
        check_outputs(model, shape, kind, &m, 0.03); /* of 2^-9 at each product */
        recur_stack_free(stack);
    }
}

static void passes(void **state)
{
    (void)state;
    on_all(check_passes);
}

/* More threads than there is anything to share. */
static void threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES * KINDS * SIZES; i++) {
        recur_model *model = make_model(&shapes[i / SIZES / KINDS], &kinds[i / SIZES % KINDS]);
        float gradient[2][READ_MOST * GATES_MOST * WIDEST];
        struct minibatch m[2];
        recur_stack *stack[2];
        for (size_t k = 0; k < 2; k++) {
            make_minibatch(&m[k], model, sizes[i % SIZES][0], sizes[i % SIZES][1]);
            stack[k] = run(model, &m[k], k ? 3 : 1, RECUR_PRECISION_F32);
        }
        assert_memory_equal(&m[0], &m[1], sizeof m[0]);
        for (size_t tensor = 0; tensor < recur_model_tensors(model); tensor++) {
            recur_tensor_info info = recur_model_tensor(model, tensor);
            for (size_t k = 0; k < 2; k++)
                recur_stack_get_gradient(stack[k], tensor, gradient[k]);
            assert_memory_equal(gradient[0], gradient[1],
                                info.shape[0] * info.shape[1] * sizeof(float));
        }
        recur_stack_free(stack[0]);
        recur_stack_free(stack[1]);
        recur_model_free(model);
    }
}

static bool reads_texts(const struct shape *shape)
{
    return !shape->inputs && (!shape->both || shape->task == RECUR_TASK_FILL);
}

static bool generates(const struct shape *shape)
{
    return reads_texts(shape) && shape->task == RECUR_TASK_LM;
}

/* One session, alone and as the second of three. */
static void check_steps(const recur_model *model, const struct shape *shape,
                        const struct kind *kind, double tolerance)
{
    struct minibatch m;
    struct plain_output wanted;
    size_t V = shape->vocabulary;
    make_minibatch(&m, model, 1, STEPS);
    plain_forward(model, m.ids[0], NULL, STEPS, &wanted);
    for (size_t count = 1; count <= 3; count += 2) {
        recur_session *sessions[3];
        recur_stepper *stepper;
        assert_int_equal(recur_stepper_create(model, count, 1, &stepper, NULL), RECUR_OK);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(recur_session_create(model, &sessions[i], NULL), RECUR_OK);
        for (size_t t = 0; t < STEPS; t++) {
            const int32_t ids[] = {count == 1 ? m.ids[0][t] : 0, m.ids[0][t], 0};
            float logits[3 * READ_MOST];
            assert_int_equal(recur_stepper_feed_many(stepper, sessions, ids, count, logits, NULL),
                             RECUR_OK);
            for (size_t v = 0; v < V; v++)
                expect_near(shape, kind, "a step's logit", (double)logits[count / 2 * V + v],
                            wanted.logits[t][v], tolerance);
        }
        for (size_t i = 0; i < count; i++)
            recur_session_free(sessions[i]);
        recur_stepper_free(stepper);
    }
}

static void check_sessions(recur_model *model, const struct shape *shape, const struct kind *kind)
{
    if (!generates(shape))
        return;
    check_steps(model, shape, kind, 1e-5);
    assert_int_equal(recur_model_quantize(model, RECUR_QUANTIZATION_BF16, NULL), RECUR_OK);
    check_steps(model, shape, kind, 0.03);
    if (kind->activation == RECUR_ACTIVATION_RELU)
        return;
    recur_model *again = make_model(shape, kind);
    assert_int_equal(recur_model_quantize(again, RECUR_QUANTIZATION_INT8, NULL), RECUR_OK);
    check_steps(again, shape, kind, 0.03);
    recur_model_free(again);
}

static void sessions(void **state)
{
    (void)state;
    on_all(check_sessions);
}

static recur_corpus *make_corpus(const struct shape *shape, size_t tokens)
{
    int32_t ids[TOKENS];
    recur_corpus *corpus;
    for (size_t t = 0; t < tokens; t++) /* as a minibatch of one sequence has them */
        ids[t] = (int32_t)((t * t + 1) % shape->vocabulary);
    assert_int_equal(recur_corpus_from_ids(ids, tokens, shape->vocabulary, &corpus, NULL),
                     RECUR_OK);
    return corpus;
}

static enum recur_status collect(void *user, const float *rows, size_t count, recur_error *error)
{
    float **to = user;
    (void)error;
    memcpy(*to, rows, count * sizeof *rows);
    *to += count;
    return RECUR_OK;
}

/* The mean loss of a text of `tokens`. */
static double loss_of_text(const recur_model *model, const struct minibatch *m, size_t tokens)
{
    const recur_model_config *config = recur_model_get_config(model);
    size_t first = config->task == RECUR_TASK_FILL ? 0 : 1;
    struct plain_output output = {0};
    double loss = 0;
    plain_forward(model, m->ids[0], NULL, tokens, &output);
    for (size_t t = 0; t < tokens - first; t++) {
        double sum = 0;
        for (size_t v = 0; v < config->vocabulary; v++)
            sum += exp(output.logits[t][v]);
        loss += log(sum) - output.logits[t][m->ids[0][t + first]];
    }
    return loss / (double)(tokens - first);
}

/* Evaluation and features of texts of one to four tokens. */
static void check_texts(recur_model *model, const struct shape *shape, const struct kind *kind)
{
    for (size_t tokens = 1; tokens <= STEPS && !shape->inputs; tokens++) {
        recur_corpus *corpus = make_corpus(shape, tokens);
        float rows[STEPS * READ_MOST], *end = rows;
        struct minibatch m;
        struct plain_output wanted;
        recur_evaluation evaluation;
        make_minibatch(&m, model, 1, STEPS);
        if (reads_texts(shape) && tokens > 1) {
            assert_int_equal(recur_evaluate(model, corpus, 0, 0, 1, &evaluation, NULL), RECUR_OK);
            expect_near(shape, kind, "the loss", evaluation.loss, loss_of_text(model, &m, tokens),
                        1e-5);
        }
        plain_forward(model, m.ids[0], NULL, tokens, &wanted);
        size_t last = shape->layers - 1;
        if (recur_features_width(model, last) == 1) {
            assert_int_equal(recur_features(model, corpus, last, 1, collect, &end, NULL), RECUR_OK);
            assert_int_equal(end - rows, tokens);
            for (size_t t = 0; t < tokens; t++)
                expect_near(shape, kind, "a feature", (double)rows[t], wanted.y[t][0], 1e-5);
        }
        recur_corpus_free(corpus);
    }
}

static void texts(void **state)
{
    (void)state;
    on_all(check_texts);
}

/* `part`: how the names begin of the tensors that count. */
static void assert_same_model(const recur_model *a, const recur_model *b, const char *part)
{
    float one[READ_MOST * GATES_MOST * WIDEST], two[READ_MOST * GATES_MOST * WIDEST];
    for (size_t i = 0; i < recur_model_tensors(a); i++) {
        recur_tensor_info info = recur_model_tensor(a, i);
        size_t count = info.shape[0] * info.shape[1], columns;
        if (strncmp(info.name, part, strlen(part)) != 0)
            continue;
        recur_model_get_tensor(a, i, one);
        assert_int_equal(plain_tensor(b, info.name, two, count, &columns), info.shape[0]);
        assert_int_equal(columns, info.shape[1]);
        assert_memory_equal(one, two, count * sizeof *one);
    }
}

/* Writes the model and reads it back; false where the format does not hold it. */
static bool through_file(const recur_model *model, enum recur_format format, const char *path)
{
    const recur_model_config *config = recur_model_get_config(model);
    bool bare = format == RECUR_FORMAT_PYTORCH_BARE;
    recur_import_config import = recur_import_config_default();
    recur_model *again = NULL;
    recur_error error;
    enum recur_status status = recur_model_export(model, format, path, &error);
    if (status == RECUR_ERROR_UNSUPPORTED)
        return false;
    if (format != RECUR_FORMAT_RECUR && format != RECUR_FORMAT_ONNX) {
        import.activation = config->cell == RECUR_CELL_RNN ? &config->activation : NULL;
        import.inputs = bare && config->embedding ? config->embedding : config->inputs;
    }
    if (status != RECUR_OK || recur_model_import(path, &import, &again, NULL, &error) != RECUR_OK)
        fail_msg("%s: %s", recur_format_name(format), error.message);
    assert_same_model(model, again, bare ? "rnn." : "");
    recur_model_free(again);
    return true;
}

/* How many of them each format holds; none but recur's own has every cell, sums of directions,
 * widths that differ and models that fill in. */
static void files(void **state)
{
    static const struct {
        enum recur_format format;
        const char *name;
        size_t models;
    } formats[] = {
        {RECUR_FORMAT_RECUR, "recur", SHAPES * KINDS}, {RECUR_FORMAT_PYTORCH, "pytorch", 16},
        {RECUR_FORMAT_PYTORCH_WORD_LM, "word-lm", 4},  {RECUR_FORMAT_PYTORCH_BARE, "bare", 16},
        {RECUR_FORMAT_PYTORCH_RNNLM, "rnnlm", 16},     {RECUR_FORMAT_ONNX, "model.onnx", 72},
    };
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        size_t count = 0;
        for (size_t i = 0; i < SHAPES * KINDS; i++) {
            recur_model *model = make_model(&shapes[i / KINDS], &kinds[i % KINDS]);
            count += through_file(model, formats[f].format, scratch_path(*state, formats[f].name));
            recur_model_free(model);
        }
        if (formats[f].format != RECUR_FORMAT_ONNX || count > 0) /* a build may lack it */
            assert_int_equal(count, formats[f].models);
    }
}

/* In minibatches of one sequence and one step. */
static recur_model *train(const struct shape *shape, const struct kind *kind, size_t threads)
{
    recur_trainer_config config = recur_trainer_config_default();
    recur_corpus *corpus = make_corpus(shape, TOKENS);
    recur_model *model = make_model(shape, kind);
    recur_trainer *trainer;
    recur_epoch epoch;
    recur_error error;
    config.batch = config.steps = 1;
    config.threads = threads;
    config.epochs = 1;
    config.validation = 0;
    if (recur_trainer_create(model, corpus, &config, &trainer, &error) != RECUR_OK ||
        recur_trainer_epoch(trainer, &epoch, &error) != RECUR_OK)
        fail_msg("%s: %s", shape->name, error.message);
    assert_true(epoch.loss >= 0 && epoch.loss < 10);
    recur_trainer_free(trainer);
    recur_corpus_free(corpus);
    return model;
}

/* On one thread and on more than there is to share. */
static void training(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES * KINDS; i++) {
        recur_model *models[2];
        if (!reads_texts(&shapes[i / KINDS]))
            continue;
        for (size_t k = 0; k < 2; k++)
            models[k] = train(&shapes[i / KINDS], &kinds[i % KINDS], 1 + k);
        assert_same_model(models[0], models[1], "");
        recur_model_free(models[0]);
        recur_model_free(models[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes), cmocka_unit_test(threads), cmocka_unit_test(sessions),
        cmocka_unit_test(texts),  cmocka_unit_test(files),   cmocka_unit_test(training),
    };
    return cmocka_run_group_tests_name("smallest", tests, scratch_create, scratch_remove);
}
