/* The curve of a run in the terminal. */
#include <math.h>
#include <stdlib.h>

#include "common/measure.h"
#include "common/need.h"
#include "plot/curve.h"
#include "train/live_lines.h"
#include "train/run.h"

/* Adds the epochs' values; returns how many there are. */
static size_t add_epochs(const struct run *run, const struct measure *measure, size_t curve,
                         double before, struct point *points)
{
    size_t count, used = 0;
    const recur_epoch *history = recur_model_history(run->model, &count);
    for (size_t i = 0; i < count && (double)history[i].epoch <= before; i++)
        points[used++] =
            (struct point){(double)history[i].epoch, measure->value[curve](&history[i])};
    return used;
}

/* Adds the minibatches; returns how many points there are. */
static size_t add_minibatches(const struct trace *trace, bool perplexity, struct point *points)
{
    for (size_t i = 0; i < trace->used; i++) {
        double loss = recur_trace_loss(trace, i);
        points[i] = (struct point){trace->at[i], perplexity ? exp(loss) : loss};
    }
    return trace->used;
}

bool recur_run_print_curve(FILE *stream, const struct run *run, const struct trace *trace,
                           size_t width, struct look look)
{
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    const struct measure measure = recur_measure(history, count, run->options.labels);
    bool minibatches = trace && trace->used > 0 && measure.of_training;
    double begun = minibatches ? trace->at[0] : INFINITY; /* by this start of the run */
    struct curve curve = {
        .name = measure.name, .lines = measure.curves, .kept = recur_run_kept_epoch(run)};
    struct point *points[MEASURE_CURVES];
    for (size_t c = 0; c < measure.curves; c++) {
        points[c] = recur_try(count + TRACE_POINTS, sizeof *points[c]);
        size_t used = !points[c] ? 0
                      : c == 0   ? add_epochs(run, &measure, c, begun, points[c])
                                 : add_epochs(run, &measure, c, INFINITY, points[c]);
        if (points[c] && c == 0 && minibatches)
            used += add_minibatches(trace, measure.logarithmic, points[c] + used);
        curve.line[c] = (struct curve_line){measure.curve[c], points[c], used};
    }
    bool printed = recur_curve_print(stream, &curve, width, look);
    for (size_t c = 0; c < measure.curves; c++)
        free(points[c]);
    return printed;
}
