#include "base/rng.h"

#include <math.h>

void recur_rng_seed(struct recur_rng *rng, uint64_t seed, uint64_t stream)
{
    uint64_t x = recur_mix64(seed) ^ recur_mix64(~stream);
    for (int i = 0; i < 4; i++) {
        x = recur_mix64(x);
        rng->state[i] = x;
    }
}

static uint64_t rotate_left(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

uint64_t recur_rng_u64(struct recur_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t recur_rng_below(struct recur_rng *rng, uint64_t bound)
{
    uint64_t limit = -bound % bound, x; /* 2^64 mod bound: the part that would be biased */
    do
        x = recur_rng_u64(rng);
    while (x < limit);
    return x % bound;
}

double recur_rng_uniform(struct recur_rng *rng)
{
    return (double)(recur_rng_u64(rng) >> 11) * 0x1p-53;
}

double recur_rng_normal(struct recur_rng *rng)
{
    double radius = sqrt(-2 * log(1 - recur_rng_uniform(rng)));
    return radius * cos(6.283185307179586 * recur_rng_uniform(rng));
}

void recur_rng_shuffle(struct recur_rng *rng, size_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = recur_rng_below(rng, i), moved = items[other];
        items[other] = items[i - 1];
        items[i - 1] = moved;
    }
}
