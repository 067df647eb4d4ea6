/* Decides whether a piece of work, a minibatch or a token, is faster on all threads or on one.
 * Small work is done before threads have met, and a processor that is busy with something else
 * makes all threads wait. Results are the same to the bit either way. So the tuner tries both at
 * the beginning, and again now and then, but trying costs at most a thirtieth of the time. As soon
 * as waiting has cost more than working together has gained, one thread goes on alone. */
#ifndef RECUR_BACKEND_CPU_TUNER_H
#define RECUR_BACKEND_CPU_TUNER_H

#include <stdbool.h>
#include <stddef.h>

/* All zero at the beginning. */
struct recur_tuner {
    bool alone;        /* whether one thread has been faster so far */
    size_t count;      /* pieces of the present round */
    size_t round;      /* the least number of pieces in a round; 0: few */
    double seconds[2]; /* the shortest piece of the round together and alone; 0: none */
    double before;     /* the shortest piece alone in the rounds before; 0: none */
    double spent;      /* since the round began, or the part after its trial */
    double lost;       /* the time that working together has lost against the shortest piece
                          alone, since it was last ahead */
    double debt;       /* the cost of the last trial, or of staying together for too long */
};

/* Whether one thread alone is to do the next piece. */
bool recur_tuner_alone(const struct recur_tuner *tuner);

/* Records how long the piece took. */
void recur_tuner_record(struct recur_tuner *tuner, double seconds);

#endif
