/* The curves as a picture (cairo). */
#ifndef PLOT_H
#define PLOT_H

#include <stdbool.h>

#include "command.h"
#include "recur/model.h"

/* Can this build draw into a file of that name? Says what is wrong where it cannot. */
bool recur_plot_check(const struct command *command, const char *path);

/* Draws training and validation loss over the epochs. */
bool recur_plot_write(const struct command *command, const char *path, const recur_epoch *epochs,
                      size_t count);

#endif
