#include "io/safetensors.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/kind.h"
#include "base/memory.h"
#include "io/numbers.h"

#define MAX_HEADER ((size_t)100000000)
#define PREFIX 8 /* length of the header's length; the header ends at a multiple of this */
#define METADATA "__metadata__"

_Static_assert(SIZE_MAX >= INT64_MAX, "sizes in files are 64-bit");

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {
    {"F32", 4},     {"F64", 8},     {"F16", 2},     {"BF16", 2}, {"I64", 8},  {"I32", 4},
    {"I16", 2},     {"I8", 1},      {"U64", 8},     {"U32", 4},  {"U16", 2},  {"U8", 1},
    {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F8_E8M0", 1}, {"C64", 8},  {"BOOL", 1},
};

/* Bytes of one item; 0 for an unknown type. */
static size_t dtype_bytes(const char *dtype)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(dtype, dtypes[i].name) == 0)
            return dtypes[i].bytes;
    }
    return 0;
}

static bool is_size(const recur_json *json)
{
    return json->kind == RECUR_JSON_INTEGER && !json->negative;
}

static enum recur_status read_shape(const recur_json *shape, struct recur_safetensor *tensor,
                                    recur_error *error)
{
    if (!recur_json_is(shape, RECUR_JSON_LIST))
        return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %s has no shape", tensor->name);
    tensor->rank = shape->size;
    if (tensor->rank > RECUR_SAFETENSORS_MAX_RANK)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "tensor %s has %zu dimensions, at most %d are supported", tensor->name,
                          tensor->rank, RECUR_SAFETENSORS_MAX_RANK);
    const recur_json *extent = recur_json_first(shape);
    for (size_t i = 0; i < tensor->rank; i++, extent = recur_json_next(extent)) {
        if (!is_size(extent))
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              "tensor %s: dimension %zu is not an integer of at least 0",
                              tensor->name, i);
        tensor->shape[i] = (size_t)extent->magnitude;
    }
    return RECUR_OK;
}

static enum recur_status read_offsets(const recur_json *offsets, struct recur_safetensor *tensor,
                                      recur_error *error)
{
    bool two = recur_json_is(offsets, RECUR_JSON_LIST) && offsets->size == 2;
    const recur_json *begin = two ? recur_json_first(offsets) : NULL;
    const recur_json *end = two ? recur_json_next(begin) : NULL;
    if (!two || !is_size(begin) || !is_size(end))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %s: data_offsets are not two integers of at least 0",
                          tensor->name);
    tensor->begin = (size_t)begin->magnitude;
    tensor->end = (size_t)end->magnitude;
    if (tensor->end < tensor->begin)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %s ends at byte %zu, before it begins at %zu", tensor->name,
                          tensor->end, tensor->begin);
    return RECUR_OK;
}

static enum recur_status read_tensor(const recur_json *entry, struct recur_safetensor *tensor,
                                     recur_error *error)
{
    const char *dtype = recur_json_text(recur_json_member(entry, "dtype"));
    if (!dtype)
        return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %s has no dtype", tensor->name);
    tensor->dtype = dtype;
    size_t bytes = dtype_bytes(dtype);
    if (bytes == 0)
        return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %s has the unknown dtype %s",
                          tensor->name, dtype);
    RECUR_TRY(read_shape(recur_json_member(entry, "shape"), tensor, error));
    RECUR_TRY(read_offsets(recur_json_member(entry, "data_offsets"), tensor, error));
    for (size_t i = 0; i < tensor->rank && bytes != SIZE_MAX; i++)
        bytes = recur_size_mul(bytes, tensor->shape[i]);
    if (bytes == SIZE_MAX)
        return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %s: its shape overflows",
                          tensor->name);
    if (tensor->end - tensor->begin != bytes)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %s has %zu byte%s of data, its shape needs %zu", tensor->name,
                          tensor->end - tensor->begin, recur_plural(tensor->end - tensor->begin),
                          bytes);
    return RECUR_OK;
}

static enum recur_status read_metadata(const recur_json *json, struct recur_metadata *metadata,
                                       recur_error *error)
{
    if (json->kind != RECUR_JSON_OBJECT)
        return recur_fail(error, RECUR_ERROR_FORMAT, METADATA " is not an object");
    RECUR_TRY(recur_alloc(json->size, sizeof *metadata->properties, "the metadata",
                          &metadata->properties, error));
    const recur_json *key = recur_json_first(json);
    for (size_t i = 0; i < json->size; i++, key = recur_json_next(key + 1)) {
        const char *value = recur_json_text(key + 1);
        if (!value)
            return recur_fail(error, RECUR_ERROR_FORMAT, METADATA ": %s is not a string",
                              key->text);
        metadata->properties[metadata->count++] = (struct recur_property){key->text, value};
    }
    return RECUR_OK;
}

static enum recur_status read_entries(struct recur_safetensors *file, recur_error *error)
{
    size_t members = file->header->size;
    RECUR_TRY(
        recur_alloc(members, sizeof *file->tensors, "a table of tensors", &file->tensors, error));
    const recur_json *key = recur_json_first(file->header);
    for (size_t i = 0; i < members; i++, key = recur_json_next(key + 1)) {
        if (strcmp(key->text, METADATA) == 0) {
            RECUR_TRY(read_metadata(key + 1, &file->metadata, error));
            continue;
        }
        struct recur_safetensor *tensor = &file->tensors[file->count++];
        tensor->name = key->text;
        RECUR_TRY(read_tensor(key + 1, tensor, error));
    }
    return RECUR_OK;
}

/* An empty tensor comes before one that begins at the same byte. */
static int compare_places(const void *a, const void *b)
{
    const struct recur_safetensor *s = a, *t = b;
    if (s->begin != t->begin)
        return s->begin < t->begin ? -1 : 1;
    return (s->end > t->end) - (s->end < t->end);
}

static int compare_names(const void *a, const void *b)
{
    const struct recur_safetensor *s = a, *t = b;
    return strcmp(s->name, t->name);
}

/* Checks that the tensors fill the data without holes or overlaps. */
static enum recur_status check_places(struct recur_safetensors *file, recur_error *error)
{
    size_t place = 0;
    qsort(file->tensors, file->count, sizeof *file->tensors, compare_places);
    for (size_t i = 0; i < file->count; i++) {
        const struct recur_safetensor *tensor = &file->tensors[i];
        if (tensor->begin != place)
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              "tensor %s begins at byte %zu, expected %zu: the data has %s",
                              tensor->name, tensor->begin, place,
                              tensor->begin < place ? "an overlap" : "a hole");
        place = tensor->end;
    }
    qsort(file->tensors, file->count, sizeof *file->tensors, compare_names);
    file->bytes = place;
    return RECUR_OK;
}

/* Fails because the file does not begin with a possible header, and says what the file is. `prefix`
 * holds the first `got` bytes, at most PREFIX; `size` is the number in them. */
static enum recur_status fail_header(FILE *stream, const char *path, const unsigned char *prefix,
                                     size_t got, uint64_t size, recur_error *error)
{
    unsigned char start[PREFIX + RECUR_KIND_BYTES], *more;
    char why[100] = "its header does not begin with {";
    size_t rest;
    RECUR_TRY(recur_file_read(stream, path, RECUR_KIND_BYTES, &more, &rest, error));
    memcpy(start, prefix, got);
    memcpy(start + got, more, rest);
    free(more);
    if (got < PREFIX)
        snprintf(why, sizeof why, "it has %zu byte%s, at least %d are needed", got,
                 recur_plural(got), PREFIX);
    else if (size > MAX_HEADER)
        snprintf(why, sizeof why,
                 "its header would have %" PRIu64 " bytes, at most %zu are allowed", size,
                 MAX_HEADER);
    recur_kind_refuse_model(recur_kind_of(start, got + rest, rest < RECUR_KIND_BYTES),
                            "a safetensors file", why, error);
    return RECUR_ERROR_FORMAT;
}

static enum recur_status read_header(FILE *stream, const char *path, recur_json **header,
                                     recur_error *error)
{
    unsigned char *text = NULL, prefix[PREFIX];
    size_t got;
    uint64_t size = 0;
    RECUR_TRY(recur_file_read(stream, path, PREFIX, &text, &got, error));
    memcpy(prefix, text, got);
    free(text);
    for (size_t i = got; i-- > 0;)
        size = size << 8 | prefix[i];
    int next = got == PREFIX && size <= MAX_HEADER ? getc(stream) : EOF;
    bool begins = next == '{' || (next == EOF && size > 0 && got == PREFIX && size <= MAX_HEADER);
    if (next != EOF)
        ungetc(next, stream);
    if (!begins)
        return fail_header(stream, path, prefix, got, size, error);
    RECUR_TRY(recur_file_read(stream, path, (size_t)size, &text, &got, error));
    enum recur_status status;
    if (got < size)
        status =
            recur_fail(error, RECUR_ERROR_FORMAT,
                       "the file is cut off: its header has %" PRIu64 " byte%s, only %zu %s there",
                       size, recur_plural(size), got, got == 1 ? "is" : "are");
    else
        status = recur_json_parse((const char *)text, got, false, "the header", header, error);
    free(text);
    return status;
}

static enum recur_status read_data(FILE *stream, const char *path, struct recur_safetensors *file,
                                   recur_error *error)
{
    size_t bytes = file->bytes, got; /* one more byte is read to see the end */
    RECUR_TRY(recur_file_read(stream, path, bytes + 1, &file->data, &got, error));
    if (got < bytes)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "the file is cut off: its tensors have %zu byte%s, only %zu %s there",
                          bytes, recur_plural(bytes), got, got == 1 ? "is" : "are");
    if (got > bytes)
        return recur_fail(
            error, RECUR_ERROR_FORMAT,
            "the file goes on after its last tensor, which ends at byte %zu of the data", bytes);
    return RECUR_OK;
}

enum recur_status recur_safetensors_read(FILE *stream, const char *path,
                                         struct recur_safetensors *file, recur_error *error)
{
    struct recur_safetensors read = {0};
    enum recur_status status;
    RECUR_TRY_GOTO(read_header(stream, path, &read.header, error), failed);
    RECUR_TRY_GOTO(read_entries(&read, error), failed);
    RECUR_TRY_GOTO(check_places(&read, error), failed);
    RECUR_TRY_GOTO(read_data(stream, path, &read, error), failed);
    *file = read;
    return RECUR_OK;
failed:
    recur_safetensors_free(&read);
    if (status == RECUR_ERROR_FORMAT || status == RECUR_ERROR_UNSUPPORTED)
        recur_error_prefix(error, recur_file_name(path).text);
    return status;
}

enum recur_status recur_safetensors_load(const char *path, struct recur_safetensors *file,
                                         recur_error *error)
{
    FILE *stream;
    RECUR_TRY(recur_file_open(path, &stream, error));
    enum recur_status status = recur_safetensors_read(stream, path, file, error);
    recur_file_close(stream);
    return status;
}

void recur_safetensors_free(struct recur_safetensors *file)
{
    free(file->tensors);
    free(file->data);
    free(file->header);
    free(file->metadata.properties);
    *file = (struct recur_safetensors){0};
}

const char *recur_metadata_find(const struct recur_metadata *metadata, const char *key)
{
    for (size_t i = 0; i < metadata->count; i++)
        if (strcmp(metadata->properties[i].key, key) == 0)
            return metadata->properties[i].value;
    return NULL;
}

static struct recur_safetensor *find(const struct recur_safetensors *file, const char *name)
{
    const struct recur_safetensor wanted = {.name = name};
    return bsearch(&wanted, file->tensors, file->count, sizeof wanted, compare_names);
}

const struct recur_safetensor *recur_safetensors_find(const struct recur_safetensors *file,
                                                      const char *name)
{
    return find(file, name);
}

const struct recur_safetensor *recur_safetensors_take(struct recur_safetensors *file,
                                                      const char *name)
{
    struct recur_safetensor *tensor = find(file, name);
    if (tensor)
        tensor->taken = true;
    return tensor;
}

void recur_safetensors_take_all(struct recur_safetensors *file, const char *prefix)
{
    for (size_t i = 0; i < file->count; i++)
        if (strncmp(file->tensors[i].name, prefix, strlen(prefix)) == 0)
            file->tensors[i].taken = true;
}

enum recur_status recur_safetensors_check_taken(const struct recur_safetensors *file,
                                                recur_error *error)
{
    for (size_t i = 0; i < file->count; i++)
        if (!file->tensors[i].taken)
            return recur_fail(error, RECUR_ERROR_FORMAT, "tensor %s is no part of the model",
                              file->tensors[i].name);
    return RECUR_OK;
}

static enum recur_status get(const struct recur_safetensors *file,
                             const struct recur_safetensor *tensor, bool bytes, float *values,
                             recur_error *error)
{
    bool is_bytes = strcmp(tensor->dtype, "I8") == 0;
    size_t count = 1;
    for (size_t i = 0; i < tensor->rank; i++)
        count *= tensor->shape[i];
    if (is_bytes == bytes &&
        recur_numbers_read(tensor->dtype, file->data + tensor->begin, count, values))
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "tensor %s holds %s numbers, expected %s",
                      tensor->name, tensor->dtype, bytes ? "I8" : "F32, F64, F16 or BF16");
}

enum recur_status recur_safetensors_get_f32(const struct recur_safetensors *file,
                                            const struct recur_safetensor *tensor, float *values,
                                            recur_error *error)
{
    return get(file, tensor, false, values, error);
}

enum recur_status recur_safetensors_get_i8(const struct recur_safetensors *file,
                                           const struct recur_safetensor *tensor, float *values,
                                           recur_error *error)
{
    return get(file, tensor, true, values, error);
}

/* Puts the entry of a tensor whose data begins at *place, and moves *place to the data's end. */
static void put_entry(recur_json_writer *header, const struct recur_safetensor *tensor,
                      size_t *place)
{
    size_t begin = *place, bytes = recur_numbers_bytes(tensor->number);
    recur_json_open(header, tensor->name, '{');
    recur_json_put_text(header, "dtype", recur_numbers_name(tensor->number));
    recur_json_open(header, "shape", '[');
    for (size_t i = 0; i < tensor->rank; i++) {
        recur_json_put_u64(header, NULL, tensor->shape[i]);
        bytes *= tensor->shape[i];
    }
    *place = begin + bytes;
    recur_json_close(header, ']');
    recur_json_open(header, "data_offsets", '[');
    recur_json_put_u64(header, NULL, begin);
    recur_json_put_u64(header, NULL, *place);
    recur_json_close(header, ']');
    recur_json_close(header, '}');
}

/* Puts the header as JSON; `*bytes` becomes the size of the data. */
static void put_header(recur_json_writer *header, const struct recur_safetensor *tensors,
                       size_t count, const struct recur_metadata *metadata, size_t *bytes)
{
    recur_json_open(header, NULL, '{');
    if (metadata) {
        recur_json_open(header, METADATA, '{');
        for (size_t i = 0; i < metadata->count; i++)
            recur_json_put_text(header, metadata->properties[i].key, metadata->properties[i].value);
        recur_json_close(header, '}');
    }
    *bytes = 0;
    for (size_t i = 0; i < count; i++)
        put_entry(header, &tensors[i], bytes);
    recur_json_close(header, '}');
}

static enum recur_status write_header(const char *text, size_t size, struct recur_output *output,
                                      recur_error *error)
{
    static const char spaces[PREFIX] = "        ";
    size_t padding = (PREFIX - size % PREFIX) % PREFIX;
    unsigned char prefix[PREFIX];
    for (size_t i = 0; i < PREFIX; i++)
        prefix[i] = (unsigned char)((uint64_t)(size + padding) >> 8 * i);
    RECUR_TRY(recur_output_write(output, prefix, sizeof prefix, error));
    RECUR_TRY(recur_output_write(output, text, size, error));
    return recur_output_write(output, spaces, padding, error);
}

static enum recur_status create(const char *path, const recur_json_writer *header,
                                struct recur_safetensors_writer *writer, recur_error *error)
{
    char what[sizeof(recur_printable) + 20];
    snprintf(what, sizeof what, "the header of %s", recur_show_name(path).text);
    RECUR_TRY(recur_json_check(header, what, error));
    if (header->size > MAX_HEADER - PREFIX)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "cannot write %s: its header would have %zu bytes, the format allows %zu",
                          recur_show_name(path).text, header->size, MAX_HEADER);
    RECUR_TRY(recur_output_open(path, &writer->output, error));
    enum recur_status status = write_header(header->text, header->size, &writer->output, error);
    if (status != RECUR_OK)
        recur_output_discard(&writer->output);
    return status;
}

enum recur_status recur_safetensors_create(const char *path, const struct recur_safetensor *tensors,
                                           size_t count, const struct recur_metadata *metadata,
                                           struct recur_safetensors_writer *writer,
                                           recur_error *error)
{
    recur_json_writer header = {0};
    put_header(&header, tensors, count, metadata, &writer->left);
    enum recur_status status = create(path, &header, writer, error);
    recur_json_writer_free(&header);
    return status;
}

/* Converts the values in pieces, because the file is little-endian on every machine. */
enum recur_status recur_safetensors_put(struct recur_safetensors_writer *writer,
                                        enum recur_number number, const float *values, size_t count,
                                        recur_error *error)
{
    enum { PIECE = 4096 };
    unsigned char piece[PIECE * sizeof(float)];
    size_t bytes = recur_numbers_bytes(number);
    assert(count * bytes <= writer->left);
    while (count > 0) {
        size_t n = count < PIECE ? count : PIECE;
        recur_numbers_write(number, values, n, piece);
        RECUR_TRY(recur_output_write(&writer->output, piece, n * bytes, error));
        writer->left -= n * bytes;
        values += n;
        count -= n;
    }
    return RECUR_OK;
}

enum recur_status recur_safetensors_put_f32(struct recur_safetensors_writer *writer,
                                            const float *values, size_t count, recur_error *error)
{
    return recur_safetensors_put(writer, RECUR_NUMBER_F32, values, count, error);
}

enum recur_status recur_safetensors_commit(struct recur_safetensors_writer *writer,
                                           recur_error *error)
{
    assert(writer->left == 0);
    return recur_output_commit(&writer->output, error);
}

void recur_safetensors_discard(struct recur_safetensors_writer *writer)
{
    recur_output_discard(&writer->output);
}
