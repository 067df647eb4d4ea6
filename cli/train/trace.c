#include "train/trace.h"

/* Makes one point of two. */
static void merge(struct trace *trace)
{
    trace->used /= 2;
    trace->each *= 2;
    trace->last = trace->each;
    for (size_t i = 0; i < trace->used; i++) {
        trace->at[i] = trace->at[2 * i + 1];
        trace->sum[i] = trace->sum[2 * i] + trace->sum[2 * i + 1];
    }
}

void recur_trace_add(struct trace *trace, double at, double loss)
{
    if (trace->used == 0)
        trace->each = trace->last = 1;
    if (trace->used == TRACE_POINTS && trace->last == trace->each)
        merge(trace);
    if (trace->used == 0 || trace->last == trace->each) {
        trace->sum[trace->used++] = 0;
        trace->last = 0;
    }
    trace->at[trace->used - 1] = at;
    trace->sum[trace->used - 1] += loss;
    trace->last++;
}

double recur_trace_loss(const struct trace *trace, size_t point)
{
    size_t count = point + 1 == trace->used ? trace->last : trace->each;
    return trace->sum[point] / (double)count;
}
