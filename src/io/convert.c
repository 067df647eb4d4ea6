#include <string.h>

#include "base/config.h"
#include "base/names.h"
#include "io/foreign.h"
#include "nn/model_object.h"
#include "nn/network.h"
#include "recur/machine.h"

RECUR_NAMED_ENUM(format, "format", "recur", "pytorch", "pytorch-word-lm", "pytorch-bare", "onnx",
                 "pytorch-rnnlm")

RECUR_CONFIG(import, inputs, .inputs = 0)

enum recur_status recur_foreign_model(const struct recur_foreign *found, recur_vocab *vocab,
                                      recur_tensor_fn *source, void *user, recur_model **model,
                                      recur_error *error)
{
    const recur_model_config *config = &found->config;
    recur_model *made;
    if (vocab && recur_vocab_size(vocab) != config->vocabulary)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the vocabulary has %zu %s, the model is made for %zu",
                          recur_vocab_size(vocab),
                          recur_vocab_size(vocab) == 1 ? "entry" : "entries", config->vocabulary);
    RECUR_TRY(
        recur_blame_file(recur_model_check_tensors(config, source, user, error), NULL, error));
    RECUR_TRY(recur_model_create(config, vocab, &made, error));
    enum recur_status status = recur_model_read_tensors(made, source, user, error);
    if (status == RECUR_OK)
        *model = made;
    else
        recur_model_free(made);
    return status;
}

enum recur_status recur_foreign_cell(size_t gates, const recur_import_config *said, bool ask,
                                     recur_model_config *config, recur_error *error)
{
    if (said->cell)
        config->cell = *said->cell;
    else if (gates == 1)
        config->cell = RECUR_CELL_RNN;
    else if (gates == 3)
        config->cell = RECUR_CELL_GRU;
    else
        config->cell = RECUR_CELL_LSTM;
    size_t expected = recur_cell_kind_of(config->cell)->gates;
    if (gates != expected)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the cell cannot be %s: that has %zu gate%s, the tensors have %zu",
                          recur_cell_name(config->cell), expected, recur_plural(expected), gates);
    if (said->activation && !recur_cell_kind_of(config->cell)->activated)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "an activation can be given for a cell rnn only, this one is %s",
                          recur_cell_name(config->cell));
    if (said->activation)
        config->activation = *said->activation;
    else if (ask && recur_cell_kind_of(config->cell)->activated)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the activation of an rnn does not show in its tensors and must be "
                          "given: activation tanh or relu");
    return RECUR_OK;
}

/* Of recur's own files, which leave nothing open. */
static enum recur_status read_own(struct recur_safetensors *file, const recur_import_config *said,
                                  recur_model **model, recur_error *error)
{
    const char *what = said->cell         ? "cell"
                       : said->activation ? "activation"
                       : said->vocab      ? "vocabulary"
                       : said->inputs     ? "inputs"
                                          : NULL;
    if (what)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "this is a model of recur's own, whose %s cannot be given", what);
    return recur_model_from_safetensors(file, model, error);
}

static enum recur_status read_safetensors(const char *path, const recur_import_config *said,
                                          recur_model **model, bool *fresh_head, recur_error *error)
{
    struct recur_safetensors file;
    RECUR_TRY(recur_safetensors_load(path, &file, error));
    enum recur_status status;
    if (recur_metadata_is_model(&file.metadata))
        status = read_own(&file, said, model, error);
    else if (recur_book_recognise(&file))
        status = recur_book_read(&file, said, model, error);
    else
        status = recur_pytorch_read(&file, said, model, fresh_head, error);
    recur_safetensors_free(&file);
    if (status != RECUR_OK && status != RECUR_ERROR_MEMORY)
        recur_error_prefix(error, recur_file_name(path).text);
    return status;
}

static bool is_onnx(const char *path)
{
    size_t length = strlen(path);
    return length >= 5 && strcmp(path + length - 5, ".onnx") == 0;
}

enum recur_status recur_model_import(const char *path, const recur_import_config *config,
                                     recur_model **model, bool *fresh_head, recur_error *error)
{
    recur_import_config said = recur_import_config_default();
    const char *isa;
    bool fresh = false;
    RECUR_TRY(recur_config_take(&said, config, "recur_import_config", error));
    if (said.cell)
        RECUR_TRY(recur_cell_check(*said.cell, error));
    if (said.activation)
        RECUR_TRY(recur_activation_check(*said.activation, error));
    RECUR_TRY(recur_machine_isa(&isa, error)); /* what fails from here on is the file's fault */
    RECUR_TRY(is_onnx(path) ? recur_onnx_read(path, &said, model, error)
                            : read_safetensors(path, &said, model, &fresh, error));
    if (fresh_head)
        *fresh_head = fresh;
    return RECUR_OK;
}

enum recur_status recur_model_export(const recur_model *model, enum recur_format format,
                                     const char *path, recur_error *error)
{
    RECUR_TRY(recur_format_check(format, error));
    if (recur_model_get_config(model)->task >= RECUR_TASK_TAG && format != RECUR_FORMAT_RECUR)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "the model labels %s: its labels and its parts are what %s does not "
                          "express",
                          recur_model_get_config(model)->task == RECUR_TASK_TAG ? "words" : "texts",
                          recur_format_name(format));
    if (recur_model_get_config(model)->task != RECUR_TASK_LM && format != RECUR_FORMAT_RECUR)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "the model fills blanks: its output layer reads the states before each "
                          "token, which %s does not express",
                          recur_format_name(format));
    switch (format) {
    case RECUR_FORMAT_RECUR: break;
    case RECUR_FORMAT_PYTORCH:
    case RECUR_FORMAT_PYTORCH_WORD_LM:
    case RECUR_FORMAT_PYTORCH_RNNLM:
    case RECUR_FORMAT_PYTORCH_BARE: return recur_pytorch_write(model, format, path, error);
    case RECUR_FORMAT_ONNX: return recur_onnx_write(model, path, error);
    }
    return recur_model_save(model, path, error);
}
