/* Reads a text twice by one function: first to check it and to count what its values take, then,
 * into a block of that size, the values. Nothing recurses. */
#define _GNU_SOURCE /* newlocale, of POSIX */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "json/json.h"

struct reader {
    const char *begin, *at, *end;
    const char *what;
    recur_error *error;
    bool nul;
    size_t depth;
    recur_json *values;              /* the block; NULL while counting */
    char *texts;                     /* behind the values */
    size_t count, bytes;             /* of values and of texts so far */
    size_t largest;                  /* members that an object has */
    bool objects[RECUR_JSON_DEPTH];  /* else lists */
    size_t opened[RECUR_JSON_DEPTH]; /* values that are open, by number */
    size_t sizes[RECUR_JSON_DEPTH];  /* items or members so far */
};

/* Where the text is wrong, and what is wrong there. */
static enum recur_status fail(const struct reader *r, const char *expected, const char *got)
{
    size_t line = 1;
    const char *start = r->begin;
    for (const char *c = r->begin; c < r->at; c++)
        if (*c == '\n') {
            line++;
            start = c + 1;
        }
    return recur_fail(r->error, RECUR_ERROR_FORMAT,
                      "%s is not valid JSON at line %zu, byte %zu: %s%s%s", r->what, line,
                      (size_t)(r->at - start) + 1, expected, *got ? ", got " : "", got);
}

/* Fails: quotes what the text has where something else was expected. */
static enum recur_status fail_here(const struct reader *r, const char *expected)
{
    size_t length;
    if (r->at == r->end)
        return fail(r, expected, "the end");
    recur_utf8_scan(r->at, (size_t)(r->end - r->at), &length);
    char got[16];
    snprintf(got, sizeof got, "\"%.8s\"", recur_show(r->at, length, SIZE_MAX, NULL).text);
    return fail(r, expected, got);
}

static char peek(const struct reader *r)
{
    return r->at < r->end ? *r->at : '\0';
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

/* The next value; its fields are to be set where there is a block. */
static recur_json *add(struct reader *r, enum recur_json_kind kind)
{
    recur_json *value = r->values ? &r->values[r->count] : NULL;
    r->count++;
    if (value)
        *value = (recur_json){.kind = (unsigned char)kind, .values = 1};
    return value;
}

static void put(struct reader *r, const char *bytes, size_t size)
{
    if (r->values)
        memcpy(r->texts + r->bytes, bytes, size);
    r->bytes += size;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Reads the four digits after \u. */
static enum recur_status read_unit(struct reader *r, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int digit = r->at < r->end ? hex_digit(*r->at) : -1;
        if (digit < 0)
            return fail_here(r, "expected four hexadecimal digits");
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return RECUR_OK;
}

static void put_code(struct reader *r, uint32_t code)
{
    char bytes[4];
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(leads[length] | code);
    put(r, bytes, length);
}

/* Reads the escape after \u: a character, or the two halves of one beyond U+FFFF. */
static enum recur_status read_code(struct reader *r, bool nul)
{
    uint32_t code, low;
    RECUR_TRY(read_unit(r, &code));
    if (code == 0 && !nul)
        return fail(r, "U+0000 cannot stand here", "");
    if (code >= 0xd800 && code < 0xdc00 && r->end - r->at > 2 && r->at[0] == '\\' &&
        r->at[1] == 'u') {
        r->at += 2;
        RECUR_TRY(read_unit(r, &low));
        if (low < 0xdc00 || low >= 0xe000)
            return fail(r, "half a character", "");
        code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
    }
    if (code >= 0xd800 && code < 0xe000)
        return fail(r, "half a character", "");
    put_code(r, code);
    return RECUR_OK;
}

static enum recur_status read_escape(struct reader *r, bool nul)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char c = peek(r);
    const char *name = c ? strchr(names, c) : NULL;
    if (!name && c != 'u')
        return fail_here(r, "expected an escape");
    r->at++;
    if (c == 'u')
        return read_code(r, nul);
    put(r, &meanings[name - names], 1);
    return RECUR_OK;
}

/* A text from its quote on. */
static enum recur_status read_text(struct reader *r, bool nul)
{
    size_t start = r->bytes, length;
    recur_json *value = add(r, RECUR_JSON_TEXT);
    for (r->at++; peek(r) != '"';) {
        const char *run = r->at;
        while (r->at < r->end && *r->at >= ' ' && *r->at != '"' && *r->at != '\\' && *r->at < 0x7f)
            r->at++;
        put(r, run, (size_t)(r->at - run));
        if (r->at == r->end)
            return fail_here(r, "expected the \" that ends a text");
        if (*r->at == '"')
            break;
        if (*r->at == '\\') {
            r->at++;
            RECUR_TRY(read_escape(r, nul));
            continue;
        }
        if ((unsigned char)*r->at < ' ')
            return fail_here(r, "a control character must be escaped");
        if (recur_utf8_scan(r->at, (size_t)(r->end - r->at), &length) != RECUR_UTF8_VALID)
            return fail_here(r, "expected UTF-8");
        put(r, r->at, length);
        r->at += length;
    }
    r->at++;
    if (value) {
        value->text = r->texts + start;
        value->size = r->bytes - start;
    }
    put(r, "", 1);
    return RECUR_OK;
}

static enum recur_status skip_digits(struct reader *r)
{
    if (peek(r) < '0' || peek(r) > '9')
        return fail_here(r, "expected a digit");
    while (peek(r) >= '0' && peek(r) <= '9')
        r->at++;
    return RECUR_OK;
}

static enum recur_status read_integer(struct reader *r, const char *token)
{
    bool negative = *token == '-';
    uint64_t magnitude = 0, most = negative ? (uint64_t)1 << 63 : UINT64_MAX;
    for (const char *c = token + negative; c < r->at; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (magnitude > (most - digit) / 10)
            return fail(r, "an integer is too large", "");
        magnitude = magnitude * 10 + digit;
    }
    recur_json *value = add(r, RECUR_JSON_INTEGER);
    if (value) {
        value->magnitude = magnitude;
        value->negative = negative && magnitude > 0;
    }
    return RECUR_OK;
}

/* The C locale, which parse has set, converts the digits to the nearest double. They are copied,
 * since nothing may follow them. */
static enum recur_status read_real(struct reader *r, const char *token)
{
    size_t copy = r->bytes;
    recur_json *value = add(r, RECUR_JSON_REAL);
    put(r, token, (size_t)(r->at - token));
    put(r, "", 1);
    if (!value)
        return RECUR_OK;
    value->real = strtod(r->texts + copy, NULL);
    return isfinite(value->real) ? RECUR_OK : fail(r, "a number is too large", "");
}

static enum recur_status read_number(struct reader *r)
{
    const char *token = r->at;
    bool real = false;
    r->at += *r->at == '-';
    if (peek(r) == '0')
        r->at++;
    else
        RECUR_TRY(skip_digits(r));
    if (peek(r) == '.') {
        real = true;
        r->at++;
        RECUR_TRY(skip_digits(r));
    }
    if (peek(r) == 'e' || peek(r) == 'E') {
        real = true;
        r->at++;
        r->at += peek(r) == '+' || peek(r) == '-';
        RECUR_TRY(skip_digits(r));
    }
    return real ? read_real(r, token) : read_integer(r, token);
}

static enum recur_status read_word(struct reader *r)
{
    static const struct {
        const char *word;
        enum recur_json_kind kind;
        bool truth;
    } words[] = {{"null", RECUR_JSON_NULL, false},
                 {"true", RECUR_JSON_BOOL, true},
                 {"false", RECUR_JSON_BOOL, false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i].word);
        if ((size_t)(r->end - r->at) < length || memcmp(r->at, words[i].word, length) != 0)
            continue;
        r->at += length;
        recur_json *value = add(r, words[i].kind);
        if (value)
            value->truth = words[i].truth;
        return RECUR_OK;
    }
    return fail_here(r, "expected a value");
}

static enum recur_status open(struct reader *r)
{
    bool object = *r->at == '{';
    if (r->depth == RECUR_JSON_DEPTH)
        return fail(r, "too many lists and objects within each other", "");
    r->opened[r->depth] = r->count;
    r->objects[r->depth] = object;
    r->sizes[r->depth] = 0;
    r->depth++;
    r->at++;
    add(r, object ? RECUR_JSON_OBJECT : RECUR_JSON_LIST);
    return RECUR_OK;
}

static void close(struct reader *r)
{
    r->depth--;
    r->at++;
    size_t first = r->opened[r->depth], size = r->sizes[r->depth];
    if (r->values) {
        r->values[first].values = (uint32_t)(r->count - first);
        r->values[first].size = size;
    }
    if (r->objects[r->depth] && size > r->largest)
        r->largest = size;
}

/* A scalar, or the bracket that opens a list or an object. */
static enum recur_status read_value(struct reader *r)
{
    char c = peek(r);
    if (c == '[' || c == '{')
        return open(r);
    if (c == '"')
        return read_text(r, r->nul);
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_number(r);
    return read_word(r);
}

static enum recur_status read_key(struct reader *r)
{
    if (peek(r) != '"')
        return fail_here(r, "expected a key in double quotes");
    RECUR_TRY(read_text(r, false));
    skip_space(r);
    if (peek(r) != ':')
        return fail_here(r, "expected a colon");
    r->at++;
    skip_space(r);
    return RECUR_OK;
}

/* After a value: closes what ends here. `*more`: the comma before another value was read. */
static enum recur_status read_ends(struct reader *r, bool *more)
{
    for (*more = false; r->depth > 0 && !*more;) {
        bool object = r->objects[r->depth - 1];
        skip_space(r);
        if (peek(r) == (object ? '}' : ']')) {
            close(r);
        } else if (peek(r) == ',') {
            r->at++;
            *more = true;
        } else {
            return fail_here(r, object ? "expected a comma or }" : "expected a comma or ]");
        }
    }
    return RECUR_OK;
}

/* All of the text; fills the block where there is one. */
static enum recur_status read_all(struct reader *r)
{
    bool more = true;
    r->at = r->begin;
    r->count = r->bytes = r->depth = 0;
    skip_space(r);
    while (more) {
        size_t depth = r->depth;
        RECUR_TRY(read_value(r));
        skip_space(r);
        if (r->depth > depth && peek(r) != (r->objects[depth] ? '}' : ']')) {
            more = true; /* the first value within */
        } else {
            RECUR_TRY(read_ends(r, &more));
            skip_space(r);
        }
        if (more && r->objects[r->depth - 1])
            RECUR_TRY(read_key(r));
        if (more)
            r->sizes[r->depth - 1]++;
    }
    return r->at == r->end ? RECUR_OK : fail_here(r, "expected nothing more");
}

static int compare_keys(const void *user, size_t a, size_t b)
{
    const recur_json *values = user, *s = &values[a], *t = &values[b];
    if (s->size != t->size)
        return s->size < t->size ? -1 : 1;
    return memcmp(s->text, t->text, s->size);
}

/* Sorted, so that no choice of keys makes it slow. */
static enum recur_status check_keys(const struct reader *r)
{
    size_t *keys, *scratch;
    RECUR_TRY(recur_alloc(r->largest, 2 * sizeof *keys, r->what, &keys, r->error));
    enum recur_status status = RECUR_OK;
    scratch = keys + r->largest;
    for (size_t i = 0; i < r->count && status == RECUR_OK; i++) {
        const recur_json *object = &r->values[i], *key = recur_json_first(object);
        if (object->kind != RECUR_JSON_OBJECT)
            continue;
        for (size_t k = 0; k < object->size; k++, key = recur_json_next(key + 1))
            keys[k] = (size_t)(key - r->values);
        recur_sort(keys, object->size, scratch, compare_keys, r->values);
        for (size_t k = 1; k < object->size && status == RECUR_OK; k++)
            if (compare_keys(r->values, keys[k - 1], keys[k]) == 0)
                status = recur_fail(r->error, RECUR_ERROR_FORMAT,
                                    "%s is not valid JSON: the key \"%s\" stands twice", r->what,
                                    recur_show(r->values[keys[k]].text, r->values[keys[k]].size,
                                               RECUR_WORD_SHOWN, "\"\\")
                                        .text);
    }
    free(keys);
    return status;
}

static enum recur_status read_into_block(struct reader *r)
{
    locale_t own = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!own)
        return recur_fail_memory(r->error, sizeof own, r->what);
    locale_t others = uselocale(own);
    enum recur_status status = read_all(r);
    uselocale(others);
    freelocale(own);
    return status == RECUR_OK ? check_keys(r) : status;
}

enum recur_status recur_json_parse(const char *text, size_t size, bool nul, const char *what,
                                   recur_json **json, recur_error *error)
{
    struct reader r = {.begin = text, .end = text + size, .what = what, .error = error, .nul = nul};
    RECUR_TRY(read_all(&r));
    if (r.count > UINT32_MAX)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "%s has %zu values, at most %u are read",
                          what, r.count, UINT32_MAX);
    size_t bytes = recur_size_add(recur_size_mul(r.count, sizeof *r.values), r.bytes);
    recur_json *block = bytes < PTRDIFF_MAX ? malloc(bytes) : NULL;
    if (!block)
        return recur_fail_memory(error, bytes, what);
    r.values = block;
    r.texts = (char *)(block + r.count);
    enum recur_status status = read_into_block(&r);
    if (status == RECUR_OK)
        *json = block;
    else
        free(block);
    return status;
}
