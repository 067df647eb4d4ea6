/* Models to save and load in tests, and the headers of their files. Define _GNU_SOURCE and include
 * cmocka first. */
#ifndef RECUR_TESTS_MODEL_EXAMPLE_H
#define RECUR_TESTS_MODEL_EXAMPLE_H

#include <math.h>

#include "json_edit.h"
#include "recur/model.h"
#include "scratch.h"

#define TOKEN(text)                                                                                \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static inline recur_vocab *make_vocab(enum recur_tokens kind)
{
    static const recur_token chars[] = {TOKEN("<unk>"), TOKEN("<pad>"), TOKEN("\xe4\xbd\xa0"),
                                        TOKEN("\""), TOKEN("\0")};
    static const recur_token words[] = {TOKEN("<unk>"), TOKEN("naive"), TOKEN("a\\b"),
                                        TOKEN("\xf0\x9f\x98\x80!"), TOKEN("the")};
    static const recur_token bytes[] = {TOKEN("<unk>"), TOKEN("\xff"), TOKEN("\n"), TOKEN("\0"),
                                        TOKEN("e")};
    const uint64_t counts[] = {0, 0, 7, 7, UINT64_MAX};
    const recur_text_config text = {.size = sizeof text,
                                    .tokens = kind,
                                    .clean = kind == RECUR_TOKENS_WORD ? RECUR_CLEAN_LETTERS
                                                                       : RECUR_CLEAN_NONE};
    const recur_token *entries = kind == RECUR_TOKENS_CHAR   ? chars
                                 : kind == RECUR_TOKENS_WORD ? words
                                                             : bytes;
    recur_vocab *vocab;
    assert_int_equal(recur_vocab_from_entries(entries, counts, 5, kind == RECUR_TOKENS_CHAR, &text,
                                              &vocab, NULL),
                     RECUR_OK);
    return vocab;
}

static const size_t widths[] = {3, 2, 40};

/* Its parameters are not those that its seed makes. */
static inline recur_model *make_model(recur_model_config config, recur_vocab *vocab)
{
    recur_model *model;
    config.hidden = widths;
    assert_int_equal(recur_model_create(&config, vocab, &model, NULL), RECUR_OK);
    for (size_t t = 0; t < recur_model_tensors(model); t++) {
        recur_tensor_info info = recur_model_tensor(model, t);
        size_t count = info.shape[0] * info.shape[1];
        float *values = calloc(count, sizeof *values);
        assert_non_null(values);
        for (size_t i = 0; i < count; i++)
            values[i] = (float)(t + 1) / (float)(i + 3);
        recur_model_set_tensor(model, t, values);
        free(values);
    }
    return model;
}

/* The model of most tests: LSTM, widths 3 and 2, characters. */
static inline recur_model *make_example(void)
{
    recur_model_config config = recur_model_config_default();
    config.layers = 2;
    config.dropout = 0.25F;
    recur_vocab *vocab = make_vocab(RECUR_TOKENS_CHAR);
    recur_model *model = make_model(config, vocab);
    recur_vocab_free(vocab);
    const recur_epoch first = {1, 2.5, NAN, 0.125, 0.1, 1e6, 3, NAN, NAN, NAN, NAN};
    const recur_epoch second = {UINT64_MAX, 1.0 / 3, 2.75,    1e-300, 5e-324, 12345.678,
                                0,          0.75,    1.0 / 7, 0,      NAN};
    assert_int_equal(recur_model_add_epoch(model, &first, NULL), RECUR_OK);
    assert_int_equal(recur_model_add_epoch(model, &second, NULL), RECUR_OK);
    return model;
}

static inline const char *save_example(struct scratch *scratch)
{
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "model.safetensors");
    recur_model *model = make_example();
    assert_int_equal(recur_model_save(model, path, NULL), RECUR_OK);
    recur_model_free(model);
    return path;
}

/* A model file taken apart, to be put together again with another header; close_model. */
struct model_file {
    const char *path;
    char *header;                /* as text, as it is now */
    recur_json *json;            /* the same */
    unsigned char *bytes, *data; /* all of it as it was; what follows the header */
    size_t length, size;         /* of the header as it was, of the data */
};

static inline void set_header(struct model_file *file, char *header)
{
    recur_error error;
    assert_non_null(header);
    free(file->header);
    free(file->json);
    file->header = header;
    if (recur_json_parse(header, strlen(header), true, "a header", &file->json, &error) != RECUR_OK)
        fail_msg("%s", error.message);
}

/* The header as it was. */
static inline void reset_header(struct model_file *file)
{
    set_header(file, strndup((const char *)file->bytes + 8, file->length));
}

static inline struct model_file open_model(const char *path)
{
    struct model_file file = {.path = path};
    file.bytes = scratch_read(path, &file.size);
    for (size_t i = 8; i-- > 0;)
        file.length = file.length << 8 | file.bytes[i];
    file.data = file.bytes + 8 + file.length;
    file.size -= 8 + file.length;
    reset_header(&file);
    return file;
}

static inline void close_model(struct model_file *file)
{
    free(file->json);
    free(file->header);
    free(file->bytes);
}

/* Writes the file with the header as it is now. */
static inline void write_header(const struct model_file *file)
{
    size_t length = strlen(file->header);
    unsigned char prefix[8];
    for (size_t i = 0; i < 8; i++)
        prefix[i] = (unsigned char)((uint64_t)length >> 8 * i);
    FILE *stream = fopen(file->path, "wb");
    assert_non_null(stream);
    fwrite(prefix, 1, 8, stream);
    fwrite(file->header, 1, length, stream);
    fwrite(file->data, 1, file->size, stream);
    assert_int_equal(fclose(stream), 0);
}

/* Puts `value`, a JSON text, in place of the member `key` of the header's `name`, or of `name`
 * itself where `key` is NULL; takes it away where `value` is NULL. */
static inline void edit_header(struct model_file *file, const char *name, const char *key,
                               const char *value)
{
    const char *path[] = {name, key, NULL};
    set_header(file, json_edit(file->json, path, value));
}

static inline const char *metadata_of(const struct model_file *file, const char *key)
{
    return recur_json_text(recur_json_member(recur_json_member(file->json, "__metadata__"), key));
}

/* The metadata's text `key` becomes another; NULL takes it away. */
static inline void set_metadata(struct model_file *file, const char *key, const char *text)
{
    recur_json_writer value = {0};
    if (text)
        recur_json_put_text(&value, NULL, text);
    edit_header(file, "__metadata__", key, value.text);
    recur_json_writer_free(&value);
}

/* The first `from` in the metadata's text `key` becomes `to`. */
static inline void replace_in_metadata(struct model_file *file, const char *key, const char *from,
                                       const char *to)
{
    const char *old = metadata_of(file, key), *at = old ? strstr(old, from) : NULL;
    assert_non_null(at);
    size_t room = strlen(old) + strlen(to) + 1;
    char *text = malloc(room);
    assert_non_null(text);
    snprintf(text, room, "%.*s%s%s", (int)(at - old), old, to, at + strlen(from));
    set_metadata(file, key, text);
    free(text);
}

#endif
