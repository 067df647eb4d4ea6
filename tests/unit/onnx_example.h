/* ONNX graphs of small models for tests, and what tests do to them. */
#ifndef RECUR_TESTS_ONNX_EXAMPLE_H
#define RECUR_TESTS_ONNX_EXAMPLE_H

#include "model_example.h"
#include "onnx.pb-c.h"
#include "recur/convert.h"

static inline const char *save_graph(struct scratch *scratch, enum recur_cell cell, size_t layers,
                                     size_t embedding, bool bidirectional)
{
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "model.onnx");
    recur_model_config config = recur_model_config_default();
    config.cell = cell;
    config.layers = layers;
    config.embedding = embedding;
    config.bidirectional = bidirectional;
    config.vocabulary = 5;
    recur_model *model = make_model(config, NULL);
    assert_int_equal(recur_model_export(model, RECUR_FORMAT_ONNX, path, NULL), RECUR_OK);
    recur_model_free(model);
    return path;
}

/* What a case changes in a sound graph. */
typedef void spoil_fn(Recur__Onnx__Model *model);

static inline Recur__Onnx__Node *node(Recur__Onnx__Model *model, size_t index)
{
    return model->graph->node[index];
}

static inline Recur__Onnx__Tensor *tensor(Recur__Onnx__Model *model, const char *name)
{
    for (size_t i = 0; i < model->graph->n_initializer; i++)
        if (strcmp(model->graph->initializer[i]->name, name) == 0)
            return model->graph->initializer[i];
    fail_msg("the graph has no %s", name);
    return NULL;
}

static inline void rename_to(char **string, const char *text)
{
    free(*string);
    *string = strdup(text);
}

static inline Recur__Onnx__Attribute *attribute(Recur__Onnx__Node *of, const char *name)
{
    for (size_t i = 0; i < of->n_attribute; i++)
        if (strcmp(of->attribute[i]->name, name) == 0)
            return of->attribute[i];
    fail_msg("the node has no %s", name);
    return NULL;
}

static inline void end_graph(Recur__Onnx__Model *model, size_t nodes)
{
    while (model->graph->n_node > nodes)
        recur__onnx__node__free_unpacked(node(model, --model->graph->n_node), NULL);
}

/* Writes `to` over `from`, which is as long, in the metadata. */
static inline void say(Recur__Onnx__Model *model, const char *from, const char *to)
{
    size_t said = 0;
    for (size_t i = 0; i < model->n_metadata_props; i++) {
        char *at = strstr(model->metadata_props[i]->value, from);
        if (at)
            memcpy(at, to, strlen(from));
        said += at != NULL;
    }
    assert_int_equal(said, 1);
    assert_int_equal(strlen(to), strlen(from));
}

static inline void says_single_biases(Recur__Onnx__Model *model)
{
    say(model, "\"biases\":2", "\"biases\":1");
}

/* Writes the graph to the file, and frees it. */
static inline void write_graph(const char *path, Recur__Onnx__Model *message)
{
    size_t length = recur__onnx__model__get_packed_size(message);
    uint8_t *packed = malloc(length);
    assert_non_null(packed);
    recur__onnx__model__pack(message, packed);
    recur__onnx__model__free_unpacked(message, NULL);
    scratch_write(path, packed, length);
    free(packed);
}

struct spoilt {
    spoil_fn *spoil;
    const char *sentence;
};

static inline void refuse_all(const char *path, const struct spoilt *spoilt, size_t count)
{
    char expected[700];
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t i = 0; i < count; i++) {
        Recur__Onnx__Model *message = recur__onnx__model__unpack(NULL, size, bytes);
        assert_non_null(message);
        spoilt[i].spoil(message);
        write_graph(path, message);
        recur_model *model = NULL;
        recur_error error = {0};
        assert_int_not_equal(recur_model_import(path, NULL, &model, NULL, &error), RECUR_OK);
        assert_null(model);
        snprintf(expected, sizeof expected, "%s: %s", path, spoilt[i].sentence);
        assert_string_equal(error.message, expected);
    }
    free(bytes);
}

static inline void try_import(const char *path, size_t *refused)
{
    recur_model *model = NULL;
    recur_error error = {0};
    if (recur_model_import(path, NULL, &model, NULL, &error) == RECUR_OK) {
        assert_non_null(model);
        recur_model_free(model);
    } else {
        assert_null(model);
        assert_true(error.message[0] != '\0');
        ++*refused;
    }
}

static inline void cut_anywhere(const char *path)
{
    size_t size, refused = 0;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t length = 0; length < size; length++) {
        scratch_write(path, bytes, length);
        try_import(path, &refused);
    }
    assert_int_equal(refused, size);
    free(bytes);
}

static inline void spoil_bytes(const char *path)
{
    size_t size, refused = 0;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t at = 0; at < size; at++) {
        const unsigned char old = bytes[at];
        const unsigned char others[] = {0xff, (unsigned char)(old ^ 1), (unsigned char)(old + 8)};
        bytes[at] = others[at % sizeof others];
        scratch_write(path, bytes, size);
        try_import(path, &refused);
        bytes[at] = old;
    }
    assert_true(refused > size / 4);
    free(bytes);
}

#endif
