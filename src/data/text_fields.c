/* How a text is cut: names and defaults of the settings that go with a vocabulary. */
#include "base/config.h"
#include "base/fields.h"
#include "recur/text.h"

RECUR_ENUM_NAMES(tokens);
RECUR_ENUM_NAMES(clean);

RECUR_CONFIG(text, encoding, .tokens = RECUR_TOKENS_CHAR)

static const struct recur_field fields[] = {
    {RECUR_FIELD(text, tokens), .names = &recur_tokens_names},
    {RECUR_FIELD(text, clean), .names = &recur_clean_names},
};

RECUR_FIELDS(recur_text_field, fields)
