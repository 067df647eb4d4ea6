#include "explain/page.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/quote.h"
#include "common/terminal.h"
#include "options/options.h"

enum { NARROWEST = 40, WIDEST = 96, SENTENCE = 1000, BAR = 30 };

struct page explain_page(const struct explain *explain)
{
    size_t width = recur_terminal_width(stdout);
    const struct look look = recur_terminal_look(stdout);
    return (struct page){.explain = explain,
                         .width = width < NARROWEST ? NARROWEST
                                  : width > WIDEST  ? WIDEST
                                                    : width,
                         .color = look.color,
                         .ascii = look.ascii};
}

/* Our own signs, and what stands for them in ASCII. */
static const char *const signs[][2] = {
    {"\u1d40", "'"},     {"\u03c3", "sigma"},  {"\u2299", "*"},    {"\u2202", "d"},
    {"\u2016", "||"},    {"\u03b8", "theta"},  {"\u03b7", "lr"},   {"\u03a3", "sum"},
    {"\u221a", "sqrt"},  {"\u00b7", "*"},      {"\u2190", "<-"},   {"\u2192", "->"},
    {"\u00d7", "x"},     {"\u2248", "~"},      {"\u2026", "..."},  {"\u2423", "_"},
    {"\u21b5", "$"},     {"\u2588", "#"},      {"\u2264", "<="},   {"\u2212", "-"},
    {"\u03bc", "mu"},    {"\u03bb", "lambda"}, {"\u03b2", "beta"}, {"\u2081", "1"},
    {"\u2082", "2"},     {"\u1d57", "^t"},     {"\u00b2", "^2"},   {"\u03b5", "eps"},
    {"\u03b1", "alpha"}, {"\u2208", "in"},
};

/* Copies our own text, in ASCII if the page is. */
static void copy(const struct page *page, const char *text, char *out, size_t size)
{
    size_t used = 0, count = page->ascii ? sizeof signs / sizeof *signs : 0;
    while (*text && used + 8 < size) {
        size_t i = 0;
        while (i < count && strncmp(text, signs[i][0], strlen(signs[i][0])) != 0)
            i++;
        if (i < count)
            used += (size_t)snprintf(out + used, size - used, "%s", signs[i][1]);
        else
            out[used++] = *text;
        text += i < count ? strlen(signs[i][0]) : 1;
    }
    out[used] = '\0';
}

void explain_puts(const struct page *page, const char *text)
{
    char out[2 * SENTENCE];
    copy(page, text, out, sizeof out);
    fputs(out, stdout);
}

void explain_say(const struct page *page, const char *format, ...)
{
    char text[SENTENCE], out[2 * SENTENCE];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    copy(page, text, out, sizeof out);
    printf("%*s", PAGE_INDENT, "");
    recur_help_wrap(stdout, out, PAGE_INDENT, PAGE_INDENT, page->width);
}

/* What parts two equations in one line. */
static const char gap[] = "        ";

static void print_equation(const struct page *page, const char *text, size_t size)
{
    char line[SENTENCE];
    snprintf(line, sizeof line, "%.*s", (int)size, text);
    printf("%*s%s", PAGE_INDENT + 2, "", page->color ? "\033[36m" : "");
    explain_puts(page, line);
    puts(page->color ? "\033[0m" : "");
}

void explain_equation(const struct page *page, const char *lines)
{
    while (*lines) {
        char line[SENTENCE];
        size_t size = strcspn(lines, "\n");
        snprintf(line, sizeof line, "%.*s", (int)size, lines);
        const char *second = strstr(line, gap);
        if (second && PAGE_INDENT + 2 + recur_columns(line) > page->width) {
            size_t first = (size_t)(second - line);
            print_equation(page, line, first);
            second += strspn(second, " ");
            print_equation(page, second, strlen(second));
        } else {
            print_equation(page, line, size);
        }
        lines += size + (lines[size] == '\n');
    }
}

/* The token's text, with signs for a space and a line feed. */
static recur_printable sign(const struct page *page, recur_token token, size_t columns)
{
    recur_printable shown;
    char first = token.size == 1 ? *token.bytes : 'x';
    if (first != ' ' && first != '\n')
        return recur_fit(token, columns);
    snprintf(shown.text, sizeof shown.text, "%s",
             page->ascii ? (first == ' ' ? "_" : "$") : (first == ' ' ? "\u2423" : "\u21b5"));
    return shown;
}

void explain_cell(const struct page *page, recur_token token, size_t columns)
{
    recur_printable shown = sign(page, token, columns);
    size_t used = recur_columns(shown.text);
    printf("%*s%s", (int)(used < columns ? columns - used : 0), "", shown.text);
}

void explain_cell_of(const struct page *page, int32_t id, size_t columns)
{
    explain_cell(page, recur_vocab_token(page->explain->vocab, id), columns);
}

recur_printable explain_quoted(const struct page *page, int32_t id)
{
    return recur_quote(recur_vocab_token(page->explain->vocab, id));
}

void explain_bar(const struct page *page, double share, size_t used)
{
    size_t room = page->width > used + 2 ? page->width - used - 2 : 0;
    double whole = (double)(room < BAR ? room : BAR);
    long length = share > 0 ? lround(fmin(share, 1) * whole) : 0;
    for (long i = 0; i < length; i++)
        printf("%s%s", i > 0 ? "" : "  ", page->ascii ? "#" : "\u2588");
}

void explain_number(double number)
{
    double size = fabs(number);
    if (isfinite(number) && size != 0 && (size < 0.0005 || size >= 1000))
        printf("%8.0e", number);
    else
        printf("%8.3f", number);
}

size_t explain_cell_width(const struct page *page, const int32_t *ids, size_t count, size_t most)
{
    size_t widest = 1;
    for (size_t i = 0; i < count; i++) {
        char digits[24];
        recur_token token = recur_vocab_token(page->explain->vocab, ids[i]);
        size_t number = (size_t)snprintf(digits, sizeof digits, "%d", (int)ids[i]);
        size_t columns = recur_columns(sign(page, token, most).text);
        widest = number > widest ? number : widest;
        widest = columns > widest ? columns : widest;
    }
    return widest < most ? widest : most;
}
