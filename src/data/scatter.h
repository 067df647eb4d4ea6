/* An order of the numbers below a count that takes no memory: a permutation that is computed for
 * each place by itself, for counts whose shuffled list would be large. Feistel's network over 4^n
 * numbers, at least as many as are needed; what lands beyond the count goes through it again until
 * it does not (cycle walking; Black & Rogaway 2002, "Ciphers with Arbitrary Finite Domains"). */
#ifndef RECUR_DATA_SCATTER_H
#define RECUR_DATA_SCATTER_H

#include "base/rng.h"

enum { RECUR_SCATTER_ROUNDS = 6 };

struct recur_scatter {
    uint64_t key[RECUR_SCATTER_ROUNDS];
    uint64_t count;
    unsigned half; /* bits of one half of a number */
};

static inline void recur_scatter_begin(struct recur_scatter *scatter, uint64_t count,
                                       struct recur_rng *rng)
{
    scatter->count = count;
    scatter->half = 1;
    while (scatter->half < 32 && UINT64_C(1) << (2 * scatter->half) < count)
        scatter->half++;
    for (size_t i = 0; i < RECUR_SCATTER_ROUNDS; i++)
        scatter->key[i] = recur_rng_u64(rng);
}

/* The number at a place below the count. */
static inline uint64_t recur_scatter_at(const struct recur_scatter *scatter, uint64_t place)
{
    uint64_t mask = (UINT64_C(1) << scatter->half) - 1;
    do {
        uint64_t left = place >> scatter->half, right = place & mask;
        for (size_t i = 0; i < RECUR_SCATTER_ROUNDS; i++) {
            uint64_t next = left ^ (recur_mix64(right ^ scatter->key[i]) & mask);
            left = right;
            right = next;
        }
        place = left << scatter->half | right;
    } while (place >= scatter->count);
    return place;
}

#endif
