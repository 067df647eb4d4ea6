/* recur's own files as a format of models. */
#include "io/format.h"
#include "io/model_file.h"

static bool recognise(const struct recur_format_input *input)
{
    return input->tensors && recur_metadata_is_model(&input->tensors->metadata);
}

/* Reads a file, which says everything by itself. */
static enum recur_status read(const struct recur_format_input *input,
                              const recur_import_config *said, recur_model **model,
                              bool *fresh_head, recur_error *error)
{
    const char *what = said->cell         ? "cell"
                       : said->activation ? "activation"
                       : said->vocab      ? "vocabulary"
                       : said->inputs     ? "inputs"
                                          : NULL;
    (void)fresh_head;
    if (what)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "this is a model of recur's own, whose %s cannot be given", what);
    return recur_model_from_safetensors(input->tensors, model, error);
}

static enum recur_status write(const struct recur_format_kind *kind, const recur_model *model,
                               const char *path, recur_error *error)
{
    (void)kind;
    return recur_model_save(model, path, error);
}

RECUR_FORMAT_KIND(recur) = {
    .info =
        {
            .size = sizeof(recur_format_info),
            .name = "recur",
            .file = "safetensors",
            .extension = ".safetensors",
            .available = true,
            .settings = true,
            .quantization = true,
        },
    .recognise = recognise,
    .read = read,
    .write = write,
};
