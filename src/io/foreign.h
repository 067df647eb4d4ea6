/* What formats of other programs share: a reader infers the configuration from what is in the file,
 * and then supplies the tensors. */
#ifndef RECUR_IO_FOREIGN_H
#define RECUR_IO_FOREIGN_H

#include "io/model_file.h"
#include "recur/convert.h"

/* What a file's tensors say of the network. */
struct recur_foreign {
    recur_model_config config;
    size_t *hidden;  /* config.hidden, free() it */
    bool fresh_head; /* the file has no output layer */
};

/* Makes the model that was found. ARGUMENT where the vocabulary is of another size. */
enum recur_status recur_foreign_model(const struct recur_foreign *found, recur_vocab *vocab,
                                      recur_tensor_fn *source, void *user, recur_model **model,
                                      recur_error *error);

/* Settles cell and activation from the number of gates and from what the caller said. `cells` are
 * those that the format expresses: where the caller said nothing, it is the first that has so many
 * gates. The activation that `config` already has counts where he said nothing, unless `ask`. */
enum recur_status recur_foreign_cell(const enum recur_cell *cells, size_t count, size_t gates,
                                     const recur_import_config *said, bool ask,
                                     recur_model_config *config, recur_error *error);

/* From a path, "-" is standard input; the sentences name the file. */
enum recur_status recur_onnx_read(const char *path, const recur_import_config *said,
                                  recur_model **model, recur_error *error);
enum recur_status recur_onnx_write(const recur_model *model, const char *path, recur_error *error);

#endif
