/* What a GPU is given to do, counted by the stand-in, against the formulas of
 * docs/machine.md#gpu: products of tiles, bytes from block to block, weights read; and what a
 * training's step must not do. */
#define _GNU_SOURCE /* setenv */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>

#include "cluster_size.h"
#include "gpu_work.h"
#include "heap.h"
#include "recur/evaluate.h"

#define BF16 RECUR_PRECISION_BF16

/* The functions of the stand-in, which the backend has opened. */
static uint64_t (*count_of)(const char *name), (*read_of)(uint64_t address);

static void find_counts(void)
{
    const char *path = getenv("STANDIN");
    assert_non_null(path);
    void *library = dlopen(path, RTLD_NOW), *found;
    assert_non_null(library);
    found = dlsym(library, "standin_count");
    memcpy(&count_of, &found, sizeof found);
    found = dlsym(library, "standin_read");
    memcpy(&read_of, &found, sizeof found);
}

/* Of one launch: what was counted, or what the formulas say. */
struct work {
    uint64_t mma, cluster_bytes, weight_bytes;
};

static struct work counted(uint64_t weights)
{
    return (struct work){count_of("mma"), count_of("cluster_bytes"),
                         weights ? read_of(weights) : 0};
}

static bool counting; /* launches are compared */
static size_t products_seen, wide_seen, recurrences_seen;

static void compare(const char *what, struct work before, struct work after, struct work wanted)
{
    const struct work got = {after.mma - before.mma, after.cluster_bytes - before.cluster_bytes,
                             after.weight_bytes - before.weight_bytes};
    if (memcmp(&got, &wanted, sizeof got) != 0)
        fail_msg("%s: mma %llu, not %llu; bytes over the cluster %llu, not %llu; bytes of weights "
                 "%llu, not %llu",
                 what, (unsigned long long)got.mma, (unsigned long long)wanted.mma,
                 (unsigned long long)got.cluster_bytes, (unsigned long long)wanted.cluster_bytes,
                 (unsigned long long)got.weight_bytes, (unsigned long long)wanted.weight_bytes);
}

static uint64_t pieces(uint64_t count, uint64_t piece)
{
    return (count + piece - 1) / piece;
}

/* A product of M rows, N columns and depth K; those of f32 have no mma. */
static struct work work_of_product(enum recur_cuda_kernel kernel, const struct gpu_product *p)
{
    const uint64_t columns = p->panels.panels * (uint64_t)RECUR_LANES, depth = p->panels.depth;
    uint64_t M = p->rows, N = columns, K = depth;
    bool wide = kernel >= RECUR_CUDA_product_forward_bf16_wide;
    if (kernel < RECUR_CUDA_product_forward_bf16)
        return (struct work){0};
    if (kernel == RECUR_CUDA_product_backward_bf16 ||
        kernel == RECUR_CUDA_product_backward_bf16_wide)
        N = depth, K = columns;
    if (kernel == RECUR_CUDA_product_gradient_bf16 ||
        kernel == RECUR_CUDA_product_gradient_bf16_wide)
        M = depth, K = p->rows;
    uint64_t blocks = wide ? pieces(M, 128) * pieces(N, 128) : pieces(M, 32) * pieces(N, 64);
    wide_seen += wide;
    return (struct work){.mma = (wide ? 512 : 64) * blocks * pieces(K, 64)};
}

static struct work work_of_steps(bool back, bool bf16, const struct gpu_recurrence *k)
{
    const uint64_t B = k->sequences, T = k->steps, H = k->units * (uint64_t)RECUR_LANES;
    const uint64_t G = k->panels.count, N = k->blocks, w = k->width, C = pieces(B, 8);
    const uint64_t numbers = back ? T * G * B * H : (T + 1) * B * H;
    const uint64_t mma = 4 * (back ? w / 16 * pieces(G * H, 64) : G * w / 16 * pieces(H, 64));
    return (struct work){.mma = bf16 ? T * C * N * mma : 0,
                         .cluster_bytes = numbers * (bf16 ? 2 : 4) * (N - 1),
                         .weight_bytes = 4 * C * G * H * H};
}

void __real_recur_cuda_run(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                           size_t blocks, unsigned threads, void *argument);
void __wrap_recur_cuda_run(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                           size_t blocks, unsigned threads, void *argument);
void __real_recur_cuda_run_clusters(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                                    size_t clusters, size_t size, unsigned threads, size_t shared,
                                    void *argument);
void __wrap_recur_cuda_run_clusters(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                                    size_t clusters, size_t size, unsigned threads, size_t shared,
                                    void *argument);

/* The stand-in has computed a kernel when its launch returns. */
void __wrap_recur_cuda_run(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                           size_t blocks, unsigned threads, void *argument)
{
    struct work before = counted(0);
    __real_recur_cuda_run(queue, kernel, blocks, threads, argument);
    if (!counting || kernel > RECUR_CUDA_product_gradient_bf16)
        return;
    products_seen++;
    compare("a product", before, counted(0), work_of_product(kernel, argument));
}

void __wrap_recur_cuda_run_clusters(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                                    size_t clusters, size_t size, unsigned threads, size_t shared,
                                    void *argument)
{
    const struct gpu_recurrence *k = argument;
    unsigned number = kernel - RECUR_CUDA_rnn_steps_forward_f32;
    bool back = number % 4 >= 2, bf16 = number % 2;
    struct work before = counted(kernel < RECUR_CUDA_rnn_steps_forward_f32 ? 0 : k->w);
    __real_recur_cuda_run_clusters(queue, kernel, clusters, size, threads, shared, argument);
    if (!counting)
        return;
    if (kernel < RECUR_CUDA_rnn_steps_forward_f32) {
        products_seen++;
        compare("a product", before, counted(0), work_of_product(kernel, argument));
        return;
    }
    recurrences_seen++;
    compare(back ? "steps backward" : "steps forward", before, counted(k->w),
            work_of_steps(back, bf16, k));
}

static const struct training trainings[] = {
    {.cell = RECUR_CELL_LSTM, .layers = 1, .hidden = 70, .batch = 9, .steps = 3, .precision = BF16},
    {.cell = RECUR_CELL_LSTM, .layers = 2, .hidden = 20, .batch = 3, .steps = 2},
    {.cell = RECUR_CELL_GRU, .layers = 1, .hidden = 100, .batch = 3, .steps = 2, .precision = BF16},
    {.cell = RECUR_CELL_GRU, .layers = 1, .hidden = 40, .both = true, .batch = 9, .steps = 3},
    {.cell = RECUR_CELL_RNN,
     .layers = 1,
     .hidden = 130,
     .batch = 17,
     .steps = 2,
     .precision = BF16},
    {.cell = RECUR_CELL_RNN, .layers = 2, .hidden = 33, .batch = 9, .steps = 2},
};

static void as_formulas(void **state)
{
    (void)state;
    counting = true;
    for (size_t i = 0; i < sizeof trainings / sizeof *trainings; i++)
        for (recur_test_cluster_size = 16; recur_test_cluster_size; recur_test_cluster_size /= 4) {
            double losses[2];
            products_seen = recurrences_seen = 0;
            free(gpu_train(&trainings[i], RECUR_DEVICE_CUDA, 1, losses));
            assert_true(products_seen >= 3);
            if (recur_test_cluster_size == 16) /* which all of them fit */
                assert_int_equal(recurrences_seen,
                                 2 * trainings[i].layers * (trainings[i].both ? 2 : 1));
        }
    recur_test_cluster_size = 16;
    counting = false;
}

/* A GPU of one multiprocessor, for which few numbers are enough for the larger tiles. */
static void as_formulas_by_larger_tiles(void **state)
{
    double loss;
    (void)state;
    setenv("STANDIN_MULTIPROCESSORS", "1", 1);
    counting = true;
    wide_seen = 0;
    free(gpu_train(&trainings[2], RECUR_DEVICE_CUDA, 1, &loss));
    counting = false;
    unsetenv("STANDIN_MULTIPROCESSORS");
    assert_true(wide_seen > 0);
}

/* A step of a text's training waits once, for its report, and takes no memory. */
static void a_step(void **state)
{
    static const struct {
        const char *name;
        uint64_t wanted;
    } limits[] = {{"allocations", 0},     {"host_allocations", 0}, {"frees", 0},
                  {"module_loads", 0},    {"synchronisations", 1}, {"copies_to_host", 1},
                  {"copies_to_device", 1}};
    enum { COUNTS = sizeof limits / sizeof *limits };
    (void)state;
    for (size_t i = 0; i < sizeof trainings / sizeof *trainings; i++) {
        if (trainings[i].both)
            continue; /* which fills blanks; its phases wait one by one */
        recur_corpus *corpus = gpu_corpus();
        recur_model *model = gpu_model(&trainings[i]);
        recur_trainer *trainer = gpu_trainer(&trainings[i], model, corpus, RECUR_DEVICE_CUDA);
        double loss;
        gpu_steps(trainer, 1, &loss);
        for (size_t step = 0; step < 2; step++) {
            uint64_t before[COUNTS];
            size_t taken = allocations();
            for (size_t k = 0; k < COUNTS; k++)
                before[k] = count_of(limits[k].name);
            gpu_steps(trainer, 1, &loss);
            size_t taken_now = allocations();
            for (size_t k = 0; k < COUNTS; k++)
                if (count_of(limits[k].name) - before[k] != limits[k].wanted)
                    fail_msg("training %zu: %s are %llu", i, limits[k].name,
                             (unsigned long long)(count_of(limits[k].name) - before[k]));
            if (taken_now != taken)
                fail_msg("training %zu: the step allocates %zu times", i, taken_now - taken);
        }
        recur_trainer_free(trainer);
        recur_model_free(model);
        recur_corpus_free(corpus);
    }
}

/* Parameters come to the host where somebody reads them, tensor by tensor, and once. */
static void parameters_when_read(void **state)
{
    const struct training *training = &trainings[1];
    recur_corpus *corpus = gpu_corpus();
    recur_model *model = gpu_model(training);
    recur_trainer *trainer = gpu_trainer(training, model, corpus, RECUR_DEVICE_CUDA);
    size_t tensors = recur_model_tensors(model);
    double losses[4], whole[4];
    (void)state;
    gpu_steps(trainer, 2, losses);
    for (size_t round = 0; round < 2; round++) {
        uint64_t before = count_of("copies_to_host");
        free(gpu_parameters(model));
        assert_int_equal(count_of("copies_to_host") - before, round ? 0 : tensors);
    }
    /* One tensor that is set, to what it is: the others go on from where they are. */
    gpu_steps(trainer, 1, losses + 2);
    float *values = malloc(recur_model_parameters(model) * sizeof *values);
    recur_model_get_tensor(model, 1, values);
    recur_model_set_tensor(model, 1, values);
    free(values);
    gpu_steps(trainer, 1, losses + 3);
    recur_trainer_free(trainer);
    float *parts = gpu_parameters(model), *all = gpu_train(training, RECUR_DEVICE_CUDA, 4, whole);
    assert_memory_equal(losses, whole, sizeof whole);
    assert_memory_equal(parts, all, recur_model_parameters(model) * sizeof *all);
    free(parts);
    free(all);
    recur_model_free(model);
    recur_corpus_free(corpus);
}

static double loss_of(const recur_model *model, const recur_corpus *corpus)
{
    recur_evaluation result;
    recur_error error = {0};
    if (recur_evaluate(model, corpus, 0, 0, 1, &result, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    return result.loss;
}

/* Evaluation in the middle of a training reads the GPU's parameters, on the CPU too. */
static void evaluated_meanwhile(void **state)
{
    recur_corpus *corpus = gpu_corpus();
    recur_model *model = gpu_model(&trainings[1]);
    double losses[3], before = loss_of(model, corpus);
    recur_trainer *trainer = gpu_trainer(&trainings[1], model, corpus, RECUR_DEVICE_CUDA);
    (void)state;
    gpu_steps(trainer, 3, losses);
    double meanwhile = loss_of(model, corpus);
    assert_int_equal(recur_model_set_device(model, RECUR_DEVICE_CPU, NULL), RECUR_OK);
    double on_the_cpu = loss_of(model, corpus);
    recur_trainer_free(trainer);
    assert_int_equal(recur_model_set_device(model, RECUR_DEVICE_CPU, NULL), RECUR_OK);
    assert_true(on_the_cpu == loss_of(model, corpus));
    assert_int_equal(recur_model_set_device(model, RECUR_DEVICE_CUDA, NULL), RECUR_OK);
    assert_true(meanwhile == loss_of(model, corpus));
    assert_true(meanwhile < before - 1e-3);
    recur_model_free(model);
    recur_corpus_free(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_formulas),
        cmocka_unit_test(as_formulas_by_larger_tiles),
        cmocka_unit_test(a_step),
        cmocka_unit_test(parameters_when_read),
        cmocka_unit_test(evaluated_meanwhile),
    };
    find_counts();
    return cmocka_run_group_tests_name("gpu_counts", tests, NULL, NULL);
}
