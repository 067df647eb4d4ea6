/* The models that are served. */
#ifndef RECUR_CLI_SERVE_MODELS_H
#define RECUR_CLI_SERVE_MODELS_H

#include "common/command.h"
#include "recur/model.h"
#include "serve/request.h"

struct served_model {
    char *name; /* of its file, without folder and ending */
    const char *path;
    recur_model *model;
    recur_vocab *vocab; /* NULL: it has none, and reads no text */
    size_t vocabulary;  /* V */
    bool continues;     /* a text: /v1/completions */
    uint64_t created;   /* when its file was changed, seconds since 1970 */
};

struct served_models {
    struct served_model *model; /* allocated */
    size_t count;
};

/* Loads the files and chooses what computes, the value of --device. Prints what is wrong, and which
 * models a GPU computes. Returns 0 or the exit status. */
int recur_models_load(const struct command *command, const char *const *paths, size_t count,
                      const char *device, struct served_models *models);
void recur_models_free(struct served_models *models);

/* Do the GPUs of all models work? If not, fills in what one failed with; a process does not get it
 * back. */
bool recur_models_check(const struct served_models *models, recur_error *error);

bool recur_model_serves(const struct served_model *model, enum recur_use use);

/* The model of that name; NULL: none. */
const struct served_model *recur_models_find(const struct served_models *models, const char *name);

/* The model that a request names, or, where it names none, the first for that use. NULL where there
 * is none, or it is for another use. */
const struct served_model *recur_models_for(const struct served_models *models, const char *name,
                                            enum recur_use use, struct refusal *refusal);

/* The same for requests that any model with a vocabulary answers. */
const struct served_model *recur_models_any(const struct served_models *models, const char *name,
                                            struct refusal *refusal);

/* Refuses ids that are no tokens of the model. */
bool recur_models_check_ids(const struct served_model *model, const int32_t *ids, size_t count,
                            const char *param, struct refusal *refusal);

/* Refuses what the library refused; with the status that its error means. */
bool recur_refuse_error(struct refusal *refusal, const recur_error *error);

#endif
