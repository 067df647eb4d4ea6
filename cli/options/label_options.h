/* The options for reading labelled texts, which several commands share. */
#ifndef RECUR_CLI_OPTIONS_LABEL_OPTIONS_H
#define RECUR_CLI_OPTIONS_LABEL_OPTIONS_H

#include "options/options.h"
#include "recur/labels.h"

struct label_options {
    uint64_t word_column, text_column, label_column; /* 0: not given */
    const char *layout;                              /* NULL: there is no such option */
    struct token_list sentence_end;
    bool header;
};

/* Their rows, for a settings struct with a member `columns`. `shown` is the beginning of what the
 * help says where the columns are not given. */
#define LABEL_OPTION_ROWS(settings, shown_before)                                                  \
    {                                                                                              \
        .kind = OPTION_COUNT,                                                                      \
        .name = "word-column",                                                                     \
        .metavar = "N",                                                                            \
        .at = offsetof(settings, columns.word_column),                                             \
        .least = 1,                                                                                \
        .most = COLUMNS_MOST,                                                                      \
        .shown = shown_before "1, of CoNLL-U 2",                                                   \
        .help = "of the task tag: the column that words stand in",                                 \
    },                                                                                             \
        {                                                                                          \
            .kind = OPTION_COUNT,                                                                  \
            .name = "text-column",                                                                 \
            .metavar = "N",                                                                        \
            .at = offsetof(settings, columns.text_column),                                         \
            .least = 1,                                                                            \
            .most = COLUMNS_MOST,                                                                  \
            .shown = shown_before "all behind a label in column 1, else 1",                        \
            .help = "of the task classify: the column that texts stand in, between tabs",          \
        },                                                                                         \
        {                                                                                          \
            .kind = OPTION_COUNT,                                                                  \
            .name = "label-column",                                                                \
            .metavar = "N",                                                                        \
            .at = offsetof(settings, columns.label_column),                                        \
            .least = 1,                                                                            \
            .most = COLUMNS_MOST,                                                                  \
            .shown = shown_before "of the task tag the last, of CoNLL-U 4; of classify 1",         \
            .help = "of the tasks tag and classify: the column that labels stand in",              \
        },                                                                                         \
        {                                                                                          \
            .kind = OPTION_FLAG,                                                                   \
            .name = "header",                                                                      \
            .at = offsetof(settings, columns.header),                                              \
            .help = "of the tasks tag and classify: the first line of each file names the "        \
                    "columns, and is left out",                                                    \
        },                                                                                         \
    {                                                                                              \
        .kind = OPTION_TOKENS, .name = "sentence-end", .metavar = "A,B",                           \
        .at = offsetof(settings, columns.sentence_end), .shown = "none",                           \
        .help = "of the task tag: words behind which a sentence ends, as it does at a blank line", \
    }

/* The library's name for layout number `index`; NULL after the last. */
const char *recur_layout_choice(size_t index);

/* The row for commands that only predict labels. */
#define LAYOUT_OPTION_ROW(settings)                                                                \
    {                                                                                              \
        .kind = OPTION_CHOICE, .name = "layout", .metavar = "KIND",                                \
        .at = offsetof(settings, columns.layout), .choice = recur_layout_choice,                   \
        .standard = "auto",                                                                        \
        .help = "of the task tag: what a line is, a word in its columns, or a sentence, whose "    \
                "words stand between spaces or are its characters; auto as the text looks",        \
    }

enum { COLUMNS_MOST = 1000000 };

/* Do the options that were given fit the model's task? Prints what is wrong. */
bool recur_label_options_fit(const struct command *command, const struct arguments *arguments,
                             enum recur_task task);

/* Puts the options into *config, whose task is set. `options` must outlive it. */
void recur_label_options_config(const struct label_options *options, recur_labels_config *config);

/* Prints signs that the data is not what it was read as; `name` is the text's name. False where
 * memory is short, which it also prints. */
bool recur_warn_doubts(const struct command *command, const char *name, const recur_labels *data);

#endif
