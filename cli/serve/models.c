#include "serve/models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/message.h"
#include "common/need.h"
#include "common/output.h"
#include "files/model_text.h"
#include "recur/machine.h"

/* A file's name without folder and ending. */
static char *name_of(const struct command *command, const char *path)
{
    static const char ending[] = ".safetensors";
    const char *slash = strrchr(path, '/');
    char *name = recur_need_text(command, slash ? slash + 1 : path, "a model's name");
    size_t size = strlen(name);
    if (size > sizeof ending - 1 && strcmp(name + size - (sizeof ending - 1), ending) == 0)
        name[size - (sizeof ending - 1)] = '\0';
    return name;
}

static int load(const struct command *command, const char *path, struct served_models *models)
{
    struct served_model *made = &models->model[models->count];
    struct stat about;
    int status = recur_load_model(command, path, NULL, "model", &made->model);
    if (status != 0)
        return status;
    made->name = name_of(command, path);
    made->path = path;
    made->vocab = recur_model_vocab(made->model);
    made->created = stat(path, &about) == 0 ? (uint64_t)about.st_mtime : 0;
    const recur_model_config *config = recur_model_get_config(made->model);
    made->vocabulary = config->vocabulary;
    made->continues = made->vocab && recur_task_serves(config->task, RECUR_USE_CONTINUE) &&
                      !config->bidirectional;
    bool taken = recur_models_find(models, made->name) != NULL;
    models->count++;
    if (taken)
        return recur_usage_error(command, "two models are called %s; clients choose by the name",
                                 recur_word(made->name).text);
    if (!made->vocab)
        recur_warning(command, "%s has no vocabulary, so it reads no text", recur_path(path).text);
    return 0;
}

static int choose_device(const struct command *command, const struct served_model *model,
                         const char *device)
{
    int status = recur_choose_device(command, model->model, model->name, device, 0);
    recur_device_use use = recur_model_device(model->model);
    if (status == 0 && use.device != RECUR_DEVICE_CPU)
        fprintf(stderr, "%s: %s (%s)\n", recur_word(model->name).text, use.info.name,
                recur_device_text(model->model).text);
    return status;
}

int recur_models_load(const struct command *command, const char *const *paths, size_t count,
                      const char *device, struct served_models *models)
{
    int status = 0;
    models->model = recur_need(command, count, sizeof *models->model, "the models");
    for (size_t i = 0; status == 0 && i < count; i++) {
        status = load(command, paths[i], models);
        if (status == 0)
            status = choose_device(command, &models->model[i], device);
    }
    return status;
}

bool recur_models_check(const struct served_models *models, recur_error *error)
{
    for (size_t i = 0; i < models->count; i++)
        if (recur_model_check_device(models->model[i].model, error) != RECUR_OK)
            return false;
    return true;
}

void recur_models_free(struct served_models *models)
{
    for (size_t i = 0; i < models->count; i++) {
        free(models->model[i].name);
        recur_model_free(models->model[i].model);
    }
    free(models->model);
}

const struct served_model *recur_models_find(const struct served_models *models, const char *name)
{
    for (size_t i = 0; i < models->count; i++)
        if (strcmp(models->model[i].name, name) == 0)
            return &models->model[i];
    return NULL;
}

bool recur_model_serves(const struct served_model *model, enum recur_use use)
{
    if (use == RECUR_USE_CONTINUE)
        return model->continues;
    return model->vocab && recur_task_serves(recur_model_get_config(model->model)->task, use);
}

static const struct served_model *unknown(const char *name, struct refusal *refusal)
{
    recur_refuse(refusal, 404, "model_not_found", "model", "no model is called \"%s\"",
                 recur_show(name, strlen(name), 60, NULL).text);
    return NULL;
}

const struct served_model *recur_models_for(const struct served_models *models, const char *name,
                                            enum recur_use use, struct refusal *refusal)
{
    static const char *const uses[] = {
        [RECUR_USE_CONTINUE] = "continues texts",
        [RECUR_USE_FILL] = "fills blanks",
        [RECUR_USE_LABEL_WORDS] = "labels words",
        [RECUR_USE_LABEL_TEXTS] = "labels texts",
    };
    if (name) {
        const struct served_model *found = recur_models_find(models, name);
        if (!found)
            return unknown(name, refusal);
        if (recur_model_serves(found, use))
            return found;
        recur_refuse(refusal, 422, "model_unfit", "model", "the model %s is none that %s",
                     found->name, uses[use]);
        return NULL;
    }
    for (size_t i = 0; i < models->count; i++)
        if (recur_model_serves(&models->model[i], use))
            return &models->model[i];
    recur_refuse(refusal, 404, "model_not_found", "model", "there is no model that %s", uses[use]);
    return NULL;
}

const struct served_model *recur_models_any(const struct served_models *models, const char *name,
                                            struct refusal *refusal)
{
    const struct served_model *found = name ? recur_models_find(models, name) : models->model;
    if (!found)
        return unknown(name ? name : "", refusal);
    if (found->vocab)
        return found;
    recur_refuse(refusal, 422, "model_unfit", "model", "the model %s has no vocabulary",
                 found->name);
    return NULL;
}

bool recur_models_check_ids(const struct served_model *model, const int32_t *ids, size_t count,
                            const char *param, struct refusal *refusal)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= model->vocabulary)
            return recur_refuse(refusal, 422, "invalid_value", param,
                                "\"%s\": there is no token %ld, the model %s has %zu", param,
                                (long)ids[i], model->name, model->vocabulary);
    return true;
}

bool recur_refuse_error(struct refusal *refusal, const recur_error *error)
{
    switch (error->status) {
    case RECUR_ERROR_MEMORY:
        return recur_refuse(refusal, 503, "out_of_memory", NULL, "%s", error->message);
    case RECUR_ERROR_ARGUMENT:
    case RECUR_ERROR_DATA:
    case RECUR_ERROR_FORMAT:
    case RECUR_ERROR_UNSUPPORTED:
        return recur_refuse(refusal, 422, "invalid_value", NULL, "%s", error->message);
    case RECUR_ERROR_DEVICE:
        return recur_refuse(refusal, 500, DEVICE_FAILED, NULL, "%s", error->message);
    default: return recur_refuse(refusal, 500, "failed", NULL, "%s", error->message);
    }
}
