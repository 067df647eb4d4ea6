/* Whether a minibatch is faster on all threads or on one. Small work is done before threads have
 * met, and a processor that is busy with something else makes all wait; results are the same to the
 * bit either way. So both are tried: at the beginning, and now and then to see whether it is still
 * so. */
#ifndef RECUR_TRAIN_PACE_H
#define RECUR_TRAIN_PACE_H

#include <stdbool.h>
#include <stddef.h>

struct recur_pace {
    bool alone;        /* what is faster so far */
    size_t count;      /* minibatches of the present round */
    double seconds[2]; /* the shortest minibatch of the round together and alone; 0: none */
};

/* Whether the next minibatch is to be run by one thread alone. */
bool recur_pace_alone(const struct recur_pace *pace);

/* It took so long. */
void recur_pace_took(struct recur_pace *pace, double seconds);

#endif
