#include "serve/metrics.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/need.h"

/* Seconds. */
static const double bounds[METRICS_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                               0.25,  0.5,    1,     2.5,  5,     10,   30};

/* All statuses that the server answers with; 0: the client was gone before. */
static const unsigned statuses[] = {0,   200, 400, 401, 403, 404, 405, 408,
                                    413, 415, 422, 429, 431, 500, 503};
_Static_assert(sizeof statuses / sizeof *statuses < METRICS_STATUSES, "room for one more, others");

void recur_metrics_begin(struct metrics *metrics)
{
    memset(metrics, 0, sizeof *metrics);
    pthread_mutex_init(&metrics->lock, NULL);
    atomic_init(&metrics->prompt_tokens, 0);
    atomic_init(&metrics->cached_tokens, 0);
    atomic_init(&metrics->made_tokens, 0);
}

void recur_metrics_end(struct metrics *metrics)
{
    pthread_mutex_destroy(&metrics->lock);
}

static void observe(struct histogram *histogram, double seconds)
{
    size_t bucket = 0;
    while (bucket < METRICS_BUCKETS && seconds > bounds[bucket])
        bucket++;
    histogram->bucket[bucket]++;
    histogram->sum += seconds;
}

static struct path_metrics *find(struct metrics *metrics, const char *path)
{
    for (size_t i = 0; i < metrics->paths; i++)
        if (metrics->path[i].path == path ||
            (path && metrics->path[i].path && strcmp(metrics->path[i].path, path) == 0))
            return &metrics->path[i];
    if (metrics->paths == METRICS_PATHS)
        return &metrics->path[METRICS_PATHS - 1];
    metrics->path[metrics->paths].path = path;
    return &metrics->path[metrics->paths++];
}

void recur_metrics_count(struct metrics *metrics, const struct http_record *record)
{
    size_t status = 0;
    while (status < sizeof statuses / sizeof *statuses && statuses[status] != record->status)
        status++;
    pthread_mutex_lock(&metrics->lock);
    struct path_metrics *path = find(metrics, record->path);
    path->status[status]++;
    observe(&path->seconds, record->seconds);
    pthread_mutex_unlock(&metrics->lock);
}

void recur_metrics_first_token(struct metrics *metrics, double seconds)
{
    pthread_mutex_lock(&metrics->lock);
    observe(&metrics->first_token, seconds);
    pthread_mutex_unlock(&metrics->lock);
}

/* A text that remembers a failure. */
struct page {
    struct grown_text *text;
    bool good;
};

static void add(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct page *page, const char *format, ...)
{
    char line[300];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    page->good =
        page->good && recur_grow_text(page->text, line, (size_t)size, "metrics", NULL) == RECUR_OK;
}

static void add_head(struct page *page, const char *name, const char *type, const char *help)
{
    add(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* `label` is "path=\"/v1\"," or empty. */
static void add_histogram(struct page *page, const char *name, const char *label,
                          const struct histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        count += histogram->bucket[i];
        add(page, "%s_bucket{%sle=\"%g\"} %llu\n", name, label, bounds[i],
            (unsigned long long)count);
    }
    count += histogram->bucket[METRICS_BUCKETS];
    add(page, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, label, (unsigned long long)count);
    size_t size = strlen(label);
    const char *open = size ? "{" : "", *close = size ? "}" : "";
    int shown = size ? (int)size - 1 : 0; /* without its comma */
    add(page, "%s_sum%s%.*s%s %.9g\n", name, open, shown, label, close, histogram->sum);
    add(page, "%s_count%s%.*s%s %llu\n", name, open, shown, label, close,
        (unsigned long long)count);
}

static void add_requests(struct page *page, const struct metrics *metrics)
{
    static const char name[] = "recur_http_requests_total";
    add_head(page, name, "counter", "Requests by path and status; 0: the client was gone before.");
    for (size_t i = 0; i < metrics->paths; i++) {
        const struct path_metrics *path = &metrics->path[i];
        for (size_t s = 0; s < METRICS_STATUSES; s++)
            if (path->status[s])
                add(page, "%s{path=\"%s\",status=\"%u\"} %llu\n", name,
                    path->path ? path->path : "other",
                    s < sizeof statuses / sizeof *statuses ? statuses[s] : 999,
                    (unsigned long long)path->status[s]);
    }
}

static void add_times(struct page *page, const struct metrics *metrics)
{
    static const char seconds[] = "recur_http_request_seconds";
    static const char first[] = "recur_first_token_seconds";
    add_head(page, seconds, "histogram", "Time from a request's header to the end of its answer.");
    for (size_t i = 0; i < metrics->paths; i++) {
        char label[100];
        snprintf(label, sizeof label, "path=\"%s\",",
                 metrics->path[i].path ? metrics->path[i].path : "other");
        add_histogram(page, seconds, label, &metrics->path[i].seconds);
    }
    add_head(page, first, "histogram", "Time from a request to the first token of its text.");
    add_histogram(page, first, "", &metrics->first_token);
}

static void add_counter(struct page *page, const char *name, const char *help,
                        unsigned long long value)
{
    add_head(page, name, "counter", help);
    add(page, "%s %llu\n", name, value);
}

bool recur_metrics_write(struct metrics *metrics, const struct metrics_gauge *gauges, size_t count,
                         struct grown_text *text)
{
    struct page page = {text, true};
    pthread_mutex_lock(&metrics->lock);
    add_requests(&page, metrics);
    add_times(&page, metrics);
    pthread_mutex_unlock(&metrics->lock);
    add_counter(&page, "recur_prompt_tokens_total", "Tokens of prompts.",
                atomic_load(&metrics->prompt_tokens));
    add_counter(&page, "recur_cached_tokens_total",
                "Tokens of prompts that another request had read already.",
                atomic_load(&metrics->cached_tokens));
    add_counter(&page, "recur_made_tokens_total", "Tokens that were made.",
                atomic_load(&metrics->made_tokens));
    for (size_t i = 0; i < count; i++) {
        add_head(&page, gauges[i].name, "gauge", gauges[i].help);
        add(&page, "%s %.15g\n", gauges[i].name, gauges[i].value);
    }
    return page.good;
}
