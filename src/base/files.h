/* Reads files, and writes files that a crash cannot spoil. */
#ifndef RECUR_BASE_FILES_H
#define RECUR_BASE_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* The name of a path to read in sentences: "-" is "standard input". */
recur_printable recur_file_name(const char *path);

/* Whether the path ends so and has something before the ending. */
bool recur_path_ends(const char *path, const char *ending);

/* Opens a file to read; "-" is standard input. Errors: FILE (missing, unreadable, a directory). */
enum recur_status recur_file_open(const char *path, FILE **file, recur_error *error);
void recur_file_close(FILE *file); /* NULL is fine; standard input stays open */

/* fread that continues where a signal interrupts it. */
size_t recur_file_take(FILE *file, void *to, size_t size);

/* Reads `want` bytes, or fewer where the file ends before. `*bytes` is allocated; free() it. Memory
 * grows with the bytes that really come, so `want` may come from the file itself. `path` is for
 * sentences. Errors: FILE, MEMORY. */
enum recur_status recur_file_read(FILE *file, const char *path, size_t want, unsigned char **bytes,
                                  size_t *size, recur_error *error);

/* A file being written. It is a temporary file in the folder of the old one, without a name where
 * the system can do that, otherwise with a name that nobody can predict. Once every byte is on disk
 * it takes the old file's place and mode; until then the old file is untouched. What is no regular
 * file (a device, a pipe, standard output, "-") cannot be replaced and is written directly. */
struct recur_output {
    const char *name; /* the path as it was given, for sentences; it must outlive the output */
    int descriptor;
    char *path;      /* to be replaced, symbolic links resolved */
    char *temporary; /* NULL where `path` itself is written */
    bool nameless;   /* the temporary file has no name yet: it gets one when it is whole */
};

/* Errors of the three: FILE, MEMORY. After a failed open there is nothing to release. */
enum recur_status recur_output_open(const char *path, struct recur_output *output,
                                    recur_error *error);
/* Each call writes at once, so pass large pieces. */
enum recur_status recur_output_write(struct recur_output *output, const void *bytes, size_t size,
                                     recur_error *error);
/* Syncs and renames; releases everything, also where it fails. */
enum recur_status recur_output_commit(struct recur_output *output, recur_error *error);
/* Releases everything and leaves the old file. */
void recur_output_discard(struct recur_output *output);

#endif
