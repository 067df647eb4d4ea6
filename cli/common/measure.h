/* The numbers that pictures show of a run's epochs. */
#ifndef RECUR_CLI_COMMON_MEASURE_H
#define RECUR_CLI_COMMON_MEASURE_H

#include <stdbool.h>

#include "recur/model.h"

enum { MEASURE_CURVES = 2 };

struct measure {
    const char *name;
    size_t curves; /* how many of these there are */
    const char *curve[MEASURE_CURVES];
    double (*value[MEASURE_CURVES])(const recur_epoch *epoch); /* NaN where an epoch has none */
    size_t judged;    /* the curve by which an epoch is kept */
    bool logarithmic; /* a ratio says more than a difference */
};

/* Perplexities; of a model that labels, accuracy and F1 on what is held out, or, where nothing is,
 * the loss. */
struct measure recur_measure(const recur_epoch *epochs, size_t count, bool labels);

#endif
