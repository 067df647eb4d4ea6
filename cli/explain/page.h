/* What the stages are printed with: sentences in lines of the terminal's width, tokens in cells of
 * a table, bars. */
#ifndef RECUR_CLI_EXPLAIN_PAGE_H
#define RECUR_CLI_EXPLAIN_PAGE_H

#include "explain/explain.h"

enum { PAGE_INDENT = 3 };

struct page {
    const struct explain *explain;
    size_t width;
    bool color, ascii;
};

/* The page of standard output. */
struct page explain_page(const struct explain *explain);

/* A stage's text in full width: a sentence or two. */
void explain_say(const struct page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An equation, a line each. */
void explain_equation(const struct page *page, const char *lines);
/* Our own text, in ASCII where the terminal has nothing else. */
void explain_puts(const struct page *page, const char *text);

/* A token in a cell of so many columns, at its right end; a space and a line feed are shown as
 * signs. */
void explain_cell(const struct page *page, recur_token token, size_t columns);
void explain_cell_of(const struct page *page, int32_t id, size_t columns);
/* A token as it stands in a sentence: between quotation marks. */
recur_printable explain_quoted(const struct page *page, int32_t id);

/* Two spaces and a bar of `share`, from 0 to 1, of what the line has room for behind `used`
 * columns, at most 30; nothing where the bar would be empty. */
void explain_bar(const struct page *page, double share, size_t used);

/* Small numbers of a table, in 8 columns. */
void explain_number(double number);

/* How many columns cells need for the tokens of ids, at least those of their numbers, at most
 * `most`. */
size_t explain_cell_width(const struct page *page, const int32_t *ids, size_t count, size_t most);

#endif
