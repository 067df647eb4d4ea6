/* A format of model files: how to recognise, read and write a file of it. Each format is a struct
 * that its own file defines with RECUR_FORMAT_KIND, and a line of formats[] in convert.c. */
#ifndef RECUR_IO_FORMAT_H
#define RECUR_IO_FORMAT_H

#include "io/safetensors.h"
#include "recur/convert.h"

/* A file that a model is read from. */
struct recur_format_input {
    const char *path;
    struct recur_safetensors *tensors; /* the file's tensors; NULL while only its name is known */
};

struct recur_format_kind {
    recur_format_info info; /* `name` is NULL for a format that can only be read */
    const char *library;    /* the format needs this library; NULL: it needs none */
    const void *own;        /* other data that the functions need */
    /* Is the file of this format? First this is asked with the file's name alone: only formats that
     * are not safetensors then say yes. If several formats say yes, the first reads the file. NULL:
     * the reader of another format recognises these files too. */
    bool (*recognise)(const struct recur_format_input *input);
    /* Makes the model. Where the input has tensors, sentences do not name the file. `*fresh_head`
     * is false before the call and becomes true where the file has no output layer. */
    enum recur_status (*read)(const struct recur_format_input *input,
                              const recur_import_config *said, recur_model **model,
                              bool *fresh_head, recur_error *error);
    /* Writes a model; formats of other programs are only asked to write language models.
     * UNSUPPORTED: a cell, an activation or anything else that the format does not list. */
    enum recur_status (*write)(const struct recur_format_kind *kind, const recur_model *model,
                               const char *path, recur_error *error);
};

/* Begins the definition of recur_format_ID. */
#define RECUR_FORMAT_KIND(id)                                                                      \
    extern const struct recur_format_kind recur_format_##id;                                       \
    const struct recur_format_kind recur_format_##id

#endif
