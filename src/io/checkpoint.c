/* Writes runs to files and reads them. The file is a model's file that has more: tensors of the
 * training beside the parameters, settings and progress beside the configuration. */
#include "recur/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "io/fields_json.h"
#include "io/model_file.h"
#include "recur/machine.h"

struct recur_checkpoint {
    char *path; /* for sentences */
    struct recur_safetensors file;
    recur_trainer_config config;
    recur_trainer_state state;
};

RECUR_CONFIG(resume, ranks, .vocab = NULL)

/* What a run goes on with, a text or labelled texts, and what differs between these two. */
struct data {
    const recur_corpus *corpus;
    const recur_labels *train, *valid;
    /* Is this the data that the run began with? The model is the run's. Errors: DATA. */
    enum recur_status (*check)(const struct data *data, const recur_trainer_state *state,
                               const recur_model *model, recur_error *error);
    enum recur_status (*create)(const struct data *data, recur_model *model,
                                const recur_trainer_config *config, recur_trainer **trainer,
                                recur_error *error);
};

/* Adds the metadata that only a checkpoint has. */
static enum recur_status add_metadata(recur_trainer *trainer, const char *note, const char *path,
                                      const recur_trainer_state *state,
                                      struct recur_new_metadata *metadata, recur_error *error)
{
    if (!recur_utf8_valid(note, strlen(note)))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the note of a checkpoint must be UTF-8, this one is not");
    recur_metadata_add_words(metadata, RECUR_KEY_NOTE, note);
    recur_trainer_config_to_json(recur_trainer_get_config(trainer),
                                 recur_metadata_add(metadata, RECUR_KEY_TRAINING));
    recur_trainer_state_to_json(state, recur_metadata_add(metadata, RECUR_KEY_PROGRESS));
    return recur_metadata_finish(metadata, path, error);
}

enum recur_status recur_checkpoint_save(recur_trainer *trainer, const char *note, const char *path,
                                        recur_error *error)
{
    const recur_model *model = recur_trainer_model(trainer);
    const recur_ranks *ranks = recur_trainer_get_config(trainer)->ranks;
    struct recur_new_metadata metadata;
    recur_trainer_state state;
    RECUR_TRY(recur_trainer_get_state(trainer, &state, error)); /* by all ranks */
    if (ranks && ranks->rank > 0)
        return RECUR_OK;
    enum recur_status status =
        recur_model_metadata(model, RECUR_HOLDER_CHECKPOINT, path, &metadata, error);
    if (status == RECUR_OK)
        status = add_metadata(trainer, note, path, &state, &metadata, error);
    if (status == RECUR_OK)
        status = recur_model_write(model, trainer, &metadata.view, path, error);
    recur_metadata_release(&metadata);
    return status;
}

static enum recur_status read_metadata(recur_checkpoint *checkpoint, recur_error *error)
{
    const struct recur_metadata *metadata = &checkpoint->file.metadata;
    recur_json *json = NULL;
    if (!recur_metadata_find(metadata, RECUR_KEY_TRAINING))
        return recur_fail(
            error, RECUR_ERROR_FORMAT,
            "not a checkpoint: there is no run in it to resume, as it has no " RECUR_KEY_TRAINING);
    if (!recur_metadata_find(metadata, RECUR_KEY_NOTE))
        return recur_fail(error, RECUR_ERROR_FORMAT, RECUR_KEY_NOTE " is missing");
    RECUR_TRY(recur_metadata_get(metadata, RECUR_KEY_TRAINING, false, &json, error));
    enum recur_status status =
        recur_trainer_config_from_json(json, RECUR_KEY_TRAINING, &checkpoint->config, error);
    free(json);
    if (status == RECUR_OK)
        status = recur_metadata_get(metadata, RECUR_KEY_PROGRESS, false, &json, error);
    if (status == RECUR_OK) {
        status = recur_trainer_state_from_json(json, RECUR_KEY_PROGRESS, &checkpoint->state, error);
        free(json);
    }
    return status;
}

/* Puts the file's name before the sentence, because the file is to blame. */
static enum recur_status blame(const recur_checkpoint *checkpoint, enum recur_status status,
                               recur_error *error)
{
    return recur_blame_path(recur_blame_file(status, NULL, error), checkpoint->path, error);
}

enum recur_status recur_checkpoint_load(const char *path, recur_checkpoint **out,
                                        recur_error *error)
{
    const char *isa;
    RECUR_TRY(recur_machine_isa(&isa, error)); /* an error from here on is the file's fault */
    recur_checkpoint *checkpoint;
    size_t size = strlen(path) + 1;
    RECUR_TRY(recur_alloc(1, sizeof *checkpoint, "a checkpoint", &checkpoint, error));
    enum recur_status status = recur_alloc(size, 1, "a file name", &checkpoint->path, error);
    if (status == RECUR_OK) {
        memcpy(checkpoint->path, path, size);
        status = recur_safetensors_load(path, &checkpoint->file, error);
    }
    if (status == RECUR_OK)
        status = blame(checkpoint, read_metadata(checkpoint, error), error);
    if (status == RECUR_OK)
        *out = checkpoint;
    else
        recur_checkpoint_free(checkpoint);
    return status;
}

void recur_checkpoint_free(recur_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    recur_safetensors_free(&checkpoint->file);
    free(checkpoint->path);
    free(checkpoint);
}

const char *recur_checkpoint_note(const recur_checkpoint *checkpoint)
{
    return recur_metadata_find(&checkpoint->file.metadata, RECUR_KEY_NOTE);
}

const recur_trainer_config *recur_checkpoint_config(const recur_checkpoint *checkpoint)
{
    return &checkpoint->config;
}

const recur_trainer_state *recur_checkpoint_state(const recur_checkpoint *checkpoint)
{
    return &checkpoint->state;
}

/* A recur_tensor_fn. Tensors that do not belong to the model are checked later. */
static enum recur_status take_parameter(void *user, const recur_tensor_info *info, float *values,
                                        recur_error *error)
{
    return info ? recur_take_tensor(user, info, values, error) : RECUR_OK;
}

enum recur_status recur_checkpoint_model(recur_checkpoint *checkpoint, recur_model **model,
                                         recur_error *error)
{
    enum recur_status status = recur_model_read(&checkpoint->file.metadata, take_parameter,
                                                &checkpoint->file, model, error);
    return blame(checkpoint, status, error);
}

static enum recur_status check_epochs(const recur_checkpoint *checkpoint, size_t epochs,
                                      recur_error *error)
{
    const recur_trainer_state *state = &checkpoint->state;
    uint64_t begun = state->epochs + (state->minibatch > 0);
    if (!epochs || epochs == checkpoint->config.epochs)
        return RECUR_OK;
    if (checkpoint->config.updates)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the run is to have %zu minibatches, which are not a number of epochs",
                          checkpoint->config.updates);
    if (recur_schedule_planned(checkpoint->config.schedule))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the %s schedule of this run is laid out for %zu epoch%s, which cannot "
                          "become %zu",
                          recur_schedule_name(checkpoint->config.schedule),
                          checkpoint->config.epochs, recur_plural(checkpoint->config.epochs),
                          epochs);
    if (epochs < begun)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the run is in epoch %llu already, it cannot end with epoch %zu",
                          (unsigned long long)begun, epochs);
    return RECUR_OK;
}

/* Does the model know each token of the corpus's vocabulary by the same id? */
static enum recur_status check_vocab(const recur_model *model, const recur_vocab *vocab,
                                     recur_error *error)
{
    const recur_vocab *own = recur_model_vocab(model);
    if (!own || !vocab)
        return RECUR_OK;
    if (recur_vocab_size(vocab) != recur_vocab_size(own))
        return recur_fail(
            error, RECUR_ERROR_DATA,
            "the text's vocabulary is not the one that the run began with: it has %zu "
            "token%s, expected %zu",
            recur_vocab_size(vocab), recur_plural(recur_vocab_size(vocab)), recur_vocab_size(own));
    for (size_t id = 0; id < recur_vocab_size(own); id++) {
        recur_token got = recur_vocab_token(vocab, (int32_t)id);
        recur_token wanted = recur_vocab_token(own, (int32_t)id);
        if (got.size != wanted.size || memcmp(got.bytes, wanted.bytes, got.size) != 0)
            return recur_fail(error, RECUR_ERROR_DATA,
                              "the text's vocabulary is not the one that the run began with: it "
                              "has another token %zu",
                              id);
    }
    return RECUR_OK;
}

/* Reads all tensors of the training, and the place. `trainer` was made for the run. */
static enum recur_status read_training(recur_checkpoint *checkpoint, recur_trainer *trainer,
                                       recur_error *error)
{
    struct recur_safetensors *file = &checkpoint->file;
    enum recur_status status = RECUR_OK;
    for (size_t t = 0; t < recur_trainer_tensors(trainer) && status == RECUR_OK; t++) {
        recur_tensor_info info = recur_trainer_tensor(trainer, t);
        size_t count = info.shape[0] * info.shape[1];
        float *values;
        RECUR_TRY(recur_take_tensor(file, &info, NULL, error));
        RECUR_TRY(recur_alloc(count, sizeof *values, "a tensor", &values, error));
        status = recur_take_tensor(file, &info, values, error);
        if (status == RECUR_OK)
            status = recur_check_finite(info.name, values, count, RECUR_ERROR_FORMAT, error);
        if (status == RECUR_OK)
            recur_trainer_set_tensor(trainer, t, values);
        free(values);
    }
    if (status == RECUR_OK)
        status = recur_safetensors_check_taken(file, error);
    if (status == RECUR_OK)
        status = recur_blame_file(recur_trainer_set_state(trainer, &checkpoint->state, error),
                                  RECUR_KEY_PROGRESS, error);
    return status;
}

static enum recur_status make_trainer(recur_checkpoint *checkpoint, recur_model *model,
                                      const struct data *data, const recur_resume_config *config,
                                      recur_trainer **trainer, recur_error *error)
{
    recur_trainer_config settings = checkpoint->config;
    settings.threads = config->threads;
    settings.ranks = config->ranks;
    if (config->rank_seconds)
        settings.rank_seconds = config->rank_seconds;
    settings.device = (enum recur_device)config->device;
    settings.epochs = config->epochs ? config->epochs : settings.epochs;
    recur_trainer *made = NULL;
    enum recur_status status = data->create(data, model, &settings, &made, error);
    status = recur_blame_file(status, RECUR_KEY_TRAINING, error);
    if (status == RECUR_OK)
        status = read_training(checkpoint, made, error);
    if (status == RECUR_OK)
        *trainer = made;
    else
        recur_trainer_free(made);
    return blame(checkpoint, status, error);
}

static enum recur_status resume(recur_checkpoint *checkpoint, const struct data *data,
                                const recur_resume_config *given, recur_model **model,
                                recur_trainer **trainer, recur_error *error)
{
    recur_resume_config config = recur_resume_config_default();
    RECUR_TRY(recur_config_take(&config, given, "recur_resume_config", error));
    RECUR_TRY(check_epochs(checkpoint, config.epochs, error));
    recur_model *made = NULL;
    RECUR_TRY(recur_checkpoint_model(checkpoint, &made, error));
    enum recur_status status = data->check(data, &checkpoint->state, made, error);
    if (status == RECUR_OK)
        status = check_vocab(made, config.vocab, error);
    if (status == RECUR_OK)
        status = make_trainer(checkpoint, made, data, &config, trainer, error);
    if (status == RECUR_OK)
        *model = made;
    else
        recur_model_free(made);
    return status;
}

static enum recur_status check_text(const struct data *data, const recur_trainer_state *state,
                                    const recur_model *model, recur_error *error)
{
    if (recur_model_labels(model))
        return recur_fail(error, RECUR_ERROR_DATA,
                          "the run is of the task %s: it goes on with labelled texts, not with a "
                          "text",
                          recur_task_name(recur_model_get_config(model)->task));
    return recur_trainer_check_text(state, data->corpus, error);
}

static enum recur_status create_text(const struct data *data, recur_model *model,
                                     const recur_trainer_config *config, recur_trainer **trainer,
                                     recur_error *error)
{
    return recur_trainer_create(model, data->corpus, config, trainer, error);
}

enum recur_status recur_checkpoint_resume(recur_checkpoint *checkpoint, const recur_corpus *corpus,
                                          const recur_resume_config *config, recur_model **model,
                                          recur_trainer **trainer, recur_error *error)
{
    const struct data data = {.corpus = corpus, .check = check_text, .create = create_text};
    return resume(checkpoint, &data, config, model, trainer, error);
}

static enum recur_status check_labels(const struct data *data, const recur_trainer_state *state,
                                      const recur_model *model, recur_error *error)
{
    enum recur_task task = recur_model_get_config(model)->task;
    if (recur_labels_task(data->train) != task)
        return recur_fail(error, RECUR_ERROR_DATA,
                          "the run is of the task %s, the labelled texts are for the task %s",
                          recur_task_name(task), recur_task_name(recur_labels_task(data->train)));
    return recur_trainer_check_labels(state, data->train, data->valid, error);
}

static enum recur_status create_labels(const struct data *data, recur_model *model,
                                       const recur_trainer_config *config, recur_trainer **trainer,
                                       recur_error *error)
{
    return recur_trainer_create_labels(model, data->train, data->valid, config, trainer, error);
}

enum recur_status
recur_checkpoint_resume_labels(recur_checkpoint *checkpoint, const recur_labels *train,
                               const recur_labels *valid, const recur_resume_config *config,
                               recur_model **model, recur_trainer **trainer, recur_error *error)
{
    const struct data data = {
        .train = train, .valid = valid, .check = check_labels, .create = create_labels};
    return resume(checkpoint, &data, config, model, trainer, error);
}
