/* The search for the tokens of some blanks that stand near each other.
 *
 * Every step runs the model over all candidates, several at once; it reads blanks that are still
 * empty as RECUR_UNKNOWN. Then the step fills one blank: the one of which the best candidate is
 * surest. A candidate's score is the sum of the logarithms of its tokens' probabilities, each given
 * the tokens before it. By the chain rule this is the logarithm of their joint probability. The
 * best `beam` candidates go on. */
#ifndef RECUR_INFER_FILL_SEARCH_H
#define RECUR_INFER_FILL_SEARCH_H

#include "backend/backend.h"
#include "nn/model_object.h"

#define RECUR_FILL_GROUP 16 /* most blanks of one search */
#define RECUR_FILL_SPAN 64  /* most tokens from the first of them to the last */

struct recur_candidate {
    double score;
    int32_t ids[RECUR_FILL_GROUP]; /* of the blanks; RECUR_UNKNOWN: not filled yet */
};

struct recur_fill_search {
    const recur_model *model;
    size_t beam;
    size_t special;                      /* ids below this one are never chosen */
    struct recur_candidate *kept, *next; /* (beam), best first */
    size_t count, next_count;
    struct recur_engine *engine; /* for several candidates; planned once there is a text */
    size_t batch, steps;         /* the most of one pass */
    int32_t *ids;                /* (T, B) */
    float *logits;               /* (B, V) of one blank */
};

/* The model must outlive the search. Errors: MEMORY. Release it with recur_fill_search_free in
 * every case. */
enum recur_status recur_fill_search_init(struct recur_fill_search *search, const recur_model *model,
                                         size_t beam, recur_error *error);
void recur_fill_search_free(struct recur_fill_search *search);

/* Fills ids[blanks[0]], ids[blanks[1]], ... of a text of `size` ids, within the limits above;
 * leaves the best `count` candidates in `kept`. Other blanks of the text must be RECUR_UNKNOWN.
 * Errors: MEMORY. */
enum recur_status recur_fill_search_run(struct recur_fill_search *search, const int32_t *ids,
                                        size_t size, const size_t *blanks, size_t count,
                                        recur_error *error);

#endif
