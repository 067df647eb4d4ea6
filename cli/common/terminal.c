#include "common/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool recur_terminal_redraws(FILE *stream)
{
    const char *kind = getenv("TERM");
    return isatty(fileno(stream)) == 1 && kind && *kind && strcmp(kind, "dumb") != 0;
}

bool recur_terminal_colors(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    return recur_terminal_redraws(stream) && !(no_color && *no_color);
}

size_t recur_terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
