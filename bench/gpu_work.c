/* recur's side of bench/gpu.sh, on a GPU or, to compare, on the CPU:
 *
 *     gpu_work check [small]    compares the GPU with the CPU and with itself: a line for each case
 *     gpu_work serve KIND CELL LAYERSxHIDDEN PRECISION DEVICE
 *     gpu_work profile KIND CELL LAYERSxHIDDEN PRECISION DEVICE
 *     gpu_work sessions         steps of many sessions of a language model, on the GPU and on the
 * CPU
 *
 * `check` runs in a child process. Where that ends in a case, the case has failed, and another
 * child goes on behind it.
 *
 * `serve` plans a work once. For each number that it reads it runs so many passes and prints the
 * medians of two times of a pass in milliseconds: that of the GPU between the first launch and the
 * last one, by its own events (0 on the CPU), and that of the whole call. KIND is one of
 *
 *     layers     forward and backward through layers, 32 sequences of 128 steps
 *     lengths    the same, sequences of 5 to 100 steps
 *     minibatch  an update of a language model of 28 characters, 32 sequences of 35 steps, Adam
 *
 * `profile` prints in which kernels the time of a pass on the GPU goes.
 *
 * The events need the inside of the library: they are recorded where it calls the driver. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend/cuda/queue.h"
#include "nn/model_object.h"
#include "recur/recur.h"

enum { BATCH = 32, STEPS = 128, LONGEST = 100, BOOK_STEPS = 35, CHARACTERS = 28, UPDATES = 20 };
enum { PASSES_MOST = 1000, SPANS = 64 };

/* Ends the program where a call failed. */
static recur_error error;
static void need(enum recur_status status)
{
    if (status == RECUR_OK)
        return;
    fprintf(stderr, "gpu_work: %s\n", error.message);
    exit(1);
}

static void *need_memory(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);
    if (!block) {
        fputs("gpu_work: out of memory\n", stderr);
        exit(1);
    }
    return block;
}

/* ---- the time on the GPU: spans from a launch to the next copy to the host ---- */

static struct {
    struct recur_cuda_driver real;
    recur_cuda_event from[SPANS], to[SPANS];
    size_t spans;
    bool open, on;
    double milliseconds; /* of the spans that ended */
} timer;

static int launch(const struct recur_cuda_launch_config *config, recur_cuda_function function,
                  void **parameters, void **extra)
{
    if (timer.on && !timer.open && timer.spans < SPANS) {
        timer.real.cuEventRecord(timer.from[timer.spans], config->stream);
        timer.open = true;
    }
    return timer.real.cuLaunchKernelEx(config, function, parameters, extra);
}

static void end_span(recur_cuda_stream stream)
{
    if (timer.open)
        timer.real.cuEventRecord(timer.to[timer.spans++], stream);
    timer.open = false;
}

static int download(void *to, recur_cuda_memory from, size_t bytes, recur_cuda_stream stream)
{
    end_span(stream);
    return timer.real.cuMemcpyDtoHAsync(to, from, bytes, stream);
}

static int synchronize(recur_cuda_stream stream)
{
    end_span(stream);
    int result = timer.real.cuStreamSynchronize(stream);
    for (size_t i = 0; i < timer.spans; i++) {
        float milliseconds = 0;
        timer.real.cuEventElapsedTime(&milliseconds, timer.from[i], timer.to[i]);
        timer.milliseconds += (double)milliseconds;
    }
    timer.spans = 0;
    return result;
}

/* ---- the time of each kernel: events around each launch ---- */

#define NAME(name) #name,
static const char *const kernel_names[] = {RECUR_CUDA_KERNELS(NAME)};
enum { LAUNCHES_MOST = 8192 };

static struct {
    recur_cuda_function function[RECUR_CUDA_KERNEL_COUNT];
    recur_cuda_event event[LAUNCHES_MOST + 1];
    size_t kernel[LAUNCHES_MOST], launches;
} profile;

static int launch_profiled(const struct recur_cuda_launch_config *config,
                           recur_cuda_function function, void **parameters, void **extra)
{
    int result = timer.real.cuLaunchKernelEx(config, function, parameters, extra);
    size_t kernel = 0;
    while (kernel + 1 < RECUR_CUDA_KERNEL_COUNT && profile.function[kernel] != function)
        kernel++;
    if (profile.launches < LAUNCHES_MOST) {
        profile.kernel[profile.launches++] = kernel;
        timer.real.cuEventRecord(profile.event[profile.launches], config->stream);
    }
    return result;
}

static void start_profile(const recur_model *model)
{
    struct recur_cuda *cuda = (struct recur_cuda *)model->place.gpu;
    timer.real = cuda->driver;
    need(recur_cuda_enter(cuda, &error));
    for (size_t i = 0; i < RECUR_CUDA_KERNEL_COUNT; i++)
        need(recur_cuda_kernel(cuda, kernel_names[i], 0, &profile.function[i], &error));
    for (size_t i = 0; i <= LAUNCHES_MOST; i++)
        if (timer.real.cuEventCreate(&profile.event[i], 0))
            exit(1);
    timer.real.cuEventRecord(profile.event[0], cuda->stream);
    recur_cuda_leave(cuda);
    cuda->driver.cuLaunchKernelEx = launch_profiled;
}

/* What lies between two launches, copies and the host, counts for the later one. */
static void print_profile(const recur_model *model)
{
    double milliseconds[RECUR_CUDA_KERNEL_COUNT] = {0}, all = 0;
    size_t launches[RECUR_CUDA_KERNEL_COUNT] = {0};
    const struct recur_cuda *cuda = (const struct recur_cuda *)model->place.gpu;
    need(recur_cuda_enter(cuda, &error));
    for (size_t i = 0; i < profile.launches; i++) {
        float span = 0;
        timer.real.cuEventElapsedTime(&span, profile.event[i], profile.event[i + 1]);
        milliseconds[profile.kernel[i]] += (double)span;
        launches[profile.kernel[i]]++;
        all += (double)span;
    }
    recur_cuda_leave(cuda);
    for (int line = 0; line < 6; line++) {
        size_t most = 0;
        for (size_t i = 1; i < RECUR_CUDA_KERNEL_COUNT; i++)
            most = milliseconds[i] > milliseconds[most] ? i : most;
        if (!launches[most])
            break;
        printf("%5.1f %% %9.1f us %5zu launches of %s\n", 100 * milliseconds[most] / all,
               1e3 * milliseconds[most], launches[most], kernel_names[most]);
        milliseconds[most] = -1;
        launches[most] = 0;
    }
}

static void start_timer(const recur_model *model)
{
    struct recur_cuda *cuda = (struct recur_cuda *)model->place.gpu;
    if (!cuda)
        return;
    timer.real = cuda->driver;
    need(recur_cuda_enter(cuda, &error));
    for (size_t i = 0; i < SPANS; i++)
        if (timer.real.cuEventCreate(&timer.from[i], 0) ||
            timer.real.cuEventCreate(&timer.to[i], 0))
            exit(1);
    recur_cuda_leave(cuda);
    cuda->driver.cuLaunchKernelEx = launch;
    cuda->driver.cuMemcpyDtoHAsync = download;
    cuda->driver.cuStreamSynchronize = synchronize;
    timer.on = true;
}

/* ---- works ---- */

struct work {
    enum recur_cell cell;
    enum recur_precision precision;
    enum recur_device device;
    size_t layers, hidden, batch, steps;
    bool bidirectional, lengths, minibatch;

    recur_model *model;
    recur_stack *stack;
    recur_trainer *trainer;
    recur_corpus *corpus;
    size_t length[BATCH];
    float *x, *dy, *y, *dx;
    size_t numbers, outputs; /* of x and of y */
    double loss;
};

static void fill(float *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (float)(i * 2654435761U % 1000) * 1e-3F - 0.5F; /* Knuth's multiplicative hash */
}

static void make_model(struct work *w)
{
    size_t hidden[8];
    recur_model_config config = recur_model_config_default();
    for (size_t l = 0; l < w->layers; l++)
        hidden[l] = w->hidden;
    config.cell = w->cell;
    config.layers = w->layers;
    config.hidden = hidden;
    config.bidirectional = w->bidirectional;
    config.inputs = w->minibatch ? 0 : w->hidden;
    config.vocabulary = w->minibatch ? CHARACTERS : 0;
    need(recur_model_create(&config, NULL, &w->model, &error));
}

static void make_stack(struct work *w, const recur_trainer_config *config)
{
    size_t rows = w->batch * w->steps;
    need(recur_stack_create(w->model, config, 0, &w->stack, &error));
    w->numbers = rows * w->hidden;
    w->outputs = rows * recur_stack_width(w->stack);
    w->x = need_memory(w->numbers, sizeof *w->x);
    w->dx = need_memory(w->numbers, sizeof *w->dx);
    w->y = need_memory(w->outputs, sizeof *w->y);
    w->dy = need_memory(w->outputs, sizeof *w->dy);
    fill(w->x, w->numbers);
    fill(w->dy, w->outputs);
    for (size_t b = 0; b < w->batch; b++)
        w->length[b] = w->lengths ? 5 + b * 37 % (w->steps - 4) : w->steps;
}

static void make_trainer(struct work *w, recur_trainer_config *config)
{
    enum { TOKENS = 400000 };
    int32_t *ids = need_memory(TOKENS, sizeof *ids);
    for (size_t i = 0; i < TOKENS; i++)
        ids[i] = (int32_t)((i * 2654435761U >> 8) % CHARACTERS);
    need(recur_corpus_from_ids(ids, TOKENS, CHARACTERS, &w->corpus, &error));
    free(ids);
    config->validation = 0;
    config->epochs = 1000;
    need(recur_trainer_create(w->model, w->corpus, config, &w->trainer, &error));
}

static void start(struct work *w)
{
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = w->batch;
    config.steps = w->steps;
    config.precision = w->precision;
    config.device = w->device;
    make_model(w);
    if (w->minibatch)
        make_trainer(w, &config);
    else
        make_stack(w, &config);
}

static void end(struct work *w)
{
    recur_stack_free(w->stack);
    recur_trainer_free(w->trainer);
    recur_corpus_free(w->corpus);
    recur_model_free(w->model);
    free(w->x);
    free(w->dx);
    free(w->y);
    free(w->dy);
}

static void pass(struct work *w)
{
    recur_step step;
    if (w->trainer) {
        need(recur_trainer_step(w->trainer, &step, &error));
        w->loss = step.loss;
        if (step.end_of_epoch)
            need(recur_trainer_end_epoch(w->trainer, NULL, &error));
        return;
    }
    const recur_stack_input input = {
        .batch = w->batch, .steps = w->steps, .lengths = w->length, .x = w->x};
    const recur_stack_output output = {.y = w->y};
    const recur_stack_output_gradient given = {.dy = w->dy};
    const recur_stack_input_gradient wanted = {.dx = w->dx};
    recur_stack_clear_gradients(w->stack);
    need(recur_stack_forward(w->stack, &input, &output, &error));
    need(recur_stack_backward(w->stack, &given, &wanted, &error));
}

/* ---- comparisons ---- */

/* The length of the difference beside that of `b`. */
static double distance(const float *a, const float *b, size_t count)
{
    double difference = 0, whole = 1e-30;
    for (size_t i = 0; i < count; i++) {
        double d = (double)a[i] - (double)b[i];
        difference += d * d;
        whole += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / whole);
}

static double gradient_distance(const struct work *a, const struct work *b)
{
    double worst = 0;
    for (size_t i = 0; i < recur_model_tensors(a->model); i++) {
        recur_tensor_info info = recur_model_tensor(a->model, i);
        size_t count = info.shape[0] * info.shape[1];
        float *values = need_memory(2 * count, sizeof *values);
        recur_stack_get_gradient(a->stack, i, values);
        recur_stack_get_gradient(b->stack, i, values + count);
        double d = distance(values, values + count, count);
        worst = d <= worst ? worst : d; /* NaN is worst */
        free(values);
    }
    return worst;
}

static double greatest(double a, double b)
{
    return a <= b ? b : a;
}

/* Everything that a pass through the layers hands out. */
static double layers_distance(const struct work *a, const struct work *b)
{
    double d = greatest(distance(a->y, b->y, a->outputs), distance(a->dx, b->dx, a->numbers));
    return greatest(d, gradient_distance(a, b));
}

/* The same work on the device, done. */
static struct work done(const struct work *what, enum recur_device device)
{
    struct work w = *what;
    w.device = device;
    start(&w);
    for (int i = 0; i < (w.minibatch ? UPDATES : 1); i++)
        pass(&w);
    return w;
}

static bool check(const struct work *what, double limit)
{
    struct work gpu = done(what, RECUR_DEVICE_CUDA), again = done(what, RECUR_DEVICE_CUDA);
    struct work cpu = done(what, RECUR_DEVICE_CPU);
    double off = what->minibatch ? fabs(gpu.loss - cpu.loss) : layers_distance(&gpu, &cpu);
    double twice = what->minibatch ? fabs(gpu.loss - again.loss) : layers_distance(&gpu, &again);
    bool good = off <= limit && twice == 0;
    printf("%s %s %s %zux%zu %s%s%s: off the CPU by %.1e (at most %.0e), twice the same bits: %s\n",
           good ? "PASS" : "FAIL", what->minibatch ? "20 updates" : "layers",
           recur_cell_name(what->cell), what->layers, what->hidden,
           recur_precision_name(what->precision), what->bidirectional ? " both directions" : "",
           what->lengths ? " lengths" : "", off, limit, twice == 0 ? "yes" : "no");
    fflush(stdout);
    end(&gpu);
    end(&again);
    end(&cpu);
    return good;
}

enum { SHAPES = 6, CELLS = 4, CASES = SHAPES * CELLS * 2 };

static bool check_case(size_t number, bool small)
{
    static const enum recur_cell cells[CELLS] = {RECUR_CELL_RNN, RECUR_CELL_GRU,
                                                 RECUR_CELL_GRU_RESET_BEFORE, RECUR_CELL_LSTM};
    static const struct {
        size_t layers, hidden;
        bool bidirectional, lengths, minibatch;
    } shapes[SHAPES] = {
        {1, 256, false, false, false},  {1, 512, false, false, false},
        {1, 1024, false, false, false}, {2, 200, true, true, false},
        {1, 256, false, false, true},   {2, 512, false, false, true},
    };
    size_t s = number / CELLS / 2;
    bool bf16 = number % 2;
    const struct work w = {.cell = cells[number / 2 % CELLS],
                           .precision = bf16 ? RECUR_PRECISION_BF16 : RECUR_PRECISION_F32,
                           .layers = shapes[s].layers,
                           .hidden = small ? shapes[s].hidden / 32 : shapes[s].hidden,
                           .batch = small ? 3 : BATCH,
                           .steps = small                 ? 6
                                    : shapes[s].minibatch ? BOOK_STEPS
                                                          : LONGEST,
                           .bidirectional = shapes[s].bidirectional,
                           .lengths = shapes[s].lengths,
                           .minibatch = shapes[s].minibatch};
    return check(&w, bf16 ? 3e-2 : w.minibatch ? 1e-4 : 5e-5);
}

/* What the parent sees of a child. */
struct progress {
    size_t number; /* of the case that it is at */
    size_t failed;
};

static int check_all(bool small)
{
    struct progress *progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        return 1;
    while (progress->number < CASES) {
        int status = 0;
        pid_t child = fork();
        if (!child) {
            for (; progress->number < CASES; progress->number++)
                progress->failed += !check_case(progress->number, small);
            exit(0);
        }
        if (child < 0 || waitpid(child, &status, 0) != child)
            return 1;
        if (status == 0)
            continue;
        printf("FAIL case %zu of %d ended its process\n", ++progress->number, CASES);
        fflush(stdout);
        progress->failed++;
    }
    return progress->failed ? 1 : 0;
}

/* ---- measuring ---- */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int serve(struct work *w)
{
    char line[32];
    start(w);
    start_timer(w->model);
    while (fgets(line, sizeof line, stdin)) {
        double device[PASSES_MOST], whole[PASSES_MOST];
        size_t count = strtoul(line, NULL, 10);
        count = count < 1 ? 1 : count < PASSES_MOST ? count : PASSES_MOST;
        for (size_t i = 0; i < count; i++) {
            double begun = now();
            timer.milliseconds = 0;
            pass(w);
            whole[i] = now() - begun;
            device[i] = timer.milliseconds;
        }
        qsort(device, count, sizeof *device, ascending);
        qsort(whole, count, sizeof *whole, ascending);
        printf("%.6f %.6f\n", device[count / 2], whole[count / 2]);
        fflush(stdout);
    }
    end(w);
    return 0;
}

static int profile_work(struct work *w)
{
    start(w);
    pass(w);
    start_profile(w->model);
    pass(w);
    print_profile(w->model);
    end(w);
    return 0;
}

/* The median time in milliseconds of a step of `count` sessions. */
static double time_sessions(const recur_model *model, size_t count)
{
    enum { PASSES = 51 };
    recur_stepper *stepper;
    recur_session **session = need_memory(count, sizeof(recur_session *));
    int32_t *ids = need_memory(count, sizeof *ids);
    float *logits = need_memory(count * CHARACTERS, sizeof *logits);
    double times[PASSES];
    need(recur_stepper_create(model, count, 0, &stepper, &error));
    for (size_t i = 0; i < count; i++)
        need(recur_session_create(model, &session[i], &error));
    for (size_t i = 0; i < PASSES; i++) {
        double begun = now();
        need(recur_stepper_feed_many(stepper, session, ids, count, logits, &error));
        times[i] = now() - begun;
    }
    qsort(times, PASSES, sizeof *times, ascending);
    for (size_t i = 0; i < count; i++)
        recur_session_free(session[i]);
    recur_stepper_free(stepper);
    free(session);
    free(ids);
    free(logits);
    return times[PASSES / 2];
}

static int compare_sessions(void)
{
    static const size_t counts[] = {32, 128, 512};
    for (size_t hidden = 256; hidden <= 1024; hidden *= 2)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            struct work w = {
                .cell = RECUR_CELL_LSTM, .layers = 2, .hidden = hidden, .minibatch = true};
            make_model(&w);
            double cpu = time_sessions(w.model, counts[i]);
            need(recur_model_set_device(w.model, RECUR_DEVICE_CUDA, &error));
            double gpu = time_sessions(w.model, counts[i]);
            printf("%zu sessions of lstm 2x%zu: %.0f us a step, %.1f times the CPU (no bound)\n",
                   counts[i], hidden, 1e3 * gpu, cpu / gpu);
            fflush(stdout);
            recur_model_free(w.model);
        }
    return 0;
}

int main(int argc, char **argv)
{
    struct work w = {.batch = BATCH, .steps = STEPS};
    if (argc >= 2 && strcmp(argv[1], "check") == 0)
        return check_all(argc > 2);
    if (argc == 2 && strcmp(argv[1], "sessions") == 0)
        return compare_sessions();
    bool profiles = argc == 7 && strcmp(argv[1], "profile") == 0;
    if (argc != 7 || (!profiles && strcmp(argv[1], "serve") != 0) ||
        sscanf(argv[4], "%zux%zu", &w.layers, &w.hidden) != 2 || w.layers > 8) {
        fputs("usage: gpu_work check [small]\n"
              "       gpu_work sessions\n"
              "       gpu_work serve|profile KIND CELL LAYERSxHIDDEN PRECISION DEVICE\n",
              stderr);
        return 2;
    }
    w.lengths = strcmp(argv[2], "lengths") == 0;
    w.minibatch = strcmp(argv[2], "minibatch") == 0;
    w.steps = w.lengths ? LONGEST : w.minibatch ? BOOK_STEPS : STEPS;
    need(recur_cell_parse(argv[3], &w.cell, &error));
    need(recur_precision_parse(argv[5], &w.precision, &error));
    need(recur_device_parse(argv[6], &w.device, &error));
    return profiles ? profile_work(&w) : serve(&w);
}
