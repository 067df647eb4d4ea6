/* Where a model is computed: on the CPU, unless it is put elsewhere or a trainer puts it there
 * while it lives. */
#ifndef RECUR_NN_PLACEMENT_H
#define RECUR_NN_PLACEMENT_H

#include "backend/backend.h"
#include "nn/model_object.h"

/* Places the model on the device, of GPUs that of the number, unless it is on one already; to be
 * trained as `config` says (NULL: not at all). `auto` never fails for want of a GPU. Where it
 * fails, the model stays where it was. Errors: DEVICE, UNSUPPORTED, MEMORY. */
enum recur_status recur_model_place(recur_model *model, enum recur_device device, size_t number,
                                    const recur_trainer_config *config, recur_error *error);

/* The same for a while: *before, zero at first, is where the model was, and recur_model_place_back
 * places it there again. Where it fails, or before was never set, there is nothing to put back. */
enum recur_status recur_model_place_awhile(recur_model *model, enum recur_device device,
                                           size_t number, const recur_trainer_config *config,
                                           struct recur_placement *before, recur_error *error);
void recur_model_place_back(recur_model *model, struct recur_placement *before);

/* If `device` is `auto` and the model is placed on a GPU, which failed, it is placed on the CPU and
 * true is returned. What was made for the GPU was freed before. */
bool recur_model_fall_back(recur_model *model, enum recur_device device,
                           const recur_error *failure);

/* Lets go of the GPU. */
void recur_placement_release(struct recur_placement *place);

#endif
