/* Evaluation on a team that the caller has. */
#ifndef RECUR_EVAL_EVALUATE_H
#define RECUR_EVAL_EVALUATE_H

#include "base/team.h"
#include "recur/evaluate.h"

/* UNSUPPORTED where the model reads the very tokens that it should predict. */
enum recur_status recur_check_predicts(const recur_model *model, recur_error *error);

/* recur_evaluate on `team`. */
enum recur_status recur_evaluate_on(struct recur_team *team, const recur_model *model,
                                    const recur_corpus *corpus, size_t first, size_t count,
                                    recur_evaluation *evaluation, recur_error *error);

#endif
