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

void recur_workload_settings(const struct workload *workload, struct workload_settings *settings)
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
}
