/* Labelled texts as they were read. Several recur_labels may share one store, each with its part.
 */
#ifndef RECUR_DATA_LABELS_STORE_H
#define RECUR_DATA_LABELS_STORE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "data/token_table.h"
#include "recur/labels.h"

/* A line that has a label, or could: of a word, or of a text. */
struct recur_labels_line {
    size_t at, size; /* in `bytes`, without the line's end */
    uint32_t label;  /* of `alphabet`; RECUR_TOKEN_NONE: none */
};

struct recur_labels_store {
    atomic_size_t references;
    recur_labels_config config; /* its `text` is NULL */
    recur_text_config text;
    bool words; /* each word of a sentence has a label; else each text has one */
    recur_text_stats stats;
    uint64_t marks; /* byte order marks that were left out within files */
    char *bytes;    /* of all files */
    size_t bytes_size, bytes_capacity;
    struct recur_token_table forms;    /* the different tokens */
    struct recur_token_table alphabet; /* the different labels */
    struct recur_token_table lowers;   /* of tag: forms in lower case */
    uint32_t *lower;                   /* (forms): of `lowers` */
    uint32_t *form;                    /* every token of every sequence */
    size_t tokens, form_capacity;
    struct recur_labels_line *line; /* of tag one for each token, of classify for each sequence */
    size_t lines, line_capacity;
    size_t *first; /* (sequences + 1): where each one's tokens begin */
    size_t sequences, first_capacity;

    recur_vocab *known; /* a model's alphabet; NULL: none */

    /* What doubts follow from (labels_doubts.c). */
    enum recur_layout layout; /* of the last file */
    size_t columns;           /* of tag: of the last line */
    size_t counted;           /* words or, of classify, labels that are the next number */
    size_t spaced;            /* words with several spaces in them */
    size_t unbroken;          /* words of the longest file that is one sentence */
    size_t heads;             /* files that begin with the label that the first one begins with */
    bool head_is_name;        /* the first word or text is what columns are called */
};

struct recur_labels {
    struct recur_labels_store *store;
    size_t *member; /* (count): its sequences */
    size_t count, tokens;
};

/* Are the files' bytes taken as they stand? */
bool recur_labels_as_they_stand(const struct recur_labels_store *store);

/* Reads one text into the store; `name` is for sentences. The bytes of all texts stand in the store
 * one behind the other, each with a line feed at its end. Errors: MEMORY, DATA. */
enum recur_status recur_labels_parse(struct recur_labels_store *store, const char *bytes,
                                     size_t size, const char *name, recur_error *error);

#endif
