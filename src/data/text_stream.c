#include "data/text_stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/config.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "data/text_input.h"
#include "data/token_kind.h"

#define BLOCK ((size_t)64 << 10) /* a raw and a cleaned block fit into the second-level cache */

struct stream {
    const struct recur_raw_text *raw_text;
    recur_text_config config;
    const struct recur_token_kind *kind;
    struct recur_text_input *input; /* NULL: the text is in memory */
    size_t read;                    /* bytes that were read so far */
    uint64_t checksum;              /* of these, if a place is kept */
    size_t block;

    char *raw; /* bytes as they were read: up to 3 of a character that was cut, then a block */
    size_t raw_size;
    /* Clean text: the start of a word that was cut, then the block's text; "\n" ends a line. */
    char *text;
    size_t text_size, text_capacity;
    size_t kept; /* its first bytes that the place has already */

    bool open_line; /* the last byte is not a line feed */
    bool in_line;   /* letters: the line already has a letter */
    bool gap;       /* letters: something other than letters followed */
    struct recur_cutter cutter;

    recur_text_stats *stats;
    recur_error *error;
};

/* Removes byte order marks. One at the start of a file names the encoding; others show where files
 * were joined, and stay where tokens have all of the text. */
static void drop_marks(struct stream *stream)
{
    size_t before = stream->raw_size, mark = RECUR_UTF8_REPLACEMENT_SIZE;
    bool first = stream->read == before && recur_text_is_marked(stream->raw, before);
    if (stream->kind->exact) {
        if (first && stream->input) {
            stream->raw_size -= mark;
            memmove(stream->raw, stream->raw + mark, stream->raw_size);
        }
        return;
    }
    size_t marks = recur_text_drop_marks(stream->raw, &stream->raw_size);
    if (stream->raw_text->marks)
        *stream->raw_text->marks += marks - first;
}

/* Reads the next block, without byte order marks, after what is left in `raw`. The last block is
 * empty. */
static enum recur_status read_block(struct stream *stream, bool *last)
{
    const struct recur_raw_text *raw_text = stream->raw_text;
    char *to = stream->raw + stream->raw_size;
    size_t size;
    if (stream->input) {
        RECUR_TRY(recur_text_input_read(stream->input, to, stream->block, &size, stream->error));
    } else {
        size = raw_text->size - stream->read;
        size = size < stream->block ? size : stream->block;
        if (size)
            memcpy(to, raw_text->bytes + stream->read, size);
    }
    if (size)
        stream->open_line = to[size - 1] != '\n';
    if (raw_text->place)
        stream->checksum = recur_mix64(stream->checksum ^ recur_checksum_of(to, size));
    stream->raw_size += size;
    stream->read += size;
    stream->stats->bytes += size;
    *last = size == 0;
    if (!stream->kind->as_it_stands)
        drop_marks(stream);
    return RECUR_OK;
}

/* Returns the length of the valid characters at the start of `bytes` and adds their number. */
static size_t valid_run(const char *bytes, size_t size, uint64_t *characters)
{
    const uint64_t high_bits = 0x8080808080808080;
    size_t run = 0, length;
    while (run < size) {
        uint64_t eight = high_bits;
        if (size - run >= sizeof eight)
            memcpy(&eight, bytes + run, sizeof eight);
        if (!(eight & high_bits)) {
            length = sizeof eight;
            *characters += length;
        } else {
            if (recur_utf8_scan(bytes + run, size - run, &length) != RECUR_UTF8_VALID)
                break;
            ++*characters;
        }
        run += length;
    }
    return run;
}

/* Three functions turn raw bytes into clean text. Each appends to `text`, which has enough room,
 * and returns where it stopped: at the end, or at a character that the block cuts. */

static const char *copy_bytes(struct stream *stream)
{
    const char *from = stream->raw;
    for (size_t i = 0; i < stream->raw_size; i++)
        stream->stats->characters += ((unsigned char)from[i] & 0xc0) != 0x80;
    memcpy(stream->text + stream->text_size, from, stream->raw_size);
    stream->text_size += stream->raw_size;
    return from + stream->raw_size;
}

/* Copies valid text to `to`, without the carriage returns of lines that end in "\r\n"; returns the
 * new end. */
static char *copy_lines(struct stream *stream, char *to, const char *from, size_t size)
{
    const char *end = from + size, *stop;
    while ((stop = memchr(from, '\r', (size_t)(end - from)))) {
        size_t length = (size_t)(stop - from) + (stop + 1 == end || stop[1] != '\n');
        stream->stats->characters -= stop + 1 < end && stop[1] == '\n';
        memcpy(to, from, length);
        to += length;
        from = stop + 1;
    }
    memcpy(to, from, (size_t)(end - from));
    return to + (end - from);
}

static const char *copy_characters(struct stream *stream, bool last)
{
    const char *from = stream->raw, *end = from + stream->raw_size;
    char *to = stream->text + stream->text_size;
    bool exact = stream->kind->exact;
    while (from < end) {
        size_t run = valid_run(from, (size_t)(end - from), &stream->stats->characters), length;
        if (!exact && !last && run > 0 && from + run == end && end[-1] == '\r') {
            run--; /* only the next block shows whether the line ends here */
            end--;
            stream->stats->characters--;
        }
        to = exact ? (char *)memcpy(to, from, run) + run : copy_lines(stream, to, from, run);
        from += run;
        if (from == end)
            break;
        if (recur_utf8_scan(from, (size_t)(end - from), &length) == RECUR_UTF8_CUT && !last)
            break;
        memcpy(to, RECUR_UTF8_REPLACEMENT, RECUR_UTF8_REPLACEMENT_SIZE);
        to += RECUR_UTF8_REPLACEMENT_SIZE;
        from += length;
        stream->stats->characters++;
        stream->stats->invalid++;
    }
    stream->text_size = (size_t)(to - stream->text);
    return from;
}

static const char *copy_letters(struct stream *stream, bool last)
{
    const char *from = stream->raw, *end = from + stream->raw_size;
    char *start = stream->text + stream->text_size, *to = start;
    size_t line_feeds = 0;
    bool in_line = stream->in_line, gap = stream->gap;
    for (; from < end; from++) {
        unsigned char byte = (unsigned char)*from;
        if (byte == '\n') {
            *to++ = '\n';
            line_feeds++;
            in_line = gap = false;
            continue;
        }
        if (byte >= 0x80) {
            size_t length;
            enum recur_utf8 found = recur_utf8_scan(from, (size_t)(end - from), &length);
            if (found == RECUR_UTF8_CUT && !last)
                break;
            stream->stats->invalid += found != RECUR_UTF8_VALID && !stream->kind->as_it_stands;
            from += length - 1;
        }
        /* The beginnings and ends of words are hard to predict, so this code has no branches. */
        bool letter = (unsigned char)((byte | 0x20) - 'a') < 26;
        *to = ' ';
        to += letter & gap & in_line;
        *to = (char)(byte | 0x20);
        to += letter;
        gap = !letter;
        in_line |= letter;
    }
    stream->in_line = in_line;
    stream->gap = gap;
    stream->stats->characters += (size_t)(to - start) - line_feeds;
    stream->text_size = (size_t)(to - stream->text);
    return from;
}

/* Cleans what was read and appends it to the text that is left. */
static enum recur_status clean_block(struct stream *stream, bool last)
{
    size_t most = stream->raw_size * RECUR_UTF8_REPLACEMENT_SIZE + 1; /* + 1 for an empty block */
    RECUR_TRY(recur_grow(&stream->text, &stream->text_capacity,
                         recur_size_add(stream->text_size, most), 1, "a block of text",
                         stream->error));
    const char *stop;
    if (stream->config.clean == RECUR_CLEAN_LETTERS)
        stop = copy_letters(stream, last);
    else if (stream->kind->as_it_stands)
        stop = copy_bytes(stream);
    else
        stop = copy_characters(stream, last);
    stream->raw_size -= (size_t)(stop - stream->raw);
    memmove(stream->raw, stop, stream->raw_size);
    return RECUR_OK;
}

/* Cuts the clean text; the start of an unfinished token stays. */
static enum recur_status cut_block(struct stream *stream, bool last)
{
    struct recur_cutter *cutter = &stream->cutter;
    cutter->text = stream->text;
    cutter->end = stream->text + stream->text_size;
    cutter->last = last;
    RECUR_TRY(stream->kind->cut(cutter));
    if (cutter->begun < stream->text_size) {
        memmove(stream->text, cutter->end - cutter->begun, cutter->begun);
        stream->kept = 0;
    }
    stream->text_size = cutter->begun;
    return RECUR_OK;
}

/* Keeps the place of the stream. Of a token that goes on only what is new is copied. */
static enum recur_status keep_place(struct stream *stream, struct recur_text_place *place)
{
    RECUR_TRY(recur_grow(&place->text, &place->text_capacity, stream->text_size + 1, 1,
                         "the beginning of a token", stream->error));
    assert(stream->raw_size <= sizeof place->raw);
    memcpy(place->raw, stream->raw, stream->raw_size);
    if (stream->kept < stream->text_size)
        memcpy(place->text + stream->kept, stream->text + stream->kept,
               stream->text_size - stream->kept);
    stream->kept = stream->text_size;
    place->read = stream->read;
    place->checksum = stream->checksum;
    place->raw_size = stream->raw_size;
    place->text_size = stream->text_size;
    place->open_line = stream->open_line;
    place->in_line = stream->in_line;
    place->gap = stream->gap;
    place->space_after = stream->cutter.space_after;
    place->spaced = stream->cutter.spaced;
    place->stats = *stream->stats;
    place->marks = stream->raw_text->marks ? *stream->raw_text->marks : 0;
    return RECUR_OK;
}

/* Takes the stream to a place. What was read before must be there again. */
static enum recur_status take_place(struct stream *stream, const struct recur_text_place *place)
{
    uint64_t checksum = place->checksum;
    RECUR_TRY(recur_grow(&stream->text, &stream->text_capacity, place->text_size + 1, 1,
                         "a block of text", stream->error));
    RECUR_TRY(recur_text_input_skip(stream->input, place->read, stream->block, stream->raw,
                                    &checksum, stream->error));
    if (checksum != place->checksum)
        return recur_fail(stream->error, RECUR_ERROR_DATA,
                          "%s does not begin as it did when it was read before",
                          recur_file_name(stream->raw_text->path).text);
    memcpy(stream->raw, place->raw, place->raw_size);
    memcpy(stream->text, place->text, place->text_size);
    stream->read = (size_t)place->read;
    stream->checksum = place->checksum;
    stream->raw_size = place->raw_size;
    stream->text_size = stream->cutter.begun = place->text_size;
    stream->open_line = place->open_line;
    stream->in_line = place->in_line;
    stream->gap = place->gap;
    stream->cutter.space_after = place->space_after;
    stream->cutter.spaced = place->spaced;
    return RECUR_OK;
}

static enum recur_status cut_all(struct stream *stream)
{
    struct recur_text_place *place = stream->raw_text->place;
    RECUR_TRY(recur_alloc(stream->block + 8, 1, "a block of text", &stream->raw, stream->error));
    bool last = false;
    if (place && place->read > 0)
        RECUR_TRY(take_place(stream, place));
    while (!last && stream->cutter.left > 0) {
        if (place)
            RECUR_TRY(keep_place(stream, place));
        RECUR_TRY(read_block(stream, &last));
        RECUR_TRY(clean_block(stream, last));
        RECUR_TRY(cut_block(stream, last));
    }
    size_t count = 0;
    return stream->open_line ? recur_cutter_end_line(&stream->cutter, &count) : RECUR_OK;
}

enum recur_status recur_text_stream(const struct recur_raw_text *raw_text,
                                    const recur_text_config *config, bool by_line,
                                    recur_chunk_fn *chunk, void *user, recur_text_stats *stats,
                                    recur_error *error)
{
    struct stream stream = {
        .raw_text = raw_text,
        .block = raw_text->block ? raw_text->block : BLOCK,
        .cutter = {.left = UINT64_MAX,
                   .by_line = by_line,
                   .chunk = chunk,
                   .user = user,
                   .stats = stats,
                   .error = error},
        .stats = stats,
        .error = error,
    };
    RECUR_TRY(recur_text_take_config(config, &stream.config, error));
    stream.kind = recur_token_kind_of(&stream.config);
    stream.cutter.keep_line_feed = stream.config.clean == RECUR_CLEAN_NONE;
    if (raw_text->path)
        RECUR_TRY(recur_text_input_open(raw_text->path, stream.config.encoding,
                                        stream.kind->as_it_stands, &stream.input, error));
    if (raw_text->most && stream.input && recur_text_input_is_stream(stream.input))
        stream.cutter.left =
            raw_text->most - (stats->tokens < raw_text->most ? stats->tokens : raw_text->most);
    enum recur_status status = cut_all(&stream);
    if (stream.input)
        stats->invalid += recur_text_input_invalid(stream.input);
    recur_text_input_close(stream.input);
    free(stream.raw);
    free(stream.text);
    return status;
}
