/* A file of labelled texts being read. */
#ifndef RECUR_DATA_LABELS_READING_H
#define RECUR_DATA_LABELS_READING_H

#include "base/error.h"
#include "data/labels_store.h"

struct recur_labels_reading {
    struct recur_labels_store *store;
    const char *name;                 /* of the file */
    size_t number;                    /* of the line, from 1 */
    enum recur_layout layout;         /* of this file, never AUTO */
    size_t word_column, label_column; /* from 1; label 0: the last */
    size_t columns, columns_line;     /* of the first line with a word, and its number; 0: none */
    uint64_t counter;                 /* that stood in the place of the word or label before */
    char *repaired;                   /* a word that was no UTF-8 */
    size_t repaired_capacity;
    recur_error *error;
};

/* What stands in the columns of a line; cells are trimmed, but words that are white space. */
struct recur_cells {
    recur_token first, word, label;
    size_t count;
    bool tabs; /* columns are parted by tabs */
};

struct recur_cells recur_labels_cut(const struct recur_labels_reading *reading, recur_token line);

/* Lines that are no words: of white space, of a document's beginning, comments. */
bool recur_labels_blank(recur_token line);
bool recur_labels_document(recur_token first);
bool recur_labels_comment(const struct recur_labels_reading *reading, recur_token line);

/* Looks at the lines [begin, end) of a file and settles its layout and columns. Errors: MEMORY. */
enum recur_status recur_labels_look_ahead(struct recur_labels_reading *reading, const char *begin,
                                          const char *end);

/* The line from `at` on, without its end; *next becomes where the one after it begins. */
recur_token recur_labels_next_line(const char *at, const char *end, const char **next);

/* Reads a line of a file of words. */
enum recur_status recur_labels_read_word(struct recur_labels_reading *reading, recur_token line);

/* Reads a line of a file of texts. */
enum recur_status recur_labels_read_text(struct recur_labels_reading *reading, recur_token line);

/* What both kinds of files are read into: a word or a token of the open
 * sequence, of the word what is no UTF-8 as U+FFFD; a line and its label; the
 * end of the sequence, if there is one or empty ones count. */
enum recur_status recur_labels_add_word(struct recur_labels_reading *reading, recur_token word);
enum recur_status recur_labels_add_token(struct recur_labels_reading *reading, recur_token token);
enum recur_status recur_labels_add_line(struct recur_labels_reading *reading, recur_token line,
                                        recur_token label);
enum recur_status recur_labels_end(struct recur_labels_reading *reading, bool empty);
bool recur_labels_open(const struct recur_labels_store *store);

/* Is it what columns of texts, words or labels are called in data that is handed around? */
bool recur_labels_name_columns(recur_token cell);

/* Is the cell the number behind *counter or, at a `start`, one that begins to count, 0 or 1?
 * *counter becomes what it is. */
bool recur_labels_is_next(recur_token cell, bool start, uint64_t *counter);

#endif
