/* Text that a model writes. */
#ifndef RECUR_INFER_DETOKENIZER_H
#define RECUR_INFER_DETOKENIZER_H

#include "recur/generate.h"

/* What recur_detokenizer_put and recur_detokenizer_end do, but RECUR_STOP is returned. */
enum recur_status recur_detokenizer_write(recur_detokenizer *made, int32_t id, recur_text_fn *text,
                                          void *user, recur_error *error);
enum recur_status recur_detokenizer_finish(recur_detokenizer *made, recur_text_fn *text, void *user,
                                           recur_error *error);

/* Has the model a vocabulary? Errors: ARGUMENT. */
enum recur_status recur_check_writes(const recur_model *model, recur_error *error);

#endif
