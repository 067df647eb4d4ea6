#include "nn/origin.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "nn/model_object.h"

const recur_origin *recur_model_origin(const recur_model *model)
{
    const recur_origin *shown = &model->origin.shown;
    bool known = shown->settings || shown->text || shown->command || shown->ancestor_count;
    return known ? shown : NULL;
}

void recur_model_note_training(recur_model *model, const recur_trainer_config *settings,
                               uint64_t kept_epoch, uint64_t train_tokens, uint64_t valid_tokens)
{
    struct recur_origin_object *origin = &model->origin;
    origin->shown.kept_epoch = kept_epoch;
    origin->shown.train_tokens = train_tokens;
    origin->shown.valid_tokens = valid_tokens;
    origin->shown.settings = settings ? &origin->settings : NULL;
    if (settings) {
        origin->settings = *settings;
        origin->settings.ranks = NULL; /* it may end before the model */
    }
}

static enum recur_status copy(const char *text, const char *what, char **out, recur_error *error)
{
    size_t size = text ? strlen(text) : 0;
    if (!text)
        return RECUR_OK;
    if (!recur_utf8_valid(text, size))
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "%s must be UTF-8, this one is not", what);
    RECUR_TRY(recur_alloc(size + 1, 1, what, out, error));
    memcpy(*out, text, size + 1);
    return RECUR_OK;
}

enum recur_status recur_model_set_origin(recur_model *model, const char *text, const char *command,
                                         recur_error *error)
{
    struct recur_origin_object *origin = &model->origin;
    char *name = NULL, *line = NULL;
    enum recur_status status = copy(text, "the name of a text", &name, error);
    if (status == RECUR_OK)
        status = copy(command, "a command", &line, error);
    if (status != RECUR_OK) {
        free(name);
        return status;
    }
    free(origin->text);
    free(origin->command);
    origin->shown.text = origin->text = name;
    origin->shown.command = origin->command = line;
    return RECUR_OK;
}

enum recur_status recur_model_add_ancestor(recur_model *model, const recur_ancestor *ancestor,
                                           recur_error *error)
{
    struct recur_origin_object *origin = &model->origin;
    char *name = NULL, *line = NULL;
    enum recur_status status;
    RECUR_TRY_GOTO(copy(ancestor->text, "the name of a text", &name, error), failed);
    RECUR_TRY_GOTO(copy(ancestor->command, "a command", &line, error), failed);
    RECUR_TRY_GOTO(recur_grow(&origin->ancestor, &origin->room, origin->ancestors + 1,
                              sizeof *origin->ancestor, "the ancestors", error),
                   failed);
    origin->ancestor[origin->ancestors++] = (recur_ancestor){name, line, ancestor->train_tokens};
    origin->shown.ancestors = origin->ancestor;
    origin->shown.ancestor_count = origin->ancestors;
    return RECUR_OK;
failed:
    free(name);
    free(line);
    return status;
}

enum recur_status recur_model_add_ancestors(recur_model *model, const recur_model *from,
                                            recur_error *error)
{
    const recur_origin *origin = &from->origin.shown;
    const recur_ancestor parent = {origin->text, origin->command, origin->train_tokens};
    RECUR_TRY(recur_model_add_ancestor(model, &parent, error));
    for (size_t i = 0; i < origin->ancestor_count; i++)
        RECUR_TRY(recur_model_add_ancestor(model, &origin->ancestors[i], error));
    return RECUR_OK;
}

void recur_origin_release(struct recur_origin_object *origin)
{
    free(origin->text);
    free(origin->command);
    for (size_t i = 0; i < origin->ancestors; i++) {
        free((void *)origin->ancestor[i].text);
        free((void *)origin->ancestor[i].command);
    }
    free(origin->ancestor);
}
