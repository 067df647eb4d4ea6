/* Labelled texts for a model, and how right its labels are. */
#ifndef LABEL_SCORES_H
#define LABEL_SCORES_H

#include "command.h"
#include "recur/predict.h"

/* Reads a file as the model needs it, `unlabelled` or not; what is wrong is said. */
bool recur_read_labels(const struct command *command, const recur_model *model, const char *path,
                       bool unlabelled, recur_labels **data);

/* `recur eval` of a model that labels. Returns the exit status. */
int recur_print_scores(const struct command *command, const recur_model *model, const char *path,
                       size_t threads, bool json);

#endif
