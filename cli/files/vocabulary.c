#include "files/vocabulary.h"

#include <string.h>

#include "common/quote.h"
#include "recur/fields.h"

bool recur_same_vocab(const recur_vocab *one, const recur_vocab *other)
{
    size_t size = one ? recur_vocab_size(one) : 0, id = 0;
    if (!one || !other || size != recur_vocab_size(other))
        return false;
    for (bool same = true; same && id < size; id += same) {
        recur_token a = recur_vocab_token(one, (int32_t)id);
        recur_token b = recur_vocab_token(other, (int32_t)id);
        same = a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
    }
    return id == size;
}

struct tokens_text recur_tokens_text(const recur_vocab *vocab)
{
    struct tokens_text shown;
    const recur_text_config *text = recur_vocab_text(vocab);
    bool words = recur_text_words(text);
    snprintf(shown.text, sizeof shown.text, "%s%s%s", recur_tokens_name(text->tokens),
             words ? ", word rule " : "", words ? recur_word_rule_name(text->word_rule) : "");
    return shown;
}

void recur_put_entries(recur_json_writer *json, const char *key, const recur_vocab *vocab,
                       size_t first)
{
    recur_json_open(json, key, '[');
    for (size_t id = first; id < recur_vocab_size(vocab); id++)
        recur_json_put_entry(json, NULL, recur_vocab_token(vocab, (int32_t)id));
    recur_json_close(json, ']');
}

void recur_print_entries(const recur_vocab *vocab, size_t first)
{
    enum { SHOWN = 16 };
    size_t size = recur_vocab_size(vocab), shown = size < SHOWN ? size : SHOWN;
    for (size_t id = first; id < shown; id++)
        printf(" %s", recur_quote(recur_vocab_token(vocab, (int32_t)id)).text);
    printf("%s\n", shown < size ? " ..." : "");
}

void recur_put_vocab(recur_json_writer *json, const recur_vocab *vocab)
{
    const recur_field *field;
    if (!vocab) {
        recur_json_put_null(json, "vocabulary");
        return;
    }
    const recur_text_config *text = recur_vocab_text(vocab);
    recur_json_open(json, "vocabulary", '{');
    for (size_t i = 0; (field = recur_text_field(i)); i++)
        if (recur_field_applies(field, text))
            recur_json_put_text(json, recur_field_name(field), recur_field_get(field, text).name);
    recur_json_put_u64(json, "size", recur_vocab_size(vocab));
    recur_json_put_u64(json, "reserved", recur_vocab_reserved(vocab));
    recur_put_entries(json, "entries", vocab, 0);
    recur_json_close(json, '}');
}

void recur_print_vocab(const recur_vocab *vocab)
{
    if (!vocab) {
        puts("\nvocabulary: none");
        return;
    }
    size_t size = recur_vocab_size(vocab);
    printf("\nvocabulary: %zu %s, tokens %s, clean %s\n", size, size == 1 ? "entry" : "entries",
           recur_tokens_text(vocab).text, recur_clean_name(recur_vocab_text(vocab)->clean));
    recur_print_entries(vocab, 0);
}
