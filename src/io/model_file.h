/* What the writer and the reader of model files share (docs/formats.md#models): parameters are
 * tensors, all else is JSON in the metadata. */
#ifndef RECUR_IO_MODEL_FILE_H
#define RECUR_IO_MODEL_FILE_H

#include "io/model_tensors.h"
#include "io/safetensors.h"
#include "recur/model.h"

#define RECUR_MODEL_VERSION "1"

/* Keys of the metadata. */
#define RECUR_KEY_VERSION "recur.version"
#define RECUR_KEY_CONFIG "recur.config"
#define RECUR_KEY_TEXT "recur.text"
#define RECUR_KEY_VOCAB "recur.vocab"
#define RECUR_KEY_LABELS "recur.labels"
#define RECUR_KEY_CHARACTERS "recur.characters"
#define RECUR_KEY_HISTORY "recur.history"

/* The numbers of an epoch that are kept, all of them double, by their places in a recur_epoch. One
 * that is not finite, which JSON cannot say, is left out of the file; so are the times, which
 * differ from run to run where everything else is the same. */
#define RECUR_EPOCH_NUMBERS 4
extern const struct recur_epoch_number {
    const char *name;
    size_t offset;
} recur_epoch_numbers[RECUR_EPOCH_NUMBERS];

/* The metadata of a model, an object of strings; json_decref. Errors: MEMORY, UNSUPPORTED (a token
 * is not UTF-8); `path` is for sentences. */
enum recur_status recur_model_metadata(const recur_model *model, const char *path,
                                       json_t **metadata, recur_error *error);

/* Does the metadata (may be NULL) say that the file holds a model of recur's, of any version? */
bool recur_metadata_is_model(const json_t *metadata);

/* The model that the metadata describes, its parameters from `source`. The sentences do not name
 * the file. Errors: FORMAT, UNSUPPORTED, MEMORY, and the source's. */
enum recur_status recur_model_read(const json_t *metadata, recur_tensor_fn *source, void *user,
                                   recur_model **model, recur_error *error);

/* The same for a safetensors file of recur's. */
enum recur_status recur_model_from_safetensors(struct recur_safetensors *file, recur_model **model,
                                               recur_error *error);

#endif
