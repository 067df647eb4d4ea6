/* Reads texts, one per line, with the label in a column before or after the text. */
#include <string.h>

#include "data/labels_reading.h"
#include "data/text_stream.h"
#include "data/words.h"

/* A recur_chunk_fn that adds the tokens to the open sequence. */
static enum recur_status take_tokens(void *user, const recur_token *tokens, size_t count,
                                     bool line_end, recur_error *error)
{
    (void)line_end;
    (void)error;
    for (size_t i = 0; i < count; i++)
        RECUR_TRY(recur_labels_add_token(user, tokens[i]));
    return RECUR_OK;
}

static enum recur_status cut_text(struct recur_labels_reading *r, recur_token text)
{
    recur_text_stats stats = {0};
    const struct recur_raw_text raw = {
        .bytes = text.bytes, .size = text.size, .block = text.size + 1};
    enum recur_status status =
        recur_text_stream(&raw, &r->store->text, false, take_tokens, r, &stats, r->error);
    r->store->stats.invalid += stats.invalid;
    return status;
}

/* Finds column number `column`, from 1; false where the line has fewer. With `to_end` the column
 * goes on to the line's end, tabs included. */
static bool column_of(recur_token line, size_t column, bool to_end, recur_token *cell)
{
    const char *at = line.bytes, *end = at + line.size, *tab;
    for (;; at = tab + 1) {
        tab = at < end ? memchr(at, '\t', (size_t)(end - at)) : NULL;
        if (--column == 0)
            break;
        if (!tab)
            return false;
    }
    *cell = (recur_token){at, (size_t)((tab && !to_end ? tab : end) - at)};
    return true;
}

static enum recur_status missing(const struct recur_labels_reading *r, recur_token line)
{
    static const char mark[] = "__label__";
    bool fasttext = line.size > sizeof mark && memcmp(line.bytes, mark, sizeof mark - 1) == 0;
    bool tab = line.size && memchr(line.bytes, '\t', line.size);
    if (r->label_column != 1 || r->word_column != 2)
        return recur_fail(r->error, RECUR_ERROR_DATA,
                          "%s: line %zu does not have both its label in column %zu and its text in "
                          "column %zu, parted by tabs",
                          r->name, r->number, r->label_column, r->word_column);
    return recur_fail(r->error, RECUR_ERROR_DATA, "%s: line %zu %s; expected label<TAB>text%s",
                      r->name, r->number, tab ? "has no label before its tab" : "has no tab",
                      fasttext ? ", which fastText's lines become with sed "
                                 "'s/^__label__\\([^ ]*\\) /\\1\\t/'"
                               : "");
}

enum recur_status recur_labels_read_text(struct recur_labels_reading *r, recur_token line)
{
    struct recur_labels_store *store = r->store;
    const recur_labels_config *config = &store->config;
    bool unlabelled = config->unlabelled, bytes = recur_labels_as_they_stand(store);
    bool tab = line.size && memchr(line.bytes, '\t', line.size);
    recur_token label = {line.bytes, 0}, text = line;
    if (!line.size && !unlabelled)
        return RECUR_OK;
    if (tab || !unlabelled) {
        bool to_end = !config->word_column && r->word_column > r->label_column;
        bool has_text = column_of(line, r->word_column, to_end, &text);
        if (column_of(line, r->label_column, false, &label))
            label = recur_trim(label, bytes);
        if (!has_text || (!label.size && !unlabelled))
            return missing(r, line);
    }
    text = recur_trim(text, bytes);
    if (!store->lines)
        store->head_is_name = recur_labels_name_columns(text);
    store->counted += recur_labels_is_next(label, !store->lines, &r->counter);
    RECUR_TRY(cut_text(r, text));
    RECUR_TRY(recur_labels_add_line(r, line, label));
    return recur_labels_end(r, true);
}
