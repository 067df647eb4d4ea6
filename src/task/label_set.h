/* Labelled texts, encoded as a model's ids. */
#ifndef RECUR_TASK_LABEL_SET_H
#define RECUR_TASK_LABEL_SET_H

#include "nn/model_object.h"
#include "recur/labels.h"

/* Of longer words the model reads the first and the last characters, half as many each. */
#define RECUR_WORD_CHARACTERS 64

struct recur_label_set {
    const recur_model *model;
    const recur_labels *data;
    int32_t *id;         /* (forms): the id of the token, or of the word in lower case */
    unsigned char *kind; /* (forms), of tag: enum recur_word_case */
    size_t *characters;  /* (forms + 1): where each form's characters begin */
    int32_t *character;  /* ids */
    size_t length_of_forms[RECUR_WORD_CHARACTERS + 1]; /* how many forms have so many
                                                          characters */
};

/* Errors: ARGUMENT for data of another task than the model's, UNSUPPORTED for a model that does not
 * label, MEMORY. recur_label_set_free releases it, also after an error. */
enum recur_status recur_label_set_init(struct recur_label_set *set, const recur_model *model,
                                       const recur_labels *data, recur_error *error);
void recur_label_set_free(struct recur_label_set *set);

/* The label of a token, or of a text; -1 where the model lacks it or there is no label. */
int32_t recur_label_set_label(const struct recur_label_set *set, size_t sequence, size_t token);

/* How many labels a sequence has: one for each word, or 1. */
size_t recur_label_set_labels(const struct recur_label_set *set, size_t sequence);

/* How many characters `forms` different forms have together at most. */
size_t recur_label_set_most_characters(const struct recur_label_set *set, size_t forms);

#endif
