#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "json/json.h"

static void append(recur_json_writer *writer, const char *bytes, size_t size)
{
    if (writer->status != RECUR_OK)
        return;
    if (size >= writer->room - writer->size || !writer->text) {
        size_t room = writer->room ? writer->room : 256;
        while (room - writer->size <= size && room < PTRDIFF_MAX / 2)
            room *= 2;
        char *larger = room - writer->size > size ? realloc(writer->text, room) : NULL;
        writer->room = room; /* of what could not be had too: nothing more is written then */
        if (!larger) {
            writer->status = RECUR_ERROR_MEMORY;
            return;
        }
        writer->text = larger;
    }
    memcpy(writer->text + writer->size, bytes, size);
    writer->size += size;
    writer->text[writer->size] = '\0';
}

static void append_text(recur_json_writer *writer, const char *text)
{
    append(writer, text, strlen(text));
}

/* The comma before a value and its name. */
static void begin(recur_json_writer *writer, const char *key)
{
    if (writer->more)
        append_text(writer, writer->pretty ? ", " : ",");
    writer->more = true;
    if (!key)
        return;
    append_text(writer, "\"");
    recur_json_add_text(writer, key, strlen(key));
    append_text(writer, writer->pretty ? "\": " : "\":");
}

void recur_json_put_key(recur_json_writer *writer, const char *key, size_t size)
{
    begin(writer, NULL);
    append_text(writer, "\"");
    recur_json_add_text(writer, key, size);
    append_text(writer, writer->pretty ? "\": " : "\":");
    writer->more = false;
}

void recur_json_open(recur_json_writer *writer, const char *key, char bracket)
{
    begin(writer, key);
    append(writer, &bracket, 1);
    writer->more = false;
}

void recur_json_close(recur_json_writer *writer, char bracket)
{
    append(writer, &bracket, 1);
    writer->more = true;
}

void recur_json_put_null(recur_json_writer *writer, const char *key)
{
    begin(writer, key);
    append_text(writer, "null");
}

void recur_json_put_bool(recur_json_writer *writer, const char *key, bool value)
{
    begin(writer, key);
    append_text(writer, value ? "true" : "false");
}

void recur_json_put_u64(recur_json_writer *writer, const char *key, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, value <= INT64_MAX ? "%llu" : "\"%llu\"",
             (unsigned long long)value);
    begin(writer, key);
    append_text(writer, text);
}

/* Writes a decimal point in every locale, which also shows that the number is no integer; no zeros
 * and no plus in the exponent. */
void recur_json_put_number(recur_json_writer *writer, const char *key, double value, int digits)
{
    char text[64], *exponent;
    if (!isfinite(value)) {
        recur_json_put_null(writer, key);
        return;
    }
    begin(writer, key);
    snprintf(text, sizeof text, "%.*g", digits, value);
    size_t whole = strspn(text, "-0123456789"), point = strcspn(text + whole, "0123456789e");
    exponent = strchr(text + whole, 'e');
    append(writer, text, whole);
    if (point > 0)
        append_text(writer, ".");
    else if (!exponent)
        append_text(writer, ".0");
    const char *fraction = text + whole + point;
    append(writer, fraction, strspn(fraction, "0123456789"));
    if (!exponent)
        return;
    append_text(writer, exponent[1] == '-' ? "e-" : "e");
    append_text(writer, exponent + 1 + strspn(exponent + 1, "+-0"));
}

void recur_json_begin_text(recur_json_writer *writer, const char *key)
{
    begin(writer, key);
    append_text(writer, "\"");
}

void recur_json_end_text(recur_json_writer *writer)
{
    append_text(writer, "\"");
}

/* An escape for the character of `length` bytes; NULL where it needs none. */
static const char *escape(const recur_json_writer *writer, const char *bytes, size_t length,
                          char room[8])
{
    static const char named[] = "\"\\\b\f\n\r\t";
    uint32_t code = recur_utf8_code(bytes, length);
    const char *name = code ? memchr(named, *bytes, sizeof named - 1) : NULL;
    if (name)
        snprintf(room, 8, "\\%c", "\"\\bfnrt"[name - named]);
    else if (code < ' ' || (writer->pretty && recur_code_acts(code)))
        snprintf(room, 8, "\\u%04X", (unsigned)code);
    else
        return NULL;
    return room;
}

void recur_json_add_text(recur_json_writer *writer, const char *text, size_t size)
{
    size_t done = 0, length;
    for (size_t at = 0; at < size; at += length) {
        char room[8];
        if (recur_utf8_scan(text + at, size - at, &length) != RECUR_UTF8_VALID) {
            if (writer->status == RECUR_OK)
                writer->status = RECUR_ERROR_FORMAT;
            return;
        }
        const char *escaped = escape(writer, text + at, length, room);
        if (!escaped)
            continue;
        append(writer, text + done, at - done);
        append_text(writer, escaped);
        done = at + length;
    }
    append(writer, text + done, size - done);
}

void recur_json_put_bytes(recur_json_writer *writer, const char *key, const char *text, size_t size)
{
    recur_json_begin_text(writer, key);
    recur_json_add_text(writer, text, size);
    recur_json_end_text(writer);
}

void recur_json_put_text(recur_json_writer *writer, const char *key, const char *text)
{
    recur_json_put_bytes(writer, key, text, strlen(text));
}

void recur_json_put_written(recur_json_writer *writer, const char *key,
                            const recur_json_writer *value)
{
    begin(writer, key);
    if (value->status != RECUR_OK && writer->status == RECUR_OK)
        writer->status = value->status;
    append(writer, value->text ? value->text : "", value->size);
}

enum recur_status recur_json_check(const recur_json_writer *writer, const char *what,
                                   recur_error *error)
{
    if (writer->status == RECUR_ERROR_MEMORY)
        return recur_fail_memory(error, writer->room, what);
    if (writer->status != RECUR_OK)
        return recur_fail(error, writer->status, "%s: a text is not UTF-8, which JSON needs", what);
    return RECUR_OK;
}

void recur_json_writer_free(recur_json_writer *writer)
{
    free(writer->text);
    *writer = (recur_json_writer){.pretty = writer->pretty};
}
