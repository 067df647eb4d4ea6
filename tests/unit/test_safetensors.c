/* safetensors: what is written comes back bit by bit and byte by byte as the format says; every
 * way a file can be wrong is refused with its own sentence; no file crashes the reader. */
#define _GNU_SOURCE /* fmemopen, mkdtemp, dirfd */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/numbers.h"
#include "io/safetensors.h"
#include "scratch.h"

static enum recur_status read_bytes(const void *bytes, size_t size, struct recur_safetensors *file,
                                    recur_error *error)
{
    FILE *stream = fmemopen((void *)(uintptr_t)bytes, size, "rb");
    assert_non_null(stream);
    enum recur_status status = recur_safetensors_read(stream, "m", file, error);
    fclose(stream);
    return status;
}

/* A file of this header, taken as it stands, and `data` bytes 0, 1, 2, ...; free() it. */
static unsigned char *make_file(const char *header, size_t data, size_t *size)
{
    size_t length = strlen(header);
    unsigned char *bytes = calloc(8 + length + data + 1, 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < data; i++)
        bytes[8 + length + i] = (unsigned char)i;
    *size = 8 + length + data;
    return bytes;
}

#define F32(shape, begin, end)                                                                     \
    "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"
#define A8 "\"a\":" F32("[2]", "0", "8")

static const struct {
    const char *header;
    size_t data;
    enum recur_status status;
    const char *sentence;
} refused[] = {
    {"", 0, RECUR_ERROR_FORMAT, "m: not a safetensors file: its header does not begin with {"},
    {" {}", 0, RECUR_ERROR_FORMAT, "m: not a safetensors file: its header does not begin with {"},
    {"[]", 0, RECUR_ERROR_FORMAT, "m: not a safetensors file: its header does not begin with {"},
    {"{\"a\":1", 0, RECUR_ERROR_FORMAT,
     "m: the header is not valid JSON at line 1, byte 7: expected a comma or }, got the end"},
    {"{} x", 0, RECUR_ERROR_FORMAT,
     "m: the header is not valid JSON at line 1, byte 4: expected nothing more, got \"x\""},
    {"{\"\xff\":1}", 0, RECUR_ERROR_FORMAT,
     "m: the header is not valid JSON at line 1, byte 3: expected UTF-8, got \"\\xFF\""},
    {"{\"a\\u0000\":1}", 0, RECUR_ERROR_FORMAT,
     "m: the header is not valid JSON at line 1, byte 10: U+0000 cannot stand here"},
    {"{\"__metadata__\":{\"a\":\"\\u0000\"}}", 0, RECUR_ERROR_FORMAT,
     "m: the header is not valid JSON at line 1, byte 29: U+0000 cannot stand here"},
    {"{" A8 "," A8 "}", 8, RECUR_ERROR_FORMAT,
     "m: the header is not valid JSON: the key \"a\" stands twice"},
    {"{\"a\":1}", 0, RECUR_ERROR_FORMAT, "m: tensor a has no dtype"},
    {"{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, RECUR_ERROR_FORMAT,
     "m: tensor a has the unknown dtype F33"},
    {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, RECUR_ERROR_FORMAT,
     "m: tensor a has no shape"},
    {"{\"a\":" F32("[-2]", "0", "8") "}", 8, RECUR_ERROR_FORMAT,
     "m: tensor a: dimension 0 is not an integer of at least 0"},
    {"{\"a\":" F32("[1,2.0]", "0", "8") "}", 8, RECUR_ERROR_FORMAT,
     "m: tensor a: dimension 1 is not an integer of at least 0"},
    {"{\"a\":" F32("[1,1,1,1,1,1,1,1,2]", "0", "8") "}", 8, RECUR_ERROR_UNSUPPORTED,
     "m: tensor a has 9 dimensions, at most 8 are supported"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, RECUR_ERROR_FORMAT,
     "m: tensor a: data_offsets are not two integers of at least 0"},
    {"{\"a\":" F32("[2]", "0", "8,9") "}", 8, RECUR_ERROR_FORMAT,
     "m: tensor a: data_offsets are not two integers of at least 0"},
    {"{\"a\":" F32("[2]", "-8", "0") "}", 8, RECUR_ERROR_FORMAT,
     "m: tensor a: data_offsets are not two integers of at least 0"},
    {"{\"a\":" F32("[2]", "8", "0") "}", 8, RECUR_ERROR_FORMAT,
     "m: tensor a ends at byte 0, before it begins at 8"},
    {"{\"a\":" F32("[4294967296,4294967296]", "0", "0") "}", 0, RECUR_ERROR_FORMAT,
     "m: tensor a: its shape overflows"},
    {"{\"a\":" F32("[9223372036854775807,0]", "0", "0") "}", 0, RECUR_ERROR_FORMAT,
     "m: tensor a: its shape overflows"},
    {"{\"a\":" F32("[99999999999999999999]", "0", "0") "}", 0, RECUR_ERROR_FORMAT,
     "m: the header is not valid JSON at line 1, byte 50: an integer is too large"},
    {"{\"a\":" F32("[3]", "0", "8") "}", 8, RECUR_ERROR_FORMAT,
     "m: tensor a has 8 bytes of data, its shape needs 12"},
    {"{\"a\":" F32("[2]", "4", "12") "}", 12, RECUR_ERROR_FORMAT,
     "m: tensor a begins at byte 4, expected 0: the data has a hole"},
    {"{" A8 ",\"b\":" F32("[1]", "12", "16") "}", 16, RECUR_ERROR_FORMAT,
     "m: tensor b begins at byte 12, expected 8: the data has a hole"},
    {"{" A8 ",\"b\":" F32("[1]", "4", "8") "}", 8, RECUR_ERROR_FORMAT,
     "m: tensor b begins at byte 4, expected 8: the data has an overlap"},
    {"{" A8 "}", 7, RECUR_ERROR_FORMAT,
     "m: the file is cut off: its tensors have 8 bytes, only 7 are there"},
    {"{" A8 "}", 9, RECUR_ERROR_FORMAT,
     "m: the file goes on after its last tensor, which ends at byte 8 of the data"},
    {"{\"__metadata__\":[]}", 0, RECUR_ERROR_FORMAT, "m: __metadata__ is not an object"},
    {"{\"__metadata__\":{\"a\":\"b\",\"k\":1}}", 0, RECUR_ERROR_FORMAT,
     "m: __metadata__: k is not a string"},
};

static void wrong_files_are_refused_each_with_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        size_t size;
        unsigned char *bytes = make_file(refused[i].header, refused[i].data, &size);
        struct recur_safetensors file;
        recur_error error;
        assert_int_equal(read_bytes(bytes, size, &file, &error), refused[i].status);
        assert_string_equal(error.message, refused[i].sentence);
        assert_int_equal(error.status, refused[i].status);
        free(bytes);
    }
}

static void refuse(const char *bytes, size_t size, const char *sentence)
{
    struct recur_safetensors file;
    recur_error error;
    assert_int_equal(read_bytes(bytes, size, &file, &error), RECUR_ERROR_FORMAT);
    assert_string_equal(error.message, sentence);
}

static void wrong_lengths_are_refused(void **state)
{
    refuse("\x10\0\0", 3, "m: not a safetensors file: it has 3 bytes, at least 8 are needed");
    refuse("\x01\xe1\xf5\x05\0\0\0\0{}", 10,
           "m: not a safetensors file: its header would have 100000001 bytes, at most 100000000 "
           "are allowed");
    refuse("The Time Machine", 16,
           "m: not a safetensors file but a text: recur train makes a model of it");
    refuse("\0\xe1\xf5\x05\0\0\0\0{}", 10,
           "m: the file is cut off: its header has 100000000 bytes, only 2 are there");
    refuse("\x02\0\0\0\0\0\0\0", 8,
           "m: the file is cut off: its header has 2 bytes, only 0 are there");
    refuse("\x02\0\0\0\0\0\0\0xy", 10,
           "m: not a safetensors file: its header does not begin with {");

    const char *path = scratch_path(*state, "empty");
    scratch_write(path, "", 0);
    struct recur_safetensors file;
    recur_error error;
    char expected[600];
    assert_int_equal(recur_safetensors_load(path, &file, &error), RECUR_ERROR_FORMAT);
    snprintf(expected, sizeof expected, "%s: not a safetensors file but an empty file", path);
    assert_string_equal(error.message, expected);
}

static void endless_files_are_refused_at_once(void **state)
{
    (void)state;
    struct recur_safetensors file;
    recur_error error;
    if (access("/dev/zero", R_OK) != 0)
        skip();
    assert_int_equal(recur_safetensors_load("/dev/zero", &file, &error), RECUR_ERROR_FORMAT);
    assert_string_equal(error.message,
                        "/dev/zero: not a safetensors file: its header does not begin with {");
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    char header[200001];
    memset(header, '[', sizeof header - 1);
    memcpy(header, "{\"a\":", 5);
    header[sizeof header - 1] = '\0';
    size_t size;
    unsigned char *bytes = make_file(header, 0, &size);
    struct recur_safetensors file;
    recur_error error;
    assert_int_equal(read_bytes(bytes, size, &file, &error), RECUR_ERROR_FORMAT);
    assert_non_null(
        strstr(error.message, "at line 1, byte 69: too many lists and objects within each other"));
    free(bytes);
}

static void right_files_are_read(void **state)
{
    (void)state;
    /* out of order, a scalar, empty tensors, other types, a name that is not ASCII, padding */
    const char *header = "{\"c\":" F32("[]", "10", "14") ",\"\xe4\xbd\xa0\":" F32(
        "[2,1]", "2",
        "10") ","
              "\"__metadata__\":{\"format\":\"pt\",\"e\":\"\"},"
              "\"none\":" F32("[0,7]", "2",
                              "2") ","
                                   "\"late\":" F32(
                                       "[0]", "14",
                                       "14") ","
                                             "\"half\":{\"shape\":[1],\"dtype\":\"BF16\",\"data_"
                                             "offsets\":[0,2],\"x\":0}}   ";
    size_t size;
    unsigned char *bytes = make_file(header, 14, &size);
    struct recur_safetensors file;
    recur_error error;
    assert_int_equal(read_bytes(bytes, size, &file, &error), RECUR_OK);
    assert_int_equal(file.count, 5);
    assert_int_equal(file.bytes, 14);
    assert_string_equal(recur_metadata_find(&file.metadata, "format"), "pt");
    assert_string_equal(recur_metadata_find(&file.metadata, "e"), "");
    assert_null(recur_metadata_find(&file.metadata, "absent"));
    assert_null(recur_safetensors_find(&file, "absent"));
    assert_null(recur_safetensors_find(&file, "__metadata__"));

    const struct recur_safetensor *wide = recur_safetensors_find(&file, "\xe4\xbd\xa0");
    assert_non_null(wide);
    assert_int_equal(wide->rank, 2);
    assert_int_equal(wide->shape[0], 2);
    assert_int_equal(wide->shape[1], 1);
    float values[2];
    assert_int_equal(recur_safetensors_get_f32(&file, wide, values, NULL), RECUR_OK);
    const uint32_t expected[] = {0x05040302, 0x09080706};
    assert_memory_equal(values, expected, sizeof expected);

    const struct recur_safetensor *scalar = recur_safetensors_find(&file, "c");
    assert_int_equal(scalar->rank, 0);
    assert_int_equal(scalar->end - scalar->begin, 4);
    const struct recur_safetensor *none = recur_safetensors_find(&file, "none");
    assert_int_equal(none->end - none->begin, 0);

    const struct recur_safetensor *half = recur_safetensors_find(&file, "half");
    assert_int_equal(recur_safetensors_get_f32(&file, half, values, NULL), RECUR_OK);
    const uint32_t widened = 0x01000000;
    assert_memory_equal(values, &widened, sizeof widened);
    recur_safetensors_free(&file);
    free(bytes);
}

/* Every kind of F16, and what the other types hold that is not theirs alone. */
static void other_numbers_become_floats(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        unsigned char bytes[8];
        double value;
    } cases[] = {
        {"F16", {0x00, 0x3c}, 1},
        {"F16", {0x00, 0xc0}, -2},
        {"F16", {0x55, 0x35}, 0.333251953125},
        {"F16", {0xff, 0x7b}, 65504},
        {"F16", {0x01, 0x00}, 0x1p-24},
        {"F16", {0xff, 0x83}, -0x3ffp-24},
        {"F16", {0x00, 0x04}, 0x1p-14},
        {"F16", {0x00, 0x7c}, INFINITY},
        {"F16", {0x00, 0xfc}, -INFINITY},
        {"BF16", {0x80, 0xbf}, -1},
        {"BF16", {0xc9, 0x42}, 100.5},
        {"F32", {0, 0, 0x40, 0x3f}, 0.75},
        {"F64", {0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, -1.5},
        {"F64", {1, 0, 0, 0, 0, 0, 0xf0, 0x3f}, 1},
        {"F64", {0, 0, 0, 0, 0, 0, 0xe0, 0x7f}, INFINITY},
    };
    float value, zeros[2];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(recur_numbers_read(cases[i].type, cases[i].bytes, 1, &value));
        assert_true((double)value == cases[i].value);
    }
    assert_true(recur_numbers_read("F16", (const unsigned char[]){0x01, 0x7e}, 1, &value));
    assert_true(isnan(value));
    assert_true(recur_numbers_read("F16", (const unsigned char[]){0, 0x80, 0, 0x3c}, 2, zeros));
    assert_true(zeros[0] == 0 && signbit(zeros[0]) && zeros[1] == 1);
    assert_false(recur_numbers_read("I32", cases[0].bytes, 1, &value));
}

static void every_dtype_has_its_size(void **state)
{
    (void)state;
    const char *const names[] = {"BOOL U8 I8 F8_E4M3 F8_E5M2 F8_E8M0", "F16 BF16 I16 U16",
                                 "F32 I32 U32", "F64 I64 U64 C64"};
    for (size_t i = 0; i < 4; i++) {
        char list[64], *rest = list;
        snprintf(list, sizeof list, "%s", names[i]);
        for (char *name; (name = strtok_r(rest, " ", &rest));) {
            char header[128];
            snprintf(header, sizeof header,
                     "{\"a\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%d]}}", name,
                     3 << i);
            size_t size;
            unsigned char *bytes = make_file(header, (size_t)3 << i, &size);
            struct recur_safetensors file;
            assert_int_equal(read_bytes(bytes, size, &file, NULL), RECUR_OK);
            assert_string_equal(file.tensors[0].dtype, name);
            recur_safetensors_free(&file);
            free(bytes);
        }
    }
}

static void write_example(const char *path)
{
    const struct recur_safetensor tensors[] = {
        {.name = "weight", .rank = 2, .shape = {2, 3}},
        {.name = "bias", .rank = 1, .shape = {2}},
        {.name = "scalar", .rank = 0},
        {.name = "none", .rank = 1, .shape = {0}},
    };
    const float weight[] = {1, -2, 0.5F, 3.25F, -0.0F, 1e-45F}, bias[] = {7, 8}, scalar = 9;
    struct recur_property property = {"key", "\"v\xc3\xa4lue\""};
    const struct recur_metadata metadata = {&property, 1};
    struct recur_safetensors_writer writer;
    recur_error error;
    assert_int_equal(recur_safetensors_create(path, tensors, 4, &metadata, &writer, &error),
                     RECUR_OK);
    assert_int_equal(recur_safetensors_put_f32(&writer, weight, 4, &error), RECUR_OK);
    assert_int_equal(recur_safetensors_put_f32(&writer, weight + 4, 2, &error), RECUR_OK);
    assert_int_equal(recur_safetensors_put_f32(&writer, bias, 2, &error), RECUR_OK);
    assert_int_equal(recur_safetensors_put_f32(&writer, &scalar, 1, &error), RECUR_OK);
    assert_int_equal(recur_safetensors_commit(&writer, &error), RECUR_OK);
}

static void writes_the_format_byte_by_byte(void **state)
{
    const char *path = scratch_path(*state, "example");
    write_example(path);
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    const char *header = "{\"__metadata__\":{\"key\":\"\\\"v\xc3\xa4lue\\\"\"},"
                         "\"weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                         "\"bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]},"
                         "\"scalar\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[32,36]},"
                         "\"none\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[36,36]}}";
    const unsigned char data[] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0,    0x3f,
                                  0, 0, 0x50, 0x40, 0, 0, 0, 0x80, 1, 0, 0,    0,
                                  0, 0, 0xe0, 0x40, 0, 0, 0, 0x41, 0, 0, 0x10, 0x41};
    size_t length = strlen(header), padded = (length + 7) / 8 * 8;
    assert_true(padded > length); /* or the padding would not be seen */
    assert_int_equal(bytes[0] | bytes[1] << 8, padded);
    for (size_t i = 2; i < 8; i++)
        assert_int_equal(bytes[i], 0);
    assert_memory_equal(bytes + 8, header, length);
    for (size_t i = length; i < padded; i++)
        assert_int_equal(bytes[8 + i], ' ');
    assert_int_equal(size, 8 + padded + sizeof data);
    assert_memory_equal(bytes + 8 + padded, data, sizeof data);
    free(bytes);

    struct recur_safetensors file;
    assert_int_equal(recur_safetensors_load(path, &file, NULL), RECUR_OK);
    assert_string_equal(recur_metadata_find(&file.metadata, "key"), "\"v\xc3\xa4lue\"");
    assert_int_equal(file.count, 4);
    recur_safetensors_free(&file);
}

static void long_tensors_come_back(void **state)
{
    const char *path = scratch_path(*state, "long");
    enum { COUNT = 10007 };
    const struct recur_safetensor tensor = {.name = "t", .rank = 1, .shape = {COUNT}};
    float *values = calloc(COUNT, sizeof *values), *back = calloc(COUNT, sizeof *back);
    assert_true(values && back);
    for (size_t i = 0; i < COUNT; i++)
        values[i] = (float)i * 1.1F;
    struct recur_safetensors_writer writer;
    struct recur_safetensors file;
    assert_int_equal(recur_safetensors_create(path, &tensor, 1, NULL, &writer, NULL), RECUR_OK);
    assert_int_equal(recur_safetensors_put_f32(&writer, values, COUNT, NULL), RECUR_OK);
    assert_int_equal(recur_safetensors_commit(&writer, NULL), RECUR_OK);
    assert_int_equal(recur_safetensors_load(path, &file, NULL), RECUR_OK);
    assert_int_equal(recur_safetensors_get_f32(&file, file.tensors, back, NULL), RECUR_OK);
    assert_memory_equal(values, back, COUNT * sizeof *values);
    recur_safetensors_free(&file);
    free(values);
    free(back);
}

/* Whatever was accepted must be whole: the tensors tile the data, every value can be read. */
static void assert_sound(const struct recur_safetensors *file)
{
    size_t total = 0;
    for (size_t i = 0; i < file->count; i++) {
        const struct recur_safetensor *tensor = &file->tensors[i];
        size_t bytes = tensor->end - tensor->begin, count = 1;
        float values[64];
        assert_true(tensor->begin <= tensor->end && tensor->end <= file->bytes);
        assert_true(i == 0 || strcmp(file->tensors[i - 1].name, tensor->name) < 0);
        for (size_t d = 0; d < tensor->rank; d++)
            count *= tensor->shape[d];
        total += bytes;
        if (strcmp(tensor->dtype, "F32") == 0) {
            assert_int_equal(bytes, count * 4);
            assert_int_equal(recur_safetensors_get_f32(file, tensor, values, NULL), RECUR_OK);
        }
    }
    assert_int_equal(total, file->bytes);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    const char *path = scratch_path(*state, "example");
    write_example(path);
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t cut = 1; cut < size; cut++) {
        struct recur_safetensors file;
        recur_error error = {0};
        assert_int_equal(read_bytes(bytes, cut, &file, &error), RECUR_ERROR_FORMAT);
        assert_true(strlen(error.message) > 10);
    }
    free(bytes);
}

static void a_spoilt_byte_never_breaks_the_reader(void **state)
{
    const char *path = scratch_path(*state, "example");
    write_example(path);
    size_t size, accepted = 0, refusals = 0;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t at = 0; at < size; at++) {
        unsigned char old = bytes[at];
        for (unsigned bit = 0; bit < 10; bit++) {
            bytes[at] = (unsigned char)(bit < 8 ? old ^ 1U << bit : bit == 8 ? 0 : 0xff);
            if (bytes[at] == old)
                continue;
            struct recur_safetensors file;
            if (read_bytes(bytes, size, &file, NULL) != RECUR_OK) {
                refusals++;
                assert_true(at < size - 36); /* numbers may be anything */
                continue;
            }
            accepted++;
            assert_sound(&file);
            recur_safetensors_free(&file);
        }
        bytes[at] = old;
    }
    assert_true(accepted > 36 * 8 && refusals > 1000);
    free(bytes);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    struct scratch *scratch = *state;
    const struct recur_safetensor tensor = {.name = "t", .rank = 1, .shape = {2}};
    const float values[2] = {0};
    struct recur_safetensors_writer writer;
    recur_error error;
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "old");
    scratch_write(path, "old", 3);
    assert_int_equal(recur_safetensors_create(path, &tensor, 1, NULL, &writer, NULL), RECUR_OK);
    assert_int_equal(recur_safetensors_put_f32(&writer, values, 1, NULL), RECUR_OK);
    recur_safetensors_discard(&writer);
    scratch_assert_holds(path, "old");
    assert_int_equal(scratch_files(scratch, 0), 1);

    path = scratch_path(scratch, "absent/model");
    assert_int_equal(recur_safetensors_create(path, &tensor, 1, NULL, &writer, &error),
                     RECUR_ERROR_FILE);
}

static void a_header_over_the_limit_is_not_written(void **state)
{
    struct scratch *scratch = *state;
    const size_t large = 100000000;
    char *text = malloc(large + 1);
    assert_non_null(text);
    memset(text, 'x', large);
    text[large] = '\0';
    struct recur_property property = {"key", text};
    const struct recur_metadata metadata = {&property, 1};
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "large");
    struct recur_safetensors_writer writer;
    recur_error error;
    char expected[600];
    assert_int_equal(recur_safetensors_create(path, NULL, 0, &metadata, &writer, &error),
                     RECUR_ERROR_UNSUPPORTED);
    free(text);
    snprintf(expected, sizeof expected,
             "cannot write %s: its header would have 100000027 bytes, the format allows 100000000",
             path);
    assert_string_equal(error.message, expected);
    assert_int_equal(scratch_files(scratch, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_files_are_refused_each_with_its_sentence),
        cmocka_unit_test(wrong_lengths_are_refused),
        cmocka_unit_test(endless_files_are_refused_at_once),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(right_files_are_read),
        cmocka_unit_test(other_numbers_become_floats),
        cmocka_unit_test(every_dtype_has_its_size),
        cmocka_unit_test(writes_the_format_byte_by_byte),
        cmocka_unit_test(long_tensors_come_back),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_spoilt_byte_never_breaks_the_reader),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
        cmocka_unit_test(a_header_over_the_limit_is_not_written),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
