/* recur/convert.h - models that other programs made, and models for other programs.
 *
 *     recur_model *model = NULL;
 *     bool fresh_head = false;
 *     recur_import_config config = recur_import_config_default();
 *     config.activation = activation;
 *     enum recur_status status = recur_model_import(in, &config, &model, &fresh_head, error);
 *     if (status == RECUR_OK)
 *         status = recur_model_export(model, RECUR_FORMAT_RECUR, out, error);
 *     if (status == RECUR_OK)
 *         status = recur_model_export(model, RECUR_FORMAT_ONNX, onnx, error);
 *     recur_model_free(model);
 *
 * docs/formats.md describes every format.
 *
 * Threads: any number of threads may import models, and export one model, at the same time. */
#ifndef RECUR_CONVERT_H
#define RECUR_CONVERT_H

#include "recur/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a model's file may leave open. Files of recur's leave nothing open: for those every
 * field but the first must be NULL, or 0. */
typedef struct recur_import_config {
    size_t size;                 /* as recur_import_config_default() sets it; leave it alone */
    const enum recur_cell *cell; /* NULL: told by the number of gates, three being gru */
    const enum recur_activation *activation; /* of RECUR_CELL_RNN in a PyTorch file, which does not
                                                say it; else NULL */
    recur_vocab *vocab; /* V entries, shared by the model; NULL: the model gets no vocabulary */
    size_t inputs;      /* I, of a PyTorch file whose layers read numbers of the caller's and no
                           one-hot vectors, which it does not say (recur_model_config.inputs);
                           0: one-hot vectors, or an embedding that is in the file; default 0 */
} recur_import_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_import_config_init(recur_import_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_import_config recur_import_config_default(void)
{
    recur_import_config config;
    recur_import_config_init(&config, sizeof config);
    return config;
}

/* Reads a model: a file that ends in ".onnx" as ONNX, any other ("-" is standard input) as
 * safetensors: recur's own; the state_dict of a PyTorch module that has one nn.RNN, nn.GRU or
 * nn.LSTM, with or without embedding and output layer; the parameters of the D2L book's networks
 * from scratch. Nothing is loaded by half: a tensor that is missing, left over or of another shape
 * is an error that names it.
 *
 * Of recurrent layers alone a model is made that feeds them one-hot vectors and has a fresh,
 * untrained output layer, unless `inputs` says that they read numbers: such a model needs no output
 * layer. `*fresh_head` (may be NULL) says whether there is a fresh one. `*model` belongs to
 * the caller: recur_model_free. Errors: FILE, MEMORY, FORMAT, UNSUPPORTED; ARGUMENT where `config`
 * (may be NULL: default) lacks what the file leaves open, or contradicts the file. */
RECUR_API enum recur_status recur_model_import(const char *path, const recur_import_config *config,
                                               recur_model **model, bool *fresh_head,
                                               recur_error *error);

/* The kinds of file that a model can be written as. A program finds by its name
 * (recur_format_parse) one that this list does not have. */
enum recur_format {
    RECUR_FORMAT_RECUR,           /* recur's own, as recur_model_save writes it */
    RECUR_FORMAT_PYTORCH,         /* names embedding.*, rnn.*, linear.*: the D2L book's modules */
    RECUR_FORMAT_PYTORCH_WORD_LM, /* names encoder.*, rnn.*, decoder.*: pytorch/examples' */
    RECUR_FORMAT_PYTORCH_BARE,    /* the state_dict of the nn.RNN, nn.GRU or nn.LSTM alone */
    RECUR_FORMAT_ONNX,            /* one graph: tokens and states in, logits and states out */
    RECUR_FORMAT_PYTORCH_RNNLM,   /* names embedding.*, rnn.rnn.*, linear.*: the book's 1.0 */
};

/* What is known of a format; grows at the end. */
typedef struct recur_format_info {
    size_t size;           /* of this struct, as the library knows it */
    const char *name;      /* as recur_format_name gives it */
    const char *file;      /* what its files are, in sentences: "safetensors" or "ONNX" */
    const char *extension; /* how their names should end: ".safetensors" or ".onnx" */
    bool available;        /* this build has it */
    bool layers_alone;     /* of a model it holds the recurrent layers and nothing else */
    bool settings;         /* it holds a model's configuration and vocabulary too */
    bool quantization;     /* it holds quantised weights as such, else floats of the same values */
} recur_format_info;

/* Static storage; NULL where there is no such format. Formats are numbered from 0 without gaps. */
RECUR_API const recur_format_info *recur_format_describe(enum recur_format format);

/* The format that a file's name asks for: that of the ending, RECUR_FORMAT_RECUR where it has no
 * ending that a format has. */
RECUR_API enum recur_format recur_format_of_path(const char *path);

/* Writes a model. The PyTorch formats are safetensors files whose tensors load into the
 * module with load_state_dict(strict=True); vocabulary and configuration stay behind. ONNX files
 * hold everything. A temporary neighbour is written and renamed, as in recur_model_save.
 * Errors: FILE, MEMORY, DIVERGED, and UNSUPPORTED where the format, or this build, cannot express
 * the model; only recur's own expresses one that fills blanks. */
RECUR_API enum recur_status recur_model_export(const recur_model *model, enum recur_format format,
                                               const char *path, recur_error *error);

/* The name as the command line spells it: "recur", "pytorch", "pytorch-word-lm", "pytorch-bare",
 * "onnx" or "pytorch-rnnlm"; static storage. */
RECUR_API const char *recur_format_name(enum recur_format format);

/* The format of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_format_parse(const char *name, enum recur_format *format,
                                               recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
