/* Text of tokens: the ids that a prompt is read as, and the text of tokens as they come. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/token_kind.h"
#include "infer/detokenizer.h"

struct recur_detokenizer {
    const recur_vocab *vocab;
    const struct recur_token_kind *kind;
    bool space_after; /* of the last token: where the next one says so too, a space parts them */
    bool space_held;  /* the first token begins with the space at the end of the text before */
    char pending[4];  /* the start of a character, where tokens may be parts of characters */
    size_t pending_size;
};

/* Who receives the text. */
struct receiver {
    recur_text_fn *text;
    void *user;
};

static enum recur_status write_text(const struct receiver *receiver, const char *bytes, size_t size,
                                    recur_error *error)
{
    recur_error own = {0};
    return recur_called_back(receiver->text(receiver->user, bytes, size, &own), &own, error);
}

/* Writes the complete characters of `pending`; at the `end`, all of it. */
static enum recur_status write_pending(recur_detokenizer *made, const struct receiver *receiver,
                                       bool end, recur_error *error)
{
    while (made->pending_size > 0) {
        const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)made->pending;
        size_t size = made->pending_size;
        if (!end && (int)size < utf8proc_utf8class[bytes[0]])
            return RECUR_OK;
        utf8proc_int32_t code;
        utf8proc_ssize_t length = utf8proc_iterate(bytes, (utf8proc_ssize_t)size, &code);
        if (length < 1)
            length = 1; /* a byte that is in no character is written alone */
        RECUR_TRY(write_text(receiver, made->pending, (size_t)length, error));
        made->pending_size -= (size_t)length;
        memmove(made->pending, made->pending + length, made->pending_size);
    }
    return RECUR_OK;
}

static enum recur_status write_bytes(recur_detokenizer *made, recur_token token,
                                     const struct receiver *receiver, recur_error *error)
{
    for (size_t i = 0; i < token.size; i++) {
        made->pending[made->pending_size++] = token.bytes[i];
        RECUR_TRY(write_pending(made, receiver, false, error));
    }
    return RECUR_OK;
}

static bool begins_with_space(recur_token token)
{
    return token.size > 0 && *token.bytes == ' ';
}

enum recur_status recur_detokenizer_write(recur_detokenizer *made, int32_t id, recur_text_fn *text,
                                          void *user, recur_error *error)
{
    const struct receiver receiver = {text, user};
    recur_token token = recur_vocab_token(made->vocab, id);
    if (made->space_held && begins_with_space(token))
        token = (recur_token){token.bytes + 1, token.size - 1};
    made->space_held = false;
    if (made->kind->parts_of_character)
        return write_bytes(made, token, &receiver, error);
    if (made->space_after && made->kind->space_before(token))
        RECUR_TRY(write_text(&receiver, " ", 1, error));
    made->space_after = made->kind->space_after && made->kind->space_after(token);
    token = recur_token_written(made->kind, token);
    return token.size ? write_text(&receiver, token.bytes, token.size, error) : RECUR_OK;
}

enum recur_status recur_detokenizer_finish(recur_detokenizer *made, recur_text_fn *text, void *user,
                                           recur_error *error)
{
    const struct receiver receiver = {text, user};
    return write_pending(made, &receiver, true, error);
}

/* What a function of the library returns where it was told to stop. */
static enum recur_status stopped(enum recur_status status)
{
    return status == RECUR_STOP ? RECUR_OK : status;
}

enum recur_status recur_detokenizer_put(recur_detokenizer *detokenizer, int32_t id,
                                        recur_text_fn *text, void *user, recur_error *error)
{
    return stopped(recur_detokenizer_write(detokenizer, id, text, user, error));
}

enum recur_status recur_detokenizer_end(recur_detokenizer *detokenizer, recur_text_fn *text,
                                        void *user, recur_error *error)
{
    return stopped(recur_detokenizer_finish(detokenizer, text, user, error));
}

static bool ends_in_space(const char *text, size_t size)
{
    return size > 0 && memchr(" \t\n\v\f\r", text[size - 1], 6);
}

/* Is the space at the text's end left for the token behind it? A byte pair has the space before a
 * word, so that in training a space alone comes before other spaces and line ends only. */
static bool holds_space(const recur_vocab *vocab, const char *text, size_t size)
{
    const recur_text_config *config = recur_vocab_text(vocab);
    bool ends = config->clean == RECUR_CLEAN_LETTERS ? ends_in_space(text, size)
                                                     : size > 0 && text[size - 1] == ' ';
    return ends && recur_token_kind_of(config)->parts &&
           recur_vocab_id(vocab, (recur_token){" ", 1}) != RECUR_UNKNOWN;
}

const float *recur_prompt_mask(const recur_vocab *vocab, const char *text, size_t size,
                               const float *logits, float *masked)
{
    if (!holds_space(vocab, text, size))
        return logits;
    for (size_t id = 0; id < recur_vocab_size(vocab); id++)
        masked[id] =
            begins_with_space(recur_vocab_token(vocab, (int32_t)id)) ? logits[id] : -INFINITY;
    return masked;
}

static enum recur_status keep_last(void *user, const recur_token *tokens, size_t count,
                                   recur_error *error)
{
    (void)error;
    struct recur_detokenizer *made = user;
    if (count)
        made->space_after = made->kind->space_after(tokens[count - 1]);
    return RECUR_OK;
}

/* Finds out what the end of the text before the tokens asks for. A line's tokens do not depend on
 * those before it. */
static enum recur_status read_end(recur_detokenizer *made, const char *before, size_t size,
                                  recur_error *error)
{
    if (!made->kind->space_after || size == 0 || ends_in_space(before, size))
        return RECUR_OK;
    made->space_after = made->kind->spaced;
    if (made->kind->spaced)
        return RECUR_OK;
    const char *line = before + size;
    while (line > before && line[-1] != '\n')
        line--;
    return recur_text_read_memory(line, (size_t)(before + size - line),
                                  recur_vocab_text(made->vocab), keep_last, made, NULL, error);
}

/* Cleaning to letters trims a line. At the end of a prompt the trimmed space matters, because it
 * says that a word is complete. Returns the id of the space, or RECUR_UNKNOWN where nothing was
 * trimmed. */
static int32_t trimmed_space(const recur_vocab *vocab, const char *prompt, size_t size)
{
    const recur_text_config *config = recur_vocab_text(vocab);
    bool trimmed = config->clean == RECUR_CLEAN_LETTERS && !recur_token_kind_of(config)->words;
    return trimmed && ends_in_space(prompt, size) ? recur_vocab_id(vocab, (recur_token){" ", 1})
                                                  : RECUR_UNKNOWN;
}

enum recur_status recur_detokenizer_create(const recur_vocab *vocab, const char *before,
                                           size_t size, recur_detokenizer **detokenizer,
                                           recur_error *error)
{
    recur_detokenizer *made;
    RECUR_TRY(recur_alloc(1, sizeof *made, "a detokenizer", &made, error));
    made->vocab = vocab;
    made->kind = recur_token_kind_of(recur_vocab_text(vocab));
    made->space_held = holds_space(vocab, before, size);
    enum recur_status status = read_end(made, before, size, error);
    if (status == RECUR_OK)
        *detokenizer = made;
    else
        free(made);
    return status;
}

void recur_detokenizer_free(recur_detokenizer *detokenizer)
{
    free(detokenizer);
}

/* The size of the text without the space at its end, if the next token implies it. */
static enum recur_status without_space(const recur_vocab *vocab, const char *text, size_t *size,
                                       recur_error *error)
{
    recur_detokenizer *end;
    if (*size == 0 || text[*size - 1] != ' ')
        return RECUR_OK;
    RECUR_TRY(recur_detokenizer_create(vocab, text, *size - 1, &end, error));
    *size -= end->space_after;
    recur_detokenizer_free(end);
    return RECUR_OK;
}

enum recur_status recur_prompt_encode(const recur_vocab *vocab, const char *text, size_t size,
                                      recur_prompt *prompt, recur_error *error)
{
    recur_prompt made = {0};
    int32_t *ids, *larger;
    bool held = holds_space(vocab, text, size);
    int32_t space = held ? RECUR_UNKNOWN : trimmed_space(vocab, text, size);
    size -= held;
    RECUR_TRY(without_space(vocab, text, &size, error));
    RECUR_TRY(recur_vocab_encode(vocab, text, size, &ids, &made.count, &made.unknown, error));
    enum recur_status status =
        recur_alloc(made.count + 1, sizeof *larger, "a prompt", &larger, error);
    if (status == RECUR_OK) {
        memcpy(larger, ids, made.count * sizeof *ids);
        if (made.count > 0 && space != RECUR_UNKNOWN)
            larger[made.count++] = space;
        made.tokens = made.count;
        if (made.count == 0) /* a line feed, or "<unk>" where the vocabulary has none */
            larger[made.count++] = recur_vocab_id(vocab, (recur_token){"\n", 1});
        made.ids = larger;
        *prompt = made;
    }
    free(ids);
    return status;
}

enum recur_status recur_check_writes(const recur_model *model, recur_error *error)
{
    if (recur_model_vocab(model))
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_ARGUMENT,
                      "the model has no vocabulary, so it can neither read nor write text");
}
