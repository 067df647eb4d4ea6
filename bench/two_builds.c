/* Compares two builds of the library in one process: how many times as fast is the second one?
 *
 *     two_builds OLD.so NEW.so THREADS PAIRS SECONDS WORK ...
 *
 *     WORK is [stream:]CELL-[LAYERSx]HIDDEN, then any of -words (a vocabulary of 10 000
 *     and 20 sequences in a minibatch, not 28 and 32), -b8 (8 sequences), -bf16, -int8 (a
 *     stream's)
 *
 * Both builds keep their models and work in turns, PAIRS times, SECONDS each time. Training takes
 * at least an epoch of 10 000 tokens; a stream advances by one token at a time. What disturbs the
 * machine for longer than a turn disturbs both. The program prints the median of the pairs' ratios,
 * the two quartiles beside it, and the medians of tokens per second. RECUR_ISA_OLD and
 * RECUR_ISA_NEW, both or neither, replace RECUR_ISA, so that a library can be compared with its own
 * copy. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "recur/recur.h"

#define FUNCTIONS(X)                                                                               \
    X(recur_model_config_init)                                                                     \
    X(recur_model_create)                                                                          \
    X(recur_model_quantize)                                                                        \
    X(recur_model_free)                                                                            \
    X(recur_corpus_from_ids)                                                                       \
    X(recur_corpus_free)                                                                           \
    X(recur_trainer_config_init)                                                                   \
    X(recur_trainer_create)                                                                        \
    X(recur_trainer_epoch)                                                                         \
    X(recur_trainer_free)                                                                          \
    X(recur_stepper_create)                                                                        \
    X(recur_stepper_feed)                                                                          \
    X(recur_stepper_free)                                                                          \
    X(recur_session_create)                                                                        \
    X(recur_session_free)

/* The functions of one library. */
struct library {
#define FIELD(name) __typeof__(name) *(name);
    FUNCTIONS(FIELD)
#undef FIELD
};

enum { TOKENS = 10000, LAYERS_MAX = 8, PAIRS_MAX = 1000 };

struct work {
    const char *name;
    bool streams;
    enum recur_cell cell;
    size_t layers, hidden[LAYERS_MAX], vocabulary, batch, steps;
    enum recur_precision precision;
    enum recur_quantization quantization;
};

/* One library at its work. */
struct side {
    const struct library *library;
    recur_model *model;
    recur_corpus *corpus;
    recur_trainer *trainer;
    recur_stepper *stepper;
    recur_session *session;
    int32_t id; /* the next token of the stream */
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "two_builds: %s: %s\n", what, why);
    exit(1);
}

static void check(enum recur_status status, const struct work *work, const recur_error *error)
{
    if (status != RECUR_OK)
        fail(work->name, error->message);
}

/* Opens each library separately, so that each calls its own functions. */
static void open_library(struct library *library, const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        fail("dlopen", dlerror());
#define FIND(name)                                                                                 \
    *(void **)&library->name = dlsym(handle, #name);                                               \
    if (!library->name)                                                                            \
        fail(path, "there is no " #name);
    FUNCTIONS(FIND)
#undef FIND
}

/* Skips `word` if the text begins with it. */
static bool skip(const char **text, const char *word)
{
    size_t length = strlen(word);
    bool there = strncmp(*text, word, length) == 0;
    *text += there ? length : 0;
    return there;
}

static size_t read_number(const char **text)
{
    char *end;
    size_t number = strtoul(*text, &end, 10);
    *text = end;
    return number;
}

static struct work read_work(const char *name)
{
    struct work work = {.name = name, .layers = 1, .vocabulary = 28, .batch = 32, .steps = 35};
    const char *text = name;
    work.streams = skip(&text, "stream:");
    if (skip(&text, "rnn-"))
        work.cell = RECUR_CELL_RNN;
    else if (skip(&text, "gru-"))
        work.cell = RECUR_CELL_GRU;
    else if (skip(&text, "lstm-"))
        work.cell = RECUR_CELL_LSTM;
    else
        text = "";
    size_t hidden = read_number(&text);
    if (skip(&text, "x")) {
        work.layers = hidden;
        hidden = read_number(&text);
    }
    for (size_t l = 0; l < LAYERS_MAX; l++)
        work.hidden[l] = hidden;
    while (*text) {
        if (skip(&text, "-words")) {
            work.vocabulary = 10000;
            work.batch = 20;
        } else if (skip(&text, "-bf16")) {
            work.precision = RECUR_PRECISION_BF16;
            work.quantization = RECUR_QUANTIZATION_BF16;
        } else if (skip(&text, "-int8")) {
            work.quantization = RECUR_QUANTIZATION_INT8;
        } else if (skip(&text, "-b")) {
            work.batch = read_number(&text);
        } else {
            break;
        }
    }
    bool trains_in_bytes = !work.streams && work.quantization == RECUR_QUANTIZATION_INT8;
    if (*text || !hidden || !work.layers || work.layers > LAYERS_MAX || !work.batch ||
        trains_in_bytes)
        fail(name, "no work; works are like lstm-2x512, rnn-64-b8, stream:gru-256-int8");
    return work;
}

static recur_model *make_model(const struct library *library, const struct work *work,
                               recur_error *error)
{
    recur_model *model;
    recur_model_config config;
    library->recur_model_config_init(&config, sizeof config);
    config.cell = work->cell;
    config.layers = work->layers;
    config.hidden = work->hidden;
    config.vocabulary = work->vocabulary;
    check(library->recur_model_create(&config, NULL, &model, error), work, error);
    return model;
}

static void begin(struct side *side, const struct work *work, size_t threads, const char *isa)
{
    const struct library *library = side->library;
    recur_error error;
    if (isa)
        setenv("RECUR_ISA", isa, 1);
    side->model = make_model(library, work, &error);
    if (work->streams) {
        check(library->recur_model_quantize(side->model, work->quantization, &error), work, &error);
        check(library->recur_stepper_create(side->model, 1, threads, &side->stepper, &error), work,
              &error);
        check(library->recur_session_create(side->model, &side->session, &error), work, &error);
        return;
    }
    int32_t ids[TOKENS];
    for (size_t i = 0; i < TOKENS; i++) /* a sequence that repeats only after a long time */
        ids[i] = (int32_t)(i * 7919 % 10007 % work->vocabulary);
    recur_trainer_config config;
    library->recur_trainer_config_init(&config, sizeof config);
    config.batch = work->batch;
    config.steps = work->steps;
    config.optimizer = RECUR_OPTIMIZER_SGD;
    config.lr = 0.1F;
    config.validation = 0;
    config.precision = work->precision;
    config.threads = threads;
    check(library->recur_corpus_from_ids(ids, TOKENS, work->vocabulary, &side->corpus, &error),
          work, &error);
    check(library->recur_trainer_create(side->model, side->corpus, &config, &side->trainer, &error),
          work, &error);
}

static void end(struct side *side)
{
    const struct library *library = side->library;
    library->recur_session_free(side->session);
    library->recur_stepper_free(side->stepper);
    library->recur_trainer_free(side->trainer);
    library->recur_corpus_free(side->corpus);
    library->recur_model_free(side->model);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Works for that long and measures tokens per second. */
static double run(struct side *side, const struct work *work, double seconds)
{
    recur_error error;
    recur_epoch epoch;
    double tokens = 0, start = now(), took = 0;
    do {
        if (work->streams) {
            const float *logits =
                side->library->recur_stepper_feed(side->stepper, side->session, side->id);
            side->id = (side->id + (logits[0] > logits[1] ? 1 : 2)) % (int32_t)work->vocabulary;
            tokens++;
        } else {
            check(side->library->recur_trainer_epoch(side->trainer, &epoch, &error), work, &error);
            tokens += epoch.tokens_per_second * (now() - start - took);
        }
        took = now() - start;
    } while (took < seconds);
    return tokens / took;
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void compare(struct side side[2], const struct work *work, size_t pairs, double seconds)
{
    double ratio[PAIRS_MAX], speed[2][PAIRS_MAX];
    for (size_t s = 0; s < 2; s++)
        run(&side[s], work, seconds); /* warms up */
    for (size_t i = 0; i < pairs; i++) {
        for (size_t turn = 0; turn < 2; turn++) {
            size_t s = turn ^ (i & 1); /* the one that was second is first now */
            speed[s][i] = run(&side[s], work, seconds);
        }
        ratio[i] = speed[1][i] / speed[0][i];
    }
    qsort(ratio, pairs, sizeof *ratio, by_size);
    for (size_t s = 0; s < 2; s++)
        qsort(speed[s], pairs, sizeof *speed[s], by_size);
    printf("%-24s %6.3f  (%.3f to %.3f)  %12.0f %12.0f tokens/s\n", work->name, ratio[pairs / 2],
           ratio[pairs / 4], ratio[3 * pairs / 4], speed[0][pairs / 2], speed[1][pairs / 2]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *const isa[2] = {getenv("RECUR_ISA_OLD"), getenv("RECUR_ISA_NEW")};
    struct library library[2];
    if (argc < 7)
        fail("usage", "two_builds OLD.so NEW.so THREADS PAIRS SECONDS WORK ...");
    size_t threads = strtoul(argv[3], NULL, 10), pairs = strtoul(argv[4], NULL, 10);
    double seconds = strtod(argv[5], NULL);
    if (!pairs || pairs > PAIRS_MAX)
        fail("PAIRS", "1 to 1000");
    if (!isa[0] != !isa[1]) /* one alone would set both sides from the second work on */
        fail("RECUR_ISA_OLD and RECUR_ISA_NEW", "both or none");
    for (size_t s = 0; s < 2; s++)
        open_library(&library[s], argv[1 + s]);
    for (int i = 6; i < argc; i++) {
        struct work work = read_work(argv[i]);
        struct side side[2] = {{.library = &library[0], .id = 1},
                               {.library = &library[1], .id = 1}};
        for (size_t s = 0; s < 2; s++)
            begin(&side[s], &work, threads, isa[s]);
        compare(side, &work, pairs, seconds);
        for (size_t s = 0; s < 2; s++)
            end(&side[s]);
    }
    return 0;
}
