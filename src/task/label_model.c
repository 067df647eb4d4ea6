/* Makes the vocabularies of a model from labelled data. */
#include <stdlib.h>

#include "base/config.h"
#include "base/memory.h"
#include "nn/model_object.h"
#include "recur/labels.h"
#include "task/task.h"

/* The tokens that a vocabulary is being made from. */
struct gathering {
    recur_token *token;
    size_t count, capacity;
};

static enum recur_status gather(struct gathering *g, recur_token token, recur_error *error)
{
    RECUR_TRY(recur_grow(&g->token, &g->capacity, recur_size_add(g->count, 1), sizeof *g->token,
                         "a vocabulary", error));
    g->token[g->count++] = token;
    return RECUR_OK;
}

static enum recur_status gather_words(struct gathering *g, const recur_labels *data,
                                      recur_error *error)
{
    for (size_t i = 0; i < recur_labels_count(data); i++)
        for (size_t t = 0; t < recur_labels_length(data, i); t++)
            RECUR_TRY(
                gather(g, recur_labels_lower(data, recur_labels_sequence(data, i)[t]), error));
    return RECUR_OK;
}

static enum recur_status gather_labels(struct gathering *g, const recur_labels *data,
                                       recur_error *error)
{
    bool words = recur_task_of(recur_labels_task(data))->each_word;
    for (size_t i = 0; i < recur_labels_count(data); i++)
        for (size_t t = 0; t < (words ? recur_labels_length(data, i) : 1); t++) {
            recur_token label = recur_labels_label(data, i, t);
            if (label.size)
                RECUR_TRY(gather(g, label, error));
        }
    if (!g->count)
        return recur_fail(error, RECUR_ERROR_DATA, "there is not one label to learn from");
    return RECUR_OK;
}

/* Gathers every character of every word, as often as the word occurs. */
static enum recur_status gather_characters(struct gathering *g, const recur_labels *data,
                                           recur_error *error)
{
    for (size_t i = 0; i < recur_labels_count(data); i++)
        for (size_t t = 0; t < recur_labels_length(data, i); t++) {
            recur_token form = recur_labels_form(data, recur_labels_sequence(data, i)[t]);
            for (size_t at = 0, end; at < form.size; at = end) {
                for (end = at + 1; end < form.size && (form.bytes[end] & 0xc0) == 0x80;)
                    end++;
                RECUR_TRY(gather(g, (recur_token){form.bytes + at, end - at}, error));
            }
        }
    return RECUR_OK;
}

typedef enum recur_status gather_fn(struct gathering *g, const recur_labels *data,
                                    recur_error *error);

static enum recur_status build(gather_fn *gather_all, const recur_labels *data,
                               const recur_text_config *text, const recur_vocab_config *config,
                               recur_vocab **vocab, recur_error *error)
{
    struct gathering g = {0};
    enum recur_status status = gather_all(&g, data, error);
    if (status == RECUR_OK)
        status = recur_vocab_build(g.token, g.count, text, config, vocab, error);
    free(g.token);
    return status;
}

static enum recur_status build_all(const recur_labels *data, const recur_vocab_config *vocab,
                                   bool characters, struct recur_model_vocabs *vocabs,
                                   recur_error *error)
{
    recur_text_config words = recur_text_config_default();
    recur_text_config single = recur_text_config_default();
    words.tokens = RECUR_TOKENS_WORD;
    RECUR_TRY(build(gather_words, data, recur_labels_text(data), vocab, &vocabs->tokens, error));
    RECUR_TRY(build(gather_labels, data, &words, NULL, &vocabs->labels, error));
    if (!characters)
        return RECUR_OK;
    return build(gather_characters, data, &single, NULL, &vocabs->characters, error);
}

enum recur_status recur_model_create_labels(const recur_model_config *given,
                                            const recur_labels *data,
                                            const recur_vocab_config *vocab, recur_model **model,
                                            recur_error *error)
{
    recur_model_config config = recur_model_config_default();
    struct recur_model_vocabs vocabs = {0};
    RECUR_TRY(recur_config_take(&config, given, "recur_model_config", error));
    const recur_labels_config *read = recur_labels_get_config(data);
    config.task = read->task;
    config.word_column = read->word_column;
    config.label_column = read->label_column;
    bool characters = recur_task_of(config.task)->each_word && config.character_hidden > 0;
    enum recur_status status = build_all(data, vocab, characters, &vocabs, error);
    if (status == RECUR_OK)
        status = recur_model_create_vocabs(&config, &vocabs, model, error);
    recur_vocab_free(vocabs.tokens);
    recur_vocab_free(vocabs.labels);
    recur_vocab_free(vocabs.characters);
    return status;
}
