/* The settings of how a text is cut, which go with a vocabulary: names and defaults. */
#include "base/config.h"
#include "base/fields.h"
#include "recur/text.h"

RECUR_ENUM_NAMES(tokens);
RECUR_ENUM_NAMES(clean);

RECUR_CONFIG(text, encoding, .tokens = RECUR_TOKENS_CHAR)

static const struct recur_field fields[] = {
    {RECUR_FIELD(text, tokens), .names = &recur_tokens_names, .option = "tokens",
     .about = "what one token is: a Unicode character, a word, a byte"},
    {RECUR_FIELD(text, clean), .names = &recur_clean_names, .option = "clean",
     .about = "how lines are cleaned; letters turns what is not A-Z or a-z into single spaces, "
              "trims and makes lower case, as the D2L book"},
};

RECUR_FIELDS(recur_text_field, fields)
