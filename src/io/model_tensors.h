/* Reads a model's parameters from a file of any format: all of them, with the right shapes,
 * finite. */
#ifndef RECUR_IO_MODEL_TENSORS_H
#define RECUR_IO_MODEL_TENSORS_H

#include "recur/model.h"

/* Finds where a file keeps the tensor `info` of the parameter table. With `values` NULL it only
 * checks that the tensor is there and has its shape. Otherwise it writes the values, row-major, or
 * leaves the fresh values that are there. With `info` NULL every tensor was asked for, and it
 * checks that the file holds no other. */
typedef enum recur_status recur_tensor_fn(void *user, const recur_tensor_info *info, float *values,
                                          recur_error *error);

/* Checks that the file has every tensor that a model of `config` needs, and no other. Call this
 * before such a model is made: a few bytes of configuration can ask for any amount of memory, but
 * the tensors' shapes vouch for that amount. Errors: ARGUMENT (an impossible configuration),
 * MEMORY, and those of the source. */
enum recur_status recur_model_check_tensors(const recur_model_config *config,
                                            recur_tensor_fn *source, void *user,
                                            recur_error *error);

/* Reads all tensors into the model. Errors: MEMORY, FORMAT (not finite), and those of the
 * source. */
enum recur_status recur_model_read_tensors(recur_model *model, recur_tensor_fn *source, void *user,
                                           recur_error *error);

/* Fails with `bad` and the tensor's name where a number is not finite. */
enum recur_status recur_check_finite(const char *tensor, const float *values, size_t count,
                                     enum recur_status bad, recur_error *error);

/* FORMAT where the tensor `name` does not have the expected shape. */
enum recur_status recur_check_shape(const char *name, const size_t *shape, size_t rank,
                                    const size_t *expected, size_t expected_rank,
                                    recur_error *error);

/* Call this where a function of the library refuses a value from a file: it turns ARGUMENT into
 * FORMAT and puts `where`, unless it is NULL, before the sentence. */
enum recur_status recur_blame_file(enum recur_status status, const char *where, recur_error *error);

/* Puts the file's name before the sentence of a failure, except where memory was short. */
enum recur_status recur_blame_path(enum recur_status status, const char *path, recur_error *error);

/* Makes the name of the scales that belong to a tensor of bytes. */
#define RECUR_SCALE_NAME 64
const char *recur_scale_name(const char *tensor, char name[RECUR_SCALE_NAME]);

#endif
