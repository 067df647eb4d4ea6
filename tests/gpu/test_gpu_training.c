/* Trainings on the GPU, which is the stand-in: the CPU's losses; the same bits twice, in any order
 * of threads, on any number of multiprocessors, in clusters of any size; and after a resume. */
#define _GNU_SOURCE /* setenv */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cluster_size.h"
#include "gpu_work.h"
#include "scratch.h"

#define SGD RECUR_OPTIMIZER_SGD
#define ADAM RECUR_OPTIMIZER_ADAM
#define ADAMW RECUR_OPTIMIZER_ADAMW
#define RMSPROP RECUR_OPTIMIZER_RMSPROP
#define BF16 RECUR_PRECISION_BF16
#define RNN RECUR_CELL_RNN
#define GRU RECUR_CELL_GRU
#define RESET_BEFORE RECUR_CELL_GRU_RESET_BEFORE
#define LSTM RECUR_CELL_LSTM

static const struct training trainings[] = {
    {.cell = RNN, .layers = 1, .hidden = 33, .optimizer = SGD},
    {.cell = RNN, .layers = 2, .hidden = 7, .optimizer = ADAM, .dropout = 0.3F, .embedding = 6},
    {.cell = RNN, .layers = 2, .hidden = 7, .both = true, .optimizer = RMSPROP},
    {.cell = RNN, .layers = 1, .hidden = 33, .optimizer = ADAM, .precision = BF16},
    {.cell = GRU, .layers = 1, .hidden = 31, .optimizer = ADAMW},
    {.cell = GRU, .layers = 2, .hidden = 7, .optimizer = RMSPROP, .momentum = 0.5F, .embedding = 6},
    {.cell = GRU, .layers = 2, .hidden = 7, .both = true, .optimizer = ADAM, .dropout = 0.3F},
    {.cell = GRU, .layers = 1, .hidden = 33, .optimizer = SGD, .precision = BF16},
    {.cell = RESET_BEFORE, .layers = 1, .hidden = 9, .optimizer = ADAM},
    {.cell = RESET_BEFORE, .layers = 2, .hidden = 7, .both = true, .optimizer = SGD},
    {.cell = RESET_BEFORE, .layers = 1, .hidden = 9, .optimizer = RMSPROP, .precision = BF16},
    {.cell = LSTM, .layers = 1, .hidden = 33, .optimizer = ADAM},
    {.cell = LSTM, .layers = 2, .hidden = 7, .optimizer = SGD, .momentum = 0.5F, .dropout = 0.3F},
    {.cell = LSTM, .layers = 2, .hidden = 7, .both = true, .optimizer = ADAMW, .embedding = 6},
    {.cell = LSTM, .layers = 1, .hidden = 33, .optimizer = RMSPROP, .precision = BF16},
    {.cell = LSTM, .layers = 2, .hidden = 7, .both = true, .optimizer = ADAM, .precision = BF16},
};

/* The loss of each of 20 updates, within 1e-5 in f32 and 1e-2 in bf16. */
static void check_losses(const struct training *training, size_t number)
{
    double cpu[UPDATES_MOST], gpu[UPDATES_MOST];
    double most = training->precision == RECUR_PRECISION_F32 ? 1e-5 : 1e-2;
    free(gpu_train(training, RECUR_DEVICE_CPU, UPDATES_MOST, cpu));
    free(gpu_train(training, RECUR_DEVICE_CUDA, UPDATES_MOST, gpu));
    for (size_t k = 0; k < UPDATES_MOST; k++)
        if (!(fabs(cpu[k] - gpu[k]) <= most))
            fail_msg("training %zu, update %zu: the loss is %.9g on the CPU and %.9g on the GPU",
                     number, k + 1, cpu[k], gpu[k]);
}

static void as_on_the_cpu(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trainings / sizeof *trainings; i++)
        check_losses(&trainings[i], i);
}

/* Cells, layers, directions, optimisers and precisions, all with each other. */
static void whole_matrix(void **state)
{
    static const enum recur_cell cells[] = {RNN, GRU, RESET_BEFORE, LSTM};
    static const enum recur_optimizer optimizers[] = {SGD, ADAM, ADAMW, RMSPROP};
    (void)state;
    for (size_t i = 0; i < 4 * 2 * 2 * 4 * 2; i++) {
        const struct training training = {
            .cell = cells[i / 32],
            .layers = i / 16 % 2 + 1,
            .hidden = 33,
            .both = i / 8 % 2,
            .optimizer = optimizers[i / 2 % 4],
            .precision = i % 2 ? BF16 : RECUR_PRECISION_F32,
            .dropout = i / 16 % 2 ? 0.3F : 0,
        };
        check_losses(&training, i);
    }
}

/* What must not change a bit. Each row is one device, and how large its clusters may be. */
static const struct device {
    const char *seed, *multiprocessors, *capability;
    size_t most_blocks;
} devices[] = {
    {"1", "132", "9.0", 16}, {"1", "132", "9.0", 16},
    {"2", "8", "9.0", 16},   {"3", "1", "9.0", 16},
    {"1", "132", "9.0", 1},  {"2", "132", "9.0", 2},
    {"1", "132", "9.0", 4},  {"1", "132", "9.0", 0},
    {"1", "132", "8.0", 16}, /* whose kernels are another text, and the stand-in's bits the same */
};

static void be_device(const struct device *device)
{
    setenv("STANDIN_SEED", device->seed, 1);
    setenv("STANDIN_MULTIPROCESSORS", device->multiprocessors, 1);
    setenv("STANDIN_CAPABILITY", device->capability, 1);
    recur_test_cluster_size = device->most_blocks;
}

static void same_bits(void **state)
{
    static const struct training some[] = {
        {.cell = LSTM, .layers = 1, .hidden = 230, .batch = 9, .steps = 2, .precision = BF16},
        {.cell = LSTM, .layers = 1, .hidden = 70, .batch = 9, .steps = 3},
        {.cell = GRU, .layers = 1, .hidden = 40, .both = true, .batch = 3, .steps = 4},
        {.cell = RNN, .layers = 1, .hidden = 130, .batch = 3, .steps = 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        double first[2], losses[2];
        float *expected = NULL;
        size_t bytes = 0;
        for (size_t k = 0; k < sizeof devices / sizeof *devices; k++) {
            recur_model *model = gpu_model(&some[i]);
            bytes = recur_model_parameters(model) * sizeof *expected;
            recur_model_free(model);
            be_device(&devices[k]);
            float *got = gpu_train(&some[i], RECUR_DEVICE_CUDA, 2, k ? losses : first);
            if (!expected) {
                expected = got;
                continue;
            }
            assert_memory_equal(first, losses, sizeof first);
            assert_memory_equal(expected, got, bytes);
            free(got);
        }
        free(expected);
    }
    be_device(&devices[0]);
}

/* Two updates, a checkpoint, and two more: the bits of four in one go. */
static recur_trainer *resume(const char *path, const recur_corpus *corpus, enum recur_device device,
                             recur_model **model)
{
    recur_resume_config config = recur_resume_config_default();
    recur_checkpoint *checkpoint;
    recur_trainer *trainer;
    recur_error error = {0};
    config.threads = 1;
    config.device = device;
    assert_int_equal(recur_checkpoint_load(path, &checkpoint, &error), RECUR_OK);
    if (recur_checkpoint_resume(checkpoint, corpus, &config, model, &trainer, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    recur_checkpoint_free(checkpoint);
    assert_int_equal(recur_model_device(*model).device, device);
    return trainer;
}

/* `first` updates on one device, a checkpoint, two updates on another. */
static void interrupted(struct scratch *scratch, enum recur_device first, enum recur_device then,
                        double *losses)
{
    const char *path = scratch_path(scratch, "run");
    recur_corpus *corpus = gpu_corpus();
    recur_model *model = gpu_model(&trainings[11]);
    recur_trainer *trainer = gpu_trainer(&trainings[11], model, corpus, first);
    gpu_steps(trainer, 2, losses);
    assert_int_equal(recur_checkpoint_save(trainer, "", path, NULL), RECUR_OK);
    recur_trainer_free(trainer);
    recur_model_free(model);
    trainer = resume(path, corpus, then, &model);
    gpu_steps(trainer, 2, losses + 2);
    recur_trainer_free(trainer);
    recur_model_free(model);
    recur_corpus_free(corpus);
}

static void resumed(void **state)
{
    enum recur_device cpu = RECUR_DEVICE_CPU, gpu = RECUR_DEVICE_CUDA;
    double whole[4], parts[4];
    free(gpu_train(&trainings[11], gpu, 4, whole));
    interrupted(*state, gpu, gpu, parts);
    assert_memory_equal(whole, parts, sizeof whole);
    interrupted(*state, cpu, gpu, parts);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(whole[i] - parts[i]) < 1e-5);
    interrupted(*state, gpu, cpu, parts);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(whole[i] - parts[i]) < 1e-5);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_on_the_cpu),
        cmocka_unit_test(same_bits),
        cmocka_unit_test_setup_teardown(resumed, scratch_create, scratch_remove),
    };
    const struct CMUnitTest slow[] = {cmocka_unit_test(whole_matrix)};
    if (count > 1 && strcmp(arguments[1], "whole") == 0)
        return cmocka_run_group_tests_name("gpu_training_whole", slow, NULL, NULL);
    return cmocka_run_group_tests_name("gpu_training", tests, NULL, NULL);
}
