/* Counters, in the text format of Prometheus. Any thread may count. */
#ifndef RECUR_CLI_SERVE_METRICS_H
#define RECUR_CLI_SERVE_METRICS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "http/http.h"

enum { METRICS_PATHS = 32, METRICS_STATUSES = 20, METRICS_BUCKETS = 14 };

/* How long something took: counts of what took at most so long, and a sum. */
struct histogram {
    uint64_t bucket[METRICS_BUCKETS + 1]; /* the last one: longer than all bounds */
    double sum;
};

struct path_metrics {
    const char *path; /* NULL: none of the server's */
    uint64_t status[METRICS_STATUSES];
    struct histogram seconds;
};

struct metrics {
    pthread_mutex_t lock;
    struct path_metrics path[METRICS_PATHS];
    size_t paths;
    struct histogram first_token; /* seconds from a request to the first token of its text */
    atomic_ullong prompt_tokens, cached_tokens, made_tokens;
};

void recur_metrics_begin(struct metrics *metrics);
void recur_metrics_end(struct metrics *metrics);

/* Counts a request that has ended, and the time until a first token. */
void recur_metrics_count(struct metrics *metrics, const struct http_record *record);
void recur_metrics_first_token(struct metrics *metrics, double seconds);

/* Numbers of the moment. */
struct metrics_gauge {
    const char *name, *help;
    double value;
};

/* Writes all of it to `text`; false where memory is short. */
struct grown_text;
bool recur_metrics_write(struct metrics *metrics, const struct metrics_gauge *gauges, size_t count,
                         struct grown_text *text);

#endif
