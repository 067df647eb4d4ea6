/* Texts with labels from their files: label<TAB>text, or columns with blank lines between
 * sentences. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/labels_store.h"
#include "text/text_stream.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* A text being read. */
struct reading {
    struct recur_labels_store *store;
    const char *name;    /* of the file */
    size_t number;       /* of the line, from 1 */
    size_t columns;      /* of tag: of the first line, 0: none yet */
    size_t columns_line; /* its number */
    char *repaired;      /* a word that was no UTF-8 */
    size_t repaired_capacity;
    recur_error *error;
};

static bool keeps_bytes(const struct recur_labels_store *store)
{
    return store->text.tokens == RECUR_TOKENS_BYTE;
}

/* Appends a line to the store's bytes, as it stands. */
static enum recur_status keep_line(struct reading *r, recur_token line, recur_token *kept)
{
    struct recur_labels_store *store = r->store;
    RECUR_TRY(recur_grow(&store->bytes, &store->bytes_capacity,
                         recur_size_add(recur_size_add(store->bytes_size, line.size), 1), 1,
                         "labelled texts", r->error));
    *kept = (recur_token){store->bytes + store->bytes_size, line.size};
    memcpy(store->bytes + store->bytes_size, line.bytes, line.size);
    store->bytes_size += line.size;
    return RECUR_OK;
}

/* What of a word is no UTF-8 becomes U+FFFD, in bytes that the next word takes. */
static enum recur_status repair_word(struct reading *r, recur_token *word)
{
    if (recur_utf8_valid(word->bytes, word->size))
        return RECUR_OK;
    size_t most = recur_size_mul(word->size, RECUR_UTF8_REPLACEMENT_SIZE), to = 0, length;
    RECUR_TRY(recur_grow(&r->repaired, &r->repaired_capacity, most, 1, "labelled texts", r->error));
    for (size_t from = 0; from < word->size; from += length) {
        bool fine =
            recur_utf8_scan(word->bytes + from, word->size - from, &length) == RECUR_UTF8_VALID;
        size_t size = fine ? length : RECUR_UTF8_REPLACEMENT_SIZE;
        memcpy(r->repaired + to, fine ? word->bytes + from : RECUR_UTF8_REPLACEMENT, size);
        to += size;
        r->store->stats.invalid += !fine;
    }
    *word = (recur_token){r->repaired, to};
    return RECUR_OK;
}

static bool is_unknown(recur_token label)
{
    return label.size == 5 && memcmp(label.bytes, "<unk>", 5) == 0;
}

static enum recur_status refuse_label(const struct reading *r, recur_token label)
{
    if (is_unknown(label))
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu: a label cannot be <unk>, which stands for labels that a "
                          "model has not met",
                          r->name, r->number);
    return recur_fail(r->error, RECUR_ERROR_DATA, "%s: line %zu: the label \"%s\" %s", r->name,
                      r->number, recur_show(label.bytes, label.size, RECUR_WORD_SHOWN, NULL).text,
                      recur_utf8_valid(label.bytes, label.size)
                          ? "has a control character, which a label cannot have"
                          : "is not UTF-8");
}

static enum recur_status add_line(struct reading *r, recur_token line, recur_token label)
{
    struct recur_labels_store *store = r->store;
    uint32_t index = RECUR_TOKEN_NONE;
    /* Labels become names in rows, in JSON and on terminals. */
    bool fine = !is_unknown(label) && !recur_text_acts(label.bytes, label.size);
    if (!fine && !store->config.unlabelled)
        return refuse_label(r, label);
    if (label.size && fine)
        RECUR_TRY(recur_token_table_intern(&store->names, label, &index, r->error));
    RECUR_TRY(recur_grow(&store->line, &store->line_capacity, recur_size_add(store->lines, 1),
                         sizeof *store->line, "labelled texts", r->error));
    store->line[store->lines++] =
        (struct recur_labels_line){(size_t)(line.bytes - store->bytes), line.size, index};
    return RECUR_OK;
}

static enum recur_status add_token(struct reading *r, recur_token token)
{
    struct recur_labels_store *store = r->store;
    uint32_t form;
    RECUR_TRY(recur_token_table_intern(&store->forms, token, &form, r->error));
    RECUR_TRY(recur_grow(&store->form, &store->form_capacity, recur_size_add(store->tokens, 1),
                         sizeof *store->form, "labelled texts", r->error));
    store->form[store->tokens++] = form;
    store->stats.tokens++;
    return RECUR_OK;
}

/* Ends the sequence of the tokens since the last end. */
static enum recur_status end_sequence(struct reading *r)
{
    struct recur_labels_store *store = r->store;
    size_t begin = store->sequences ? store->first[store->sequences] : 0;
    size_t length = store->tokens - begin;
    if (length > store->config.longest)
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu: the %s has %zu tokens, more than the %zu that a sequence "
                          "may have; part it",
                          r->name, r->number,
                          store->config.task == RECUR_TASK_TAG ? "sentence that ends here" : "text",
                          length, store->config.longest);
    RECUR_TRY(recur_grow(&store->first, &store->first_capacity, recur_size_add(store->sequences, 2),
                         sizeof *store->first, "labelled texts", r->error));
    store->first[store->sequences] = begin;
    store->first[++store->sequences] = store->tokens;
    return RECUR_OK;
}

/* A recur_piece_fn. */
static enum recur_status take_tokens(void *user, const recur_token *tokens, size_t count,
                                     bool line_end, recur_error *error)
{
    (void)line_end;
    (void)error;
    for (size_t i = 0; i < count; i++)
        RECUR_TRY(add_token(user, tokens[i]));
    return RECUR_OK;
}

static enum recur_status cut_text(struct reading *r, recur_token text)
{
    recur_text_stats stats = {0};
    const struct recur_text_source source = {
        .bytes = text.bytes, .size = text.size, .block = text.size + 1};
    enum recur_status status =
        recur_text_stream(&source, &r->store->text, false, take_tokens, r, &stats, r->error);
    r->store->stats.invalid += stats.invalid;
    return status;
}

static enum recur_status read_text(struct reading *r, recur_token line)
{
    bool unlabelled = r->store->config.unlabelled != 0;
    recur_token label = {line.bytes, 0}, text, kept;
    if (!line.size && !unlabelled)
        return RECUR_OK;
    RECUR_TRY(keep_line(r, line, &kept));
    const char *tab = kept.size ? memchr(kept.bytes, '\t', kept.size) : NULL;
    if (tab) {
        label = (recur_token){kept.bytes, (size_t)(tab - kept.bytes)};
        text = (recur_token){tab + 1, kept.size - label.size - 1};
    } else {
        text = kept;
    }
    if (!unlabelled && !label.size)
        return recur_fail(r->error, RECUR_ERROR_DATA, "%s: line %zu %s; expected label<TAB>text",
                          r->name, r->number, tab ? "has no label before its tab" : "has no tab");
    RECUR_TRY(cut_text(r, text));
    RECUR_TRY(add_line(r, kept, label));
    return end_sequence(r);
}

/* The next column from *at on; false where there is none. With tabs a column may be empty. */
static bool next_column(recur_token line, bool tabs, size_t *at, recur_token *column)
{
    const char *bytes = line.bytes;
    while (!tabs && *at < line.size && bytes[*at] == ' ')
        ++*at;
    if (*at > line.size || (!tabs && *at == line.size))
        return false;
    size_t begin = *at;
    while (*at < line.size && bytes[*at] != (tabs ? '\t' : ' '))
        ++*at;
    *column = (recur_token){bytes + begin, *at - begin};
    *at += tabs;
    return true;
}

static bool is_blank(recur_token line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.bytes[i] != ' ' && line.bytes[i] != '\t')
            return false;
    return true;
}

static enum recur_status check_columns(struct reading *r, size_t columns)
{
    size_t least = r->store->config.unlabelled ? 1 : 2;
    if (!r->columns) {
        r->columns = columns;
        r->columns_line = r->number;
    }
    if (columns < least)
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu has 1 column; expected a word first and its label last",
                          r->name, r->number);
    if (columns != r->columns)
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu has %zu column%s, but line %zu has %zu", r->name, r->number,
                          columns, recur_plural(columns), r->columns_line, r->columns);
    return RECUR_OK;
}

static bool open_sentence(const struct recur_labels_store *store)
{
    return store->tokens > (store->sequences ? store->first[store->sequences] : 0);
}

static enum recur_status read_word(struct reading *r, recur_token line)
{
    recur_token kept, column, word = {0}, label = {0};
    size_t columns = 0, at = 0;
    if (is_blank(line))
        return open_sentence(r->store) ? end_sequence(r) : RECUR_OK;
    RECUR_TRY(keep_line(r, line, &kept));
    bool tabs = memchr(kept.bytes, '\t', kept.size) != NULL;
    while (next_column(kept, tabs, &at, &column)) {
        word = columns++ ? word : column;
        label = column;
    }
    RECUR_TRY(check_columns(r, columns));
    bool has_label = columns > 1;
    if (!word.size || (!label.size && !r->store->config.unlabelled))
        return recur_fail(r->error, RECUR_ERROR_DATA, "%s: line %zu: its %s column is empty",
                          r->name, r->number, word.size ? "last" : "first");
    RECUR_TRY(repair_word(r, &word));
    RECUR_TRY(add_token(r, word));
    return add_line(r, kept, has_label ? label : (recur_token){0});
}

static enum recur_status read_lines(struct reading *r, const char *bytes, const char *end)
{
    struct recur_labels_store *store = r->store;
    bool tags = store->config.task == RECUR_TASK_TAG;
    while (bytes < end) {
        const char *feed = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *stop = feed ? feed : end;
        recur_token line = {bytes, (size_t)(stop - bytes)};
        if (line.size && line.bytes[line.size - 1] == '\r')
            line.size--;
        r->number++;
        store->stats.lines++;
        RECUR_TRY(tags ? read_word(r, line) : read_text(r, line));
        bytes = feed ? feed + 1 : end;
    }
    return tags && open_sentence(store) ? end_sequence(r) : RECUR_OK;
}

enum recur_status recur_labels_parse(struct recur_labels_store *store, const char *bytes,
                                     size_t size, const char *name, recur_error *error)
{
    struct reading r = {.store = store, .name = name, .error = error};
    bool marked = size >= 3 && memcmp(bytes, BYTE_ORDER_MARK, 3) == 0 && !keeps_bytes(store);
    store->stats.bytes += size;
    enum recur_status status = read_lines(&r, bytes + (marked ? 3 : 0), bytes + size);
    free(r.repaired);
    return status;
}
