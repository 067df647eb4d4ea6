/* Reads whole files, and warns where a text was not read exactly as its file has it. */
#ifndef RECUR_CLI_FILES_READING_H
#define RECUR_CLI_FILES_READING_H

#include <stddef.h>
#include <stdint.h>

#include "common/command.h"

/* Warns where a text was read differently from its file: bytes that are not in the encoding (NULL:
 * UTF-8), byte order marks that were left out. */
void recur_warn_read(const struct command *command, const char *what, const char *encoding,
                     uint64_t invalid, uint64_t marks);

/* Warns of tokens in `what` that a vocabulary lacks. */
void recur_warn_unknown(const struct command *command, const char *what, size_t unknown,
                        size_t tokens);

/* Reads all of standard input or of a file into allocated memory. On failure prints the reason and
 * returns NULL. */
char *recur_read_whole(const struct command *command, const char *path, size_t *size);

#endif
