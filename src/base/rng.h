/* Random numbers: xoshiro256** (Blackman & Vigna 2018), seeded through splitmix64. */
#ifndef RECUR_BASE_RNG_H
#define RECUR_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct recur_rng {
    uint64_t state[4];
};

/* What a seed's random numbers are drawn for. Each purpose has streams of its own: with a counter
 * (an epoch, an update) they are numbered purpose, purpose + 1, ... No two purposes lie so near
 * that a counter could lead from one to the other, and none is a small number: initial parameters
 * are drawn from the streams 0, 1, ... A number that changes changes every run that is drawn from
 * it. Each spells its purpose in ASCII. */
#define RECUR_PURPOSE_BATCHES UINT64_C(0x6261746368657331)  /* order of a text's minibatches */
#define RECUR_PURPOSE_BUCKETS UINT64_C(0x6275636b657473)    /* order of sequences in buckets */
#define RECUR_PURPOSE_HOLD_OUT UINT64_C(0x686f6c64206f7574) /* sequences that are held out */
#define RECUR_PURPOSE_BLANKS UINT64_C(0x626c616e6b73)       /* inputs that are made blank */
#define RECUR_PURPOSE_UNKNOWN UINT64_C(0x756e6b6e6f776e)    /* rare words read as <unk> */
#define RECUR_PURPOSE_POOL UINT64_C(0x706f6f6c)             /* dropout of pooled states */
#define RECUR_PURPOSE_SAMPLE UINT64_C(0x73616d706c65)       /* tokens that are generated */
#define RECUR_PURPOSE_CANDIDATES UINT64_C(0x63616e646964)   /* what a softmax is over */

/* One step of splitmix64: a bijection that scatters every bit; also a counter-based generator. */
static inline uint64_t recur_mix64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

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
