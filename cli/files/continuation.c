#include "files/continuation.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/need.h"
#include "files/reading.h"

static enum recur_status append(void *user, const char *bytes, size_t size, recur_error *error)
{
    return recur_grow_text(user, bytes, size, "a continuation", error);
}

static enum recur_status append_line(void *user, const recur_token *tokens, size_t count,
                                     recur_error *error)
{
    enum recur_status status = RECUR_OK;
    for (size_t i = 0; i < count && status == RECUR_OK; i++)
        status = append(user, tokens[i].bytes, tokens[i].size, error);
    return status;
}

enum recur_status recur_continuation(const recur_model *model, const char *prefix,
                                     const recur_sampler_config *sampling, char **result,
                                     size_t *size, recur_error *error)
{
    recur_text_config config = recur_text_config_default();
    struct grown_text text = {0};
    enum recur_status status = append(&text, "", 0, error);
    /* The model reads the prefix with U+FFFD for what is not UTF-8, unless tokens are bytes. */
    enum recur_tokens tokens = recur_vocab_text(recur_model_vocab(model))->tokens;
    if (recur_tokens_as_they_stand(tokens))
        config.tokens = tokens;
    if (status == RECUR_OK)
        status = recur_text_read_memory(prefix, strlen(prefix), &config, append_line, &text, NULL,
                                        error);
    if (status == RECUR_OK)
        status = recur_generate(model, prefix, strlen(prefix), CONTINUATION_TOKENS, sampling,
                                append, &text, NULL, error);
    if (status == RECUR_OK) {
        *result = text.bytes;
        *size = text.size;
    } else {
        free(text.bytes);
    }
    return status;
}

static enum recur_status pass(void *user, const recur_token *tokens, size_t count,
                              recur_error *error)
{
    (void)user;
    (void)tokens;
    (void)count;
    (void)error;
    return RECUR_OK;
}

enum recur_status recur_prefix_check(struct prefix_check *check, const char *prefix, size_t size,
                                     recur_error *error)
{
    recur_text_stats stats = {0};
    recur_prompt prompt;
    enum recur_status status = recur_text_read_memory(prefix, size, recur_vocab_text(check->vocab),
                                                      pass, NULL, &stats, error);
    if (status == RECUR_OK)
        status = recur_prompt_encode(check->vocab, prefix, size, &prompt, error);
    if (status != RECUR_OK)
        return status;
    check->invalid += stats.invalid;
    check->unknown += prompt.unknown;
    check->tokens += prompt.tokens;
    free(prompt.ids);
    return RECUR_OK;
}

void recur_prefix_warn(const struct command *command, const char *what,
                       const struct prefix_check *check)
{
    recur_warn_read(command, what, "UTF-8", check->invalid, 0);
    recur_warn_unknown(command, what, check->unknown, check->tokens);
}

static bool is_space(recur_token token)
{
    return token.size == 1 && isspace((unsigned char)*token.bytes);
}

/* Does the token begin a character? All tokens do, except the later bytes of a UTF-8 sequence. */
static bool begins_character(recur_token token)
{
    return ((unsigned char)*token.bytes & 0xC0) != 0x80;
}

struct prefix {
    char *bytes;
    size_t used;
};

static enum recur_status add_to_prefix(void *user, const char *bytes, size_t size,
                                       recur_error *error)
{
    struct prefix *prefix = user;
    (void)error;
    memcpy(prefix->bytes + prefix->used, bytes, size);
    prefix->used += size;
    return RECUR_OK;
}

enum { PREFIX_WORDS = 2, PREFIX_CHARACTERS = 16, PREFIX_LOOK = 64 };

/* What may come with a token: a space, three bytes of a character that it completes, the end. */
enum { PREFIX_MORE = 5 };

enum recur_status recur_first_words(const recur_corpus *corpus, const recur_vocab *vocab,
                                    char bytes[PREFIX_ROOM], recur_error *error)
{
    struct prefix prefix = {bytes, 0};
    recur_detokenizer *detokenizer;
    enum recur_status status = recur_detokenizer_create(vocab, "", 0, &detokenizer, error);
    if (status != RECUR_OK)
        return status;
    int32_t ids[PREFIX_LOOK];
    size_t count =
        recur_corpus_size(corpus) < PREFIX_LOOK ? recur_corpus_size(corpus) : PREFIX_LOOK;
    bool words = recur_text_words(recur_vocab_text(vocab));
    bool parts = recur_text_parts(recur_vocab_text(vocab));
    size_t characters = 0, ended = 0;
    recur_corpus_read(corpus, 0, count, ids);
    for (size_t i = 0; i < count && status == RECUR_OK; i++) {
        recur_token token = recur_vocab_token(vocab, ids[i]);
        bool space = is_space(token);
        if (prefix.used == 0 && space)
            continue;
        characters += begins_character(token);
        ended += words || (parts && *token.bytes == ' ') ? prefix.used > 0 : space;
        if (ids[i] == RECUR_UNKNOWN || ended == PREFIX_WORDS ||
            prefix.used + token.size + PREFIX_MORE > PREFIX_ROOM ||
            (!words && characters > PREFIX_CHARACTERS) || (space && *token.bytes == '\n'))
            break;
        status = recur_detokenizer_put(detokenizer, ids[i], add_to_prefix, &prefix, error);
    }
    recur_detokenizer_free(detokenizer);
    bytes[prefix.used] = '\0';
    return status;
}
