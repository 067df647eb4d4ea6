/* Whether a stream is a terminal, and whether it obeys escape sequences. */
#ifndef RECUR_CLI_COMMON_TERMINAL_H
#define RECUR_CLI_COMMON_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Whether a line there can be drawn over: a terminal of any kind (TERM) but none and "dumb". */
bool recur_terminal_redraws(FILE *stream);

/* Whether it also shows colours: unless NO_COLOR is set and not empty. */
bool recur_terminal_colors(FILE *stream);

/* Columns of the terminal that stderr is, 80 where that is unknown. */
size_t recur_terminal_width(void);

#endif
