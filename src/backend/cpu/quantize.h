/* What a quantised model's passes need beside the parameters. */
#ifndef RECUR_BACKEND_CPU_QUANTIZE_H
#define RECUR_BACKEND_CPU_QUANTIZE_H

#include "backend/cpu/workspace.h"
#include "nn/model_object.h"

/* Adds to a workspace of forward passes what the model's quantisation needs. Errors: MEMORY. */
enum recur_status recur_model_narrow(const recur_model *model, struct recur_workspace *work,
                                     size_t threads, recur_error *error);

/* How many rows a forward pass whose layers share their buffers may have, so that they stay within
 * 256 KiB and a multiple of the model's file; at least 1. */
size_t recur_model_rows(const recur_model *model);

#endif
