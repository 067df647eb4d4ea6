#define _GNU_SOURCE /* strcasestr */
#include "data/text_input.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/checksum.h"
#include "base/files.h"
#include "base/kind.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/unpack.h"
#include "base/utf8.h"

#define BUFFER ((size_t)32 << 10)
#define MARK "\xef\xbb\xbf" /* U+FEFF */

_Static_assert(BUFFER >= RECUR_KIND_BYTES, "a file's kind is told by what is read first");

/* A buffer that is filled at its end and emptied at its front. */
struct buffer {
    unsigned char *bytes; /* BUFFER bytes; NULL until they are needed */
    size_t at, end;
};

struct recur_text_input {
    recur_printable name; /* the file's name for sentences */
    FILE *file;
    bool stream; /* the file is not a regular one */

    struct buffer raw; /* the file's bytes, and whether their end was seen: */
    bool raw_end;
    struct recur_unpacker *unpacker; /* NULL: the file is not compressed */
    bool unpacked;                   /* the end was unpacked */
    /* Unpacked bytes that the file's kind was told by, or that are to be converted. */
    struct buffer plain;
    bool converts;
    iconv_t conversion; /* open if the text is converted */
    size_t unit;        /* bytes to skip when a character cannot be read */
    struct buffer utf8; /* converted bytes */
    bool converted;     /* the end was converted */
    uint64_t invalid;
};

static enum recur_status allocate(struct buffer *buffer, recur_error *error)
{
    return buffer->bytes ? RECUR_OK
                         : recur_alloc(BUFFER, 1, "reading a text", &buffer->bytes, error);
}

static size_t take(struct buffer *buffer, void *to, size_t size)
{
    size_t left = buffer->end - buffer->at;
    size = size < left ? size : left;
    if (size)
        memcpy(to, buffer->bytes + buffer->at, size);
    buffer->at += size;
    return size;
}

/* Reads bytes as they are in the file; fewer than asked for only at its end. */
static enum recur_status read_raw(struct recur_text_input *input, void *to, size_t size,
                                  size_t *got, recur_error *error)
{
    *got = recur_file_take(input->file, to, size);
    if (ferror(input->file))
        return recur_fail(error, RECUR_ERROR_FILE, "cannot read %s: %s", input->name.text,
                          strerror(errno));
    input->raw_end = *got < size;
    return RECUR_OK;
}

static enum recur_status fill_raw(struct recur_text_input *input, recur_error *error)
{
    RECUR_TRY(allocate(&input->raw, error));
    input->raw.at = 0;
    return read_raw(input, input->raw.bytes, BUFFER, &input->raw.end, error);
}

static enum recur_status unpack(struct recur_text_input *input, unsigned char *to, size_t size,
                                size_t *got, recur_error *error)
{
    struct recur_unpack_step step = {.out = to, .out_size = size};
    while (step.out_size > 0 && !input->unpacked) {
        if (input->raw.at == input->raw.end && !input->raw_end)
            RECUR_TRY(fill_raw(input, error));
        step.in = input->raw.bytes + input->raw.at;
        step.in_size = input->raw.end - input->raw.at;
        step.in_end = input->raw_end;
        enum recur_status status =
            recur_unpacker_step(input->unpacker, &step, &input->unpacked, error);
        input->raw.at = input->raw.end - step.in_size;
        if (status != RECUR_OK) {
            if (status != RECUR_ERROR_MEMORY)
                recur_error_prefix(error, input->name.text);
            return status;
        }
    }
    *got = size - step.out_size;
    return RECUR_OK;
}

/* Reads bytes after unpacking; fewer than asked for only at the end. */
static enum recur_status read_plain(struct recur_text_input *input, void *to, size_t size,
                                    size_t *got, recur_error *error)
{
    size_t more = 0;
    *got = take(&input->plain, to, size);
    if (*got == size)
        return RECUR_OK;
    to = (char *)to + *got;
    size -= *got;
    if (input->unpacker)
        RECUR_TRY(unpack(input, to, size, &more, error));
    else
        RECUR_TRY(read_raw(input, to, size, &more, error));
    *got += more;
    return RECUR_OK;
}

/* Writes U+FFFD for a unit that cannot be read, and skips the unit. */
static void replace(struct recur_text_input *input, char **from, size_t *left, char **to,
                    size_t *room)
{
    size_t unit = *left < input->unit ? *left : input->unit;
    memcpy(*to, RECUR_UTF8_REPLACEMENT, RECUR_UTF8_REPLACEMENT_SIZE);
    *to += RECUR_UTF8_REPLACEMENT_SIZE;
    *room -= RECUR_UTF8_REPLACEMENT_SIZE;
    *from += unit;
    *left -= unit;
    input->invalid++;
    iconv(input->conversion, NULL, NULL, NULL, NULL);
}

/* Converts as many of the plain bytes as possible into `utf8`. `end`: no more bytes will come. */
static void convert_plain(struct recur_text_input *input, bool end)
{
    struct buffer *plain = &input->plain, *utf8 = &input->utf8;
    char *from = (char *)plain->bytes + plain->at, *to = (char *)utf8->bytes;
    size_t left = plain->end - plain->at, room = BUFFER;
    bool more = true; /* conversion can continue with what is left */
    while (left > 0 && more) {
        if (iconv(input->conversion, &from, &left, &to, &room) != (size_t)-1)
            break;
        more = errno != E2BIG && (errno != EINVAL || end) && room >= RECUR_UTF8_REPLACEMENT_SIZE;
        if (more)
            replace(input, &from, &left, &to, &room);
    }
    if (end && left == 0) /* some encodings hold a character back to combine it with the next */
        input->converted = iconv(input->conversion, NULL, NULL, &to, &room) != (size_t)-1;
    plain->at = plain->end - left;
    utf8->at = 0;
    utf8->end = BUFFER - room;
}

static enum recur_status convert(struct recur_text_input *input, recur_error *error)
{
    struct buffer *plain = &input->plain;
    RECUR_TRY(allocate(&input->utf8, error));
    do {
        size_t left = plain->end - plain->at, got = 0;
        memmove(plain->bytes, plain->bytes + plain->at, left);
        plain->at = plain->end = 0; /* so that the next bytes come after what is left */
        RECUR_TRY(read_plain(input, plain->bytes + left, BUFFER - left, &got, error));
        plain->end = left + got;
        convert_plain(input, plain->end < BUFFER);
    } while (input->utf8.end == 0 && !input->converted);
    return RECUR_OK;
}

enum recur_status recur_text_input_read(struct recur_text_input *input, char *to, size_t size,
                                        size_t *got, recur_error *error)
{
    if (!input->converts)
        return read_plain(input, to, size, got, error);
    if (input->utf8.at == input->utf8.end && !input->converted)
        RECUR_TRY(convert(input, error));
    *got = take(&input->utf8, to, size);
    return RECUR_OK;
}

enum recur_status recur_text_input_skip(struct recur_text_input *input, uint64_t size, size_t piece,
                                        char *room, uint64_t *sum, recur_error *error)
{
    struct stat info;
    bool plain = !input->unpacker && !input->converts && !input->stream && input->file != stdin;
    if (plain && fstat(fileno(input->file), &info) == 0 && (uint64_t)info.st_size >= size &&
        fseeko(input->file, (off_t)size, SEEK_SET) == 0) {
        input->plain.at = input->plain.end = 0;
        return RECUR_OK;
    }
    *sum = 0;
    for (uint64_t read = 0; read < size;) {
        size_t got;
        RECUR_TRY(recur_text_input_read(input, room, piece, &got, error));
        if (got == 0 || got > size - read)
            return recur_fail(error, RECUR_ERROR_DATA,
                              "%s does not begin as it did when it was read before",
                              input->name.text);
        *sum = recur_mix64(*sum ^ recur_checksum_of(room, got));
        read += got;
    }
    return RECUR_OK;
}

/* Opens a conversion to UTF-8. iconv returns -1 where it knows none. */
static bool open_conversion(const char *encoding, iconv_t *conversion)
{
    *conversion = iconv_open("UTF-8", encoding);
    return (intptr_t)*conversion != -1;
}

/* A name has letters, digits and separators only. Anything else could be an option of iconv's or a
 * path. */
enum recur_status recur_text_check_encoding(const char *encoding, bool as_it_stands,
                                            recur_error *error)
{
    if (!encoding)
        return RECUR_OK;
    if (as_it_stands)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "tokens of bytes are taken as they stand: an encoding does not go with "
                          "them");
    size_t plain = strspn(encoding, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-_.:()+");
    iconv_t found;
    if (!*encoding || encoding[plain] || !open_conversion(encoding, &found))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "unknown encoding \"%s\"; iconv --list names those of this system",
                          recur_show(encoding, strlen(encoding), RECUR_WORD_SHOWN, NULL).text);
    iconv_close(found);
    return RECUR_OK;
}

static enum recur_status look_into(struct recur_text_input *input, const struct recur_kind *packed,
                                   recur_error *error)
{
    enum recur_status status = recur_unpacker_create(packed->packing, &input->unpacker, error);
    if (status == RECUR_ERROR_UNSUPPORTED)
        recur_error_prefix(error, input->name.text);
    RECUR_TRY(status);
    RECUR_TRY(allocate(&input->plain, error));
    return unpack(input, input->plain.bytes, BUFFER, &input->plain.end, error);
}

static bool is_utf8(const char *encoding)
{
    return strcasecmp(encoding, "UTF-8") == 0 || strcasecmp(encoding, "UTF8") == 0;
}

static enum recur_status begin_conversion(struct recur_text_input *input, const char *encoding,
                                          recur_error *error)
{
    input->converts = open_conversion(encoding, &input->conversion);
    if (!input->converts)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "%s: this system does not convert from %s", input->name.text, encoding);
    input->unit = strstr(encoding, "32") || strcasestr(encoding, "UCS-4")   ? 4
                  : strstr(encoding, "16") || strcasestr(encoding, "UCS-2") ? 2
                                                                            : 1;
    return RECUR_OK;
}

/* Unpacks the file, refuses what is not text and finds out how to convert it. */
static enum recur_status recognise(struct recur_text_input *input, const char *encoding,
                                   bool as_it_stands, recur_error *error)
{
    RECUR_TRY(fill_raw(input, error));
    const struct recur_kind *kind = recur_kind_of(input->raw.bytes, input->raw.end, input->raw_end);
    if (kind && kind->packing) {
        RECUR_TRY(look_into(input, kind, error));
        kind = recur_kind_of(input->plain.bytes, input->plain.end, input->unpacked);
    } else {
        input->plain = input->raw;
        input->raw = (struct buffer){NULL, 0, 0};
    }
    if (as_it_stands)
        return RECUR_OK;
    enum recur_status status = recur_kind_check_text(kind, encoding, input->unpacker, error);
    if (status != RECUR_OK) {
        recur_error_prefix(error, input->name.text);
        return status;
    }
    encoding = encoding || !kind ? encoding : kind->encoding;
    return encoding && !is_utf8(encoding) ? begin_conversion(input, encoding, error) : RECUR_OK;
}

enum recur_status recur_text_input_open(const char *path, const char *encoding, bool as_it_stands,
                                        struct recur_text_input **input, recur_error *error)
{
    struct recur_text_input *made;
    struct stat info;
    RECUR_TRY(recur_alloc(1, sizeof *made, "reading a text", &made, error));
    made->name = recur_file_name(path);
    enum recur_status status = recur_file_open(path, &made->file, error);
    if (status == RECUR_OK) {
        made->stream = fstat(fileno(made->file), &info) == 0 && !S_ISREG(info.st_mode);
        status = recognise(made, encoding, as_it_stands, error);
    }
    if (status == RECUR_OK)
        *input = made;
    else
        recur_text_input_close(made);
    return status;
}

void recur_text_input_close(struct recur_text_input *input)
{
    if (!input)
        return;
    if (input->converts)
        iconv_close(input->conversion);
    recur_unpacker_free(input->unpacker);
    recur_file_close(input->file);
    free(input->raw.bytes);
    free(input->plain.bytes);
    free(input->utf8.bytes);
    free(input);
}

enum recur_status recur_text_input_whole(const char *path, const char *encoding, bool as_it_stands,
                                         char **bytes, size_t *size, uint64_t *invalid,
                                         recur_error *error)
{
    struct recur_text_input *input = NULL;
    char *all = NULL;
    size_t capacity = 0, have = 0, got = 1;
    enum recur_status status;
    RECUR_TRY_GOTO(recur_text_input_open(path, encoding, as_it_stands, &input, error), done);
    while (got > 0) {
        RECUR_TRY_GOTO(
            recur_grow(&all, &capacity, recur_size_add(have, BUFFER), 1, input->name.text, error),
            done);
        RECUR_TRY_GOTO(recur_text_input_read(input, all + have, capacity - have - 1, &got, error),
                       done);
        have += got;
    }
    all[have] = '\0';
    *bytes = all;
    *size = have;
    *invalid = input->invalid;
    all = NULL;
done:
    recur_text_input_close(input);
    free(all);
    return status;
}

uint64_t recur_text_input_invalid(const struct recur_text_input *input)
{
    return input->invalid;
}

bool recur_text_input_is_stream(const struct recur_text_input *input)
{
    return input->stream;
}

bool recur_text_is_marked(const char *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, MARK, 3) == 0;
}

size_t recur_text_drop_marks(char *bytes, size_t *size)
{
    char *end = bytes + *size, *from = bytes, *to = bytes, *lead;
    size_t marks = 0;
    while ((lead = memchr(from, MARK[0], (size_t)(end - from)))) {
        bool mark = recur_text_is_marked(lead, (size_t)(end - lead));
        size_t kept = (size_t)(lead - from) + !mark;
        memmove(to, from, kept);
        to += kept;
        from = lead + (mark ? 3 : 1);
        marks += mark;
    }
    memmove(to, from, (size_t)(end - from));
    *size = (size_t)(to + (end - from) - bytes);
    return marks;
}
