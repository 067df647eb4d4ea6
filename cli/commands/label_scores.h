/* Reads labelled texts for a model, and prints how well it labels them. */
#ifndef RECUR_CLI_COMMANDS_LABEL_SCORES_H
#define RECUR_CLI_COMMANDS_LABEL_SCORES_H

#include "common/ranks.h"
#include "options/label_options.h"
#include "recur/predict.h"

/* Reads a file in the encoding (NULL: UTF-8) as the model needs it; `unlabelled` files may lack
 * labels. Prints errors and doubts. */
bool recur_read_labels(const struct command *command, const recur_model *model, const char *path,
                       const char *encoding, const struct label_options *columns, bool unlabelled,
                       recur_labels **data);

struct scoring_options {
    struct ranks ranks;
    const char *scheme;   /* one of SCHEME_CHOICES */
    const char *encoding; /* the file's encoding; NULL: UTF-8 */
    uint64_t threads;
    bool json;
};

/* The library's names of schemes, and IOB2 for BIO and IOBES for BIOES. */
#define SCHEME_CHOICES "auto|none|bio|iob1|iob2|ioe|bioes|iobes|bilou|bmes"

/* `recur eval` for a model that labels. Returns the exit status. */
int recur_print_scores(const struct command *command, const recur_model *model, const char *path,
                       const struct label_options *columns, const struct scoring_options *options);

#endif
