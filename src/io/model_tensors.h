/* Reads a model's parameters from a file of any format: all of them, in their shapes, finite. */
#ifndef RECUR_IO_MODEL_TENSORS_H
#define RECUR_IO_MODEL_TENSORS_H

#include "recur/model.h"

/* Where a file keeps the tensor `info` of the parameter table. With `values` NULL it only looks
 * whether the tensor is there and has its shape; else it writes the values, row-major, or leaves
 * the fresh ones that stand there. With `info` NULL every tensor was looked for, and it says
 * whether the file holds any other. */
typedef enum recur_status recur_tensor_fn(void *user, const recur_tensor_info *info, float *values,
                                          recur_error *error);

/* Looks for every tensor that a model of `config` needs, and for any other. To be called before
 * such a model is made: a few bytes of configuration could ask for any amount of memory, the
 * tensors' shapes vouch for it. Errors: ARGUMENT (an impossible configuration), MEMORY, and the
 * source's. */
enum recur_status recur_model_check_tensors(const recur_model_config *config,
                                            recur_tensor_fn *source, void *user,
                                            recur_error *error);

/* Reads them all into the model. Errors: MEMORY, FORMAT (not finite), and the source's. */
enum recur_status recur_model_read_tensors(recur_model *model, recur_tensor_fn *source, void *user,
                                           recur_error *error);

/* Fails with `bad` and the tensor's name where a number is not finite. */
enum recur_status recur_check_finite(const char *tensor, const float *values, size_t count,
                                     enum recur_status bad, recur_error *error);

/* FORMAT where the tensor `name` has not the shape that is expected. */
enum recur_status recur_check_shape(const char *name, const size_t *shape, size_t rank,
                                    const size_t *expected, size_t expected_rank,
                                    recur_error *error);

/* A value of the file's that a function of the library refuses is the file's fault: turns
 * ARGUMENT into FORMAT, `where` before the sentence unless it is NULL. */
enum recur_status recur_blame_file(enum recur_status status, const char *where, recur_error *error);

/* The name of the scales that go with a tensor of bytes. */
#define RECUR_SCALE_NAME 64
const char *recur_scale_name(const char *tensor, char name[RECUR_SCALE_NAME]);

#endif
