/* Random numbers: xoshiro256** (Blackman & Vigna 2018), seeded through splitmix64. */
#ifndef RECUR_BASE_RNG_H
#define RECUR_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct recur_rng {
    uint64_t state[4];
};

/* One step of splitmix64: a bijection that scatters every bit; also a counter-based generator. */
uint64_t recur_mix64(uint64_t x);

/* Equal (seed, stream) pairs give equal sequences; different ones unrelated sequences. */
void recur_rng_seed(struct recur_rng *rng, uint64_t seed, uint64_t stream);

uint64_t recur_rng_u64(struct recur_rng *rng);
/* Uniform in [0, bound), bound >= 1, without bias. */
uint64_t recur_rng_below(struct recur_rng *rng, uint64_t bound);
/* Uniform in [0, 1), 53 bits. */
double recur_rng_uniform(struct recur_rng *rng);
/* N(0, 1), by Box and Muller's method. */
double recur_rng_normal(struct recur_rng *rng);
/* Every order of the items is as likely as any other (Fisher & Yates). */
void recur_rng_shuffle(struct recur_rng *rng, size_t *items, size_t count);

#endif
