/* The training losses in the course of a run, thinned out so that they never need more room. */
#ifndef RECUR_CLI_TRAIN_TRACE_H
#define RECUR_CLI_TRAIN_TRACE_H

#include <stddef.h>

enum { TRACE_POINTS = 256 };

/* Begins all zero. */
struct trace {
    double at[TRACE_POINTS];  /* where the point's last minibatch was, in epochs */
    double sum[TRACE_POINTS]; /* of the losses of the point's minibatches */
    size_t used;              /* points */
    size_t each, last;        /* minibatches of each point but the last one, and of that */
};

/* Adds the loss of a minibatch, which is behind all others. */
void recur_trace_add(struct trace *trace, double at, double loss);

/* The mean loss of a point. */
double recur_trace_loss(const struct trace *trace, size_t point);

#endif
