#include "bench/bench_workloads.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ROW(...) {__VA_ARGS__},
static const struct workload workloads[] = {BENCH_WORKLOADS(ROW)};

const struct workload *recur_workload(size_t index)
{
    return index < sizeof workloads / sizeof *workloads ? &workloads[index] : NULL;
}

void recur_workload_settings(const struct workload *workload, const enum recur_precision *precision,
                             struct workload_settings *settings)
{
    enum { MOST = 32 };
    char *argv[MOST];
    struct arguments arguments;
    int argc = 0, exit_status;
    snprintf(settings->text, sizeof settings->text, "%s", workload->options);
    for (char *next = settings->text; next; argc++) {
        argv[argc] = next;
        next = strchr(next, ' ');
        if (next)
            *next++ = '\0';
    }
    assert(argc < MOST);
    recur_train_options_parse(&recur_command_train, argc, argv, &settings->options, &arguments,
                              &exit_status);
    if (precision)
        settings->options.trainer.precision = *precision;
}

double recur_workload_flop(const struct workload *workload)
{
    struct workload_settings settings;
    recur_workload_settings(workload, NULL, &settings);
    const recur_model_config config =
        recur_train_model_config(&settings.options, workload->vocabulary);
    const double gates = config.cell == RECUR_CELL_RNN ? 1 : config.cell == RECUR_CELL_LSTM ? 4 : 3;
    double below = 0, sum = 0; /* the first layer looks its input up */
    for (size_t layer = 0; layer < config.layers; layer++) {
        const double width = (double)config.hidden[layer];
        sum += gates * width * (width + below);
        below = width;
    }
    return 6 * (sum + below * (double)config.vocabulary);
}
