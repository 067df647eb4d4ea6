/* Reads the words of sentences: one word per line, in columns, or one sentence per line. */
#include <string.h>

#include "base/utf8.h"
#include "data/labels_reading.h"
#include "data/words.h"

/* Finds the next column from *at on; false where there is none. With tabs a column may be empty. */
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

struct recur_cells recur_labels_cut(const struct recur_labels_reading *r, recur_token line)
{
    struct recur_cells cells = {.tabs = line.size && memchr(line.bytes, '\t', line.size)};
    recur_token column;
    for (size_t at = 0; next_column(line, cells.tabs, &at, &column);) {
        recur_token trimmed = recur_trim(column, false);
        cells.count++;
        if (cells.count == 1)
            cells.first = trimmed;
        if (cells.count == r->word_column)
            cells.word = trimmed.size ? trimmed : column;
        if (!r->label_column || cells.count == r->label_column)
            cells.label = trimmed;
    }
    return cells;
}

bool recur_labels_blank(recur_token line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.bytes[i] != ' ' && line.bytes[i] != '\t')
            return false;
    return true;
}

bool recur_labels_document(recur_token first)
{
    static const char mark[] = "-DOCSTART-";
    return first.size == sizeof mark - 1 && memcmp(first.bytes, mark, first.size) == 0;
}

/* A comment stands before a sentence and begins with "#", but a word may begin so too. In a comment
 * a space, another "#" or the line's end follows, in CoNLL-U anything; and it never has as many
 * columns as the lines with words. */
bool recur_labels_comment(const struct recur_labels_reading *r, recur_token line)
{
    if (!line.size || *line.bytes != '#' || !r->columns)
        return false;
    bool mark = line.size == 1 || line.bytes[1] == ' ' || line.bytes[1] == '#';
    return recur_labels_cut(r, line).count != r->columns &&
           (mark || r->layout == RECUR_LAYOUT_CONLLU);
}

static enum recur_status check_columns(struct recur_labels_reading *r, size_t columns)
{
    bool unlabelled = r->store->config.unlabelled;
    size_t last = r->label_column && !unlabelled ? r->label_column : 1;
    size_t least = r->word_column > last ? r->word_column : last;
    if (!r->columns) { /* no line settled the columns: every line begins as comments do */
        r->columns = columns;
        r->columns_line = r->number;
    }
    if (columns != r->columns)
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu has %zu column%s, but line %zu has %zu; expected a word a "
                          "line, in as many columns each",
                          r->name, r->number, columns, recur_plural(columns), r->columns_line,
                          r->columns);
    if (columns >= least && (columns > 1 || unlabelled))
        return RECUR_OK;
    if (r->word_column == 1 && !r->label_column)
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu has 1 column; expected a word first and its label last",
                          r->name, r->number);
    if (r->label_column && !unlabelled)
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu has %zu column%s; expected the word in column %zu and its "
                          "label in column %zu, unless others are named",
                          r->name, r->number, columns, recur_plural(columns), r->word_column,
                          r->label_column);
    return recur_fail(
        r->error, RECUR_ERROR_DATA,
        "%s: line %zu has %zu column%s; expected the word in column %zu%s, unless another "
        "one is named",
        r->name, r->number, columns, recur_plural(columns), r->word_column,
        unlabelled ? "" : " and its label in another");
}

/* Is this an id of CoNLL-U that is not a word's? "1-2" is a token of several words, "1.1" a word
 * that was left out. */
static bool is_no_word(recur_token id)
{
    size_t digits = 0;
    while (digits < id.size && id.bytes[digits] >= '0' && id.bytes[digits] <= '9')
        digits++;
    return digits && digits < id.size && (id.bytes[digits] == '-' || id.bytes[digits] == '.');
}

static bool ends_sentence(const struct recur_labels_store *store, recur_token word)
{
    for (size_t i = 0; i < store->config.end_count; i++) {
        recur_token end = store->config.ends[i];
        if (end.size == word.size && memcmp(end.bytes, word.bytes, end.size) == 0)
            return true;
    }
    return false;
}

static enum recur_status add_word(struct recur_labels_reading *r, recur_token line,
                                  const struct recur_cells *cells)
{
    struct recur_labels_store *store = r->store;
    bool unlabelled = store->config.unlabelled;
    size_t label_column = r->label_column ? r->label_column : cells->count;
    bool has_label = label_column <= cells->count && label_column != r->word_column;
    if (!has_label && !unlabelled)
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu: column %zu cannot be the word and its label; expected "
                          "the label's column, too",
                          r->name, r->number, r->word_column);
    if (!cells->word.size || (!cells->label.size && !unlabelled)) {
        size_t empty = cells->word.size ? label_column : r->word_column;
        return recur_fail(r->error, RECUR_ERROR_DATA, "%s: line %zu: its %s column is empty",
                          r->name, r->number,
                          empty == 1              ? "first"
                          : empty == cells->count ? "last"
                          : cells->word.size      ? "label's"
                                                  : "word's");
    }
    size_t spaces = 0;
    for (size_t i = 0; i < cells->word.size; i++)
        spaces += cells->word.bytes[i] == ' ';
    store->spaced += spaces > 1;
    store->counted += recur_labels_is_next(cells->word, !recur_labels_open(store), &r->counter);
    store->columns = cells->count;
    if (!store->lines)
        store->head_is_name = recur_labels_name_columns(cells->word);
    RECUR_TRY(recur_labels_add_word(r, cells->word));
    RECUR_TRY(recur_labels_add_line(r, line, has_label ? cells->label : (recur_token){0}));
    return ends_sentence(store, cells->word) ? recur_labels_end(r, false) : RECUR_OK;
}

static enum recur_status read_columns(struct recur_labels_reading *r, recur_token line)
{
    if (recur_labels_blank(line))
        return recur_labels_end(r, false);
    const struct recur_cells cells = recur_labels_cut(r, line);
    if (recur_labels_document(cells.first))
        return recur_labels_end(r, false);
    if (!recur_labels_open(r->store) && recur_labels_comment(r, line))
        return RECUR_OK;
    RECUR_TRY(check_columns(r, cells.count));
    if (r->layout == RECUR_LAYOUT_CONLLU && is_no_word(cells.first))
        return RECUR_OK;
    return add_word(r, line, &cells);
}

/* Reads a sentence: its words are what stands between white space, or its characters. */
static enum recur_status read_sentence(struct recur_labels_reading *r, recur_token line)
{
    const char *end = line.bytes + line.size, *next;
    if (!r->store->config.unlabelled && recur_trim(line, false).size)
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu is a plain sentence: it has no labels to compare with",
                          r->name, r->number);
    for (const char *at = line.bytes; at < end; at = next) {
        if (recur_is_space(at, end, &next))
            continue;
        const char *after = next;
        while (r->layout == RECUR_LAYOUT_SENTENCES && after < end &&
               !recur_is_space(after, end, &after))
            next = after;
        recur_token word = {at, (size_t)(next - at)};
        RECUR_TRY(recur_labels_add_word(r, word));
        RECUR_TRY(recur_labels_add_line(r, word, (recur_token){0}));
    }
    return recur_labels_end(r, false);
}

enum recur_status recur_labels_read_word(struct recur_labels_reading *r, recur_token line)
{
    return r->layout == RECUR_LAYOUT_COLUMNS || r->layout == RECUR_LAYOUT_CONLLU
               ? read_columns(r, line)
               : read_sentence(r, line);
}
