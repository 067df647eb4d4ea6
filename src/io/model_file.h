/* What the writer and the reader of model files share (docs/formats.md#models): parameters are
 * tensors, everything else is JSON in the metadata. */
#ifndef RECUR_IO_MODEL_FILE_H
#define RECUR_IO_MODEL_FILE_H

#include "io/model_tensors.h"
#include "io/safetensors.h"
#include "recur/trainer.h"

#define RECUR_MODEL_FORMAT "recur"
#define RECUR_MODEL_VERSION "1"

/* Keys of the metadata. */
#define RECUR_KEY_FORMAT "format"
#define RECUR_KEY_VERSION "recur.version"
#define RECUR_KEY_CONFIG "recur.config"
#define RECUR_KEY_TEXT "recur.text"
#define RECUR_KEY_VOCAB "recur.vocab"
#define RECUR_KEY_LABELS "recur.labels"
#define RECUR_KEY_CHARACTERS "recur.characters"
#define RECUR_KEY_HISTORY "recur.history"
#define RECUR_KEY_ORIGIN "recur.origin"
#define RECUR_KEY_SETTINGS "recur.settings"

/* Keys that only checkpoints have (docs/formats.md#checkpoints). */
#define RECUR_KEY_TRAINING "recur.training"
#define RECUR_KEY_PROGRESS "recur.progress"
#define RECUR_KEY_NOTE "recur.note"

/* The numbers of an epoch that files keep, as places in a recur_epoch; all are double. JSON has no
 * number that is not finite; such a number is left out of the file. The last two are times. They
 * differ between runs that are otherwise the same, so only checkpoints have them. */
#define RECUR_EPOCH_NUMBERS 8
#define RECUR_EPOCH_TIMES 2
extern const struct recur_epoch_number {
    const char *name;
    size_t offset;
} recur_epoch_numbers[RECUR_EPOCH_NUMBERS + RECUR_EPOCH_TIMES];

/* A float or a double with so many decimal digits is read back exactly. */
#define RECUR_FLOAT_DIGITS 9
#define RECUR_DOUBLE_DIGITS 17

/* Metadata that is being made for a file: each value is a JSON text or plain words. */
struct recur_new_metadata {
    struct recur_metadata view; /* what will be written */
    struct recur_property properties[13];
    recur_json_writer values[13]; /* owns the texts */
};

/* What the metadata is for: a model; a checkpoint, whose history also has the times of epochs; a
 * graph, which does not say where the model comes from. */
enum recur_holder { RECUR_HOLDER_MODEL, RECUR_HOLDER_CHECKPOINT, RECUR_HOLDER_GRAPH };

/* Makes the metadata of a model; call recur_metadata_release in any case. Errors: MEMORY,
 * UNSUPPORTED (a token is not UTF-8); `path` is for sentences. */
enum recur_status recur_model_metadata(const recur_model *model, enum recur_holder holder,
                                       const char *path, struct recur_new_metadata *metadata,
                                       recur_error *error);
void recur_metadata_release(struct recur_new_metadata *metadata);

/* Writes how a vocabulary cuts texts, and its entries, as two objects. */
void recur_vocab_to_json(const recur_vocab *vocab, recur_json_writer *text,
                         recur_json_writer *entries);
/* Reads these objects. `*vocab` belongs to the caller. Errors: FORMAT, MEMORY. */
enum recur_status recur_vocab_from_json(const recur_json *text, const recur_json *entries,
                                        recur_vocab **vocab, recur_error *error);
/* Can each token be written to a file? Errors: UNSUPPORTED. */
enum recur_status recur_vocab_check_saved(const recur_vocab *vocab, recur_error *error);

/* Adds a value and returns its writer. */
recur_json_writer *recur_metadata_add(struct recur_new_metadata *metadata, const char *key);
/* Adds a value of plain words, which must outlive the metadata. */
void recur_metadata_add_words(struct recur_new_metadata *metadata, const char *key,
                              const char *words);
/* Puts the values that were added into the view. Errors: MEMORY, FORMAT. */
enum recur_status recur_metadata_finish(struct recur_new_metadata *metadata, const char *path,
                                        recur_error *error);
/* Parses the JSON text of `key`; free(*json). `nul`: texts may contain U+0000. Errors: FORMAT,
 * MEMORY. */
enum recur_status recur_metadata_get(const struct recur_metadata *metadata, const char *key,
                                     bool nul, recur_json **json, recur_error *error);

/* Writes the file: the model's parameters and, unless `trainer` is NULL, the tensors of its
 * training. Errors: as recur_model_save. */
enum recur_status recur_model_write(const recur_model *model, const recur_trainer *trainer,
                                    const struct recur_metadata *metadata, const char *path,
                                    recur_error *error);

/* A recur_tensor_fn whose `user` is a struct recur_safetensors: recur's own files keep each tensor
 * under its name in the table. */
enum recur_status recur_take_tensor(void *user, const recur_tensor_info *info, float *values,
                                    recur_error *error);

/* Does the metadata say that the file holds a model of recur's, of any version? */
bool recur_metadata_is_model(const struct recur_metadata *metadata);

/* Makes the model that the metadata describes, with parameters from `source`. Sentences do not name
 * the file. Errors: FORMAT, UNSUPPORTED, MEMORY, and those of the source. */
enum recur_status recur_model_read(const struct recur_metadata *metadata, recur_tensor_fn *source,
                                   void *user, recur_model **model, recur_error *error);

/* The same for one of recur's safetensors files; ignores what only checkpoints have. */
enum recur_status recur_model_from_safetensors(struct recur_safetensors *file, recur_model **model,
                                               recur_error *error);

#endif
