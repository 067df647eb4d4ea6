/* Files in, and files out that a crash cannot spoil. */
#ifndef RECUR_BASE_FILES_H
#define RECUR_BASE_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* How sentences call a path to read: "-" is "standard input". */
recur_printable recur_file_name(const char *path);

/* Does the path end so, and have something before the ending? */
bool recur_path_ends(const char *path, const char *ending);

/* Opens a file to read; "-" is standard input. Errors: FILE (missing, unreadable, a directory). */
enum recur_status recur_file_open(const char *path, FILE **file, recur_error *error);
void recur_file_close(FILE *file); /* NULL is fine; standard input stays open */

/* fread of bytes that a signal does not end early. */
size_t recur_file_take(FILE *file, void *to, size_t size);

/* Reads `want` bytes, or fewer where the file ends before. `*bytes` is allocated, free() it. Memory
 * grows with what really comes, so `want` may stem from the file itself. `path` is for sentences.
 * Errors: FILE, MEMORY. */
enum recur_status recur_file_read(FILE *file, const char *path, size_t want, unsigned char **bytes,
                                  size_t *size, recur_error *error);

/* A file being written: to a temporary neighbour, without a name where the system can do that, else
 * of one nobody can foresee, that takes the old file's place, and its mode, once every byte is on
 * disk. Until then the old file is untouched. What is no regular file (a device, a pipe, standard
 * output, "-") cannot be replaced and is written directly. */
struct recur_output {
    const char *name; /* the path as it was given, for sentences; it must outlive the output */
    int descriptor;
    char *path;      /* to be replaced, symbolic links resolved */
    char *temporary; /* NULL where `path` itself is written */
    bool nameless;   /* the temporary file has no name yet: it gets one when it is whole */
};

/* Errors of the three: FILE, MEMORY. After a failed open there is nothing to give back. */
enum recur_status recur_output_open(const char *path, struct recur_output *output,
                                    recur_error *error);
/* Each call writes at once: hand over large pieces. */
enum recur_status recur_output_write(struct recur_output *output, const void *bytes, size_t size,
                                     recur_error *error);
/* Syncs and renames; gives everything back, also where it fails. */
enum recur_status recur_output_commit(struct recur_output *output, recur_error *error);
/* Gives everything back and leaves the old file. */
void recur_output_discard(struct recur_output *output);

#endif
