/* Threads that answer requests one after the other, in the order in which they came. */
#ifndef RECUR_CLI_SERVE_LANE_H
#define RECUR_CLI_SERVE_LANE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/http.h"

struct lane;

/* Starts so many threads; at most `most` requests wait. NULL where memory is short. */
struct lane *recur_lane_create(size_t threads, size_t most);

/* Hands a request over, to be answered by `answer`; false: too many wait. */
bool recur_lane_add(struct lane *lane, void (*answer)(void *user, struct http_exchange *exchange),
                    void *user, struct http_exchange *exchange);

size_t recur_lane_waiting(struct lane *lane);

/* Answers what waits and ends the threads. NULL is fine. */
void recur_lane_free(struct lane *lane);

#endif
