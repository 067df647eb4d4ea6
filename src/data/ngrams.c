#include "recur/ngrams.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/rng.h"
#include "data/token_table.h"

/* A run of ranks whose n-grams have the same count. */
struct run {
    uint64_t count;
    size_t ngrams; /* how many ranks the run has; in the end, the run's last rank */
};

struct recur_ngrams {
    size_t total, different;
    recur_ngram *top;
    size_t top_size, top_capacity;
    struct run *runs; /* sorted by falling count */
    size_t runs_size, runs_capacity;
};

/* CHUNK: tokens that are looked up at once. HELD: different n-grams that may be held when the next
 * chunk begins. */
enum { CHUNK = 1024, HELD = (1 << 20) - CHUNK };

/* The n-grams whose hash is `number` modulo `of`, a power of two. */
struct share {
    size_t number, of;
};

/* Only a text that was made for it needs more shares. Then counting takes more memory instead of
 * more time. */
enum { SHARES_MOST = 1 << 16 };

struct counter {
    const recur_corpus *corpus;
    recur_ngrams *ngrams; /* the result */
    size_t n, top;
    struct share share;
    struct recur_token_table table; /* the share's n-grams, each as the bytes of its ids */
    recur_ngram *met;               /* the same n-grams, by their index in the table */
    size_t met_capacity;
    int32_t ids[CHUNK + RECUR_NGRAMS_LONGEST - 1];
    recur_token tokens[CHUNK]; /* the chunk's n-grams that belong to the share, */
    size_t places[CHUNK];      /* where these stand in the corpus, */
    uint32_t indices[CHUNK];   /* and their indices in the table */
};

static bool belongs(const int32_t *ids, size_t n, struct share share)
{
    uint64_t hash = 0;
    if (share.of == 1)
        return true;
    for (size_t i = 0; i < n; i++)
        hash = recur_mix64(hash ^ (uint64_t)ids[i]);
    return (hash & (share.of - 1)) == share.number;
}

/* Counts the share's n-grams that begin at [first, first + count). */
static enum recur_status count_chunk(struct counter *counter, size_t first, size_t count,
                                     recur_error *error)
{
    size_t ours = 0;
    recur_corpus_read(counter->corpus, first, count + counter->n - 1, counter->ids);
    for (size_t i = 0; i < count; i++) {
        if (!belongs(counter->ids + i, counter->n, counter->share))
            continue;
        counter->places[ours] = first + i;
        counter->tokens[ours++] =
            (recur_token){(const char *)(counter->ids + i), counter->n * sizeof *counter->ids};
    }
    recur_token_table_find_all(&counter->table, counter->tokens, ours, counter->indices);
    for (size_t i = 0; i < ours; i++) {
        uint32_t *index = &counter->indices[i];
        size_t known = counter->table.size;
        if (*index == RECUR_TOKEN_NONE)
            RECUR_TRY(recur_token_table_intern(&counter->table, counter->tokens[i], index, error));
        RECUR_TRY(recur_grow(&counter->met, &counter->met_capacity, counter->table.size,
                             sizeof *counter->met, "the n-grams", error));
        if (*index == known)
            counter->met[*index] = (recur_ngram){.first = counter->places[i]};
        counter->met[*index].count++;
    }
    return RECUR_OK;
}

/* Counts the share's n-grams until they are too many. */
static enum recur_status count_share(struct counter *counter, bool *full, recur_error *error)
{
    size_t total = counter->ngrams->total;
    *full = false;
    for (size_t at = 0; at < total && !*full; at += CHUNK) {
        RECUR_TRY(count_chunk(counter, at, total - at < CHUNK ? total - at : CHUNK, error));
        *full = counter->table.size > HELD && counter->share.of < SHARES_MOST;
    }
    return RECUR_OK;
}

static int by_rank(const void *left, const void *right)
{
    const recur_ngram *a = left, *b = right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return a->first < b->first ? -1 : a->first > b->first;
}

static int by_count(const void *left, const void *right)
{
    const struct run *a = left, *b = right;
    return a->count < b->count ? 1 : a->count > b->count ? -1 : 0;
}

/* Keeps only the most frequent n-grams of all shares so far, so that more shares take no more
 * memory. */
static void cut_top(recur_ngrams *ngrams, size_t top)
{
    if (ngrams->top_size > 0)
        qsort(ngrams->top, ngrams->top_size, sizeof *ngrams->top, by_rank);
    if (ngrams->top_size > top)
        ngrams->top_size = top;
}

/* Adds the share's n-grams to the result. */
static enum recur_status take_share(struct counter *counter, recur_error *error)
{
    recur_ngrams *ngrams = counter->ngrams;
    size_t count = counter->table.size, kept = count < counter->top ? count : counter->top;
    if (count == 0)
        return RECUR_OK;
    qsort(counter->met, count, sizeof *counter->met, by_rank);
    RECUR_TRY(recur_grow(&ngrams->top, &ngrams->top_capacity, ngrams->top_size + kept,
                         sizeof *ngrams->top, "the most frequent n-grams", error));
    for (size_t i = 0; i < kept; i++)
        ngrams->top[ngrams->top_size++] = counter->met[i];
    cut_top(ngrams, counter->top);
    for (size_t i = 0; i < count; i++) {
        RECUR_TRY(recur_grow(&ngrams->runs, &ngrams->runs_capacity, ngrams->runs_size + 1,
                             sizeof *ngrams->runs, "the counts of n-grams", error));
        if (i == 0 || counter->met[i].count != counter->met[i - 1].count)
            ngrams->runs[ngrams->runs_size++] = (struct run){.count = counter->met[i].count};
        ngrams->runs[ngrams->runs_size - 1].ngrams++;
    }
    return RECUR_OK;
}

/* Goes to the next share, or to the first half of a share that is full; false after the last. */
static bool next_share(struct share *share, bool full)
{
    if (full) {
        share->of *= 2;
        return true;
    }
    while (share->of > 1 && share->number >= share->of / 2) {
        share->of /= 2;
        share->number -= share->of;
    }
    share->number += share->of / 2;
    return share->of > 1;
}

static enum recur_status count_all(struct counter *counter, recur_error *error)
{
    bool full;
    do {
        RECUR_TRY(count_share(counter, &full, error));
        if (!full)
            RECUR_TRY(take_share(counter, error));
        recur_token_table_free(&counter->table);
        counter->table = (struct recur_token_table){0};
    } while (next_share(&counter->share, full));
    return RECUR_OK;
}

/* Ranks the n-grams of all shares. */
static void rank(recur_ngrams *ngrams)
{
    size_t runs = 0;
    if (ngrams->runs_size == 0)
        return;
    qsort(ngrams->runs, ngrams->runs_size, sizeof *ngrams->runs, by_count);
    for (size_t i = 0; i < ngrams->runs_size; i++) {
        ngrams->different += ngrams->runs[i].ngrams;
        if (runs == 0 || ngrams->runs[runs - 1].count != ngrams->runs[i].count)
            ngrams->runs[runs++].count = ngrams->runs[i].count;
        ngrams->runs[runs - 1].ngrams = ngrams->different;
    }
    ngrams->runs_size = runs;
}

static enum recur_status count_ngrams(const recur_corpus *corpus, size_t n, size_t top,
                                      recur_ngrams *ngrams, recur_error *error)
{
    struct counter *counter;
    size_t size = recur_corpus_size(corpus);
    RECUR_TRY(recur_alloc(1, sizeof *counter, "the counter of n-grams", &counter, error));
    counter->corpus = corpus;
    counter->ngrams = ngrams;
    counter->n = n;
    counter->top = top;
    counter->share.of = 1;
    ngrams->total = size < n ? 0 : size - n + 1;
    enum recur_status status = count_all(counter, error);
    rank(ngrams);
    recur_token_table_free(&counter->table);
    free(counter->met);
    free(counter);
    return status;
}

enum recur_status recur_ngrams_count(const recur_corpus *corpus, size_t n, size_t top,
                                     recur_ngrams **ngrams, recur_error *error)
{
    recur_ngrams *made;
    if (n < 1 || n > RECUR_NGRAMS_LONGEST)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "n of n-grams must be from 1 to %d, got %zu",
                          RECUR_NGRAMS_LONGEST, n);
    RECUR_TRY(recur_alloc(1, sizeof *made, "the counts of n-grams", &made, error));
    enum recur_status status = count_ngrams(corpus, n, top, made, error);
    if (status == RECUR_OK)
        *ngrams = made;
    else
        recur_ngrams_free(made);
    return status;
}

void recur_ngrams_free(recur_ngrams *ngrams)
{
    if (!ngrams)
        return;
    free(ngrams->top);
    free(ngrams->runs);
    free(ngrams);
}

size_t recur_ngrams_total(const recur_ngrams *ngrams)
{
    return ngrams->total;
}

size_t recur_ngrams_different(const recur_ngrams *ngrams)
{
    return ngrams->different;
}

const recur_ngram *recur_ngrams_top(const recur_ngrams *ngrams, size_t *count)
{
    *count = ngrams->top_size;
    return ngrams->top;
}

uint64_t recur_ngrams_frequency(const recur_ngrams *ngrams, size_t rank)
{
    size_t low = 0, high = ngrams->runs_size;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ngrams->runs[middle].ngrams < rank)
            low = middle + 1;
        else
            high = middle;
    }
    return rank > 0 && low < ngrams->runs_size ? ngrams->runs[low].count : 0;
}
