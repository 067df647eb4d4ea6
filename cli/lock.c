#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
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

bool recur_lock_is_of(const char *path, int descriptor)
{
    struct stat at, held;
    return stat(path, &at) != 0 || fstat(descriptor, &held) != 0 ||
           (at.st_dev == held.st_dev && at.st_ino == held.st_ino);
}
