/* How commands that use a model begin: they load the model, and some a text that it reads. */
#ifndef RECUR_CLI_FILES_MODEL_TEXT_H
#define RECUR_CLI_FILES_MODEL_TEXT_H

#include "files/dataset.h"
#include "recur/corpus.h"
#include "recur/model.h"

/* Loads a model. `input` (may be NULL) is what else the command reads, called `what`, and cannot be
 * standard input as well. Returns 0 or the exit status. */
int recur_load_model(const struct command *command, const char *path, const char *input,
                     const char *what, recur_model **model);

struct model_text {
    recur_model *model;
    recur_corpus *corpus;
    const char *path; /* of the text */
    struct dataset_paths datasets;
};

/* Loads a model and reads a text, a file or a dataset in the encoding (NULL: UTF-8), with its
 * vocabulary; warns of what the vocabulary lacks. `output` (may be NULL), the value of --output,
 * must be neither of the two. Returns 0 or the exit status; recur_model_text_free in any case. */
int recur_model_text_open(const struct command *command, const char *model, const char *text,
                          const char *encoding, const char *output, struct model_text *opened);
/* The same where `opened` has the model, called `model`, already. */
int recur_model_text_read(const struct command *command, const char *model, const char *text,
                          const char *encoding, const char *output, struct model_text *opened);
void recur_model_text_free(struct model_text *opened);

#endif
