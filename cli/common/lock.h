/* Files that only one run may write. The system holds the lock and releases it with the process,
 * and nothing is left behind. */
#ifndef RECUR_CLI_COMMON_LOCK_H
#define RECUR_CLI_COMMON_LOCK_H

#include <stdbool.h>

enum lock { LOCK_HELD, LOCK_NONE, LOCK_TAKEN };

/* Locks an open regular file: LOCK_TAKEN where another process has the lock, LOCK_NONE where there
 * can be none (a pipe, some network's file system). */
enum lock recur_lock(int descriptor);

/* The same for the file at `path`, which is opened for it; `*descriptor`, where it is not negative,
 * holds another lock, which goes in its favour. LOCK_NONE where there is no such file. */
enum lock recur_lock_path(const char *path, int *descriptor);

/* While a file in a folder is put in another's place, it cannot be locked before it is there:
 * whoever looks for a lock between the two holds the folder's lock meanwhile, as does whoever
 * replaces the file. Waits for it a second at most; close() what it returns, negative where there
 * is none. */
int recur_lock_folder(const char *path);

/* Whether the file at `path` is still the one that the descriptor has open. */
bool recur_lock_is_of(const char *path, int descriptor);

#endif
