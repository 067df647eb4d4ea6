/* Messages on stderr, one sentence on each line, after "recur COMMAND: ". */
#ifndef RECUR_CLI_COMMON_MESSAGE_H
#define RECUR_CLI_COMMON_MESSAGE_H

#include "common/command.h"
#include "recur/status.h"

#define PRINTS(text, first) __attribute__((format(printf, text, first)))

/* Prints what is wrong and returns the exit status. A `command` of NULL is the program itself. */
int recur_usage_error(const struct command *command, const char *format, ...) PRINTS(2, 3);
int recur_failure(const struct command *command, const char *format, ...) PRINTS(2, 3);

/* Prints the library's sentence. An ARGUMENT error is wrong usage, other errors are failures. */
int recur_library_failure(const struct command *command, const recur_error *error);

void recur_warning(const struct command *command, const char *format, ...) PRINTS(2, 3);

/* A word of the command line, or a file's name ("-" is standard input), for use in a sentence:
 * escaped, and shortened where it is very long. */
recur_printable recur_word(const char *word);
recur_printable recur_path(const char *path);

/* The candidate that `word` was probably meant to be; NULL where none is close. */
const char *recur_suggestion(const char *word, const char *const *candidates, size_t count);

#endif
