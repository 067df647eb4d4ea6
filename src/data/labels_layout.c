/* Recognises the layout of a file of words: columns, CoNLL-U, or plain sentences. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "data/labels_reading.h"
#include "data/words.h"
#include "recur/vocab.h"

enum { CONLLU_COLUMNS = 10, CONLLU_WORD = 2, CONLLU_LABEL = 4 };

recur_token recur_labels_next_line(const char *at, const char *end, const char **next)
{
    const char *feed = memchr(at, '\n', (size_t)(end - at)), *stop = feed ? feed : end;
    recur_token line = {at, (size_t)(stop - at)};
    *next = feed ? feed + 1 : end;
    if (line.size && line.bytes[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* Is it an id of CoNLL-U: "1", "1-2" or "1.1"? */
static bool is_id(recur_token cell)
{
    size_t digits[2] = {0, 0}, part = 0;
    for (size_t i = 0; i < cell.size; i++) {
        if (cell.bytes[i] >= '0' && cell.bytes[i] <= '9')
            digits[part]++;
        else if (part++ || (cell.bytes[i] != '-' && cell.bytes[i] != '.'))
            return false;
    }
    return digits[0] && digits[part];
}

/* Looks at the columns: the first line with a word says how many columns there are, and whether
 * they are CoNLL-U's. */
static struct recur_cells look_at_columns(struct recur_labels_reading *r, const char *begin,
                                          const char *end)
{
    struct recur_cells cells = {.count = 0};
    size_t number = r->number;
    for (const char *at = begin, *next; at < end && !r->columns; at = next) {
        recur_token line = recur_labels_next_line(at, end, &next);
        number++;
        if (recur_labels_blank(line) || *line.bytes == '#')
            continue;
        struct recur_cells here = recur_labels_cut(r, line);
        if (recur_labels_document(here.first))
            continue;
        cells = here;
        r->columns = cells.count;
        r->columns_line = number;
    }
    return cells;
}

/* What is counted over the lines of a file that might be plain sentences. */
struct look {
    /* Lines with words; blocks of such lines; lines with several words. */
    size_t lines, blocks, wide;
    /* Wide lines that have one of the model's labels where a label is expected. */
    size_t labelled;
    size_t firsts_known;         /* lines whose word, if they are columns, the model knows */
    size_t others, others_known; /* all other words; those of them that the model knows */
    /* Words of several caseless letters; those whose letters alone the model knows. */
    size_t scripts, spelled;
    size_t counted; /* lines whose first word is the next number */
    uint64_t counter;
    bool open;    /* the line before is not blank */
    bool ragged;  /* the lines differ in their number of words */
    bool columns; /* a line shows that the file has columns */
};

struct looking {
    struct recur_labels_reading *reading;
    char *lower; /* room for one word in lower case */
    size_t capacity;
};

static enum recur_status is_known(struct looking *l, recur_token word, bool *known)
{
    *known = false;
    if (!recur_utf8_valid(word.bytes, word.size))
        return RECUR_OK;
    size_t need = recur_size_add(recur_size_mul(word.size, RECUR_LOWER_GROWTH), 4);
    RECUR_TRY(recur_grow(&l->lower, &l->capacity, need, 1, "a word", l->reading->error));
    recur_token lower = {l->lower, recur_word_lower(word, l->lower)};
    *known = recur_vocab_id(l->reading->store->config.known_words, lower) != RECUR_UNKNOWN;
    return RECUR_OK;
}

/* Does the model lack the word, but know its letters? */
static bool is_spelled(const struct looking *l, recur_token word, bool known, size_t *scripts)
{
    size_t letters = 0, met = 0;
    if (!recur_utf8_valid(word.bytes, word.size))
        return false;
    for (size_t at = 0, length; at < word.size; at += length) {
        length = recur_utf8_length(word.bytes[at]);
        if (!recur_is_letter_without_case(word.bytes + at))
            continue;
        recur_token letter = {word.bytes + at, length};
        letters++;
        met += recur_vocab_id(l->reading->store->config.known_words, letter) != RECUR_UNKNOWN;
    }
    *scripts += letters > 1;
    return letters > 1 && !known && 2 * met >= letters;
}

/* Looks at every word of a line. If the file has columns, one of them is the line's word. */
static enum recur_status look_at_words(struct looking *l, recur_token line, struct look *look)
{
    const char *end = line.bytes + line.size, *next;
    size_t column = 0;
    for (const char *at = line.bytes; at < end; at = next) {
        for (next = at; next < end && *next != ' ';)
            next++;
        recur_token word = {at, (size_t)(next - at)};
        next += next < end;
        if (!word.size)
            continue;
        bool known, other = ++column != l->reading->word_column;
        RECUR_TRY(is_known(l, word, &known));
        look->others += other;
        look->others_known += other && known;
        look->firsts_known += !other && known;
        look->spelled += is_spelled(l, word, known, &look->scripts);
    }
    return RECUR_OK;
}

static enum recur_status look_at_line(struct looking *l, recur_token line, struct look *look)
{
    const struct recur_labels_reading *r = l->reading;
    const struct recur_cells cells = recur_labels_cut(r, line);
    bool wide = cells.count > 1;
    look->lines++;
    look->blocks += !look->open;
    look->wide += wide;
    look->ragged |= cells.count != r->columns;
    look->columns |= cells.tabs || recur_labels_document(cells.first);
    look->counted += recur_labels_is_next(cells.first, !look->open, &look->counter);
    look->open = true;
    look->labelled += wide && cells.label.size &&
                      recur_vocab_id(r->store->config.known_labels, cells.label) != RECUR_UNKNOWN;
    return look_at_words(l, line, look);
}

/* Lines of equally many words may be columns or sentences. In columns the other cells are not
 * words, so the model knows fewer of them. Sentences have more than one line. */
static bool are_words(const struct look *look)
{
    bool known = 2 * look->others_known >= look->others;
    bool alike = 3 * look->others_known * look->lines >= 2 * look->firsts_known * look->others;
    bool alone = look->blocks == look->lines && look->others >= 2 * look->lines;
    return known || alike || alone;
}

/* Plain sentences have no tabs, and most of their lines have several words. The file has no columns
 * if the model's labels do not stand where labels stand and the first column does not count the
 * words. Where the model lacks words but knows their letters, its words are single letters. */
static enum recur_layout judge(const struct look *look)
{
    bool labelled = look->wide && 2 * look->labelled >= look->wide;
    bool counted = look->lines > 1 && look->counted == look->lines;
    if (look->columns || labelled || counted)
        return RECUR_LAYOUT_COLUMNS;
    if (look->spelled && 2 * look->spelled >= look->scripts)
        return RECUR_LAYOUT_CHARACTERS;
    return 2 * look->wide > look->lines && (look->ragged || are_words(look))
               ? RECUR_LAYOUT_SENTENCES
               : RECUR_LAYOUT_COLUMNS;
}

static enum recur_status look_at_sentences(struct recur_labels_reading *r, const char *begin,
                                           const char *end)
{
    struct looking l = {.reading = r};
    struct look look = {.counter = 0};
    enum recur_status status = RECUR_OK;
    for (const char *at = begin, *next; at < end && status == RECUR_OK && !look.columns;
         at = next) {
        recur_token line = recur_labels_next_line(at, end, &next);
        bool blank = recur_labels_blank(line);
        look.open &= !blank;
        if (!blank && !recur_labels_comment(r, line))
            status = look_at_line(&l, line, &look);
    }
    free(l.lower);
    r->layout = judge(&look);
    return status;
}

enum recur_status recur_labels_look_ahead(struct recur_labels_reading *r, const char *begin,
                                          const char *end)
{
    const recur_labels_config *config = &r->store->config;
    r->layout = config->layout == RECUR_LAYOUT_AUTO ? RECUR_LAYOUT_COLUMNS : config->layout;
    r->word_column = config->word_column ? config->word_column : 1;
    r->label_column = config->label_column;
    if (!r->store->words) {
        r->label_column = r->label_column ? r->label_column : 1 + (config->word_column == 1);
        r->word_column = config->word_column ? config->word_column : 1 + (r->label_column == 1);
        return RECUR_OK;
    }
    const struct recur_cells cells = look_at_columns(r, begin, end);
    if (config->layout == RECUR_LAYOUT_AUTO && cells.tabs && cells.count == CONLLU_COLUMNS &&
        is_id(cells.first))
        r->layout = RECUR_LAYOUT_CONLLU;
    if (r->layout == RECUR_LAYOUT_CONLLU) {
        r->word_column = config->word_column ? config->word_column : CONLLU_WORD;
        r->label_column = config->label_column ? config->label_column : CONLLU_LABEL;
    }
    if (config->layout == RECUR_LAYOUT_AUTO && r->layout == RECUR_LAYOUT_COLUMNS &&
        config->known_words && config->known_labels && !cells.tabs)
        return look_at_sentences(r, begin, end);
    return RECUR_OK;
}
