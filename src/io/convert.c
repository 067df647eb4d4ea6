/* The table of formats of model files. Each format's own file describes it. */
#include <string.h>

#include "base/config.h"
#include "base/names.h"
#include "io/format.h"
#include "io/model_tensors.h"
#include "nn/model_object.h"
#include "recur/machine.h"

extern const struct recur_format_kind recur_format_recur, recur_format_pytorch,
    recur_format_pytorch_word_lm, recur_format_pytorch_bare, recur_format_onnx,
    recur_format_pytorch_rnnlm, recur_format_book;

/* In the order of enum recur_format; formats that can only be read follow. */
static const struct recur_format_kind *const formats[] = {
    &recur_format_recur,        &recur_format_pytorch, &recur_format_pytorch_word_lm,
    &recur_format_pytorch_bare, &recur_format_onnx,    &recur_format_pytorch_rnnlm,
    &recur_format_book,
};
enum { FORMATS = sizeof formats / sizeof *formats };

RECUR_CONFIG(import, inputs, .inputs = 0)

const recur_format_info *recur_format_describe(enum recur_format format)
{
    const struct recur_format_kind *kind = (unsigned)format < FORMATS ? formats[format] : NULL;
    return kind && kind->info.name ? &kind->info : NULL;
}

const char *recur_format_name(enum recur_format format)
{
    const recur_format_info *info = recur_format_describe(format);
    return info ? info->name : "unknown";
}

/* Lists the formats' names, for a sentence about a name that is not among them. */
static size_t list_names(const char *names[FORMATS])
{
    size_t count = 0;
    while (count < FORMATS && formats[count]->info.name) {
        names[count] = formats[count]->info.name;
        count++;
    }
    return count;
}

enum recur_status recur_format_parse(const char *name, enum recur_format *format,
                                     recur_error *error)
{
    const char *names[FORMATS];
    size_t count = list_names(names), found;
    RECUR_TRY(recur_name_find(names, count, "format", name, &found, error));
    *format = (enum recur_format)found;
    return RECUR_OK;
}

enum recur_format recur_format_of_path(const char *path)
{
    for (unsigned i = 0; i < FORMATS && formats[i]->info.name; i++)
        if (recur_path_ends(path, formats[i]->info.extension))
            return (enum recur_format)i;
    return RECUR_FORMAT_RECUR;
}

static const struct recur_format_kind *recognise(const struct recur_format_input *input)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i]->recognise && formats[i]->recognise(input))
            return formats[i];
    return NULL;
}

static enum recur_status fail_unavailable(const struct recur_format_kind *kind, recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                      "this build of recur has no %s: it was made without %s", kind->info.file,
                      kind->library);
}

static enum recur_status read_safetensors(const char *path, const recur_import_config *said,
                                          recur_model **model, bool *fresh_head, recur_error *error)
{
    struct recur_safetensors file;
    RECUR_TRY(recur_safetensors_load(path, &file, error));
    const struct recur_format_input input = {path, &file};
    const struct recur_format_kind *kind = recognise(&input);
    enum recur_status status;
    if (kind)
        status = kind->read(&input, said, model, fresh_head, error);
    else
        status = recur_fail(error, RECUR_ERROR_FORMAT,
                            "neither a model of recur's nor one of PyTorch's: there is no tensor "
                            "weight_ih_l0 under any prefix");
    recur_safetensors_free(&file);
    return recur_blame_path(status, path, error);
}

enum recur_status recur_model_import(const char *path, const recur_import_config *config,
                                     recur_model **model, bool *fresh_head, recur_error *error)
{
    recur_import_config said = recur_import_config_default();
    const struct recur_format_input input = {.path = path};
    const char *isa;
    bool fresh = false;
    RECUR_TRY(recur_config_take(&said, config, "recur_import_config", error));
    if (said.cell)
        RECUR_TRY(recur_cell_check(*said.cell, error));
    if (said.activation)
        RECUR_TRY(recur_activation_check(*said.activation, error));
    RECUR_TRY(recur_machine_isa(&isa, error)); /* an error from here on is the file's fault */
    const struct recur_format_kind *kind = recognise(&input);
    if (!kind)
        RECUR_TRY(read_safetensors(path, &said, model, &fresh, error));
    else if (!kind->info.available)
        return fail_unavailable(kind, error);
    else
        RECUR_TRY(kind->read(&input, &said, model, &fresh, error));
    if (fresh_head)
        *fresh_head = fresh;
    return RECUR_OK;
}

enum recur_status recur_model_export(const recur_model *model, enum recur_format format,
                                     const char *path, recur_error *error)
{
    const char *names[FORMATS];
    RECUR_TRY(recur_name_check(names, list_names(names), "format", (size_t)format, error));
    const struct recur_format_kind *kind = formats[format];
    const char *refusal = model->network.task->refuses.format;
    if (refusal && format != RECUR_FORMAT_RECUR)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "%s %s does not express", refusal,
                          recur_format_name(format));
    return kind->info.available ? kind->write(kind, model, path, error)
                                : fail_unavailable(kind, error);
}
