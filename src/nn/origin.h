/* Where a model comes from (recur_model_origin in recur/training.h). */
#ifndef RECUR_NN_ORIGIN_H
#define RECUR_NN_ORIGIN_H

#include "recur/training.h"

struct recur_origin_object;

/* Notes in the model how it was trained; `settings` NULL: the settings are unknown. */
void recur_model_note_training(recur_model *model, const recur_trainer_config *settings,
                               uint64_t kept_epoch, uint64_t train_tokens, uint64_t valid_tokens);

void recur_origin_release(struct recur_origin_object *origin);

#endif
