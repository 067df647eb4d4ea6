/* ONNX as a format of models. A build without protobuf-c recognises the format but cannot read or
 * write it. */
#include "io/foreign.h"
#include "io/format.h"

#define EXTENSION ".onnx"

static bool recognise(const struct recur_format_input *input)
{
    return !input->tensors && recur_path_ends(input->path, EXTENSION);
}

#ifdef HAVE_PROTOBUF_C
static enum recur_status read(const struct recur_format_input *input,
                              const recur_import_config *said, recur_model **model,
                              bool *fresh_head, recur_error *error)
{
    (void)fresh_head;
    return recur_onnx_read(input->path, said, model, error);
}

static enum recur_status write(const struct recur_format_kind *kind, const recur_model *model,
                               const char *path, recur_error *error)
{
    (void)kind;
    return recur_onnx_write(model, path, error);
}
#endif

RECUR_FORMAT_KIND(onnx) = {
    .info =
        {
            .size = sizeof(recur_format_info),
            .name = "onnx",
            .file = "ONNX",
            .extension = EXTENSION,
            .settings = true,
#ifdef HAVE_PROTOBUF_C
            .available = true,
#endif
        },
    .library = "protobuf-c",
    .recognise = recognise,
#ifdef HAVE_PROTOBUF_C
    .read = read,
    .write = write,
#endif
};
