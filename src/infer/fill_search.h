/* The search for the tokens of some blanks that stand near each other.
 *
 * Every step runs the model over all candidates, some of them at once, with what is still blank
 * read as RECUR_UNKNOWN, and fills one blank: the one the best candidate is surest of. A
 * candidate's score is the sum of the logarithms of its tokens' probabilities, each given the ones
 * before it: by the chain rule the probability of all of them together. The best `beam` candidates
 * go on. */
#ifndef RECUR_INFER_FILL_SEARCH_H
#define RECUR_INFER_FILL_SEARCH_H

#include "backend/backend.h"
#include "nn/model_object.h"

#define RECUR_FILL_GROUP 16 /* blanks of one search, at most */
#define RECUR_FILL_SPAN 64  /* tokens from the first to the last of them, at most */

struct recur_candidate {
    double score;
    int32_t ids[RECUR_FILL_GROUP]; /* of the blanks; RECUR_UNKNOWN while they are blank */
};

struct recur_fill_search {
    const recur_model *model;
    size_t beam;
    size_t special;                      /* ids below it are never chosen */
    struct recur_candidate *kept, *next; /* (beam), the best first */
    size_t count, next_count;
    struct recur_engine *engine; /* for some candidates at once; planned when a text is there */
    size_t batch, steps;         /* of one pass, at most */
    int32_t *ids;                /* (T, B) */
    float *logits;               /* (B, V) of one blank */
};

/* The model must outlive the search. Errors: MEMORY. Released by recur_fill_search_free in every
 * case. */
enum recur_status recur_fill_search_init(struct recur_fill_search *search, const recur_model *model,
                                         size_t beam, recur_error *error);
void recur_fill_search_free(struct recur_fill_search *search);

/* Fills ids[blanks[0]], ids[blanks[1]], ... of a text of `size` ids, within the limits above;
 * leaves the candidates in `kept`, `count` of them. Other blanks of the text are RECUR_UNKNOWN.
 * Errors: MEMORY. */
enum recur_status recur_fill_search_run(struct recur_fill_search *search, const int32_t *ids,
                                        size_t size, const size_t *blanks, size_t count,
                                        recur_error *error);

#endif
