/* recur/ngrams.h - which runs of n tokens a text has, and how often.
 *
 *     recur_ngrams *pairs;
 *     enum recur_status status = recur_ngrams_count(corpus, 2, 3, &pairs, error);
 *     if (status != RECUR_OK)
 *         return status;
 *     size_t count;
 *     const recur_ngram *top = recur_ngrams_top(pairs, &count);
 *     for (size_t i = 0; i < count; i++) {
 *         print_tokens_at(corpus, vocab, top[i].first, 2);
 *         printf(": %llu times\n", (unsigned long long)top[i].count);
 *     }
 *     recur_ngrams_free(pairs);
 *
 * An n-gram is n consecutive tokens, also across the ends of lines (D2L book, "Language Models and
 * the Dataset"). N-grams are ranked by falling count; those with equal counts in the order in which
 * they first occur in the text.
 *
 * Memory: about a million different n-grams are held at once, some 100 MB for n up to 3. If a text
 * has more, it is read several times, each time for another share of them.
 *
 * Threads: the result never changes once it is made; any number of threads may read it. */
#ifndef RECUR_NGRAMS_H
#define RECUR_NGRAMS_H

#include "recur/corpus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The counts of the n-grams of a text; opaque. */
typedef struct recur_ngrams recur_ngrams;

/* One n-gram; recur_corpus_read gives its ids, the n from `first` on. */
typedef struct recur_ngram {
    size_t first;   /* where the corpus has it first, counted in tokens from 0 */
    uint64_t count; /* how often the corpus has it */
} recur_ngram;

#define RECUR_NGRAMS_LONGEST 16 /* the largest n */

/* Counts the n-grams of a corpus, n from 1 to RECUR_NGRAMS_LONGEST, and keeps the places of the
 * `top` most frequent. A corpus of fewer than n tokens has none. `*ngrams` belongs to the caller,
 * recur_ngrams_free, and does not need the corpus any more. Errors: MEMORY, ARGUMENT (n). */
RECUR_API enum recur_status recur_ngrams_count(const recur_corpus *corpus, size_t n, size_t top,
                                               recur_ngrams **ngrams, recur_error *error);

/* Releases the counts; NULL is fine. */
RECUR_API void recur_ngrams_free(recur_ngrams *ngrams);

/* How many n-grams the text has, equal ones each time: its tokens less n - 1. */
RECUR_API size_t recur_ngrams_total(const recur_ngrams *ngrams);

/* How many different ones. */
RECUR_API size_t recur_ngrams_different(const recur_ngrams *ngrams);

/* The most frequent ones in the order of their ranks; the array belongs to `ngrams`. `*count` is
 * how many they are: `top`, or fewer where there are not so many. */
RECUR_API const recur_ngram *recur_ngrams_top(const recur_ngrams *ngrams, size_t *count);

/* How often the text has the n-gram of a rank, from 1 to recur_ngrams_different(); 0 outside. */
RECUR_API uint64_t recur_ngrams_frequency(const recur_ngrams *ngrams, size_t rank);

#ifdef __cplusplus
}
#endif

#endif
