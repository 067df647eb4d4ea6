/* Finds out what a stream's terminal can show: whether it obeys escape sequences, its colours, its
 * characters and its size. */
#ifndef RECUR_CLI_COMMON_TERMINAL_H
#define RECUR_CLI_COMMON_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Can a line be drawn over? It can on a terminal whose type (TERM) is set and not "dumb". */
bool recur_terminal_redraws(FILE *stream);

/* How pictures made of characters look. */
struct look {
    bool color; /* the stream redraws, and NO_COLOR is not set or empty */
    bool ascii; /* the locale is not one of UTF-8, or the terminal is Linux's console, whose font
                   has few characters */
};
struct look recur_terminal_look(FILE *stream);

/* The columns of the stream's terminal, or those that the environment variable COLUMNS names where
 * they are fewer; 80 where neither is known. */
size_t recur_terminal_width(FILE *stream);

/* The same for the lines of the terminal, and LINES; 24 where neither is known. */
size_t recur_terminal_height(FILE *stream);

#endif
