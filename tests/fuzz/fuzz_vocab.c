/* Vocabularies from entries and from tokens. The first byte says which, and how texts are cut; the
 * second how many entries are reserved, or how often a token must be met; each line after it is a
 * token, and all of it a text to encode. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "recur/vocab.h"

enum { TOKENS = 1000 };

static size_t cut(const char *text, size_t size, recur_token *tokens)
{
    size_t count = 0;
    for (const char *at = text, *end = text + size; at < end && count < TOKENS;) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line ? line : end) - at);
        tokens[count++] = (recur_token){at, length};
        at += length + 1;
    }
    return count;
}

/* Every token has the id that has the token, and the text's ids are in range. */
static void check(const recur_vocab *vocab, const char *text, size_t size)
{
    recur_error error;
    size_t entries = recur_vocab_size(vocab), count, unknown;
    int32_t *ids;
    for (size_t id = 0; id < entries; id++) {
        recur_token token = recur_vocab_token(vocab, (int32_t)id);
        FUZZ_CHECK(recur_vocab_id(vocab, token) == (int32_t)id, "token %zu has another id", id);
    }
    enum recur_status status =
        recur_vocab_encode(vocab, text, size, &ids, &count, &unknown, &error);
    fuzz_check_error(status, &error);
    if (status != RECUR_OK)
        return;
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(ids[i] >= 0 && (size_t)ids[i] < entries, "id %d is out of range", ids[i]);
    free(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const recur_token pad = {"<pad>", 5};
    recur_token tokens[TOKENS];
    recur_error error;
    recur_vocab *vocab = NULL;
    if (size < 2)
        return 0;
    const char *text = (const char *)bytes + 2;
    ptrdiff_t before = fuzz_memory_begin();
    size_t count = cut(text, size - 2, tokens);
    recur_text_config cutting = recur_text_config_default();
    recur_vocab_config config = recur_vocab_config_default();
    cutting.tokens = bytes[0] & 3;
    cutting.clean = bytes[0] >> 2 & 1;
    cutting.word_rule = bytes[0] >> 5 & 1;
    config.min_count = bytes[1];
    config.reserved = &pad;
    config.reserved_count = bytes[0] >> 4 & 1;
    enum recur_status status =
        bytes[0] & 8
            ? recur_vocab_build(tokens, count, &cutting, &config, &vocab, &error)
            : recur_vocab_from_entries(tokens, NULL, count, bytes[1], &cutting, &vocab, &error);
    fuzz_check_error(status, &error);
    if (status == RECUR_OK)
        check(vocab, text, size - 2);
    recur_vocab_free(vocab);
    fuzz_memory_end(before, size);
    return 0;
}
