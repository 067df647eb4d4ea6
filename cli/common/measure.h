/* The numbers of a run's epochs that pictures show. */
#ifndef RECUR_CLI_COMMON_MEASURE_H
#define RECUR_CLI_COMMON_MEASURE_H

#include <stdbool.h>

#include "recur/model.h"

enum { MEASURE_CURVES = 2 };

struct measure {
    const char *name;
    size_t curves; /* how many curves there are */
    const char *curve[MEASURE_CURVES];
    double (*value[MEASURE_CURVES])(const recur_epoch *epoch); /* NaN where an epoch has no value */
    size_t judged;    /* the curve that decides which epoch is kept */
    bool logarithmic; /* the scale is logarithmic because ratios matter */
    bool of_training; /* the first curve follows from the training losses: itself or e^loss */
};

/* The curves are perplexities. For a model that labels they are accuracy and F1 on held-out data,
 * or the loss where nothing is held out. */
struct measure recur_measure(const recur_epoch *epochs, size_t count, bool labels);

#endif
