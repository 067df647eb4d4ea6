/* A checksum of bytes, 64 bits: it tells damage, not forgery. Eight chains take a word of 8 bytes
 * each in turn, so that no word waits for the one before it. Each chain maps its state one to one,
 * so that bytes of which a single word differs never have the same checksum. The value is that of
 * a little-endian processor. */
#ifndef RECUR_BASE_CHECKSUM_H
#define RECUR_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

enum { RECUR_CHECKSUM_CHAINS = 8, RECUR_CHECKSUM_STRIPE = 64 };

/* All zero: no bytes yet. */
struct recur_checksum {
    uint64_t chain[RECUR_CHECKSUM_CHAINS];
    uint64_t size;
};

/* Adds bytes. Only the last piece may have a size that is no multiple of RECUR_CHECKSUM_STRIPE. */
void recur_checksum_add(struct recur_checksum *sum, const void *bytes, size_t size);
uint64_t recur_checksum_end(const struct recur_checksum *sum);

/* The checksum of bytes in one piece. */
uint64_t recur_checksum_of(const void *bytes, size_t size);

#endif
