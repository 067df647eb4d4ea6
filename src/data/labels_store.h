/* Labelled texts as they were read. Several recur_labels may share one store, each with its own
 * part of it. */
#ifndef RECUR_DATA_LABELS_STORE_H
#define RECUR_DATA_LABELS_STORE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "data/token_table.h"
#include "recur/labels.h"

/* A line of a word or of a text, which has a label or could have one. */
struct recur_labels_line {
    size_t at, size; /* its place in `bytes`, without the line's end */
    uint32_t label;  /* its number in `alphabet`; RECUR_TOKEN_NONE: it has no label */
};

struct recur_labels_store {
    atomic_size_t references;
    recur_labels_config config; /* its `text` is NULL */
    recur_text_config text;
    bool words; /* each word of a sentence has a label; otherwise each text has one */
    recur_text_stats stats;
    uint64_t marks; /* byte order marks that were left out, but for those at the start of a file */
    char *bytes;    /* the bytes of all files */
    size_t bytes_size, bytes_capacity;
    struct recur_token_table forms;    /* the different tokens */
    struct recur_token_table alphabet; /* the different labels */
    struct recur_token_table lowers;   /* tag: the forms in lower case */
    uint32_t *lower;                   /* (forms): the number in `lowers` of each form */
    uint32_t *form;                    /* the form of every token of every sequence */
    size_t tokens, form_capacity;
    struct recur_labels_line *line; /* tag: one for each token; classify: one for each sequence */
    size_t lines, line_capacity;
    size_t *first; /* (sequences + 1): where each sequence's tokens begin */
    size_t sequences, first_capacity;

    recur_vocab *known; /* the labels that a model knows; NULL: there is no model */

    /* What doubts are derived from (labels_doubts.c). */
    enum recur_layout layout; /* the last file's */
    size_t columns;           /* tag: how many the last line has */
    size_t counted;           /* words, or labels of classify, that are the next number */
    size_t spaced;            /* words with several spaces in them */
    size_t unbroken;          /* how many words the longest file has that is one sentence */
    size_t heads;             /* files whose first label is that of the first file */
    bool head_is_name;        /* the first word or text is a usual name of a column */
};

struct recur_labels {
    struct recur_labels_store *store;
    size_t *member; /* (count): the sequences of this part */
    size_t count, tokens;
};

/* Are the files' bytes taken as they stand? */
bool recur_labels_as_they_stand(const struct recur_labels_store *store);

/* Reads one text into the store; `name` is for sentences. The store holds the bytes of all texts
 * one after the other, each with a line feed at its end. Errors: MEMORY, DATA. */
enum recur_status recur_labels_parse(struct recur_labels_store *store, const char *bytes,
                                     size_t size, const char *name, recur_error *error);

#endif
