/* The state of reading one file of labelled texts. */
#ifndef RECUR_DATA_LABELS_READING_H
#define RECUR_DATA_LABELS_READING_H

#include "base/error.h"
#include "data/labels_store.h"

struct recur_labels_reading {
    struct recur_labels_store *store;
    const char *name;                 /* the file's name */
    size_t number;                    /* the line's number, from 1 */
    enum recur_layout layout;         /* the file's layout, never AUTO */
    size_t word_column, label_column; /* from 1; label_column 0: the last one */
    /* Of the first line with a word: how many columns it has, and its number; 0: none yet. */
    size_t columns, columns_line;
    uint64_t counter; /* the number that stood in place of the last word or label */
    char *repaired;   /* the last word that was not UTF-8, repaired */
    size_t repaired_capacity;
    recur_error *error;
};

/* The columns of a line. Cells are trimmed, except words that are white space. */
struct recur_cells {
    recur_token first, word, label;
    size_t count;
    bool tabs; /* tabs separate the columns */
};

struct recur_cells recur_labels_cut(const struct recur_labels_reading *reading, recur_token line);

/* Is the line without a word: white space, the beginning of a document, or a comment? */
bool recur_labels_blank(recur_token line);
bool recur_labels_document(recur_token first);
bool recur_labels_comment(const struct recur_labels_reading *reading, recur_token line);

/* Looks at the lines [begin, end) of a file and settles its layout and columns. Errors: MEMORY. */
enum recur_status recur_labels_look_ahead(struct recur_labels_reading *reading, const char *begin,
                                          const char *end);

/* Returns the line at `at` without its end; *next becomes the beginning of the next line. */
recur_token recur_labels_next_line(const char *at, const char *end, const char **next);

/* Reads a line of a file of words. */
enum recur_status recur_labels_read_word(struct recur_labels_reading *reading, recur_token line);

/* Reads a line of a file of texts. */
enum recur_status recur_labels_read_text(struct recur_labels_reading *reading, recur_token line);

/* Readers of both kinds of files call these. The first adds a word or a token to the open sequence;
 * in a word, what is not UTF-8 becomes U+FFFD. The second adds a line and its label. The third ends
 * the sequence, if one is open or empty ones count. */
enum recur_status recur_labels_add_word(struct recur_labels_reading *reading, recur_token word);
enum recur_status recur_labels_add_token(struct recur_labels_reading *reading, recur_token token);
enum recur_status recur_labels_add_line(struct recur_labels_reading *reading, recur_token line,
                                        recur_token label);
enum recur_status recur_labels_end(struct recur_labels_reading *reading, bool empty);
bool recur_labels_open(const struct recur_labels_store *store);

/* Is the cell a usual name of a column of texts, words or labels? */
bool recur_labels_name_columns(recur_token cell);

/* Is the cell the number after *counter or, at a `start`, one that counting begins with, 0 or 1?
 * *counter becomes the cell's number. */
bool recur_labels_is_next(recur_token cell, bool start, uint64_t *counter);

#endif
