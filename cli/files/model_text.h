/* The beginning of commands that use a model: they load it, and some also a text that it reads. */
#ifndef RECUR_CLI_FILES_MODEL_TEXT_H
#define RECUR_CLI_FILES_MODEL_TEXT_H

#include "files/dataset.h"
#include "recur/corpus.h"
#include "recur/model.h"

/* Loads a model. `input` (may be NULL) is another file that the command reads; messages call it
 * `what`. The two cannot both be standard input. Returns 0 or the exit status. */
int recur_load_model(const struct command *command, const char *path, const char *input,
                     const char *what, recur_model **model);

/* Models that predict together. */
enum { ENSEMBLE_MOST = 64 };
struct ensemble {
    recur_model *model[ENSEMBLE_MOST];
    size_t count;
};

/* Loads models, at most ENSEMBLE_MOST, or the standard one where there are no paths; several need
 * one vocabulary. `input` and `what` as above. Call recur_ensemble_free in any case. */
int recur_ensemble_load(const struct command *command, const char *const *paths, size_t count,
                        const char *input, const char *what, struct ensemble *models);
void recur_ensemble_free(struct ensemble *models);

/* Has the device of that name, the value of --device, compute for the model, of GPUs that of the
 * number (recur_model_set_gpu). Says where auto passes over a GPU. `name`: the model's in what is
 * said; NULL where it is clear. Returns 0 or the exit status. */
int recur_choose_device(const struct command *command, recur_model *model, const char *name,
                        const char *device, size_t number);

struct model_text {
    recur_model *model;
    recur_corpus *corpus;
    const char *path; /* of the text's file */
    struct dataset_paths datasets;
};

/* Loads a model and reads a text, a file or a dataset in the encoding (NULL: UTF-8), with the
 * model's vocabulary; warns of tokens that the vocabulary lacks. `output` (may be NULL), the value
 * of --output, must not be either file. Returns 0 or the exit status. Call recur_model_text_free in
 * any case. */
int recur_model_text_open(const struct command *command, const char *model, const char *text,
                          const char *encoding, const char *output, struct model_text *opened);
/* The same where `opened` already has the model, which messages call `model`. */
int recur_model_text_read(const struct command *command, const char *model, const char *text,
                          const char *encoding, const char *output, struct model_text *opened);
void recur_model_text_free(struct model_text *opened);

#endif
