/* JSON as RFC 8259 has it: a strict reader, and a writer that remembers its first failure. Both
 * know nothing of networks; the command includes this header too, as the only one that is not
 * public.
 *
 * Reading: one block holds all the values of a text, in the text's order.
 *
 *     recur_json *json;
 *     recur_json_parse(text, size, false, "the settings", &json, error);
 *     const recur_json *list = recur_json_member(json, "widths");
 *     const recur_json *item = recur_json_first(list);
 *     for (size_t i = 0; i < list->size; i++, item = recur_json_next(item)) ...
 *     free(json);
 *
 * Writing: every call is one value; NULL stands in place of a list's missing names.
 *
 *     recur_json_writer writer = {0};
 *     recur_json_open(&writer, NULL, '{');
 *     recur_json_put_u64(&writer, "epochs", 3);
 *     recur_json_close(&writer, '}');
 *     status = recur_json_check(&writer, "the settings", error);      was all of it written?
 *     use(writer.text, writer.size);
 *     recur_json_writer_free(&writer);                                                         */
#ifndef RECUR_JSON_JSON_H
#define RECUR_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recur/status.h"

/* Lists and objects within each other, at most. */
#define RECUR_JSON_DEPTH 64
/* The reader takes at most this many bytes of memory for each byte of the text, and this many more.
 */
#define RECUR_JSON_BYTES_EACH 13
#define RECUR_JSON_BYTES_MORE 256

enum recur_json_kind {
    RECUR_JSON_NULL,
    RECUR_JSON_BOOL,
    RECUR_JSON_INTEGER, /* has neither a point nor an exponent */
    RECUR_JSON_REAL,
    RECUR_JSON_TEXT,
    RECUR_JSON_LIST,
    RECUR_JSON_OBJECT,
};

typedef struct recur_json {
    unsigned char kind; /* enum recur_json_kind */
    bool negative;      /* of an integer other than 0 */
    uint32_t values;    /* this one and all within it, the keys too */
    size_t size;        /* bytes of a text, items of a list, members of an object */
    union {
        bool truth;
        uint64_t magnitude; /* of an integer */
        double real;
        const char *text; /* ends with a zero byte */
    };
} recur_json;

/* Parses one value with white space around it. It refuses, besides what is no JSON: bytes that are
 * not UTF-8, halves of surrogate pairs, a key that occurs twice in an object, U+0000 in keys and,
 * unless `nul`, in other texts, numbers that no uint64_t, int64_t or double holds, and depths
 * beyond RECUR_JSON_DEPTH. A real number is the double nearest to it, in any locale. `what` names
 * the text in sentences. free(*json) releases all of it. Errors: FORMAT, MEMORY, UNSUPPORTED (more
 * values than a uint32_t counts). */
enum recur_status recur_json_parse(const char *text, size_t size, bool nul, const char *what,
                                   recur_json **json, recur_error *error);

/* The items of a list; of an object key, value, key, ...: keys are texts. */
static inline const recur_json *recur_json_first(const recur_json *json)
{
    return json + 1;
}

static inline const recur_json *recur_json_next(const recur_json *json)
{
    return json + json->values;
}

/* The value of a key; NULL where there is none or `json` is no object (or NULL). */
const recur_json *recur_json_member(const recur_json *json, const char *key);

/* Whether it is not NULL and of that kind. */
static inline bool recur_json_is(const recur_json *json, enum recur_json_kind kind)
{
    return json && json->kind == kind;
}

/* The text; NULL where the value is none. */
static inline const char *recur_json_text(const recur_json *json)
{
    return recur_json_is(json, RECUR_JSON_TEXT) ? json->text : NULL;
}

/* An integer of at least 0, or a text of its digits. `what` names it in the sentence. Errors:
 * FORMAT. */
enum recur_status recur_json_get_u64(const recur_json *json, const char *what, uint64_t *value,
                                     recur_error *error);
/* A number of any kind; false where it is none. */
bool recur_json_get_number(const recur_json *json, double *value);

/* A member that an object must or may have, and what receives it. */
struct recur_json_field {
    const char *name;
    enum {
        RECUR_JSON_FIELD_TEXT,   /* const char *: belongs to the object */
        RECUR_JSON_FIELD_U64,    /* uint64_t: as recur_json_get_u64 */
        RECUR_JSON_FIELD_SIZE,   /* size_t */
        RECUR_JSON_FIELD_NUMBER, /* double */
        RECUR_JSON_FIELD_BOOL,   /* bool */
        RECUR_JSON_FIELD_LIST,   /* const recur_json *: belongs to the object */
        RECUR_JSON_FIELD_ANY,    /* const recur_json *: a value of any kind; likewise */
    } kind;
    bool optional; /* left as it is where the object has no such member */
    void *to;
};

/* Reads an object of these members and no others. Errors: FORMAT. */
enum recur_status recur_json_get_fields(const recur_json *json, const char *what,
                                        const struct recur_json_field *fields, size_t count,
                                        recur_error *error);

/* A text that grows; begins as {0}. */
typedef struct {
    char *text; /* ends with a zero byte; NULL before the first value */
    size_t size, room;
    bool pretty; /* a space behind commas and colons, and what acts on a terminal is escaped */
    bool more;   /* the next value comes behind another one */
    enum recur_status status; /* OK, MEMORY, FORMAT: a text was not UTF-8 */
} recur_json_writer;

/* Where `key` is NULL the value has no name: it is an item of a list, or the whole. */
void recur_json_open(recur_json_writer *writer, const char *key, char bracket); /* '[' or '{' */
void recur_json_close(recur_json_writer *writer, char bracket);                 /* ']' or '}' */
void recur_json_put_null(recur_json_writer *writer, const char *key);
void recur_json_put_bool(recur_json_writer *writer, const char *key, bool value);
/* From 2^63 on, where many readers fail, it writes a text of the digits. */
void recur_json_put_u64(recur_json_writer *writer, const char *key, uint64_t value);
/* Writes so many significant digits (17 restore any double, 9 any float), in any locale; null where
 * the number is not finite. */
void recur_json_put_number(recur_json_writer *writer, const char *key, double value, int digits);
void recur_json_put_text(recur_json_writer *writer, const char *key, const char *text);
void recur_json_put_bytes(recur_json_writer *writer, const char *key, const char *text,
                          size_t size);
/* A text in pieces, each of them whole characters: begin, add, add, ..., end. */
void recur_json_begin_text(recur_json_writer *writer, const char *key);
void recur_json_add_text(recur_json_writer *writer, const char *text, size_t size);
void recur_json_end_text(recur_json_writer *writer);
/* A key that is no C string; the value follows without one. */
void recur_json_put_key(recur_json_writer *writer, const char *key, size_t size);
/* Adds a value that another writer wrote; that writer may have failed. */
void recur_json_put_written(recur_json_writer *writer, const char *key,
                            const recur_json_writer *value);

/* Whether everything was written. `what` names the text. Errors: MEMORY, FORMAT (a text was not
 * UTF-8). */
enum recur_status recur_json_check(const recur_json_writer *writer, const char *what,
                                   recur_error *error);
/* Empties the writer: its text, and its failure. */
void recur_json_writer_free(recur_json_writer *writer);

#endif
