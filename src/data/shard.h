/* A shard: a file of ids, which a store has many of (docs/formats.md#stores). A page of its own
 * says what the file holds; the ids follow, 1, 2 or 4 bytes each, little-endian, then the tail:
 * bytes that only the writer of stores reads. Everything has a checksum. */
#ifndef RECUR_DATA_SHARD_H
#define RECUR_DATA_SHARD_H

#include "base/error.h"

/* The ids begin here, on a page's boundary on every system. */
#define RECUR_SHARD_PAGE ((size_t)64 << 10)
#define RECUR_SHARD_HEADER 80 /* bytes of that page that are used */

struct recur_shard_header {
    uint32_t width;    /* bytes of an id: 1, 2 or 4 */
    uint64_t number;   /* which shard of its store it is, from 0 */
    uint64_t count;    /* ids */
    uint64_t unknown;  /* how many of them are RECUR_UNKNOWN */
    uint64_t checksum; /* of the ids' bytes */
    uint64_t tail;     /* bytes of the tail */
    uint64_t tail_checksum;
};

/* The fewest bytes that hold ids below `size`. */
uint32_t recur_shard_width(uint64_t size);

void recur_shard_encode(const struct recur_shard_header *header,
                        unsigned char bytes[RECUR_SHARD_HEADER]);
/* Errors: FORMAT, with a sentence that does not name the file; UNSUPPORTED for another version. */
enum recur_status recur_shard_decode(const unsigned char *bytes, size_t size,
                                     struct recur_shard_header *header, recur_error *error);

/* Opens a shard and reads its header; the file has the size that the header says. The caller closes
 * `*descriptor`. Sentences name the file. Errors: FILE, FORMAT, UNSUPPORTED. */
enum recur_status recur_shard_open(const char *path, struct recur_shard_header *header,
                                   int *descriptor, recur_error *error);

/* Reads the ids of an open shard and compares their checksum; each id is below `limit`. Memory does
 * not grow with the shard. Errors: FILE, FORMAT. */
enum recur_status recur_shard_check(const char *path, int descriptor,
                                    const struct recur_shard_header *header, uint64_t limit,
                                    recur_error *error);

/* Receives ids of a shard, in order. */
typedef enum recur_status recur_shard_fn(void *user, const uint32_t *ids, size_t count,
                                         recur_error *error);

/* Reads the ids as recur_shard_check does, and hands them over a piece at a time. */
enum recur_status recur_shard_read(const char *path, int descriptor,
                                   const struct recur_shard_header *header, uint64_t limit,
                                   recur_shard_fn *take, void *user, recur_error *error);

/* Reads the tail into allocated memory: free() it. Errors: FILE, MEMORY, FORMAT. */
enum recur_status recur_shard_tail(const char *path, int descriptor,
                                   const struct recur_shard_header *header, unsigned char **tail,
                                   recur_error *error);

/* Writes a shard, whole or not at all: `ids` of header->width bytes each, which must hold them, and
 * header->tail bytes of `tail`. Narrows `ids` in place; sets the checksums. Errors: FILE, MEMORY.
 */
enum recur_status recur_shard_write(const char *path, uint32_t *ids,
                                    struct recur_shard_header *header, const void *tail,
                                    recur_error *error);

#endif
