#include "common/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { STANDARD_WIDTH = 80, STANDARD_HEIGHT = 24 };

bool recur_terminal_redraws(FILE *stream)
{
    const char *kind = getenv("TERM");
    return isatty(fileno(stream)) == 1 && kind && *kind && strcmp(kind, "dumb") != 0;
}

/* Does the locale's name say UTF-8? The locale itself may not be installed. */
static bool speaks_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *locale = NULL;
    for (size_t i = 0; i < sizeof variables / sizeof *variables && !(locale && *locale); i++)
        locale = getenv(variables[i]);
    const char *codeset = locale ? strchr(locale, '.') : NULL;
    return codeset &&
           (strncasecmp(codeset, ".UTF-8", 6) == 0 || strncasecmp(codeset, ".UTF8", 5) == 0);
}

struct look recur_terminal_look(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR"), *kind = getenv("TERM");
    bool console = isatty(fileno(stream)) == 1 && kind && strcmp(kind, "linux") == 0;
    return (struct look){.color = recur_terminal_redraws(stream) && !(no_color && *no_color),
                         .ascii = console || !speaks_utf8()};
}

/* The smaller of the terminal's size (0: unknown) and of what the variable says. */
static size_t smaller(size_t size, const char *variable, size_t standard)
{
    const char *said = getenv(variable);
    long number = said ? strtol(said, NULL, 10) : 0;
    if (number > 0 && (size == 0 || (size_t)number < size))
        return (size_t)number;
    return size > 0 ? size : standard;
}

static struct winsize ask_size(FILE *stream)
{
    struct winsize size = {0};
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0)
        size = (struct winsize){0};
    return size;
}

size_t recur_terminal_width(FILE *stream)
{
    return smaller(ask_size(stream).ws_col, "COLUMNS", STANDARD_WIDTH);
}

size_t recur_terminal_height(FILE *stream)
{
    return smaller(ask_size(stream).ws_row, "LINES", STANDARD_HEIGHT);
}
