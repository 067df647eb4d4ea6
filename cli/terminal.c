#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool recur_terminal_redraws(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDERR_FILENO) == 1 && kind && *kind && strcmp(kind, "dumb") != 0;
}

bool recur_terminal_colors(void)
{
    const char *no_color = getenv("NO_COLOR");
    return recur_terminal_redraws() && !(no_color && *no_color);
}
