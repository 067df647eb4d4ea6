/* Reads lines that a person types, with a library's line editing (libedit) where this build and the
 * terminal have it, and plain lines otherwise, as from a pipe. */
#ifndef RECUR_CLI_COMMON_LINE_EDITOR_H
#define RECUR_CLI_COMMON_LINE_EDITOR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/command.h"

struct line_editor;

/* Where a person types, "> " is shown before each line. From now on Ctrl-C no longer ends the
 * program, but is remembered (recur_interrupt_take). */
struct line_editor *recur_line_editor(const struct command *command);
void recur_line_editor_free(struct line_editor *editor); /* NULL is fine */

/* Does a person type, and see the results? */
bool recur_line_editor_is_terminal(const struct line_editor *editor);

enum line_kind {
    LINE_READ,
    LINE_ABANDONED, /* Ctrl-C was pressed */
    LINE_END,       /* Ctrl-D, or the end of the input */
    LINE_FAILED,    /* errno says why */
};

/* Reads the next line, without its line end; it stays until the next call. */
enum line_kind recur_line_read(struct line_editor *editor, const char **line, size_t *size);

#endif
