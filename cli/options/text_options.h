/* The options for reading a text, which the commands that make a vocabulary share. */
#ifndef RECUR_CLI_OPTIONS_TEXT_OPTIONS_H
#define RECUR_CLI_OPTIONS_TEXT_OPTIONS_H

#include "options/options.h"
#include "recur/corpus.h"

struct text_options {
    const char *tokens, *clean, *encoding;
    uint64_t min_freq, vocab_size;
    struct token_list reserved;
    const char *word_rule; /* NULL: as `clean` suggests */
};

/* The row of --encoding, for commands that read a text's file. */
#define ENCODING_ROW(settings, field)                                                              \
    {                                                                                              \
        .kind = OPTION_TEXT, .name = "encoding", .metavar = "NAME",                                \
        .at = offsetof(settings, field), .shown = "UTF-8, or what a byte order mark says",         \
        .help = "what the text's files are in, by iconv's names: GB18030, KOI8-R, UTF-16LE",       \
    }

/* Their rows, for a settings struct with a member `text`. */
#define TEXT_OPTION_ROWS(settings)                                                                 \
    {                                                                                              \
        .kind = OPTION_CHOICE,                                                                     \
        .name = "tokens",                                                                          \
        .metavar = "KIND",                                                                         \
        .at = offsetof(settings, text.tokens),                                                     \
        .fields = recur_text_field,                                                                \
        .standard = "char",                                                                        \
        .help = "",                                                                                \
    },                                                                                             \
        {                                                                                          \
            .kind = OPTION_CHOICE,                                                                 \
            .name = "clean",                                                                       \
            .metavar = "KIND",                                                                     \
            .at = offsetof(settings, text.clean),                                                  \
            .fields = recur_text_field,                                                            \
            .standard = "none",                                                                    \
            .help = "",                                                                            \
        },                                                                                         \
        {                                                                                          \
            .kind = OPTION_CHOICE,                                                                 \
            .name = "word-rule",                                                                   \
            .metavar = "KIND",                                                                     \
            .at = offsetof(settings, text.word_rule),                                              \
            .fields = recur_text_field,                                                            \
            .shown = "unicode; with --clean letters space",                                        \
            .help = "",                                                                            \
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
        {                                                                                          \
            .kind = OPTION_COUNT,                                                                  \
            .name = "vocab-size",                                                                  \
            .metavar = "N",                                                                        \
            .at = offsetof(settings, text.vocab_size),                                             \
            .least = 1,                                                                            \
            .most = INT32_MAX,                                                                     \
            .shown = "as suits the text, 512 to 32768",                                            \
            .help = "of --tokens bpe: how many entries the vocabulary has at most",                \
        },                                                                                         \
        {                                                                                          \
            .kind = OPTION_TOKENS,                                                                 \
            .name = "reserved",                                                                    \
            .metavar = "A,B",                                                                      \
            .at = offsetof(settings, text.reserved),                                               \
            .shown = "none",                                                                       \
            .help = "tokens that get the ids 1, 2, ... before the text's",                         \
        },                                                                                         \
        ENCODING_ROW(settings, text.encoding)

/* The same in the library's structs. `corpus` points to other members, so do not copy this
 * struct. */
struct text_config {
    recur_text_config text;
    recur_vocab_config vocab;
    recur_corpus_config corpus;
};

/* The rule that words are cut by. */
const char *recur_text_options_rule(const struct text_options *options);

/* `options` must outlive *config. */
void recur_text_options_config(const struct text_options *options, struct text_config *config);

#endif
