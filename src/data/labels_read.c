/* Reads files of labelled texts line by line. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "data/labels_reading.h"
#include "data/text_input.h"

bool recur_labels_open(const struct recur_labels_store *store)
{
    return store->tokens > (store->sequences ? store->first[store->sequences] : 0);
}

bool recur_labels_is_next(recur_token cell, bool start, uint64_t *counter)
{
    uint64_t value = 0;
    for (size_t i = 0; i < cell.size; i++) {
        if (cell.bytes[i] < '0' || cell.bytes[i] > '9' || i > 17)
            return false;
        value = 10 * value + (uint64_t)(cell.bytes[i] - '0');
    }
    bool next = cell.size && ((start && value < 2) || value == *counter + 1);
    *counter = value;
    return next;
}

static bool is_unknown(recur_token label)
{
    return label.size == 5 && memcmp(label.bytes, "<unk>", 5) == 0;
}

static enum recur_status refuse_label(const struct recur_labels_reading *r, recur_token label)
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

enum recur_status recur_labels_add_line(struct recur_labels_reading *r, recur_token line,
                                        recur_token label)
{
    struct recur_labels_store *store = r->store;
    uint32_t index = RECUR_TOKEN_NONE;
    /* A label will be a name in rows, in JSON and on terminals. */
    bool fine = !is_unknown(label) && !recur_text_acts(label.bytes, label.size);
    if (!fine && !store->config.unlabelled)
        return refuse_label(r, label);
    if (label.size && fine)
        RECUR_TRY(recur_token_table_intern(&store->alphabet, label, &index, r->error));
    RECUR_TRY(recur_grow(&store->line, &store->line_capacity, recur_size_add(store->lines, 1),
                         sizeof *store->line, "labelled texts", r->error));
    store->line[store->lines++] =
        (struct recur_labels_line){(size_t)(line.bytes - store->bytes), line.size, index};
    return RECUR_OK;
}

enum recur_status recur_labels_add_token(struct recur_labels_reading *r, recur_token token)
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

enum recur_status recur_labels_add_word(struct recur_labels_reading *r, recur_token word)
{
    if (recur_utf8_valid(word.bytes, word.size))
        return recur_labels_add_token(r, word);
    size_t most = recur_size_mul(word.size, RECUR_UTF8_REPLACEMENT_SIZE), to = 0, length;
    RECUR_TRY(recur_grow(&r->repaired, &r->repaired_capacity, most, 1, "labelled texts", r->error));
    for (size_t from = 0; from < word.size; from += length) {
        bool fine =
            recur_utf8_scan(word.bytes + from, word.size - from, &length) == RECUR_UTF8_VALID;
        size_t size = fine ? length : RECUR_UTF8_REPLACEMENT_SIZE;
        memcpy(r->repaired + to, fine ? word.bytes + from : RECUR_UTF8_REPLACEMENT, size);
        to += size;
        r->store->stats.invalid += !fine;
    }
    return recur_labels_add_token(r, (recur_token){r->repaired, to});
}

enum recur_status recur_labels_end(struct recur_labels_reading *r, bool empty)
{
    struct recur_labels_store *store = r->store;
    size_t begin = store->sequences ? store->first[store->sequences] : 0;
    size_t length = store->tokens - begin;
    if (!length && !empty)
        return RECUR_OK;
    if (length > store->config.longest)
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu: the %s has %zu tokens, more than the %zu that a sequence "
                          "may have; part it",
                          r->name, r->number, store->words ? "sentence that ends here" : "text",
                          length, store->config.longest);
    RECUR_TRY(recur_grow(&store->first, &store->first_capacity, recur_size_add(store->sequences, 2),
                         sizeof *store->first, "labelled texts", r->error));
    store->first[store->sequences] = begin;
    store->first[++store->sequences] = store->tokens;
    return RECUR_OK;
}

/* Appends a file to the store's bytes: without byte order marks, unless tokens are bytes, and with
 * a line feed at its end. */
static enum recur_status keep_file(struct recur_labels_store *store, const char *bytes, size_t size,
                                   recur_error *error)
{
    size_t need = recur_size_add(recur_size_add(store->bytes_size, size), 1);
    RECUR_TRY(recur_grow(&store->bytes, &store->bytes_capacity, need, 1, "labelled texts", error));
    char *kept = store->bytes + store->bytes_size;
    if (size)
        memcpy(kept, bytes, size);
    if (!recur_labels_as_they_stand(store))
        store->marks += recur_text_drop_marks(kept, &size);
    if (size && kept[size - 1] != '\n')
        kept[size++] = '\n';
    store->bytes_size += size;
    return RECUR_OK;
}

/* Notes signs of a header and of a file without blank lines. `lines` and `sequences` are the
 * numbers of both before the file. */
static void note_file(struct recur_labels_store *store, size_t lines, size_t sequences)
{
    bool columns = store->layout == RECUR_LAYOUT_COLUMNS || store->layout == RECUR_LAYOUT_CONLLU;
    bool one = columns && store->sequences == sequences + 1;
    size_t words = one ? store->first[store->sequences] - store->first[sequences] : 0;
    store->unbroken = words > store->unbroken ? words : store->unbroken;
    if (store->lines == lines)
        return;
    store->heads += store->line[lines].label == store->line[0].label;
}

static enum recur_status read_lines(struct recur_labels_reading *r, const char *at, const char *end)
{
    bool tags = r->store->words;
    if (r->store->config.header && at < end) {
        recur_labels_next_line(at, end, &at);
        r->number++;
    }
    RECUR_TRY(recur_labels_look_ahead(r, at, end));
    while (at < end) {
        recur_token line = recur_labels_next_line(at, end, &at);
        r->number++;
        RECUR_TRY(tags ? recur_labels_read_word(r, line) : recur_labels_read_text(r, line));
    }
    return tags ? recur_labels_end(r, false) : RECUR_OK;
}

enum recur_status recur_labels_parse(struct recur_labels_store *store, const char *bytes,
                                     size_t size, const char *name, recur_error *error)
{
    struct recur_labels_reading r = {.store = store, .name = name, .error = error};
    bool marked = !recur_labels_as_they_stand(store) && recur_text_is_marked(bytes, size);
    size_t skip = marked ? 3 : 0, lines = store->lines, sequences = store->sequences;
    size_t begin = store->bytes_size;
    store->stats.bytes += size;
    RECUR_TRY(keep_file(store, bytes + skip, size - skip, error));
    enum recur_status status =
        read_lines(&r, store->bytes + begin, store->bytes + store->bytes_size);
    free(r.repaired);
    if (status != RECUR_OK)
        return status;
    store->layout = r.layout;
    store->stats.lines += r.number;
    note_file(store, lines, sequences);
    return RECUR_OK;
}
