/* Draws the curves of one or several runs as a picture, SVG or PNG. */
#ifndef RECUR_CLI_PLOT_PLOT_H
#define RECUR_CLI_PLOT_PLOT_H

#include "common/command.h"
#include "plot/figure.h"

/* Can this build draw a picture into a file of that name, the value of `--option`? Prints the
 * reason where it cannot. */
bool recur_plot_check(const struct command *command, const char *option, const char *path);

/* Draws the runs side by side: perplexity, or the score of labels, over epochs, tokens and seconds;
 * below, learning rate and gradient norm. Prints the reason where this fails. */
bool recur_plot_write(const struct command *command, const char *path, const struct plot *plot);

#endif
