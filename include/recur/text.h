/* recur/text.h - how a text becomes tokens: cleaning and splitting.
 *
 * These settings travel with a vocabulary (recur/vocab.h) and so with a model, because a prompt
 * must be cut exactly as the training text was.
 *
 *     recur_text_config config = recur_text_config_default();
 *     recur_text_stats stats;
 *     config.tokens = RECUR_TOKENS_WORD;
 *     config.clean = RECUR_CLEAN_LETTERS;
 *     enum recur_status status = recur_text_read(path, &config, print_line, NULL, &stats, error);
 *
 * where this function receives the tokens of each line:
 *
 *     static enum recur_status print_line(void *user, const recur_token *tokens, size_t count,
 *                                         recur_error *error)
 *     {
 *         (void)user;
 *         (void)error;
 *         for (size_t i = 0; i < count; i++)
 *             printf("[%.*s]", (int)tokens[i].size, tokens[i].bytes);
 *         putchar('\n');
 *         return RECUR_OK;
 *     }
 *
 * Threads: any number of threads may read at the same time. */
#ifndef RECUR_TEXT_H
#define RECUR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recur/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What one token is. */
enum recur_tokens {
    RECUR_TOKENS_CHAR, /* a Unicode character (code point); a line's end is one, "\n", also where
                          the text has "\r\n" */
    RECUR_TOKENS_WORD, /* a word, by recur_text_config.word_rule */
    RECUR_TOKENS_BYTE, /* a byte, as it stands; any file can be read. One that is compressed is
                          unpacked all the same */
    RECUR_TOKENS_BPE,  /* byte pairs: words and parts of words that are learnt from the text
                          (Sennrich, Haddow & Birch 2016), over bytes, so that every text has tokens
                          and comes back to the byte. What is read and handed out are pieces: a word
                          with the space before it, a number, punctuation, a line end; the vocabulary
                          divides each into tokens */
};

/* What a word is. */
enum recur_word_rule {
    RECUR_WORD_RULE_SPACE,   /* what stands between white space (Unicode's), which is in no token */
    RECUR_WORD_RULE_UNICODE, /* by Unicode's word boundaries (UAX #29): words, and as tokens of
                                their own punctuation, line ends and each Chinese character. A
                                space that two tokens imply is no token, its lack is the token
                                "<join>" (docs/formats.md), so a text comes back to the byte. A
                                word of more than 256 bytes is cut */
};

/* By RECUR_WORD_RULE_UNICODE: the token that stands for the lack of a space. */
#define RECUR_TOKEN_JOIN "<join>"

/* What is done to each line before it is split. */
enum recur_clean {
    RECUR_CLEAN_NONE,    /* nothing: with char and byte tokens the line feed is a token too */
    RECUR_CLEAN_LETTERS, /* the D2L book's: every run of anything but A-Z a-z becomes one space,
                            spaces at both ends go, letters become lower case, and the line feed
                            is dropped, so that the lines of a text follow each other directly */
};

/* How a text is cut. */
typedef struct recur_text_config {
    size_t size;              /* as recur_text_config_default() sets it; leave it alone */
    enum recur_tokens tokens; /* default RECUR_TOKENS_CHAR */
    enum recur_clean clean;   /* default RECUR_CLEAN_NONE */
    const char *encoding; /* of the files that are read, by iconv's names ("GB18030", "KOI8-R"); not
                             with byte tokens. It is a file's and not a model's: a vocabulary does
                             not keep it. default NULL: UTF-8, or UTF-16 or UTF-32 where a byte
                             order mark says so */
    enum recur_word_rule word_rule; /* of RECUR_TOKENS_WORD; default RECUR_WORD_RULE_SPACE */
    uint32_t padding;               /* leave it alone */
} recur_text_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_text_config_init(recur_text_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_text_config recur_text_config_default(void)
{
    recur_text_config config;
    recur_text_config_init(&config, sizeof config);
    return config;
}

/* What was met while reading a text. */
typedef struct recur_text_stats {
    uint64_t bytes;      /* read, unpacked and in UTF-8 */
    uint64_t lines;      /* read; a last line without line feed counts */
    uint64_t characters; /* of the cleaned text, white space between words included */
    uint64_t tokens;     /* produced, before any limit on their number */
    uint64_t invalid; /* byte sequences that were not UTF-8, or not in the given encoding, each read
                         as U+FFFD */
} recur_text_stats;

/* One token: bytes inside somebody else's buffer, not terminated. */
typedef struct recur_token {
    const char *bytes; /* of any value, zero too */
    size_t size;       /* in bytes */
} recur_token;

/* Receives the tokens of one line of text; the array and the bytes belong to the reader and are
 * valid during the call only. It goes on, stops or fails as recur/status.h says. */
typedef enum recur_status recur_line_fn(void *user, const recur_token *tokens, size_t count,
                                        recur_error *error);

/* Reads a text line by line in bounded memory and hands each line's tokens to `line`, also where
 * there are none. `path` "-" is standard input. Files that are compressed (gzip, xz, zstd) are
 * unpacked as they are read. A byte order mark (U+FEFF) at the start of a file is left out, but of
 * byte tokens; others are left out of characters and of words between white space, and stay in
 * words by Unicode's boundaries and byte pairs, which have all of the text. A file that is no text
 * in UTF-8, or in the given encoding, but of a kind that is known (a model, PDF, UTF-16 without a
 * mark), or more than a quarter of whose characters are none, is refused with a sentence that says
 * what it is and what to do. `config` may be NULL: the defaults; `stats`, which may be NULL, is of
 * what was read. `line` is called on the caller's thread. Errors: FILE (missing, unreadable, a
 * directory), MEMORY, ARGUMENT (settings out of range), FORMAT (no text; compressed and damaged),
 * UNSUPPORTED (what this build cannot unpack, or only in much memory), and whatever `line` returns.
 */
RECUR_API enum recur_status recur_text_read(const char *path, const recur_text_config *config,
                                            recur_line_fn *line, void *user,
                                            recur_text_stats *stats, recur_error *error);

/* The same for a text of `size` bytes in memory: in UTF-8, and read whatever it looks like. */
RECUR_API enum recur_status recur_text_read_memory(const char *bytes, size_t size,
                                                   const recur_text_config *config,
                                                   recur_line_fn *line, void *user,
                                                   recur_text_stats *stats, recur_error *error);

/* A whole text in one piece, as recur_text_read reads it before it cuts it: unpacked, in UTF-8,
 * without a byte order mark at its start; of byte tokens as it stands. `*bytes` belongs to the
 * caller: free(); a zero follows, which `*size` does not count. Of `stats` (may be NULL) bytes, and
 * as invalid what could not be converted from another encoding, are known; what is no UTF-8 is left
 * as it is. Errors: as of recur_text_read. */
RECUR_API enum recur_status recur_text_load(const char *path, const recur_text_config *config,
                                            char **bytes, size_t *size, recur_text_stats *stats,
                                            recur_error *error);

/* The name as the command line and model files spell it: "char", "word", "byte" or "bpe"; static
 * storage. */
RECUR_API const char *recur_tokens_name(enum recur_tokens tokens);

/* Likewise: "none" or "letters". */
RECUR_API const char *recur_clean_name(enum recur_clean clean);

/* The kind of tokens of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_tokens_parse(const char *name, enum recur_tokens *tokens,
                                               recur_error *error);

/* Are texts of such tokens taken as they stand, as bytes of any value and in no encoding? */
RECUR_API bool recur_tokens_as_they_stand(enum recur_tokens tokens);

/* Likewise: "space" or "unicode". */
RECUR_API const char *recur_word_rule_name(enum recur_word_rule word_rule);

/* The word rule of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_word_rule_parse(const char *name, enum recur_word_rule *word_rule,
                                                  recur_error *error);

/* Does white space part such tokens, so that a space joins them again? Words by
 * RECUR_WORD_RULE_SPACE, that is. */
RECUR_API bool recur_tokens_spaced(enum recur_tokens tokens);

/* Are the tokens of texts that are cut so parts of the pieces that recur_text_read hands out? A
 * vocabulary divides them: recur_vocab_encode. */
RECUR_API bool recur_text_parts(const recur_text_config *text);

/* Are the tokens of texts that are cut so words? */
RECUR_API bool recur_text_words(const recur_text_config *text);

/* The cleaning of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_clean_parse(const char *name, enum recur_clean *clean,
                                              recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
