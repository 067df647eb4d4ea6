#include "commands/vocab_ngrams.h"

#include <math.h>

#include "common/output.h"
#include "common/progress.h"
#include "common/quote.h"
#include "common/terminal.h"
#include "plot/canvas.h"

enum recur_status recur_text_ngrams_count(struct text_ngrams *ngrams, size_t top,
                                          recur_error *error)
{
    enum recur_status status = RECUR_OK;
    recur_progress_count("counting n-grams", "lengths");
    for (size_t n = 1; status == RECUR_OK && n <= ngrams->longest; n++) {
        status = recur_ngrams_count(ngrams->corpus, n, top, &ngrams->counts[n - 1], error);
        recur_progress_at(NULL, n, ngrams->longest);
    }
    recur_progress_end();
    return status;
}

void recur_text_ngrams_free(struct text_ngrams *ngrams)
{
    for (size_t n = 1; n <= ngrams->longest; n++)
        recur_ngrams_free(ngrams->counts[n - 1]);
}

/* Zipf's law, log count = c - alpha log rank, with natural logarithms. */
struct zipf {
    double alpha, c;
    size_t first, last; /* the ranks to which it was fitted */
};

enum { FIRST_FITTED = 10 };

/* How many ranks have n-grams that occur more than once. */
static size_t repeated(const recur_ngrams *counts)
{
    size_t low = 0, high = recur_ngrams_different(counts);
    while (low < high) {
        size_t middle = high - (high - low) / 2;
        if (recur_ngrams_frequency(counts, middle) > 1)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* Fits by least squares to the ranks from 10 on, because the first few are exceptions. The last
 * rank is that of the last n-gram that occurs more than once: n-grams that occur once are the
 * majority and would dominate the fit. Where fewer than 10 ranks are left, the first ones are
 * included. False where there are fewer than two ranks. */
static bool fit(const recur_ngrams *counts, struct zipf *zipf)
{
    double x_sum = 0, y_sum = 0, xx = 0, xy = 0;
    zipf->last = repeated(counts);
    zipf->first = zipf->last >= 2 * FIRST_FITTED - 1 ? FIRST_FITTED : 1;
    if (zipf->last < zipf->first + 1)
        return false;
    double ranks = (double)(zipf->last - zipf->first + 1);
    for (size_t rank = zipf->first; rank <= zipf->last; rank++) {
        x_sum += log((double)rank);
        y_sum += log((double)recur_ngrams_frequency(counts, rank));
    }
    for (size_t rank = zipf->first; rank <= zipf->last; rank++) {
        double x = log((double)rank) - x_sum / ranks;
        xx += x * x;
        xy += x * (log((double)recur_ngrams_frequency(counts, rank)) - y_sum / ranks);
    }
    zipf->alpha = -xy / xx;
    zipf->c = y_sum / ranks + zipf->alpha * x_sum / ranks;
    return true;
}

/* The rank after this one in 1, 2, 5, 10, 20, ..., which are about equal steps on a logarithmic
 * scale. */
static size_t next_rank(size_t rank)
{
    size_t decade = 1;
    while (rank / 10 >= decade)
        decade *= 10;
    return rank / decade == 2 ? 5 * decade : 2 * rank;
}

/* The largest number of different n-grams among all n. */
static size_t last_rank(const struct text_ngrams *ngrams)
{
    size_t last = 0;
    for (size_t n = 1; n <= ngrams->longest; n++) {
        size_t different = recur_ngrams_different(ngrams->counts[n - 1]);
        last = different > last ? different : last;
    }
    return last;
}

static recur_token token_at(const struct text_ngrams *ngrams, size_t place)
{
    int32_t id;
    recur_corpus_read(ngrams->corpus, place, 1, &id);
    return recur_vocab_token(ngrams->vocab, id);
}

static void print_top(const struct text_ngrams *ngrams, size_t n)
{
    const recur_ngrams *counts = ngrams->counts[n - 1];
    size_t count;
    const recur_ngram *top = recur_ngrams_top(counts, &count);
    printf("%zu-grams: %zu, %zu different\n", n, recur_ngrams_total(counts),
           recur_ngrams_different(counts));
    for (size_t i = 0; i < count; i++) {
        printf("%10llu ", (unsigned long long)top[i].count);
        for (size_t j = 0; j < n; j++)
            printf(" %s", recur_quote(token_at(ngrams, top[i].first + j)).text);
        putchar('\n');
    }
}

/* Prints a line for each of some ranks, with a column for each n. */
static void print_ranks(const struct text_ngrams *ngrams)
{
    fputs("    rank", stdout);
    for (size_t n = 1; n <= ngrams->longest; n++)
        printf("  %3zu-grams", n);
    putchar('\n');
    for (size_t rank = 1; rank <= last_rank(ngrams); rank = next_rank(rank)) {
        printf("%8zu", rank);
        for (size_t n = 1; n <= ngrams->longest; n++) {
            uint64_t count = recur_ngrams_frequency(ngrams->counts[n - 1], rank);
            if (count > 0)
                printf("%11llu", (unsigned long long)count);
            else
                printf("%11s", "-");
        }
        putchar('\n');
    }
}

static void print_fits(const struct text_ngrams *ngrams)
{
    struct zipf zipf;
    puts("           alpha       c  ranks");
    for (size_t n = 1; n <= ngrams->longest; n++) {
        printf("%2zu-grams", n);
        if (fit(ngrams->counts[n - 1], &zipf))
            printf("  %6.3f  %6.3f  %zu to %zu\n", zipf.alpha, zipf.c, zipf.first, zipf.last);
        else
            puts("       -       -  none: fewer than two are met more than once");
    }
}

static void print_title(size_t curves, struct look look)
{
    printf("\n%*s count over rank: ", CANVAS_LABEL, "");
    for (size_t i = 0; i < curves; i++) {
        char name[32];
        snprintf(name, sizeof name, "%zu-grams", i + 1);
        fputs(i > 0 ? ", " : "", stdout);
        recur_canvas_name(stdout, i, name, look);
    }
    putchar('\n');
}

/* Draws counts by rank, both on logarithmic scales, like the book's figure of 1-, 2- and
 * 3-grams. */
static void print_picture(const struct text_ngrams *ngrams)
{
    struct canvas canvas;
    double values[CANVAS_DOTS];
    char last[32];
    size_t ranks = last_rank(ngrams);
    size_t curves = ngrams->longest < CANVAS_CURVES ? ngrams->longest : CANVAS_CURVES;
    uint64_t most = recur_ngrams_frequency(ngrams->counts[0], 1);
    const struct look look = recur_terminal_look(stdout);
    if (ranks < 2 || most < 2 ||
        !recur_canvas_open(&canvas, recur_terminal_width(stdout), 0, log((double)most)))
        return;
    size_t dots = recur_canvas_dots(&canvas);
    for (size_t i = 0; i < curves; i++) {
        for (size_t x = 0; x < dots; x++) {
            double rank = exp(log((double)ranks) * (double)x / (double)(dots - 1));
            uint64_t count = recur_ngrams_frequency(ngrams->counts[i], (size_t)(rank + 0.5));
            values[x] = count > 0 ? log((double)count) : (double)NAN;
        }
        recur_canvas_draw(&canvas, i, values);
    }
    print_title(curves, look);
    snprintf(last, sizeof last, "rank %zu", ranks);
    recur_canvas_print(stdout, &canvas, 0, "1", last, look);
}

void recur_text_ngrams_print(const struct text_ngrams *ngrams)
{
    for (size_t n = 1; n <= ngrams->longest; n++)
        print_top(ngrams, n);
    puts("\nZipf's law: log count = c - alpha log rank. Counts at some ranks:");
    print_ranks(ngrams);
    puts("Least squares on the logarithms, from rank 10, since the first few are exceptions, to "
         "the\n"
         "last that is met more than once (where those are fewer than 10: from rank 1):");
    print_fits(ngrams);
    print_picture(ngrams);
}

static void put_top(recur_json_writer *json, const struct text_ngrams *ngrams, size_t n)
{
    size_t count;
    const recur_ngram *top = recur_ngrams_top(ngrams->counts[n - 1], &count);
    recur_json_open(json, "top", '[');
    for (size_t i = 0; i < count; i++) {
        recur_json_open(json, NULL, '{');
        recur_json_open(json, "tokens", '[');
        for (size_t j = 0; j < n; j++)
            recur_json_put_token(json, NULL, token_at(ngrams, top[i].first + j));
        recur_json_close(json, ']');
        recur_json_put_u64(json, "count", top[i].count);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static void put_ranks(recur_json_writer *json, const recur_ngrams *counts)
{
    recur_json_open(json, "ranks", '[');
    for (size_t rank = 1; rank <= recur_ngrams_different(counts); rank = next_rank(rank)) {
        recur_json_open(json, NULL, '{');
        recur_json_put_u64(json, "rank", rank);
        recur_json_put_u64(json, "count", recur_ngrams_frequency(counts, rank));
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static void put_zipf(recur_json_writer *json, const recur_ngrams *counts)
{
    struct zipf zipf;
    if (!fit(counts, &zipf)) {
        recur_json_put_null(json, "zipf");
        return;
    }
    recur_json_open(json, "zipf", '{');
    recur_json_put_rounded(json, "alpha", zipf.alpha, 12);
    recur_json_put_rounded(json, "c", zipf.c, 12);
    recur_json_put_u64(json, "first_rank", zipf.first);
    recur_json_put_u64(json, "last_rank", zipf.last);
    recur_json_close(json, '}');
}

void recur_text_ngrams_put(recur_json_writer *json, const char *key,
                           const struct text_ngrams *ngrams)
{
    recur_json_open(json, key, '[');
    for (size_t n = 1; n <= ngrams->longest; n++) {
        const recur_ngrams *counts = ngrams->counts[n - 1];
        recur_json_open(json, NULL, '{');
        recur_json_put_u64(json, "n", n);
        recur_json_put_u64(json, "total", recur_ngrams_total(counts));
        recur_json_put_u64(json, "different", recur_ngrams_different(counts));
        put_top(json, ngrams, n);
        put_ranks(json, counts);
        put_zipf(json, counts);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}
