/* States of sessions after texts that were read or made, so that a request which goes on with such
 * a text pays for its new tokens alone. The states are the same bits that reading the text again
 * would give. What was not used for the longest time goes first. Any thread may call. */
#ifndef RECUR_CLI_SERVE_CACHE_H
#define RECUR_CLI_SERVE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recur/session.h"

struct state_cache;

/* A cache of at most so many bytes; 0: it keeps nothing. NULL where memory is short. */
struct state_cache *recur_cache_create(size_t bytes);
void recur_cache_free(struct state_cache *cache);

/* Makes `session`, of model number `model`, go on after as many of the `count` ids as are known, at
 * most `count`. Returns how many; 0: the session is as it was. */
size_t recur_cache_find(struct state_cache *cache, size_t model, const int32_t *ids, size_t count,
                        recur_session *session);

/* Keeps a session that has read `first_count` ids and then `second_count`; it belongs to the cache
 * from here on, which may free it at once. `bytes` is what a session takes. */
void recur_cache_keep(struct state_cache *cache, size_t model, const int32_t *first,
                      size_t first_count, const int32_t *second, size_t second_count,
                      recur_session *session, size_t bytes);

/* How many bytes the states take, and how many there are. */
size_t recur_cache_bytes(struct state_cache *cache);
size_t recur_cache_count(struct state_cache *cache);

#endif
