/* Scores, and scoring with a team that is there already. */
#ifndef RECUR_TRAIN_SCORES_H
#define RECUR_TRAIN_SCORES_H

#include "base/team.h"
#include "recur/predict.h"

struct recur_score_table {
    recur_scores scores;
    recur_score_cell *cell, *span;
    size_t cells, spans;
};

/* recur_score on a team. */
enum recur_status recur_score_on(struct recur_team *team, const recur_model *model,
                                 const recur_labels *data, recur_score_table **table,
                                 recur_error *error);

#endif
