/* Memory for the command: an allocation succeeds, or the command ends with a sentence and status 1.
 * Nothing else in cli/ allocates (scripts/checks.py), except the library's objects. */
#ifndef RECUR_CLI_COMMON_NEED_H
#define RECUR_CLI_COMMON_NEED_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "common/command.h"
#include "recur/status.h"

/* `what` the memory is for ends the sentence. free() gives it back. */
void *recur_need(const struct command *command, size_t count, size_t size,
                 const char *what); /* zeroed */
void *recur_need_more(const struct command *command, void *block, size_t size, const char *what);
char *recur_need_text(const struct command *command, const char *text, const char *what);

/* realpath and getline; they say everything else as those do. */
char *recur_need_path(const struct command *command, const char *path);
ssize_t recur_need_line(const struct command *command, char **line, size_t *room, FILE *stream);

/* The same, but NULL where there is none: for work that shall not end there, which says so itself.
 */
void *recur_try(size_t count, size_t size); /* zeroed */
void *recur_try_more(void *block, size_t size);

/* Ends the command where a function failed because memory was short: its own sentence says what
 * for. Everything else is left to the caller. */
void recur_need_success(const struct command *command, enum recur_status status,
                        const recur_error *error);

/* A text that grows, which functions that are called back in the middle of work need not end.
 * Begins as {0}; `bytes` ends with a zero byte. */
struct grown_text {
    char *bytes;
    size_t size, room;
};

/* Adds one word, formatted, or ends the command. */
void recur_need_word(const struct command *command, struct grown_text *text, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));
/* Errors: MEMORY. */
enum recur_status recur_grow_text(struct grown_text *text, const char *bytes, size_t size,
                                  const char *what, recur_error *error);

#endif
