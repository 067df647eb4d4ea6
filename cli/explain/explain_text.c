/* From a text to minibatches. */
#include <stdlib.h>
#include <string.h>

#include "explain/parts.h"
#include "recur/batches.h"

/* Receives the cleaned text of a line. */
static enum recur_status keep_cleaned(void *user, const recur_token *tokens, size_t count,
                                      recur_error *error)
{
    struct explain_line *line = user;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        if (line->cleaned_size + tokens[i].size > EXPLAIN_LINE || *tokens[i].bytes == '\n')
            break;
        memcpy(line->cleaned + line->cleaned_size, tokens[i].bytes, tokens[i].size);
        line->cleaned_size += tokens[i].size;
    }
    return RECUR_OK;
}

static enum recur_status keep_tokens(void *user, const recur_token *tokens, size_t count,
                                     recur_error *error)
{
    struct explain_line *line = user;
    (void)error;
    for (size_t i = 0; i < count && line->tokens < EXPLAIN_LINE; i++) {
        size_t used = line->tokens ? line->ends[line->tokens - 1] : 0;
        if (used + tokens[i].size > EXPLAIN_LINE)
            break;
        memcpy(line->bytes + used, tokens[i].bytes, tokens[i].size);
        line->ends[line->tokens++] = used + tokens[i].size;
    }
    return RECUR_OK;
}

/* The same of byte pairs. */
static enum recur_status keep_parts(const recur_vocab *vocab, const char *bytes, size_t size,
                                    struct explain_line *line, recur_error *error)
{
    int32_t *ids;
    size_t count;
    TRY(recur_vocab_encode(vocab, bytes, size, &ids, &count, NULL, error));
    for (size_t i = 0; i < count; i++) {
        recur_token token = recur_vocab_token(vocab, ids[i]);
        keep_tokens(line, &token, 1, error);
    }
    free(ids);
    return RECUR_OK;
}

/* Keeps the line of `size` bytes, its line feed among them. */
static enum recur_status keep_line(struct explain *explain, const char *bytes, size_t size,
                                   recur_error *error)
{
    struct explain_line *line = &explain->line[explain->lines];
    recur_text_config config = *explain->settings.corpus->text;
    bool bytewise = recur_tokens_as_they_stand(config.tokens);
    *line = (struct explain_line){.cut = size > EXPLAIN_LINE};
    if (line->cut)
        for (size = EXPLAIN_LINE; size > 1 && ((unsigned char)bytes[size] & 0xC0) == 0x80;)
            size--;
    if (recur_text_parts(&config))
        TRY(keep_parts(explain->vocab, bytes, size, line, error));
    else
        TRY(recur_text_read_memory(bytes, size, &config, keep_tokens, line, NULL, error));
    if (line->tokens > 1 && line->cut)
        line->tokens--; /* it may go on */
    if (!bytewise)
        config.tokens = RECUR_TOKENS_CHAR;
    TRY(recur_text_read_memory(bytes, size, &config, keep_cleaned, line, NULL, error));
    if (line->tokens == 0 || line->cleaned_size == 0)
        return RECUR_OK; /* nothing to see */
    line->text_size = size - (bytes[size - 1] == '\n');
    memcpy(line->text, bytes, line->text_size);
    for (size_t i = 0, at = 0; i < line->tokens; at = line->ends[i++])
        line->ids[i] =
            recur_vocab_id(explain->vocab, (recur_token){line->bytes + at, line->ends[i] - at});
    explain->lines++;
    return RECUR_OK;
}

static enum recur_status keep_lines(struct explain *explain, const char *bytes, size_t size,
                                    recur_error *error)
{
    for (size_t at = 0; at < size && explain->lines < EXPLAIN_LINES;) {
        const char *feed = memchr(bytes + at, '\n', size - at);
        size_t end = feed ? (size_t)(feed - bytes) + 1 : size;
        TRY(keep_line(explain, bytes + at, end - at, error));
        at = end;
    }
    return RECUR_OK;
}

static size_t between(size_t least, size_t number, size_t most)
{
    return number < least ? least : number > most ? most : number;
}

/* Chooses B and T where nobody did: a minibatch should have steps enough to see the gradient fade,
 * and a text two minibatches. */
static enum recur_status choose_sizes(struct explain *explain, recur_error *error)
{
    const recur_trainer_config *given = &explain->settings.trainer;
    size_t targets = recur_corpus_size(explain->corpus) - 1;
    bool spaced = recur_text_words(explain->settings.corpus->text);
    size_t most = spaced ? 5 : 8;
    if (targets == 0)
        return explain_fail(error, RECUR_ERROR_DATA,
                            "a text of 1 token has nothing to predict: at least 2 are needed");
    explain->B = given->batch ? given->batch : targets < 6 || targets < 2 * given->steps ? 1 : 2;
    explain->T = given->steps ? given->steps : between(4, targets / (2 * explain->B), most);
    if (!given->steps && explain->T * explain->B > targets)
        explain->T = between(1, targets / explain->B, explain->T);
    return RECUR_OK;
}

/* Reads the first minibatches of an epoch. Those of the text's positions say where in the text the
 * tokens stand, since minibatches are drawn from a text's length alone. */
static enum recur_status keep_minibatches(struct explain *explain, const recur_corpus *corpus,
                                          struct explain_batches *kept, int32_t *x, int32_t *y,
                                          recur_batches_config *config, recur_error *error)
{
    recur_batches *batches;
    TRY(recur_batches_create(corpus, config, &batches, error));
    kept->count = recur_batches_start(batches, 0);
    kept->kept = kept->count < EXPLAIN_MINIBATCHES ? kept->count : EXPLAIN_MINIBATCHES;
    for (size_t i = 0, at = 0; i < kept->kept; i++, at += explain->T * explain->B)
        recur_batches_next(batches, x + at, y + at);
    recur_batches_free(batches);
    return RECUR_OK;
}

static enum recur_status draw(struct explain *explain, const recur_corpus *positions,
                              recur_error *error)
{
    size_t size = EXPLAIN_MINIBATCHES * explain->T * explain->B;
    enum recur_status status = RECUR_OK;
    int32_t *after = NULL; /* positions of y, which nobody needs */
    TRY(explain_take(size, sizeof *after, &after, error));
    for (size_t i = 0; i < EXPLAIN_SAMPLINGS && status == RECUR_OK; i++) {
        struct explain_batches *kept = &explain->batches[i];
        recur_batches_config config = recur_batches_config_default();
        config.batch = explain->B;
        config.steps = explain->T;
        config.sampling = (enum recur_sampling)i;
        config.seed = explain->settings.trainer.seed;
        status = explain_take(size, sizeof *kept->x, &kept->x, error);
        if (status == RECUR_OK)
            status = explain_take(size, sizeof *kept->y, &kept->y, error);
        if (status == RECUR_OK)
            status = explain_take(size, sizeof *kept->position, &kept->position, error);
        if (status == RECUR_OK)
            status =
                keep_minibatches(explain, explain->corpus, kept, kept->x, kept->y, &config, error);
        if (status == RECUR_OK)
            status =
                keep_minibatches(explain, positions, kept, kept->position, after, &config, error);
    }
    free(after);
    return status;
}

static enum recur_status draw_minibatches(struct explain *explain, recur_error *error)
{
    size_t size = recur_corpus_size(explain->corpus);
    recur_corpus *positions = NULL;
    int32_t *ids = NULL;
    TRY(explain_take(size, sizeof *ids, &ids, error));
    for (size_t i = 0; i < size; i++)
        ids[i] = (int32_t)i;
    enum recur_status status = recur_corpus_from_ids(ids, size, size, &positions, error);
    if (status == RECUR_OK)
        status = draw(explain, positions, error);
    recur_corpus_free(positions);
    free(ids);
    return status;
}

enum recur_status explain_make_text(struct explain *explain, const char *bytes, size_t size,
                                    recur_error *error)
{
    explain->bytes = size;
    TRY(recur_corpus_build_memory(bytes, size, explain->settings.corpus, &explain->corpus,
                                  &explain->vocab, error));
    explain->stats = *recur_corpus_stats(explain->corpus);
    explain->V = recur_vocab_size(explain->vocab);
    TRY(keep_lines(explain, bytes, size, error));
    TRY(choose_sizes(explain, error));
    TRY(draw_minibatches(explain, error));
    const struct explain_batches *read = &explain->batches[explain->settings.trainer.sampling];
    explain->x = read->x;
    explain->y = read->y;
    return RECUR_OK;
}
