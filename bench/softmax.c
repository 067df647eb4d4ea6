/* What the head of a large vocabulary costs beside the layers, in one process.
 *
 *     softmax VOCABULARY HIDDEN SAMPLES THREADS ROUNDS [adam|sgd]
 *
 * Three trainers of one LSTM of HIDDEN units with an embedding as wide take turns, a minibatch of
 * 32 x 35 tokens each: over a vocabulary of 64 tokens (the layers, and next to no head), over
 * VOCABULARY tokens with the softmax over SAMPLES that are drawn, and over VOCABULARY tokens with
 * the whole softmax. Tokens follow Zipf's law. The program prints medians over ROUNDS minibatches,
 * in milliseconds, and medians of the rounds' ratios to the layers, with their quartiles; and the
 * milliseconds of each phase. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "recur/recur.h"

enum { TOKENS = 100000, LAYERS_ALONE = 64, WARM = 2, ROUNDS_MAX = 1000, SIDES = 3 };

struct side {
    const char *name;
    recur_corpus *corpus;
    recur_model *model;
    recur_trainer *trainer;
    double seconds[ROUNDS_MAX], before[RECUR_PHASES];
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void expect(enum recur_status status, const recur_error *error)
{
    if (status == RECUR_OK)
        return;
    fprintf(stderr, "softmax: %s\n", error->message);
    exit(1);
}

/* Id k comes with a probability in proportion to 1 / (k + 1), about. */
static recur_corpus *make_corpus(size_t vocabulary)
{
    static int32_t ids[TOKENS];
    recur_corpus *corpus;
    recur_error error;
    uint64_t state = 1;
    for (size_t i = 0; i < TOKENS; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double share = (double)(state >> 11) * 0x1p-53;
        size_t id = (size_t)exp(share * log((double)vocabulary + 1)) - 1;
        ids[i] = (int32_t)(id < vocabulary ? id : vocabulary - 1);
    }
    expect(recur_corpus_from_ids(ids, TOKENS, vocabulary, &corpus, &error), &error);
    return corpus;
}

static void make_side(struct side *side, size_t vocabulary, size_t hidden,
                      const recur_trainer_config *run)
{
    recur_error error;
    recur_model_config config = recur_model_config_default();
    config.hidden = &hidden;
    config.embedding = hidden;
    config.vocabulary = vocabulary;
    side->corpus = make_corpus(vocabulary);
    expect(recur_model_create(&config, NULL, &side->model, &error), &error);
    expect(recur_trainer_create(side->model, side->corpus, run, &side->trainer, &error), &error);
}

static double step(const struct side *side)
{
    recur_error error;
    recur_step step;
    double start = now();
    expect(recur_trainer_step(side->trainer, &step, &error), &error);
    double seconds = now() - start;
    if (step.end_of_epoch)
        expect(recur_trainer_end_epoch(side->trainer, NULL, &error), &error);
    return seconds;
}

static int compare(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

static double quartile(double *values, size_t count, size_t which)
{
    qsort(values, count, sizeof *values, compare);
    return values[which * (count - 1) / 4];
}

static void print_side(const struct side *side, const struct side *layers, size_t rounds)
{
    static double seconds[ROUNDS_MAX], ratio[ROUNDS_MAX];
    const double *phases = recur_trainer_phases(side->trainer);
    memcpy(seconds, side->seconds, sizeof seconds);
    for (size_t i = 0; i < rounds; i++)
        ratio[i] = side->seconds[i] / layers->seconds[i];
    printf("%-8s %9.2f ms, %.2f (%.2f-%.2f) times the layers:", side->name,
           1e3 * quartile(seconds, rounds, 2), quartile(ratio, rounds, 2),
           quartile(ratio, rounds, 1), quartile(ratio, rounds, 3));
    for (int p = 0; p < RECUR_PHASES; p++)
        printf(" %s %.2f", recur_phase_name((enum recur_phase)p),
               1e3 * (phases[p] - side->before[p]) / (double)rounds);
    putchar('\n');
}

int main(int argc, char **argv)
{
    static struct side sides[SIDES] = {{.name = "layers"}, {.name = "sampled"}, {.name = "whole"}};
    recur_trainer_config run = recur_trainer_config_default();
    recur_error error;
    if (argc < 6) {
        fputs("usage: softmax VOCABULARY HIDDEN SAMPLES THREADS ROUNDS [adam|sgd]\n", stderr);
        return 2;
    }
    size_t vocabulary = strtoul(argv[1], NULL, 10), hidden = strtoul(argv[2], NULL, 10),
           samples = strtoul(argv[3], NULL, 10), rounds = strtoul(argv[5], NULL, 10);
    run.threads = strtoul(argv[4], NULL, 10);
    run.validation = 0;
    run.device = RECUR_DEVICE_CPU;
    if (argc > 6)
        expect(recur_optimizer_parse(argv[6], &run.optimizer, &error), &error);
    rounds = rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
    for (size_t i = 0; i < SIDES; i++) {
        run.sampled_softmax = i == 1 ? samples : 0;
        make_side(&sides[i], i ? vocabulary : LAYERS_ALONE, hidden, &run);
        for (int warm = 0; warm < WARM; warm++)
            step(&sides[i]);
        memcpy(sides[i].before, recur_trainer_phases(sides[i].trainer), sizeof sides[i].before);
    }
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < SIDES; i++)
            sides[i].seconds[round] = step(&sides[i]);
    for (size_t i = 0; i < SIDES; i++) {
        print_side(&sides[i], &sides[0], rounds);
        recur_trainer_free(sides[i].trainer);
        recur_model_free(sides[i].model);
        recur_corpus_free(sides[i].corpus);
    }
    return 0;
}
