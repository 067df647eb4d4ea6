#include "bench/bench_plan.h"

#include <stdio.h>

#include "common/live.h"
#include "common/message.h"
#include "common/number_text.h"
#include "common/terminal.h"
#include "common/timing.h"

/* Seconds between two lines where there is no live line. */
#define PIPE_PAUSE 20

void recur_bench_plan_add(struct plan *plan, double seconds)
{
    plan->count++;
    plan->seconds += seconds;
}

void recur_bench_plan_start(struct plan *plan, const char *command)
{
    plan->started = plan->shown = recur_seconds();
    plan->terminal = recur_terminal_redraws(stderr);
    fprintf(stderr, "recur %s: %zu measurement%s, about %s\n", command, plan->count,
            recur_plural(plan->count), recur_duration(plan->seconds + 0.5).text);
}

/* Seconds left when a measurement begins. Those that are done tell how slow the machine is against
 * the plan. */
static double left(const struct plan *plan)
{
    double passed = recur_seconds() - plan->started;
    double rest = plan->seconds - plan->begun_seconds;
    return plan->begun_seconds > 0 ? rest * passed / plan->begun_seconds : rest;
}

void recur_bench_plan_begin(struct plan *plan, double seconds, const char *name, const char *what)
{
    double now = recur_seconds();
    const struct duration time = recur_duration(left(plan));
    plan->begun++;
    plan->begun_seconds += seconds;
    if (plan->terminal) {
        char text[96];
        size_t width = recur_terminal_width(stderr);
        snprintf(text, sizeof text, "%zu/%zu  %s left  %s, %s", plan->begun, plan->count, time.text,
                 name, what);
        if (width < sizeof text)
            text[width - 1] = '\0';
        recur_live_draw(text);
    } else if (now - plan->shown >= PIPE_PAUSE) {
        fprintf(stderr, "measurement %zu of %zu: %s, %s; %s left\n", plan->begun, plan->count, name,
                what, time.text);
        plan->shown = now;
    }
}
