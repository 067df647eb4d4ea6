/* Messages on stderr, one sentence on each line, after "recur COMMAND: ". */
#ifndef RECUR_CLI_COMMON_MESSAGE_H
#define RECUR_CLI_COMMON_MESSAGE_H

#include "common/command.h"
#include "recur/status.h"

#define PRINTS(text, first) __attribute__((format(printf, text, first)))

/* Say what is wrong and return the exit status. `command` NULL is the program itself. */
int recur_usage_error(const struct command *command, const char *format, ...) PRINTS(2, 3);
int recur_failure(const struct command *command, const char *format, ...) PRINTS(2, 3);

/* The library's sentence; an ARGUMENT error is wrong usage, all others are failures. */
int recur_library_failure(const struct command *command, const recur_error *error);

void recur_warning(const struct command *command, const char *format, ...) PRINTS(2, 3);

/* A word of the command line for a sentence, and a file's name ("-" is standard input): escaped
 * and, where they are very long, shortened. */
recur_printable recur_word(const char *word);
recur_printable recur_path(const char *path);

/* The candidate that `word` was probably meant to be; NULL where none is close. */
const char *recur_suggestion(const char *word, const char *const *candidates, size_t count);

#endif
