/* The trend of a run's losses, judged on means: a single epoch proves nothing. */
#ifndef RECUR_CLI_TRAIN_TREND_H
#define RECUR_CLI_TRAIN_TREND_H

#include <stddef.h>

enum trend {
    TREND_NONE,    /* nothing that can be said for certain */
    TREND_RISEN,   /* has risen since the lowest */
    TREND_FALLING, /* still falls at the end */
};

/* `count` finite losses in nats, of which number `lowest`, from 0, is the lowest. */
enum trend recur_trend(const double *losses, size_t count, size_t lowest);

/* The course of the losses of minibatches within one epoch. */
enum { TREND_PARTS = 5 };
struct course {
    double sum[TREND_PARTS], squares[TREND_PARTS];
    size_t count[TREND_PARTS];
};

/* Adds minibatch number `index` from 0 of `count`; number 0 begins anew. */
void recur_course_add(struct course *course, size_t index, size_t count, double loss);
/* Does the loss still fall at the end of the epoch? */
enum trend recur_course_trend(const struct course *course);

#endif
