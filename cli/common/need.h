/* Memory for the command: an allocation succeeds, or the command ends with a sentence and status 1.
 * Except for the library's objects, nothing else in cli/ allocates (scripts/checks.py). */
#ifndef RECUR_CLI_COMMON_NEED_H
#define RECUR_CLI_COMMON_NEED_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "common/command.h"
#include "recur/status.h"

/* Allocates memory; `what` it is for ends the sentence. free() releases it. */
void *recur_need(const struct command *command, size_t count, size_t size,
                 const char *what); /* zeroed */
void *recur_need_more(const struct command *command, void *block, size_t size, const char *what);
char *recur_need_text(const struct command *command, const char *text, const char *what);

/* realpath and getline; other errors are returned as those functions return them. */
char *recur_need_path(const struct command *command, const char *path);
ssize_t recur_need_line(const struct command *command, char **line, size_t *room, FILE *stream);

/* The same, but returns NULL where there is no memory, for callers that must not end there. They
 * report it themselves. */
void *recur_try(size_t count, size_t size); /* zeroed */
void *recur_try_more(void *block, size_t size);

/* Ends the command if `status` says that memory was short; the library's own sentence says for
 * what. Other statuses are left to the caller. */
void recur_need_success(const struct command *command, enum recur_status status,
                        const recur_error *error);

/* A text that grows. A callback in the middle of work can add to it without ending the command.
 * Begins as {0}; `bytes` ends with a zero byte. */
struct grown_text {
    char *bytes;
    size_t size, room;
};

/* Adds one word, formatted; ends the command where memory is short. */
void recur_need_word(const struct command *command, struct grown_text *text, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));
/* Adds bytes. Errors: MEMORY. */
enum recur_status recur_grow_text(struct grown_text *text, const char *bytes, size_t size,
                                  const char *what, recur_error *error);

#endif
