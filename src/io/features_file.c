/* Writes features to files: NumPy's .npy (format version 1.0) and safetensors. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "io/safetensors.h"
#include "recur/features.h"

/* The header: "\x93NUMPY", the version, the length of the rest; then a Python dictionary, padded
 * with spaces so that the data begins at a multiple of 64, and a line feed. */
enum { NPY_HEADER = 128, NPY_PREFIX = 10 };

static enum recur_status write_npy_header(struct recur_output *output, size_t tokens, size_t width,
                                          recur_error *error)
{
    char header[NPY_HEADER + 1];
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = NPY_HEADER - NPY_PREFIX;
    header[9] = 0;
    int size =
        snprintf(header + NPY_PREFIX, sizeof header - NPY_PREFIX,
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", tokens, width);
    memset(header + NPY_PREFIX + size, ' ', (size_t)(NPY_HEADER - NPY_PREFIX - size));
    header[NPY_HEADER - 1] = '\n';
    return recur_output_write(output, header, NPY_HEADER, error);
}

/* Begins a .npy file. Only the header differs between the formats; the rows after it are the
 * same. */
static enum recur_status create_npy(const char *path, size_t tokens, size_t width,
                                    struct recur_safetensors_writer *writer, recur_error *error)
{
    writer->left = tokens * width * sizeof(float);
    RECUR_TRY(recur_output_open(path, &writer->output, error));
    enum recur_status status = write_npy_header(&writer->output, tokens, width, error);
    if (status != RECUR_OK)
        recur_output_discard(&writer->output);
    return status;
}

static enum recur_status create_safetensors(const char *path, size_t tokens, size_t width,
                                            struct recur_safetensors_writer *writer,
                                            recur_error *error)
{
    const struct recur_safetensor tensor = {
        .name = "features", .rank = 2, .shape = {tokens, width}};
    return recur_safetensors_create(path, &tensor, 1, NULL, writer, error);
}

/* Where to write the rows, and how wide they are. */
struct sink {
    struct recur_safetensors_writer writer;
    size_t width;
};

static enum recur_status put_rows(void *user, const float *rows, size_t count, recur_error *error)
{
    struct sink *sink = user;
    return recur_safetensors_put_f32(&sink->writer, rows, count * sink->width, error);
}

enum recur_status recur_features_save(const recur_model *model, const recur_corpus *corpus,
                                      size_t layer, size_t threads, const char *path,
                                      recur_error *error)
{
    bool npy = recur_path_ends(path, ".npy") || strcmp(path, "-") == 0;
    if (!npy && !recur_path_ends(path, ".safetensors"))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "features go to a file that ends in .npy or .safetensors, got \"%s\"",
                          recur_show(path, strlen(path), RECUR_NAME_SHOWN, NULL).text);
    size_t tokens = recur_corpus_size(corpus);
    struct sink sink = {.width = recur_features_width(model, layer)};
    RECUR_TRY(
        (npy ? create_npy : create_safetensors)(path, tokens, sink.width, &sink.writer, error));
    enum recur_status status =
        recur_features(model, corpus, layer, threads, put_rows, &sink, error);
    if (status == RECUR_OK)
        return recur_safetensors_commit(&sink.writer, error);
    recur_safetensors_discard(&sink.writer);
    return status;
}
