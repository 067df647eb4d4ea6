/* A new model goes on from another one's parameters. Tensors are matched by their names, and the
 * rows and columns that belong to tokens, labels or characters by these. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/model_object.h"
#include "nn/origin.h"

/* What the axes of tensors stand for. */
enum meaning { NUMBERS, TOKENS, LABELS, CHARACTERS, MEANINGS };

struct heir {
    recur_model *model;
    const recur_model *from;
    /* Where the numbers of an axis are in the other model: number i of the axis is number place[i]
     * there, or nowhere where that is -1. NULL where a model has no such axis, and of NUMBERS,
     * which stand where they stood. */
    int32_t *place[MEANINGS];
    real *to, *old; /* a tensor of either, row-major */
};

/* Of labels entry 0 is none of the axis. */
static enum recur_status find_places(int32_t **place, const recur_vocab *vocab,
                                     const recur_vocab *from, size_t first, recur_error *error)
{
    if (!vocab || !from)
        return RECUR_OK;
    size_t count = recur_vocab_size(vocab) - first;
    RECUR_TRY(recur_alloc(count, sizeof **place, "a model", place, error));
    for (size_t i = 0; i < count; i++) {
        int32_t id = (int32_t)(i + first), old = recur_vocab_id(from, recur_vocab_token(vocab, id));
        bool found = old != RECUR_UNKNOWN || id == RECUR_UNKNOWN;
        (*place)[i] = found ? old - (int32_t)first : -1;
    }
    return RECUR_OK;
}

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* What rows and columns of a tensor stand for. */
static void read_axes(const recur_model *model, const struct recur_param *param,
                      enum meaning meaning[2])
{
    const recur_model_config *config = &model->config;
    const char *name = param->name;
    meaning[0] = meaning[1] = NUMBERS;
    if (begins(name, "crf.")) {
        meaning[0] = LABELS;
        meaning[1] = param->rank == 2 ? LABELS : NUMBERS;
    } else if (begins(name, "linear.")) {
        meaning[0] = config->labels ? LABELS : config->inputs ? NUMBERS : TOKENS;
    } else if (begins(name, "chars.embedding.")) {
        meaning[0] = CHARACTERS;
    } else if (begins(name, "embedding.")) {
        meaning[0] = TOKENS;
    } else if (begins(name, "rnn.weight_ih_l0") && !config->embedding && !model->network.inputs) {
        meaning[1] = TOKENS;
    }
}

static const struct recur_param *find(const recur_model *model, const char *name)
{
    for (size_t i = 0; i < model->network.params.count; i++)
        if (strcmp(model->network.params.entry[i].name, name) == 0)
            return &model->network.params.entry[i];
    return NULL;
}

/* Can they be found in the other model? */
static bool is_found(const struct heir *heir, enum meaning meaning)
{
    return meaning == NUMBERS || heir->place[meaning];
}

/* Do both tensors mean the same, so that numbers can be copied? What both read of words may differ
 * in the columns behind the embedding. */
static bool agree(const struct heir *heir, const struct recur_param *to,
                  const struct recur_param *old)
{
    enum meaning now[2], then[2];
    read_axes(heir->model, to, now);
    read_axes(heir->from, old, then);
    bool reads = begins(to->name, "rnn.weight_ih_l0");
    return now[0] == then[0] && now[1] == then[1] && is_found(heir, now[0]) &&
           is_found(heir, now[1]) && (now[0] != NUMBERS || to->rows == old->rows) &&
           (now[1] != NUMBERS || reads || to->columns == old->columns);
}

static int32_t place_of(const struct heir *heir, enum meaning meaning, size_t index, size_t end)
{
    if (meaning == NUMBERS)
        return index < end ? (int32_t)index : -1;
    return heir->place[meaning][index];
}

/* The columns of the first layer's input weights that mean the same in both models: of a word's
 * numbers, unless both have the same, those of the embedding. */
static size_t common_columns(const struct heir *heir, const struct recur_param *to,
                             const struct recur_param *old)
{
    if (to->columns == old->columns || !begins(to->name, "rnn.weight_ih_l0"))
        return old->columns;
    return heir->from->config.embedding;
}

/* Copies what both tensors have; returns how many numbers. */
static size_t copy(const struct heir *heir, size_t index, const struct recur_param *old)
{
    const struct recur_param *to = &heir->model->network.params.entry[index];
    enum meaning meaning[2];
    size_t columns = common_columns(heir, to, old), copied = 0;
    read_axes(heir->model, to, meaning);
    recur_model_get_tensor(heir->model, index, heir->to);
    recur_param_unpack(old, heir->from->parameters, heir->old);
    for (size_t r = 0; r < to->rows; r++) {
        int32_t row = place_of(heir, meaning[0], r, old->rows);
        for (size_t c = 0; c < to->columns && row >= 0; c++) {
            int32_t column = place_of(heir, meaning[1], c, columns);
            if (column < 0)
                continue;
            heir->to[r * to->columns + c] = heir->old[(size_t)row * old->columns + (size_t)column];
            copied++;
        }
    }
    recur_model_set_tensor(heir->model, index, heir->to);
    return copied;
}

static bool is_stack(const char *name)
{
    return begins(name, "rnn.") || begins(name, "embedding.");
}

/* The layers, and the embedding below them, must be the same. */
static enum recur_status check(const struct heir *heir, recur_error *error)
{
    const recur_model_config *now = &heir->model->config, *then = &heir->from->config;
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    RECUR_TRY(recur_model_check_trains(heir->from, error));
    if (now->cell != then->cell ||
        (now->cell == RECUR_CELL_RNN && now->activation != then->activation))
        return recur_fail(error, bad, "a model of the cell %s cannot go on from one of the cell %s",
                          recur_cell_name(now->cell), recur_cell_name(then->cell));
    if (!now->inputs && (!heir->model->vocab || !heir->from->vocab))
        return recur_fail(error, bad,
                          "%s has no vocabulary, by which the tokens of two models are compared",
                          heir->from->vocab ? "the model" : "the model to go on from");
    if (now->layers != then->layers)
        return recur_fail(error, bad, "a model of %zu layer%s cannot go on from one of %zu",
                          now->layers, recur_plural(now->layers), then->layers);
    if (!now->inputs && (now->embedding || heir->model->network.inputs) && !then->embedding &&
        !heir->from->network.inputs)
        return recur_fail(error, bad,
                          "a model that reads %s through an embedding cannot go on from one "
                          "without: train that one with an embedding (--embed N)",
                          recur_task_serves(now->task, RECUR_USE_LABEL_WORDS) ? "words to tag"
                                                                              : "tokens");
    for (size_t i = 0; i < heir->from->network.params.count; i++) {
        const struct recur_param *old = &heir->from->network.params.entry[i];
        const struct recur_param *to = find(heir->model, old->name);
        if (is_stack(old->name) && (!to || !agree(heir, to, old)))
            return recur_fail(error, bad, "the model cannot go on from the other one: its %s %s",
                              old->name,
                              to ? "has another shape or reads something else" : "is missing");
    }
    return RECUR_OK;
}

/* Room for the largest tensor of each model. */
static enum recur_status make_room(struct heir *heir, recur_error *error)
{
    const recur_model *model[2] = {heir->model, heir->from};
    size_t most[2] = {0, 0};
    for (size_t m = 0; m < 2; m++)
        for (size_t i = 0; i < model[m]->network.params.count; i++) {
            const struct recur_param *param = &model[m]->network.params.entry[i];
            size_t count = param->rows * param->columns;
            most[m] = count > most[m] ? count : most[m];
        }
    RECUR_TRY(recur_alloc(most[0], sizeof *heir->to, "a tensor", &heir->to, error));
    return recur_alloc(most[1], sizeof *heir->old, "a tensor", &heir->old, error);
}

static enum recur_status inherit(struct heir *heir, size_t *copied, recur_error *error)
{
    recur_model *model = heir->model;
    const recur_model *from = heir->from;
    RECUR_TRY(find_places(&heir->place[TOKENS], model->vocab, from->vocab, 0, error));
    RECUR_TRY(find_places(&heir->place[LABELS], model->labels, from->labels, 1, error));
    RECUR_TRY(find_places(&heir->place[CHARACTERS], model->characters, from->characters, 0, error));
    RECUR_TRY(check(heir, error));
    RECUR_TRY(make_room(heir, error));
    recur_model_sync_all(from);
    RECUR_TRY(recur_model_add_ancestors(model, from, error));
    *copied = 0;
    for (size_t i = 0; i < model->network.params.count; i++) {
        const struct recur_param *to = &model->network.params.entry[i];
        const struct recur_param *old = find(from, to->name);
        if (old && agree(heir, to, old))
            *copied += copy(heir, i, old);
    }
    return RECUR_OK;
}

enum recur_status recur_model_inherit(recur_model *model, const recur_model *from,
                                      size_t *inherited, recur_error *error)
{
    struct heir heir = {.model = model, .from = from};
    size_t copied;
    enum recur_status status = inherit(&heir, &copied, error);
    if (status == RECUR_OK && inherited)
        *inherited = copied;
    for (size_t i = 0; i < MEANINGS; i++)
        free(heir.place[i]);
    free(heir.to);
    free(heir.old);
    return status;
}
