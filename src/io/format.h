/* A format of model files: how a file of it is recognised, read and written. Each format is a
 * struct that its own file defines with RECUR_FORMAT_KIND, and a line of formats[] in convert.c. */
#ifndef RECUR_IO_FORMAT_H
#define RECUR_IO_FORMAT_H

#include "io/safetensors.h"
#include "recur/convert.h"

/* A file that a model is read from. */
struct recur_format_input {
    const char *path;
    struct recur_safetensors *tensors; /* what is in it; NULL as long as only its name is known */
};

struct recur_format_kind {
    recur_format_info info; /* its name is NULL where models are only read */
    const char *library;    /* without which a build lacks the format; NULL: none */
    const void *own;        /* what its functions need besides */
    /* Is the file of this format? It is asked by its name alone first: then only formats say yes
     * whose files are no safetensors. Of several that say yes the first reads. NULL: another
     * format's reader knows these files too. */
    bool (*recognise)(const struct recur_format_input *input);
    /* Makes the model. Where the input has tensors, sentences do not name the file. `*fresh_head`
     * is false before; true: the file has no output layer. */
    enum recur_status (*read)(const struct recur_format_input *input,
                              const recur_import_config *said, recur_model **model,
                              bool *fresh_head, recur_error *error);
    /* Writes a model; formats of other programs are asked for language models alone. UNSUPPORTED: a
     * cell, an activation or anything else that the format does not list. */
    enum recur_status (*write)(const struct recur_format_kind *kind, const recur_model *model,
                               const char *path, recur_error *error);
};

/* Begins the definition of recur_format_ID. */
#define RECUR_FORMAT_KIND(id)                                                                      \
    extern const struct recur_format_kind recur_format_##id;                                       \
    const struct recur_format_kind recur_format_##id

#endif
