/* Evaluation on a team that the caller has. */
#ifndef RECUR_EVAL_EVALUATE_H
#define RECUR_EVAL_EVALUATE_H

#include "base/team.h"
#include "ranks/collective.h"
#include "recur/evaluate.h"

/* UNSUPPORTED where the model reads the very tokens that it should predict. */
enum recur_status recur_check_predicts(const recur_model *model, recur_error *error);

/* Can the part of the corpus be evaluated? A count of 0 becomes that of all tokens to the end.
 * Errors: as recur_evaluate. */
enum recur_status recur_check_part(const recur_model *model, const recur_corpus *corpus,
                                   size_t first, size_t *count, recur_error *error);

/* What a sum of losses comes to. */
recur_evaluation recur_evaluation_of(const recur_model *model, const recur_corpus *corpus,
                                     size_t predictions, double sum, double accuracy);

/* recur_evaluate on `team`, by all ranks of `collective`; NULL: by this one alone. */
enum recur_status recur_evaluate_on(struct recur_team *team, const recur_model *model,
                                    const recur_corpus *corpus, size_t first, size_t count,
                                    struct recur_collective *collective,
                                    recur_evaluation *evaluation, recur_error *error);

#endif
