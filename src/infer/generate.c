#include "recur/generate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/error.h"
#include "data/token_kind.h"
#include "nn/model_object.h"

/* Writes tokens to the caller's function. */
struct writer {
    recur_text_fn *text;
    void *user;
    const struct recur_token_kind *kind;
    bool space_due;  /* a space has to be written before the next token */
    char pending[4]; /* the start of a character, where tokens may be parts of characters */
    size_t pending_size;
};

static enum recur_status write_text(const struct writer *writer, const char *bytes, size_t size,
                                    recur_error *error)
{
    recur_error own = {0};
    return recur_called_back(writer->text(writer->user, bytes, size, &own), &own, error);
}

/* Writes the complete characters of `pending`; at the `end`, all of it. */
static enum recur_status write_pending(struct writer *writer, bool end, recur_error *error)
{
    while (writer->pending_size > 0) {
        const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)writer->pending;
        size_t size = writer->pending_size;
        if (!end && (int)size < utf8proc_utf8class[bytes[0]])
            return RECUR_OK;
        utf8proc_int32_t code;
        utf8proc_ssize_t length = utf8proc_iterate(bytes, (utf8proc_ssize_t)size, &code);
        if (length < 1)
            length = 1; /* a byte that is in no character is written alone */
        RECUR_TRY(write_text(writer, writer->pending, (size_t)length, error));
        writer->pending_size -= (size_t)length;
        memmove(writer->pending, writer->pending + length, writer->pending_size);
    }
    return RECUR_OK;
}

static enum recur_status write_bytes(struct writer *writer, recur_token token, recur_error *error)
{
    for (size_t i = 0; i < token.size; i++) {
        writer->pending[writer->pending_size++] = token.bytes[i];
        RECUR_TRY(write_pending(writer, false, error));
    }
    return RECUR_OK;
}

static enum recur_status write_token(struct writer *writer, recur_token token, recur_error *error)
{
    if (writer->kind->parts_of_character)
        return write_bytes(writer, token, error);
    if (writer->space_due)
        RECUR_TRY(write_text(writer, " ", 1, error));
    writer->space_due = writer->kind->spaced;
    return write_text(writer, token.bytes, token.size, error);
}

/* Makes up to `count` tokens; *made becomes their number. */
static enum recur_status write_tokens(recur_stepper *stepper, recur_session *session,
                                      recur_sampler *sampler, const float *logits,
                                      const recur_vocab *vocab, size_t count, struct writer *writer,
                                      size_t *made, recur_error *error)
{
    while (*made < count) {
        int32_t id = recur_sample(sampler, logits);
        if (!isfinite(logits[id]))
            return recur_fail_overflow("a logit", error);
        ++*made;
        RECUR_TRY(write_token(writer, recur_vocab_token(vocab, id), error));
        if (*made < count)
            logits = recur_stepper_feed(stepper, session, id);
    }
    return write_pending(writer, true, error);
}

static bool ends_in_space(const char *text, size_t size)
{
    return size > 0 && memchr(" \t\n\v\f\r", text[size - 1], 6);
}

/* Cleaning to letters trims a line. At the end of a prompt the trimmed space matters, because it
 * says that a word is complete. Returns the id of the space, or RECUR_UNKNOWN where nothing was
 * trimmed. */
static int32_t trimmed_space(const recur_vocab *vocab, const char *prompt, size_t size)
{
    const recur_text_config *config = recur_vocab_text(vocab);
    bool trimmed =
        config->clean == RECUR_CLEAN_LETTERS && !recur_token_kind_of(config->tokens)->spaced;
    return trimmed && ends_in_space(prompt, size) ? recur_vocab_id(vocab, (recur_token){" ", 1})
                                                  : RECUR_UNKNOWN;
}

/* Feeds the prompt's `*count` ids, then the space that was trimmed; returns the logits of the next
 * token. */
static const float *feed_prompt(recur_stepper *stepper, recur_session *session,
                                const recur_vocab *vocab, const int32_t *ids, size_t *count,
                                int32_t space)
{
    if (*count == 0) /* starts with a line feed, or with "<unk>" where the vocabulary has none */
        return recur_stepper_feed(stepper, session, recur_vocab_id(vocab, (recur_token){"\n", 1}));
    const float *logits = NULL;
    for (size_t i = 0; i < *count; i++)
        logits = recur_stepper_feed(stepper, session, ids[i]);
    if (space != RECUR_UNKNOWN) {
        logits = recur_stepper_feed(stepper, session, space);
        ++*count;
    }
    return logits;
}

static enum recur_status check_vocabulary(const recur_model *model, recur_error *error)
{
    if (recur_model_vocab(model))
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_ARGUMENT,
                      "the model has no vocabulary, so it can neither read nor write text");
}

enum recur_status recur_generate_on(recur_stepper *stepper, const char *prompt, size_t prompt_size,
                                    size_t count, const recur_sampler_config *sampling,
                                    recur_text_fn *text, void *user, recur_generation *generation,
                                    recur_error *error)
{
    const recur_model *model = recur_stepper_model(stepper);
    const recur_vocab *vocab = recur_model_vocab(model);
    RECUR_TRY(check_vocabulary(model, error));
    recur_generation done = {0};
    recur_session *session = NULL;
    recur_sampler *sampler = NULL;
    int32_t *ids = NULL;
    enum recur_status status;
    RECUR_TRY_GOTO(recur_sampler_create(sampling, recur_vocab_size(vocab),
                                        recur_vocab_reserved(vocab), &sampler, error),
                   cleanup);
    RECUR_TRY_GOTO(recur_session_create(model, &session, error), cleanup);
    RECUR_TRY_GOTO(recur_vocab_encode(vocab, prompt, prompt_size, &ids, &done.prompt_tokens,
                                      &done.prompt_unknown, error),
                   cleanup);
    const struct recur_token_kind *kind = recur_token_kind_of(recur_vocab_text(vocab)->tokens);
    struct writer writer = {
        .text = text,
        .user = user,
        .kind = kind,
        .space_due = kind->spaced && prompt_size > 0 && !ends_in_space(prompt, prompt_size),
    };
    const float *logits = feed_prompt(stepper, session, vocab, ids, &done.prompt_tokens,
                                      trimmed_space(vocab, prompt, prompt_size));
    status =
        write_tokens(stepper, session, sampler, logits, vocab, count, &writer, &done.tokens, error);
    if (status == RECUR_STOP)
        status = RECUR_OK;
    if (status == RECUR_OK && generation)
        *generation = done;
cleanup:
    free(ids);
    recur_session_free(session);
    recur_sampler_free(sampler);
    return status;
}

enum recur_status recur_generate(const recur_model *model, const char *prompt, size_t prompt_size,
                                 size_t count, const recur_sampler_config *sampling,
                                 recur_text_fn *text, void *user, recur_generation *generation,
                                 recur_error *error)
{
    recur_stepper *stepper;
    RECUR_TRY(check_vocabulary(model, error));
    RECUR_TRY(recur_stepper_create(model, 1, 1, &stepper, error));
    enum recur_status status = recur_generate_on(stepper, prompt, prompt_size, count, sampling,
                                                 text, user, generation, error);
    recur_stepper_free(stepper);
    return status;
}
