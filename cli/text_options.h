/* The options that say how a text is read, shared by the commands that make a vocabulary. */
#ifndef TEXT_OPTIONS_H
#define TEXT_OPTIONS_H

#include "options.h"
#include "recur/corpus.h"

struct text_options {
    const char *tokens, *clean;
    uint64_t min_freq;
    struct token_list reserved;
};

/* Their rows, for a settings struct with a member `text`. */
#define TEXT_OPTION_ROWS(settings)                                                                 \
    {                                                                                              \
        .kind = OPTION_CHOICE,                                                                     \
        .name = "tokens",                                                                          \
        .metavar = "KIND",                                                                         \
        .at = offsetof(settings, text.tokens),                                                     \
        .choices = "char|word|byte",                                                               \
        .standard = "char",                                                                        \
        .help = "what one token is: a Unicode character, a word, a byte",                          \
    },                                                                                             \
        {                                                                                          \
            .kind = OPTION_CHOICE,                                                                 \
            .name = "clean",                                                                       \
            .metavar = "KIND",                                                                     \
            .at = offsetof(settings, text.clean),                                                  \
            .choices = "none|letters",                                                             \
            .standard = "none",                                                                    \
            .help = "how lines are cleaned; letters turns what is not A-Z or a-z into single "     \
                    "spaces, trims and makes lower case, as the D2L book",                         \
        },                                                                                         \
        {                                                                                          \
            .kind = OPTION_COUNT,                                                                  \
            .name = "min-freq",                                                                    \
            .metavar = "N",                                                                        \
            .at = offsetof(settings, text.min_freq),                                               \
            .most = INT64_MAX,                                                                     \
            .standard = "0",                                                                       \
            .help = "tokens met less often than N times become <unk>",                             \
        },                                                                                         \
    {                                                                                              \
        .kind = OPTION_TOKENS, .name = "reserved", .metavar = "A,B",                               \
        .at = offsetof(settings, text.reserved), .shown = "none",                                  \
        .help = "tokens that get the ids 1, 2, ... before the text's",                             \
    }

/* The same for the library; `options` must outlive the result. */
recur_corpus_config recur_text_options_config(const struct text_options *options);

/* Warn where bytes of `what` were not UTF-8, and where a vocabulary lacks tokens of it. */
void recur_warn_invalid(const struct command *command, const char *what, uint64_t invalid);
void recur_warn_unknown(const struct command *command, const char *what, size_t unknown,
                        size_t tokens);

/* All of standard input or of a file, allocated. NULL where it fails, which is said. */
char *recur_read_whole(const struct command *command, const char *path, size_t *size);

#endif
