/* Labelled data as a model's ids. */
#ifndef RECUR_TASK_LABEL_SET_H
#define RECUR_TASK_LABEL_SET_H

#include "nn/model_object.h"
#include "recur/labels.h"

/* Longer words are read by their first and last characters, half as many each. */
#define RECUR_WORD_CHARACTERS 64

struct recur_label_set {
    const recur_model *model;
    const recur_labels *data;
    int32_t *id;         /* (forms): the token, or the word in lower case */
    unsigned char *kind; /* (forms), of tag: enum recur_word_case */
    size_t *characters;  /* (forms + 1): where each form's characters begin */
    int32_t *character;  /* ids */
    size_t length_of_forms[RECUR_WORD_CHARACTERS + 1]; /* how many forms have so many characters */
};

/* Errors: ARGUMENT for data of another task than the model's, UNSUPPORTED for a model that does not
 * label, MEMORY. Released by recur_label_set_free in every case. */
enum recur_status recur_label_set_init(struct recur_label_set *set, const recur_model *model,
                                       const recur_labels *data, recur_error *error);
void recur_label_set_free(struct recur_label_set *set);

/* The label of a token, or of a text; -1 where the model lacks it or there is none. */
int32_t recur_label_set_label(const struct recur_label_set *set, size_t sequence, size_t token);

/* How many labels a sequence has: its words, or 1. */
size_t recur_label_set_labels(const struct recur_label_set *set, size_t sequence);

/* The most characters that `forms` different forms have together. */
size_t recur_label_set_most_characters(const struct recur_label_set *set, size_t forms);

#endif
