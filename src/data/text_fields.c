/* The settings of how a text is cut, which go with a vocabulary: names and defaults. */
#include "base/config.h"
#include "base/fields.h"
#include "recur/text.h"

RECUR_ENUM_NAMES(tokens);
RECUR_ENUM_NAMES(clean);
RECUR_ENUM_NAMES(word_rule);

RECUR_CONFIG(text, padding, .tokens = RECUR_TOKENS_CHAR)

static bool words(const void *config)
{
    return ((const recur_text_config *)config)->tokens == RECUR_TOKENS_WORD;
}

static const struct recur_field fields[] = {
    {RECUR_FIELD(text, tokens), .names = &recur_tokens_names, .option = "tokens",
     .about = "what one token is: a Unicode character, a word, a byte, or a byte pair, a word or "
              "part of a "
              "word that is learnt from the text"},
    {RECUR_FIELD(text, clean), .names = &recur_clean_names, .option = "clean",
     .about = "how lines are cleaned; letters turns what is not A-Z or a-z into single spaces, "
              "trims and makes lower case, as the D2L book"},
    {RECUR_FIELD(text, word_rule), .names = &recur_word_rule_names, .words = "word rule",
     .applies = words, .file = RECUR_FILE_LATER, .option = "word-rule",
     .about = "what a word is: by Unicode's word boundaries, with punctuation and line ends as "
              "tokens, so that a text comes back to the byte, or what stands between white space"},
};

RECUR_FIELDS(recur_text_field, fields)
