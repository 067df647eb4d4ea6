#include "base/checksum.h"

#include <string.h>

#include "base/rng.h"

static void add_stripe(uint64_t *chain, const unsigned char *stripe)
{
    uint64_t words[RECUR_CHECKSUM_CHAINS];
    memcpy(words, stripe, sizeof words);
    for (size_t i = 0; i < RECUR_CHECKSUM_CHAINS; i++)
        chain[i] = recur_mix64(chain[i] ^ words[i]);
}

void recur_checksum_add(struct recur_checksum *sum, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    unsigned char last[RECUR_CHECKSUM_STRIPE] = {0};
    uint64_t chain[RECUR_CHECKSUM_CHAINS]; /* a copy, which stays in registers */
    memcpy(chain, sum->chain, sizeof chain);
    for (size_t left = size / RECUR_CHECKSUM_STRIPE; left > 0; left--, at += RECUR_CHECKSUM_STRIPE)
        add_stripe(chain, at);
    size_t rest = size % RECUR_CHECKSUM_STRIPE;
    if (rest > 0) {
        memcpy(last, at, rest);
        add_stripe(chain, last);
    }
    memcpy(sum->chain, chain, sizeof chain);
    sum->size += size;
}

uint64_t recur_checksum_end(const struct recur_checksum *sum)
{
    uint64_t all = recur_mix64(sum->size);
    for (size_t i = 0; i < RECUR_CHECKSUM_CHAINS; i++)
        all = recur_mix64(all ^ sum->chain[i]);
    return all;
}

uint64_t recur_checksum_of(const void *bytes, size_t size)
{
    struct recur_checksum sum = {.size = 0};
    recur_checksum_add(&sum, bytes, size);
    return recur_checksum_end(&sum);
}
