/* Scores, also on a team that the caller has. */
#ifndef RECUR_EVAL_SCORES_H
#define RECUR_EVAL_SCORES_H

#include "base/names.h"
#include "base/team.h"
#include "ranks/collective.h"
#include "recur/predict.h"

struct recur_score_table {
    recur_scores scores;
    recur_score_cell *cell, *span;
    size_t cells, spans;
};

/* True labels and the labels that were predicted. */
struct recur_label_pairs {
    const recur_token *truth, *predicted; /* (count) */
    size_t count;
    const size_t *lengths; /* (sequences) */
    size_t sequences;
    const recur_vocab *known; /* the labels that can be predicted; NULL: they are unknown */
};

/* Compares the pairs: labels of `words` by their spans, others as labels of texts. Errors: MEMORY,
 * ARGUMENT for a scheme that does not exist. */
enum recur_status recur_scores_make(const struct recur_label_pairs *pairs, bool words,
                                    enum recur_scheme scheme, recur_score_table **table,
                                    recur_error *error);

RECUR_ENUM_CHECK(scheme);

/* recur_score_spans on a team, by all ranks of `collective`; NULL: by this one alone. */
enum recur_status recur_score_on(struct recur_team *team, const recur_model *model,
                                 const recur_labels *data, enum recur_scheme scheme,
                                 struct recur_collective *collective, recur_score_table **table,
                                 recur_error *error);

#endif
