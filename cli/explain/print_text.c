/* The stages of the text: lines to minibatches. */
#include <stdio.h>
#include <string.h>

#include "common/output.h"
#include "common/quote.h"
#include "explain/stages.h"

enum { SHOWN_ENTRIES = 24, SHOWN_ROWS = 6, ROW_WIDEST = 26, CELL_WIDEST = 6 };

/* Text in one line of the page. */
static void print_line(const struct page *page, const char *bytes, size_t size, bool more)
{
    size_t columns = page->width - PAGE_INDENT - 2;
    recur_printable all = recur_fit((recur_token){bytes, size}, columns - 2);
    printf("%*s%s", PAGE_INDENT + 2, "", all.text);
    explain_puts(page, more && !recur_ends_in(all.text, "\u2026") ? "\u2026\n" : "\n");
}

void explain_print_lines(const struct page *page)
{
    const struct explain *explain = page->explain;
    static const char *const origins[] = {"The story that is built in", "Your text", "The file ",
                                          "The text of "};
    const recur_text_stats *stats = &explain->stats;
    explain_say(page, "%s%s%s has %llu line%s, %llu bytes in UTF-8.%s", origins[explain->origin],
                explain->name ? explain->name : "",
                explain->cut ? ", of which the first 4 MiB are read," : "",
                (unsigned long long)stats->lines, recur_plural(stats->lines),
                (unsigned long long)explain->bytes,
                stats->lines > explain->lines ? " The first ones:" : "");
    for (size_t i = 0; i < explain->lines; i++)
        print_line(page, explain->line[i].text, explain->line[i].text_size, explain->line[i].cut);
}

void explain_print_cleaning(const struct page *page)
{
    const struct explain *explain = page->explain;
    if (explain->settings.corpus->text->clean == RECUR_CLEAN_NONE) {
        explain_say(page, "None: the text stays as it is. With --clean letters everything but A-Z "
                          "and a-z becomes a single space, and letters become lower case.");
        return;
    }
    explain_say(page, "Everything but A-Z and a-z becomes a single space, spaces at both ends go, "
                      "and letters become lower case (--clean letters).");
    for (size_t i = 0; i < explain->lines; i++)
        print_line(page, explain->line[i].cleaned, explain->line[i].cleaned_size,
                   explain->line[i].cut);
}

/* As much of a line's tokens as fits into one line of the page: the token itself, or its id. */
static void print_tokens(const struct page *page, const struct explain_line *line, bool ids)
{
    size_t used = PAGE_INDENT + 2, room = page->width - 4;
    printf("%*s", PAGE_INDENT + 2, "");
    for (size_t i = 0, at = 0; i < line->tokens; at = line->ends[i++]) {
        recur_printable shown = recur_quote((recur_token){line->bytes + at, line->ends[i] - at});
        if (ids)
            snprintf(shown.text, sizeof shown.text, "%d", (int)line->ids[i]);
        used += recur_columns(shown.text) + 1;
        if (used > room) {
            explain_puts(page, " \u2026");
            break;
        }
        printf("%s%s", i > 0 ? " " : "", shown.text);
    }
    putchar('\n');
}

void explain_print_tokens(const struct page *page)
{
    const struct explain *explain = page->explain;
    enum recur_tokens kind = explain->settings.corpus->text->tokens;
    const char *what = recur_text_words(explain->settings.corpus->text)   ? "words"
                       : recur_tokens_as_they_stand(kind)                 ? "bytes"
                       : recur_text_parts(explain->settings.corpus->text) ? "byte pairs"
                                                                          : "characters";
    explain_say(page, "Each line is cut into tokens, here %s (--tokens %s): %llu in all.", what,
                recur_tokens_name(kind), (unsigned long long)explain->stats.tokens);
    for (size_t i = 0; i < explain->lines; i++)
        print_tokens(page, &explain->line[i], false);
}

/* "token": number, as many as SHOWN_ENTRIES. */
static void print_entries(const struct page *page, size_t first, bool counts)
{
    const recur_vocab *vocab = page->explain->vocab;
    size_t size = page->explain->V, used = 0;
    for (size_t id = first; id < size && id < first + SHOWN_ENTRIES; id++) {
        char entry[sizeof(recur_printable) + 32];
        unsigned long long number =
            counts ? (unsigned long long)recur_vocab_count(vocab, (int32_t)id) : id;
        snprintf(entry, sizeof entry, "%s: %llu%s", explain_quoted(page, (int32_t)id).text, number,
                 id + 1 < size ? "," : "");
        size_t columns = recur_columns(entry);
        if (used == 0 || used + columns + 1 > page->width) {
            printf("%s%*s", used ? "\n" : "", PAGE_INDENT + 2, "");
            used = PAGE_INDENT + 2;
        } else {
            putchar(' ');
        }
        fputs(entry, stdout);
        used += columns + 1;
    }
    explain_puts(page, size > first + SHOWN_ENTRIES ? " \u2026\n" : "\n");
}

void explain_print_counts(const struct page *page)
{
    const struct explain *explain = page->explain;
    size_t special = recur_vocab_reserved(explain->vocab) + 1, different = explain->V - special;
    unsigned long long rare = recur_vocab_count(explain->vocab, RECUR_UNKNOWN);
    explain_say(page,
                "How often does each token occur? There are %zu different ones; the most "
                "frequent stand first, and of equals the one that came first.",
                different);
    if (rare > 0)
        explain_say(page, "%llu of the tokens are too rare (--min-freq) and are left out.", rare);
    print_entries(page, special, true);
}

void explain_print_dictionary(const struct page *page)
{
    explain_say(page,
                "In this order tokens get numbers, their ids. Id 0, <unk>, is for tokens "
                "that are not in the dictionary, so there are V = %zu.",
                page->explain->V);
    print_entries(page, 0, false);
}

void explain_print_ids(const struct page *page)
{
    explain_say(page, "The text is a row of ids now. This is all that the network will see of it.");
    for (size_t i = 0; i < page->explain->lines; i++)
        print_tokens(page, &page->explain->line[i], true);
}

static void print_row(const struct page *page, int32_t id)
{
    size_t V = page->explain->V;
    if (V > ROW_WIDEST || PAGE_INDENT + 16 + 2 * V > page->width) {
        char row[100];
        snprintf(row, sizeof row, "[0 \u2026 1 \u2026 0], 1 at place %d of %zu\n", (int)id, V);
        explain_puts(page, row);
        return;
    }
    for (size_t v = 0; v < V; v++)
        printf("%s%c", v ? " " : "[", v == (size_t)id ? '1' : '0');
    puts("]");
}

void explain_print_one_hot(const struct page *page)
{
    const struct explain *explain = page->explain;
    explain_say(page, "A network computes with numbers that can be multiplied. So an id becomes a "
                      "vector of V numbers, all 0 but a 1 at the id's place. Multiplied with a "
                      "matrix it picks out one row, so recur looks that row up.");
    explain_equation(page, explain_stage_equation(explain, "one-hot"));
    if (explain->lines == 0)
        return;
    const struct explain_line *line = &explain->line[0];
    size_t rows = line->tokens < SHOWN_ROWS ? line->tokens : SHOWN_ROWS;
    size_t wide = explain_cell_width(page, line->ids, rows, 2 * CELL_WIDEST);
    for (size_t i = 0; i < rows; i++) {
        printf("%*s", PAGE_INDENT + 2, "");
        explain_cell_of(page, line->ids[i], wide);
        printf("%4d  ", (int)line->ids[i]);
        print_row(page, line->ids[i]);
    }
}

/* One row of a minibatch: the tokens of sequence b of an array (T, B), or their ids. */
static void print_sequence(const struct page *page, const int32_t *array, size_t b, size_t shown,
                           size_t wide, bool ids)
{
    const struct explain *explain = page->explain;
    for (size_t t = 0; t < shown; t++) {
        int32_t id = array[t * explain->B + b];
        putchar(' ');
        if (ids)
            printf("%*d", (int)wide, (int)id);
        else
            explain_cell_of(page, id, wide);
    }
    explain_puts(page, shown < explain->T ? " \u2026" : "");
}

struct side {
    const struct explain_batches *batches;
    size_t shown, wide; /* tokens of a row, columns of each */
};

enum { ROW_HEAD = 6 };

/* A line of a minibatch: row 0 the tokens of X, 1 their ids, 2 the tokens of Y, 3 their ids. */
static size_t print_side(const struct page *page, const struct side *side, size_t minibatch,
                         size_t b, size_t row)
{
    const struct explain *explain = page->explain;
    if (minibatch >= side->batches->kept)
        return 0;
    size_t at = minibatch * explain->T * explain->B;
    const int32_t *array = (row < 2 ? side->batches->x : side->batches->y) + at;
    if (row == 0)
        printf("%3zu  X", b);
    else
        printf("     %c", row == 2 ? 'Y' : ' ');
    print_sequence(page, array, b, side->shown, side->wide, row % 2);
    return ROW_HEAD + side->shown * (side->wide + 1) + (side->shown < explain->T ? 2 : 0);
}

static size_t print_head(const struct side *side, size_t which, size_t minibatch)
{
    if (minibatch >= side->batches->kept)
        return 0;
    return (size_t)printf("%s, minibatch %zu of %zu",
                          recur_sampling_name((enum recur_sampling)which), minibatch + 1,
                          side->batches->count);
}

static void print_pair(const struct page *page, const struct side *sides, size_t first,
                       size_t count, size_t columns, size_t minibatch)
{
    const struct explain *explain = page->explain;
    size_t sequences = explain->B < 3 ? explain->B : 3;
    size_t kinds = minibatch == 0 ? 4 : 2; /* ids are shown once */
    for (size_t row = 0; row <= kinds * sequences; row++) {
        printf("%*s", PAGE_INDENT, "");
        for (size_t i = first; i < first + count; i++) {
            size_t used = row == 0 ? print_head(&sides[i], i, minibatch)
                                   : print_side(page, &sides[i], minibatch, (row - 1) / kinds,
                                                (row - 1) % kinds * (4 / kinds));
            if (i + 1 < first + count)
                printf("%*s", (int)(used < columns ? columns - used : 1), "");
        }
        putchar('\n');
    }
    if (sequences < explain->B)
        explain_puts(page, "     \u2026\n");
}

void explain_print_minibatches(const struct page *page)
{
    const struct explain *explain = page->explain;
    struct side sides[EXPLAIN_SAMPLINGS];
    size_t numbers = EXPLAIN_MINIBATCHES * explain->T * explain->B;
    bool beside = page->width >= 72;
    size_t columns = beside ? (page->width - PAGE_INDENT) / 2 : page->width - PAGE_INDENT;
    explain_say(page,
                "A minibatch holds B = %zu sequences of T = %zu tokens, X. For each token Y "
                "has the one that follows it: what the network is to predict. (Arrays stand "
                "in memory step by step: (T, B).)",
                explain->B, explain->T);
    explain_equation(page, explain_stage_equation(explain, "minibatches"));
    for (size_t i = 0; i < EXPLAIN_SAMPLINGS; i++) {
        struct side *side = &sides[i];
        side->batches = &explain->batches[i];
        side->wide = explain_cell_width(page, side->batches->x, numbers, CELL_WIDEST);
        size_t room = (columns - ROW_HEAD - 3) / (side->wide + 1);
        side->shown = explain->T < room ? explain->T : room;
    }
    for (size_t m = 0; m < EXPLAIN_MINIBATCHES; m++) {
        if (m >= sides[0].batches->kept && m >= sides[1].batches->kept)
            break;
        if (beside)
            print_pair(page, sides, 0, EXPLAIN_SAMPLINGS, columns, m);
        for (size_t i = 0; i < EXPLAIN_SAMPLINGS && !beside; i++)
            print_pair(page, sides, i, 1, columns, m);
    }
    explain_say(page, "sequential: each sequence goes on in the next minibatch, and so does its "
                      "state. random: sequences come in any order, and states begin at 0. An epoch "
                      "begins at a random token of the first few.");
}
