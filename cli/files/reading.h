/* Reads a whole file, and mentions texts that were read differently from how they are in the file.
 */
#ifndef RECUR_CLI_FILES_READING_H
#define RECUR_CLI_FILES_READING_H

#include <stddef.h>
#include <stdint.h>

#include "common/command.h"

/* Says what of a text that was read is not as it stands there: bytes that are not in the encoding
 * (NULL: UTF-8), marks that were left out. */
void recur_warn_read(const struct command *command, const char *what, const char *encoding,
                     uint64_t invalid, uint64_t marks);

/* Warn where bytes of `what` were not UTF-8, and where a vocabulary lacks tokens of it. */
void recur_warn_invalid(const struct command *command, const char *what, uint64_t invalid);
void recur_warn_unknown(const struct command *command, const char *what, size_t unknown,
                        size_t tokens);

/* All of standard input or of a file, allocated. NULL where it fails, which is said. */
char *recur_read_whole(const struct command *command, const char *path, size_t *size);

#endif
