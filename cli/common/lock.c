#include "common/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum lock recur_lock(int descriptor)
{
    struct stat info;
    if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))
        return LOCK_NONE;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        return LOCK_HELD;
    return errno == EWOULDBLOCK ? LOCK_TAKEN : LOCK_NONE;
}

enum lock recur_lock_path(const char *path, int *descriptor)
{
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return LOCK_NONE;
    enum lock lock = recur_lock(file);
    int spare = lock == LOCK_HELD ? *descriptor : file;
    if (lock == LOCK_HELD)
        *descriptor = file;
    if (spare >= 0)
        close(spare);
    return lock;
}

int recur_lock_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    int length = slash ? (int)(slash - path) + 1 : 0;
    if (snprintf(folder, sizeof folder, "%.*s.", length, path) >= (int)sizeof folder)
        return -1;
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int tries = 0; tries < 100 && file >= 0; tries++) {
        if (flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return file;
}

bool recur_lock_is_of(const char *path, int descriptor)
{
    struct stat at, held;
    return stat(path, &at) != 0 || fstat(descriptor, &held) != 0 ||
           (at.st_dev == held.st_dev && at.st_ino == held.st_ino);
}
