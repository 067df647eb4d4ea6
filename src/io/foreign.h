/* What the formats of other programs share. A reader infers the configuration from the file's
 * tensors, then supplies the tensors. */
#ifndef RECUR_IO_FOREIGN_H
#define RECUR_IO_FOREIGN_H

#include "io/model_file.h"
#include "recur/convert.h"

/* What a file's tensors tell about the network. */
struct recur_foreign {
    recur_model_config config;
    size_t *hidden;  /* this is config.hidden; free() it */
    bool fresh_head; /* the file has no output layer */
};

/* Makes the model that was found. ARGUMENT where the vocabulary has another size. */
enum recur_status recur_foreign_model(const struct recur_foreign *found, recur_vocab *vocab,
                                      recur_tensor_fn *source, void *user, recur_model **model,
                                      recur_error *error);

/* Chooses cell and activation by the number of gates and by what the caller said. `cells` are those
 * that the format can express: where the caller said nothing, the first with so many gates is
 * chosen. Where the caller named no activation, the one in `config` is kept, unless `ask`. */
enum recur_status recur_foreign_cell(const enum recur_cell *cells, size_t count, size_t gates,
                                     const recur_import_config *said, bool ask,
                                     recur_model_config *config, recur_error *error);

/* Reads a model from a path ("-" is standard input). Sentences name the file. */
enum recur_status recur_onnx_read(const char *path, const recur_import_config *said,
                                  recur_model **model, recur_error *error);
enum recur_status recur_onnx_write(const recur_model *model, const char *path, recur_error *error);

#endif
