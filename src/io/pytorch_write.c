/* Writes recur's models as state_dicts of PyTorch's modules. Only the prefixes of tensors differ; a
 * single bias gets a second one of zeros beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/model_tensors.h"
#include "io/pytorch.h"

/* The names that a module gives its parts; NULL: it has no such part. */
struct module {
    const char *embedding, *recurrent, *head;
    bool embedded; /* the module always has an embedding */
};

enum { NAME_ROOM = 64 };

/* A tensor of the file: number `source` of the model's tensors, or zeros. */
struct place {
    size_t source;
    bool zeros;
    char name[NAME_ROOM];
};

struct export
{
    const recur_model *model;
    struct place *places;
    struct recur_safetensor *tensors;
    size_t count;
};

static enum recur_status check(const struct module *module, const recur_model *model,
                               recur_error *error)
{
    const recur_model_config *config = recur_model_get_config(model);
    const enum recur_status bad = RECUR_ERROR_UNSUPPORTED;
    if (config->cell != RECUR_CELL_RNN && config->cell != RECUR_CELL_GRU &&
        config->cell != RECUR_CELL_LSTM)
        return recur_fail(error, bad, "PyTorch has no %s: %s", recur_cell_name(config->cell),
                          config->cell == RECUR_CELL_GRU_RESET_BEFORE
                              ? "its nn.GRU resets after the product"
                              : "the formats recur and onnx have it");
    if (config->cell == RECUR_CELL_RNN && config->activation != RECUR_ACTIVATION_TANH &&
        config->activation != RECUR_ACTIVATION_RELU)
        return recur_fail(error, bad, "PyTorch's nn.RNN has no activation %s",
                          recur_activation_name(config->activation));
    if (config->bidirectional && config->merge != RECUR_MERGE_CONCAT)
        return recur_fail(error, bad,
                          "PyTorch concatenates the directions, this model merges them by %s",
                          recur_merge_name(config->merge));
    for (size_t l = 1; l < config->layers; l++)
        if (config->hidden[l] != config->hidden[0])
            return recur_fail(error, bad,
                              "PyTorch's layers are equally wide, these have %zu and %zu units",
                              config->hidden[0], config->hidden[l]);
    if (module->embedded && !config->embedding)
        return recur_fail(error, bad,
                          "PyTorch's word language model has an embedding, this model is fed "
                          "one-hot vectors");
    return RECUR_OK;
}

/* Makes a name: the part's prefix, then what follows the first dot of recur's name. False where the
 * module has no such part. */
static bool make_name(const struct module *module, const char *name, char own[NAME_ROOM])
{
    const char *rest = strchr(name, '.') + 1;
    const char *prefix = name[0] == 'e'   ? module->embedding
                         : name[0] == 'r' ? module->recurrent
                                          : module->head;
    if (prefix)
        snprintf(own, NAME_ROOM, "%s%s", prefix, rest);
    return prefix != NULL;
}

static void add(struct export *export, size_t source, bool zeros, const char *name)
{
    recur_tensor_info info = recur_model_tensor(export->model, source);
    struct place *place = &export->places[export->count];
    *place = (struct place){.source = source, .zeros = zeros};
    snprintf(place->name, NAME_ROOM, "%s", name);
    export->tensors[export->count++] = (struct recur_safetensor){
        .name = place->name,
        .rank = info.rank,
        .shape = {info.shape[0], info.shape[1]},
    };
}

static void list(struct export *export, const struct module *module)
{
    bool single = recur_model_get_config(export->model)->biases == 1;
    for (size_t t = 0; t < recur_model_tensors(export->model); t++) {
        char name[NAME_ROOM];
        if (!make_name(module, recur_model_tensor(export->model, t).name, name))
            continue;
        add(export, t, false, name);
        char *bias = strstr(name, "bias_ih_l");
        if (bias && single) {
            memcpy(bias, "bias_hh", 7);
            add(export, t, true, name);
        }
    }
}

static enum recur_status put(const struct export *export, struct recur_safetensors_writer *writer,
                             recur_error *error)
{
    enum recur_status status = RECUR_OK;
    for (size_t i = 0; status == RECUR_OK && i < export->count; i++) {
        recur_tensor_info info = recur_model_tensor(export->model, export->places[i].source);
        size_t count = info.shape[0] * info.shape[1];
        float *values;
        RECUR_TRY(recur_alloc(count, sizeof *values, "a tensor", &values, error));
        if (!export->places[i].zeros)
            recur_model_get_tensor(export->model, export->places[i].source, values);
        status = recur_check_finite(info.name, values, count, RECUR_ERROR_DIVERGED, error);
        if (status == RECUR_OK)
            status = recur_safetensors_put_f32(writer, values, count, error);
        free(values);
    }
    return status;
}

static enum recur_status write_file(const struct export *export, const char *path,
                                    recur_error *error)
{
    struct recur_property format = {"format", "pt"};
    const struct recur_metadata metadata = {&format, 1};
    struct recur_safetensors_writer writer;
    RECUR_TRY(
        recur_safetensors_create(path, export->tensors, export->count, &metadata, &writer, error));
    enum recur_status status = put(export, &writer, error);
    if (status == RECUR_OK)
        return recur_safetensors_commit(&writer, error);
    recur_safetensors_discard(&writer);
    return status;
}

static enum recur_status write(const struct recur_format_kind *kind, const recur_model *model,
                               const char *path, recur_error *error)
{
    struct export export = {.model = model};
    size_t most = 2 * recur_model_tensors(model);
    RECUR_TRY(check(kind->own, model, error));
    enum recur_status status =
        recur_alloc(most, sizeof *export.places, "a table of names", &export.places, error);
    if (status == RECUR_OK)
        status =
            recur_alloc(most, sizeof *export.tensors, "a table of tensors", &export.tensors, error);
    if (status == RECUR_OK) {
        list(&export, kind->own);
        status = write_file(&export, path, error);
    }
    free(export.places);
    free(export.tensors);
    return status;
}

#define MODULE(NAME, ...)                                                                          \
    .info = {.size = sizeof(recur_format_info),                                                    \
             .name = (NAME),                                                                       \
             .file = "safetensors",                                                                \
             .extension = ".safetensors",                                                          \
             .available = true},                                                                   \
    .own = &(const struct module){__VA_ARGS__}, .write = write

RECUR_FORMAT_KIND(pytorch) = {
    MODULE("pytorch", "embedding.", "rnn.", "linear.", false),
    .recognise = recur_pytorch_recognise,
    .read = recur_pytorch_read,
};
RECUR_FORMAT_KIND(pytorch_word_lm) = {
    MODULE("pytorch-word-lm", "encoder.", "rnn.", "decoder.", true),
};
RECUR_FORMAT_KIND(pytorch_rnnlm) = {
    MODULE("pytorch-rnnlm", "embedding.", "rnn.rnn.", "linear.", false),
};
RECUR_FORMAT_KIND(pytorch_bare) = {
    MODULE("pytorch-bare", NULL, "", NULL, false),
    .info.layers_alone = true,
};
