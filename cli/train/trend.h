/* Finds the trend of a run's losses from means, because a single epoch proves nothing. */
#ifndef RECUR_CLI_TRAIN_TREND_H
#define RECUR_CLI_TRAIN_TREND_H

#include <stddef.h>

enum trend {
    TREND_NONE,    /* nothing is certain */
    TREND_RISEN,   /* the loss has risen since the lowest one */
    TREND_FALLING, /* the loss still falls at the end */
};

/* The trend of `count` finite losses in nats. Number `lowest`, from 0, is the lowest. */
enum trend recur_trend(const double *losses, size_t count, size_t lowest);

/* The losses of minibatches in the course of one epoch. */
enum { TREND_PARTS = 5 };
struct course {
    double sum[TREND_PARTS], squares[TREND_PARTS];
    size_t count[TREND_PARTS];
};

/* Adds minibatch number `index`, from 0, of `count`. Number 0 starts a new course. */
void recur_course_add(struct course *course, size_t index, size_t count, double loss);
/* Does the loss still fall at the end of the epoch? */
enum trend recur_course_trend(const struct course *course);

#endif
