/* Finds out whether a stream is a terminal and obeys escape sequences. */
#ifndef RECUR_CLI_COMMON_TERMINAL_H
#define RECUR_CLI_COMMON_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Can a line be drawn over? It can on a terminal whose type (TERM) is set and not "dumb". */
bool recur_terminal_redraws(FILE *stream);

/* Does the terminal also show colours? Not if NO_COLOR is set and not empty. */
bool recur_terminal_colors(FILE *stream);

/* The columns of the terminal on stderr; 80 where they are unknown. */
size_t recur_terminal_width(void);

#endif
