/* Where a model comes from (recur_model_origin in recur/training.h). */
#ifndef RECUR_NN_ORIGIN_H
#define RECUR_NN_ORIGIN_H

#include "recur/training.h"

struct recur_origin_object;

/* Notes in the model how it was trained; `settings` NULL: the settings are unknown. */
void recur_model_note_training(recur_model *model, const recur_trainer_config *settings,
                               uint64_t kept_epoch, uint64_t train_tokens, uint64_t valid_tokens);

/* Adds an ancestor behind those that the model has, copied. Errors: MEMORY; ARGUMENT where a text
 * is not UTF-8. */
enum recur_status recur_model_add_ancestor(recur_model *model, const recur_ancestor *ancestor,
                                           recur_error *error);

/* Adds `from` and its ancestors. Errors: likewise. */
enum recur_status recur_model_add_ancestors(recur_model *model, const recur_model *from,
                                            recur_error *error);

void recur_origin_release(struct recur_origin_object *origin);

#endif
