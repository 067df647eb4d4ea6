/* Locks files that only one run may write. The system holds the lock and releases it when the
 * process ends, so nothing is left behind. */
#ifndef RECUR_CLI_COMMON_LOCK_H
#define RECUR_CLI_COMMON_LOCK_H

#include <stdbool.h>

enum lock { LOCK_HELD, LOCK_NONE, LOCK_TAKEN };

/* Locks an open regular file. LOCK_TAKEN where another process has the lock; LOCK_NONE where the
 * file cannot be locked (a pipe, some network file systems). */
enum lock recur_lock(int descriptor);

/* Opens the file at `path` and locks it. If `*descriptor` is not negative, the lock that it holds
 * is given up for the new one. LOCK_NONE where there is no such file. */
enum lock recur_lock_path(const char *path, int *descriptor);

/* A process that replaces a file in a folder cannot lock the new file before it is in its place. So
 * it holds the folder's lock meanwhile, and so does a process that looks for the file's lock. Waits
 * for the folder's lock at most a second. close() the result, unless it is negative: then there is
 * none. */
int recur_lock_folder(const char *path);

/* Is the file at `path` still the one that the descriptor has open? */
bool recur_lock_is_of(const char *path, int descriptor);

#endif
