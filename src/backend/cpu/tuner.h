/* Whether a piece of work, a minibatch or a token, is faster on all threads or on one. Small work
 * is done before threads have met, and a processor that is busy with something else makes all wait;
 * results are the same to the bit either way. So both are tried: at the beginning, and now and then
 * to see whether it is still so, but trying costs at most a thirtieth of the time. Where waiting
 * has cost more than working together has gained, one thread goes on alone at once. */
#ifndef RECUR_BACKEND_CPU_TUNER_H
#define RECUR_BACKEND_CPU_TUNER_H

#include <stdbool.h>
#include <stddef.h>

/* Zero is how it begins. */
struct recur_tuner {
    bool alone;        /* what is faster so far */
    size_t count;      /* pieces of the present round */
    size_t round;      /* how many it takes at least; 0: few */
    double seconds[2]; /* the shortest piece of the round together and alone; 0: none */
    double before;     /* the shortest alone of the rounds before; 0: none */
    double spent;      /* since the round, or what follows its trial, began */
    double lost;       /* together: against the shortest piece alone, since it was last ahead */
    double debt;       /* what the last trial, or staying together for too long, has cost */
};

/* Whether the next piece is to be worked on by one thread alone. */
bool recur_tuner_alone(const struct recur_tuner *tuner);

/* It took so long. */
void recur_tuner_record(struct recur_tuner *tuner, double seconds);

#endif
