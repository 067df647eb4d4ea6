/* recur/file.h - files that appear whole or not at all.
 *
 *     if (recur_file_same(path, output) || recur_file_same(path, losses) ||
 *         recur_file_same(output, losses)) {
 *         fputs("resume_run: two of the three are one file\n", stderr);
 *         return 2;
 *     } */
#ifndef RECUR_FILE_H
#define RECUR_FILE_H

#include <stdbool.h>

#include "recur/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a whole file as recur_model_save does: to a temporary neighbour that is synced and then
 * takes the old file's place and its mode, so that a crash leaves the old file or the new one. What
 * a symbolic link points to is written, and the link stays; a device, a pipe or standard output,
 * whose path is "-", is written directly.
 * Errors: FILE, MEMORY. */
RECUR_API enum recur_status recur_file_write(const char *path, const void *bytes, size_t size,
                                             recur_error *error);

/* Whether that could be done, as far as this shows before: a temporary neighbour is made and gets
 * its name, in whatever way recur_file_write would do it, and is removed again. Errors: as above.
 */
RECUR_API enum recur_status recur_file_can_write(const char *path, recur_error *error);

/* Whether writing the one would change the other: two paths to one regular file, through links and
 * under whatever spelling; of files that do not exist yet, to one place. */
RECUR_API bool recur_file_same(const char *path, const char *other);

#ifdef __cplusplus
}
#endif

#endif
