#include "recur/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/memory.h"
#include "base/names.h"
#include "data/text_input.h"
#include "data/text_stream.h"
#include "data/token_kind.h"

/* Joins the stream's chunks to lines. */
struct assembly {
    recur_line_fn *line;
    void *user;
    char *bytes; /* the bytes of the chunks so far, one after the other */
    size_t size, capacity;
    recur_token *tokens;
    size_t count, tokens_capacity;
};

static enum recur_status hand_over(const struct assembly *assembly, const recur_token *tokens,
                                   size_t count, recur_error *error)
{
    recur_error own = {0};
    return recur_called_back(assembly->line(assembly->user, tokens, count, &own), &own, error);
}

static enum recur_status keep_chunk(struct assembly *assembly, const recur_token *tokens,
                                    size_t count, recur_error *error)
{
    size_t size = assembly->size;
    for (size_t i = 0; i < count; i++)
        size = recur_size_add(size, tokens[i].size);
    RECUR_TRY(recur_grow(&assembly->bytes, &assembly->capacity, size, 1, "a line of text", error));
    RECUR_TRY(recur_grow(&assembly->tokens, &assembly->tokens_capacity, assembly->count + count,
                         sizeof *assembly->tokens, "a line's tokens", error));
    for (size_t i = 0; i < count; i++) {
        memcpy(assembly->bytes + assembly->size, tokens[i].bytes, tokens[i].size);
        assembly->size += tokens[i].size;
        assembly->tokens[assembly->count++].size = tokens[i].size;
    }
    return RECUR_OK;
}

static enum recur_status assemble(void *user, const recur_token *tokens, size_t count,
                                  bool line_end, recur_error *error)
{
    struct assembly *assembly = user;
    if (line_end && !assembly->count)
        return hand_over(assembly, tokens, count, error);
    RECUR_TRY(keep_chunk(assembly, tokens, count, error));
    if (!line_end)
        return RECUR_OK;
    const char *bytes = assembly->bytes;
    for (size_t i = 0; i < assembly->count; i++) {
        assembly->tokens[i].bytes = bytes;
        bytes += assembly->tokens[i].size;
    }
    count = assembly->count;
    assembly->size = assembly->count = 0;
    return hand_over(assembly, assembly->tokens, count, error);
}

enum recur_status recur_text_lines(const struct recur_raw_text *raw_text,
                                   const recur_text_config *config, recur_line_fn *line, void *user,
                                   recur_text_stats *stats, recur_error *error)
{
    struct assembly assembly = {.line = line, .user = user};
    recur_text_stats met = {0};
    enum recur_status status =
        recur_text_stream(raw_text, config, true, assemble, &assembly, &met, error);
    free(assembly.bytes);
    free(assembly.tokens);
    if (status == RECUR_STOP)
        status = RECUR_OK;
    if (status == RECUR_OK && stats)
        *stats = met;
    return status;
}

enum recur_status recur_text_read(const char *path, const recur_text_config *config,
                                  recur_line_fn *line, void *user, recur_text_stats *stats,
                                  recur_error *error)
{
    return recur_text_lines(&(struct recur_raw_text){.path = path}, config, line, user, stats,
                            error);
}

enum recur_status recur_text_read_memory(const char *bytes, size_t size,
                                         const recur_text_config *config, recur_line_fn *line,
                                         void *user, recur_text_stats *stats, recur_error *error)
{
    return recur_text_lines(&(struct recur_raw_text){.bytes = bytes, .size = size}, config, line,
                            user, stats, error);
}

enum recur_status recur_text_load(const char *path, const recur_text_config *config, char **bytes,
                                  size_t *size, recur_text_stats *stats, recur_error *error)
{
    recur_text_config taken;
    recur_text_stats met = {0};
    RECUR_TRY(recur_text_take_config(config, &taken, error));
    bool as_it_stands = recur_token_kind_of(&taken)->as_it_stands;
    RECUR_TRY(recur_text_input_whole(path, taken.encoding, as_it_stands, bytes, size, &met.invalid,
                                     error));
    met.bytes = *size;
    if (!as_it_stands && recur_text_is_marked(*bytes, *size)) {
        size_t mark = 3;
        *size -= mark;
        memmove(*bytes, *bytes + mark, *size + 1); /* the final zero too */
    }
    if (stats)
        *stats = met;
    return RECUR_OK;
}

RECUR_NAMED_ENUM(clean, "kind of cleaning", "none", "letters")

enum recur_status recur_text_take_config(const recur_text_config *config, recur_text_config *taken,
                                         recur_error *error)
{
    *taken = recur_text_config_default();
    RECUR_TRY(recur_config_take(taken, config, "recur_text_config", error));
    RECUR_TRY(recur_tokens_check(taken->tokens, error));
    RECUR_TRY(recur_clean_check(taken->clean, error));
    RECUR_TRY(recur_word_rule_check(taken->word_rule, error));
    return recur_text_check_encoding(taken->encoding, recur_token_kind_of(taken)->as_it_stands,
                                     error);
}
