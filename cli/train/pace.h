/* How long a minibatch takes, on a machine that may do something else at times: a single moment in
 * which the process was stopped changes little. All times are in seconds. */
#ifndef RECUR_CLI_TRAIN_PACE_H
#define RECUR_CLI_TRAIN_PACE_H

#include <stdbool.h>
#include <stddef.h>

/* Minibatches that follow each other. */
struct stretch {
    double took, longest; /* all of them; the longest one */
    size_t count;
};

/* A network that is tried out for a short time; all zero but `seconds` at first. */
struct trial {
    double seconds;      /* how long to try */
    struct stretch all;  /* minibatches so far */
    struct stretch late; /* those after the first quarter, in which memory is touched for the first
                            time and threads meet */
};

/* Is another minibatch to be tried? The longest one does not count, so that a single one in which
 * the process was stopped does not end the trial. */
bool recur_trial_goes_on(const struct trial *trial);

/* Adds a minibatch, which took so long. */
void recur_trial_add(struct trial *trial, double seconds);

/* What a minibatch takes: the mean without the longest one. Call it after at least one minibatch.
 */
double recur_trial_result(const struct trial *trial);

/* What a minibatch of a run takes, as a mean that follows its speed. */
struct tempo {
    double seconds; /* of a minibatch; set it to what was measured before the run */
    double most;    /* as which the next one counts at most; 0: of none yet */
    double sum;     /* what all of them took */
    size_t count;   /* of them */
};

/* Adds a minibatch, which took so long, with a weight in (0, 1) in the mean. One that took long
 * counts as four times the mean at first, and then as twice the longest one before it, so that a
 * single stop says little and a machine that stops often is believed. Of the first minibatches the
 * mean is at most four times what they took: a measurement on a machine that was busy then is
 * forgotten at once. */
void recur_tempo_add(struct tempo *tempo, double seconds, double weight);

#endif
