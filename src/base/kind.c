#include "base/kind.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

/* The start of a file; functions recognise kinds that need more than a few bytes at its front. */
struct start {
    const unsigned char *bytes;
    size_t size;
    bool whole; /* the file has no more */
};

typedef bool tell_fn(const struct start *start);

static bool has(const struct start *start, size_t at, const char *bytes, size_t size)
{
    return start->size >= at + size && memcmp(start->bytes + at, bytes, size) == 0;
}

static uint64_t little_endian(const struct start *start, size_t at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | start->bytes[at + i];
    return value;
}

/* A header's length, then its JSON. */
static bool is_safetensors(const struct start *start)
{
    return start->size > 8 && little_endian(start, 0, 8) <= 100000000 && start->bytes[8] == '{';
}

/* HDF5 may follow a block of the user's. */
static bool is_hdf5(const struct start *start)
{
    static const char magic[] = "\x89HDF\r\n\x1a\n";
    for (size_t at = 0; at < start->size; at = at ? 2 * at : 512)
        if (has(start, at, magic, 8))
            return true;
    return false;
}

/* Whether the name of a zip's first entry begins, or ends, so. */
static bool zip_begins(const struct start *start, const char *begin)
{
    return has(start, 0, "PK\3\4", 4) && has(start, 30, begin, strlen(begin));
}

static bool zip_ends(const struct start *start, const char *end)
{
    size_t length = strlen(end);
    if (!has(start, 0, "PK\3\4", 4) || start->size < 30)
        return false;
    size_t name = (size_t)little_endian(start, 26, 2);
    return name >= length && has(start, 30 + name - length, end, length);
}

static bool is_torch_zip(const struct start *start)
{
    return zip_ends(start, "/data.pkl") || zip_ends(start, "/version") ||
           zip_ends(start, "/.format_version");
}

static bool is_npz(const struct start *start)
{
    return zip_ends(start, ".npy");
}

static bool is_keras(const struct start *start)
{
    return zip_begins(start, "metadata.json") || zip_begins(start, "config.json") ||
           zip_ends(start, ".weights.h5");
}

static bool is_office(const struct start *start)
{
    return zip_begins(start, "[Content_Types].xml") || zip_begins(start, "_rels/") ||
           zip_begins(start, "mimetype");
}

/* Its version, then who wrote it or the graph. Version 1 is what a SavedModel's begins with. */
static bool is_onnx(const struct start *start)
{
    return start->size > 2 && start->bytes[0] == 8 && start->bytes[1] > 1 && start->bytes[1] < 32 &&
           (start->bytes[2] == 0x12 || start->bytes[2] == 0x3a);
}

static bool is_binary_pickle(const struct start *start)
{
    return start->size > 2 && start->bytes[0] == 0x80 && start->bytes[1] >= 2 &&
           start->bytes[1] <= 5;
}

/* Of the protocols 0 and 1, which have no mark: a dictionary, a list, or a class's module. */
static bool is_old_pickle(const struct start *start)
{
    static const char *const begins[] = {"(dp0\n",         "(dp1\n",  "(lp0\n",      "(lp1\n",
                                         "}q\0",           "]q\0",    "ccopy_reg\n", "cnumpy",
                                         "ccollections\n", "ctorch.", "c__main__\n"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        size_t length = strlen(begins[i]);
        if (has(start, 0, begins[i], length + (begins[i][1] == 'q')))
            return true;
    }
    return false;
}

/* A torch object or a table with the index 1, in bytes or as text. */
static bool is_torch7(const struct start *start)
{
    return has(start, 0, "\4\0\0\0\1\0\0\0\3\0\0\0V 1", 15) ||
           has(start, 0, "\3\0\0\0\1\0\0\0", 8) || has(start, 0, "4\n1\n3\nV 1\n", 10);
}

/* Its version, a small number; letters alone would be a text's. */
static bool is_gguf(const struct start *start)
{
    return has(start, 0, "GGUF", 4) && has(start, 6, "\0\0", 2);
}

static bool is_tflite(const struct start *start)
{
    return has(start, 2, "\0\0TFL3", 6);
}

static bool is_bzip2(const struct start *start)
{
    return has(start, 0, "BZh", 3) && has(start, 4, "1AY&SY", 6);
}

static size_t skip_space(const struct start *start)
{
    size_t at = 0;
    while (at < start->size && isspace(start->bytes[at]))
        at++;
    return at;
}

static bool is_html(const struct start *start)
{
    static const char *const begins[] = {"<!doctype html", "<html"};
    size_t at = skip_space(start);
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(begins[i]), same = 0;
        while (same < length && at + same < start->size &&
               tolower(start->bytes[at + same]) == begins[i][same])
            same++;
        if (same == length)
            return true;
    }
    return false;
}

/* Blocks of Unicode to which most characters of any text belong. In UTF-16 two letters of ASCII
 * would look like a Chinese character. */
static bool is_common(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } blocks[] = {{'\t', '\r'},      {' ', '~'},       {0xa0, 0x24f},    {0x2b0, 0x1fff},
                  {0x2010, 0x205e},  {0x20a0, 0x214f}, {0x3000, 0x30ff}, {0x3400, 0x9fff},
                  {0xac00, 0xd7a3},  {0xf900, 0xfaff}, {0xfeff, 0xfeff}, {0xff01, 0xffee},
                  {0x1f300, 0x1faff}};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (code >= blocks[i].first && code <= blocks[i].last)
            return true;
    return false;
}

/* Counts characters, and byte sequences that are none, except one that the end cuts off. */
static void count_utf8(const struct start *start, size_t *characters, size_t *invalid)
{
    const char *bytes = (const char *)start->bytes;
    *characters = *invalid = 0;
    for (size_t at = 0, length; at < start->size; at += length) {
        enum recur_utf8 found = recur_utf8_scan(bytes + at, start->size - at, &length);
        *characters += 1;
        *invalid += found == RECUR_UTF8_INVALID || (found == RECUR_UTF8_CUT && start->whole);
    }
}

static bool is_utf8_with_few_zeros(const struct start *start)
{
    size_t characters, invalid, zeros = 0;
    count_utf8(start, &characters, &invalid);
    for (size_t i = 0; i < start->size; i++)
        zeros += start->bytes[i] == 0;
    return !invalid && zeros * 4 < start->size;
}

/* Whether these are characters of `width` bytes, the largest byte first where `big`: characters
 * outside the common blocks and halves of a pair without the other are rare, and spaces or line
 * ends have bytes that are zero, which no text in UTF-8 has. */
static bool is_wide(const struct start *start, size_t width, bool big)
{
    size_t units = start->size / width, common = 0, zeros = 0;
    if (units < 4 || !memchr(start->bytes, 0, start->size))
        return false;
    for (size_t u = 0; u < units; u++) {
        uint32_t code = 0;
        for (size_t i = 0; i < width; i++)
            code = code << 8 | start->bytes[u * width + (big ? i : width - 1 - i)];
        common += is_common(code) || (width == 2 && code >= 0xd800 && code < 0xe000);
        zeros += code < 0x100;
    }
    return common * 100 >= units * 97 && zeros * 200 >= units && zeros > 0 &&
           !is_utf8_with_few_zeros(start);
}

static bool is_utf32le(const struct start *start)
{
    return is_wide(start, 4, false);
}

static bool is_utf32be(const struct start *start)
{
    return is_wide(start, 4, true);
}

static bool is_utf16le(const struct start *start)
{
    return is_wide(start, 2, false);
}

static bool is_utf16be(const struct start *start)
{
    return is_wide(start, 2, true);
}

/* Counts bytes that no text has: zero bytes, and control characters except those of lines and of
 * terminals. */
static size_t count_controls(const struct start *start)
{
    size_t count = 0;
    for (size_t i = 0; i < start->size; i++) {
        unsigned char byte = start->bytes[i];
        count += byte < ' ' && !(byte >= '\b' && byte <= '\r') && byte != 0x1b && byte != 0x1a;
    }
    return count;
}

static bool has_controls(const struct start *start)
{
    return start->size >= 32 && count_controls(start) * 20 > start->size;
}

/* A text that lost some bytes in transfer has few such sequences. */
static bool is_mostly_invalid(const struct start *start)
{
    size_t characters, invalid;
    count_utf8(start, &characters, &invalid);
    return invalid >= 16 && invalid * 4 > characters;
}

/* Chinese in two bytes a character: they come in pairs, most of them of the common characters,
 * whose first byte is 0xB0 to 0xF7 and whose second is 0xA1 or more. */
static bool is_gbk(const struct start *start)
{
    size_t pairs = 0, common = 0;
    for (size_t i = 0; i < start->size; i++) {
        unsigned char first = start->bytes[i];
        if (first < 0x80)
            continue;
        unsigned char second = i + 1 < start->size ? start->bytes[i + 1] : 0xa1;
        if (first == 0x80 || first == 0xff || second < 0x40 || second == 0x7f || second == 0xff)
            return false;
        pairs++;
        common += first >= 0xa1 && first <= 0xf7 && second >= 0xa1;
        i++;
    }
    return common * 10 > pairs * 9 && !has_controls(start) && is_mostly_invalid(start);
}

static bool is_other_encoding(const struct start *start)
{
    return !has_controls(start) && is_mostly_invalid(start);
}

static bool is_binary(const struct start *start)
{
    return has_controls(start) || is_mostly_invalid(start);
}

static bool is_empty(const struct start *start)
{
    return start->size == 0 && start->whole;
}

static bool is_json(const struct start *start)
{
    size_t at = skip_space(start);
    return at < start->size && (start->bytes[at] == '{' || start->bytes[at] == '[') &&
           !is_binary(start);
}

static bool is_text(const struct start *start)
{
    size_t characters, invalid;
    count_utf8(start, &characters, &invalid);
    return characters > 0 && !invalid && !count_controls(start);
}

/* Three lines of Python, which the command prints as such. */
#define PICKLE_ADVICE                                                                              \
    "save its tensors as safetensors, in Python: import torch, safetensors.torch; "                \
    "state = torch.load(\"model.pth\", map_location=\"cpu\", weights_only=True); "                 \
    "safetensors.torch.save_file(state, \"model.safetensors\")"
#define NUMPY_ADVICE                                                                               \
    "save its arrays as safetensors, by PyTorch's names, in Python: "                              \
    "import numpy, safetensors.numpy; arrays = dict(numpy.load(\"model.npz\")); "                  \
    "safetensors.numpy.save_file(arrays, \"model.safetensors\")"
#define KERAS_ADVICE                                                                               \
    "save its weights as safetensors, by the names and in the shapes of PyTorch's state_dict"
#define UNPACK(tool) "unpack it first: " tool
#define ENCODING(name) "read it with --encoding " name

struct row {
    struct recur_kind kind;
    size_t at; /* here stand */
    const char *magic;
    size_t size; /* so many bytes; or: */
    tell_fn *tell;
};

#define BEGINS(bytes) .magic = (bytes), .size = sizeof(bytes) - 1

/* What a file is, how to recognise it, what to do. The first row that matches counts. */
static const struct row rows[] = {
    {{.what = "a model as safetensors", .for_text = "recur info shows it"}, .tell = is_safetensors},
    /* Packed. */
    {{.what = "compressed (gzip)",
      .text = true,
      .packing = RECUR_PACKING_GZIP,
      .for_text = UNPACK("gunzip"),
      .for_model = UNPACK("gunzip")},
     BEGINS("\x1f\x8b")},
    {{.what = "compressed (xz)",
      .text = true,
      .packing = RECUR_PACKING_XZ,
      .for_text = UNPACK("unxz"),
      .for_model = UNPACK("unxz")},
     BEGINS("\xfd\x37zXZ\0")},
    {{.what = "compressed (zstd)",
      .text = true,
      .packing = RECUR_PACKING_ZSTD,
      .for_text = UNPACK("unzstd"),
      .for_model = UNPACK("unzstd")},
     BEGINS("\x28\xb5\x2f\xfd")},
    {{.what = "compressed (bzip2)", .for_text = UNPACK("bunzip2"), .for_model = UNPACK("bunzip2")},
     .tell = is_bzip2},
    {{.what = "compressed (lz4)", .for_text = UNPACK("unlz4"), .for_model = UNPACK("unlz4")},
     BEGINS("\x04\x22\x4d\x18")},
    {{.what = "compressed (compress)",
      .for_text = UNPACK("uncompress"),
      .for_model = UNPACK("uncompress")},
     BEGINS("\x1f\x9d")},
    {{.what = "a PyTorch file (torch.save)", .for_model = PICKLE_ADVICE}, .tell = is_torch_zip},
    {{.what = "arrays of NumPy (.npz)", .for_model = NUMPY_ADVICE}, .tell = is_npz},
    {{.what = "a model of Keras (.keras)", .for_model = KERAS_ADVICE}, .tell = is_keras},
    {{.what = "an office document or a book (zip)",
      .for_text = "pandoc -t plain makes a text of it"},
     .tell = is_office},
    {{.what = "a zip archive", .for_text = UNPACK("unzip"), .for_model = UNPACK("unzip")},
     BEGINS("PK\3\4")},
    {{.what = "an empty zip archive"}, BEGINS("PK\5\6")},
    {{.what = "a 7-Zip archive", .for_text = UNPACK("7z x"), .for_model = UNPACK("7z x")},
     BEGINS("7z\xbc\xaf\x27\x1c")},
    {{.what = "a RAR archive", .for_text = UNPACK("unrar x"), .for_model = UNPACK("unrar x")},
     BEGINS("Rar!\x1a\7")},
    {{.what = "a tar archive", .for_text = UNPACK("tar -xf"), .for_model = UNPACK("tar -xf")},
     .at = 257,
     BEGINS("ustar")},
    /* Models and arrays. */
    {{.what = "HDF5, as Keras writes it", .for_model = KERAS_ADVICE}, .tell = is_hdf5},
    {{.what = "a pickle, as torch.save writes it", .for_model = PICKLE_ADVICE},
     .tell = is_binary_pickle},
    {{.what = "a pickle, as old PyTorch writes it", .text = true, .for_model = PICKLE_ADVICE},
     .tell = is_old_pickle},
    {{.what = "an array of NumPy (.npy)", .for_model = "one array is no model"},
     BEGINS("\x93NUMPY")},
    {{.what = "GGUF, of llama.cpp",
      .for_model = "its models are no recurrent networks that recur knows"},
     .tell = is_gguf},
    {{.what = "a file of Torch7",
      .for_model = "load it with PyTorch 0.4's torch.utils.serialization.load_lua and save the "
                   "tensors as safetensors"},
     .tell = is_torch7},
    {{.what = "parameters of MXNet",
      .for_model = "load them with mxnet.nd.load and save them, by PyTorch's names, with "
                   "safetensors.numpy.save_file"},
     BEGINS("\x12\1\0\0\0\0\0\0")},
    {{.what = "a model of fastText", .for_model = "it is no recurrent network"},
     BEGINS("\xba\x16\x4f\x2f")},
    {{.what = "a model of TensorFlow Lite", .for_model = "convert the model that it was made of"},
     .tell = is_tflite},
    {{.what = "a SavedModel of TensorFlow", .for_model = KERAS_ADVICE}, BEGINS("\x08\1\x12")},
    {{.what = "ONNX", .for_model = "named .onnx, recur convert makes a model of it"},
     .tell = is_onnx},
    /* What else is met where a file is wanted. */
    {{.what = "a pointer of Git LFS, not the file itself",
      .for_text = "git lfs pull fetches it",
      .for_model = "git lfs pull fetches it"},
     BEGINS("version https://git-lfs.github.com/spec/v1")},
    {{.what = "a PDF document", .for_text = "pdftotext makes a text of it"}, BEGINS("%PDF-")},
    {{.what = "a picture (PNG)"}, BEGINS("\x89PNG\r\n\x1a\n")},
    {{.what = "a picture (JPEG)"}, BEGINS("\xff\xd8\xff")},
    {{.what = "a program"}, BEGINS("\177ELF")},
    {{.what = "a database (SQLite)"}, BEGINS("SQLite format 3\0")},
    {{.what = "an empty file", .text = true}, .tell = is_empty},
    /* Texts. */
    {{.what = "a text in UTF-32", .text = true, .encoding = "UTF-32LE"}, BEGINS("\xff\xfe\0\0")},
    {{.what = "a text in UTF-32", .text = true, .encoding = "UTF-32BE"}, BEGINS("\0\0\xfe\xff")},
    {{.what = "a text in UTF-16", .text = true, .encoding = "UTF-16LE"}, BEGINS("\xff\xfe")},
    {{.what = "a text in UTF-16", .text = true, .encoding = "UTF-16BE"}, BEGINS("\xfe\xff")},
    {{.what = "a web page (HTML)",
      .text = true,
      .for_model = "what was downloaded is a page about the file, not the file"},
     .tell = is_html},
    {{.what = "UTF-32 without a byte order mark", .guess = true, .for_text = ENCODING("UTF-32LE")},
     .tell = is_utf32le},
    {{.what = "UTF-32 without a byte order mark", .guess = true, .for_text = ENCODING("UTF-32BE")},
     .tell = is_utf32be},
    {{.what = "UTF-16 without a byte order mark", .guess = true, .for_text = ENCODING("UTF-16LE")},
     .tell = is_utf16le},
    {{.what = "UTF-16 without a byte order mark", .guess = true, .for_text = ENCODING("UTF-16BE")},
     .tell = is_utf16be},
    {{.what = "a text in another encoding, GB18030 (GBK) as it looks",
      .guess = true,
      .for_text = ENCODING("GB18030")},
     .tell = is_gbk},
    {{.what = "a text in another encoding",
      .guess = true,
      .for_text = ENCODING("NAME (ISO-8859-1, WINDOWS-1251, KOI8-R, SHIFT_JIS, BIG5, ...)")},
     .tell = is_other_encoding},
    {{.what = "bytes that are no text", .guess = true}, .tell = is_binary},
    {{.what = "JSON", .text = true}, .tell = is_json},
    {{.what = "a text", .text = true, .for_model = "recur train makes a model of it"},
     .tell = is_text},
};

const struct recur_kind *recur_kind_of(const unsigned char *bytes, size_t size, bool whole)
{
    const struct start start = {bytes, size, whole};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].tell ? rows[i].tell(&start)
                         : has(&start, rows[i].at, rows[i].magic, rows[i].size))
            return &rows[i].kind;
    return NULL;
}

bool recur_kind_is_model(const struct recur_kind *kind)
{
    return kind == &rows[0].kind;
}

bool recur_kind_is_onnx(const struct recur_kind *kind)
{
    return kind && strcmp(kind->what, "ONNX") == 0;
}

enum recur_status recur_kind_refuse_model(const struct recur_kind *kind, const char *wanted,
                                          const char *unknown, recur_error *error)
{
    if (!kind || kind->guess)
        return recur_fail(error, RECUR_ERROR_FORMAT, "not %s: %s", wanted, unknown);
    return recur_fail(error, RECUR_ERROR_FORMAT, "not %s but %s%s%s", wanted, kind->what,
                      kind->for_model ? ": " : "", kind->for_model ? kind->for_model : "");
}

enum recur_status recur_kind_check_text(const struct recur_kind *kind, const char *encoding,
                                        bool unpacked, recur_error *error)
{
    if (!kind || (kind->text && !(kind->packing && unpacked)) || (kind->guess && encoding))
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_FORMAT, "not a text in UTF-8 but %s: %s", kind->what,
                      kind->for_text ? kind->for_text
                                     : "recur train --tokens byte learns any bytes");
}
