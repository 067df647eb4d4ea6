#define _GNU_SOURCE /* O_TMPFILE, where there is such a thing */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "recur/file.h"

#define FIRST_READ ((size_t)1 << 16)
#define TEMPORARY_ROOM 18 /* ".0123456789ab.tmp", which a temporary neighbour's name ends in */
#define COPY_ROOM 16384

recur_printable recur_file_name(const char *path)
{
    return recur_show_name(strcmp(path, "-") == 0 ? "standard input" : path);
}

static enum recur_status fail_read(const char *path, const char *reason, recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_FILE, "cannot read %s: %s", recur_file_name(path).text,
                      reason);
}

static enum recur_status fail_write(const char *path, const char *reason, recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_FILE, "cannot write %s: %s", recur_show_name(path).text,
                      reason);
}

bool recur_path_ends(const char *path, const char *ending)
{
    size_t size = strlen(path), length = strlen(ending);
    return size > length && strcmp(path + size - length, ending) == 0;
}

enum recur_status recur_file_open(const char *path, FILE **file, recur_error *error)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *opened = standard ? stdin : fopen(path, "rb");
    if (!opened)
        return fail_read(path, strerror(errno), error);
    struct stat status;
    if (fstat(fileno(opened), &status) == 0 && S_ISDIR(status.st_mode)) {
        recur_file_close(opened);
        return fail_read(path, "it is a directory", error);
    }
    *file = opened;
    return RECUR_OK;
}

void recur_file_close(FILE *file)
{
    if (file && file != stdin)
        fclose(file);
}

size_t recur_file_take(FILE *file, void *to, size_t size)
{
    size_t have = 0;
    for (;;) {
        have += fread((char *)to + have, 1, size - have, file);
        if (have == size || !ferror(file) || errno != EINTR)
            return have;
        clearerr(file);
    }
}

enum recur_status recur_file_read(FILE *file, const char *path, size_t want, unsigned char **bytes,
                                  size_t *size, recur_error *error)
{
    unsigned char *block = NULL;
    size_t capacity = 0, have = 0, step = FIRST_READ;
    do {
        if (step > want - have)
            step = want - have;
        enum recur_status status = recur_grow(&block, &capacity, have + step ? have + step : 1, 1,
                                              recur_file_name(path).text, error);
        if (status != RECUR_OK) {
            free(block);
            return status;
        }
        size_t got = recur_file_take(file, block + have, step);
        have += got;
        if (got < step)
            break;
        step = have;
    } while (have < want);
    if (ferror(file)) {
        free(block);
        return fail_read(path, strerror(errno), error);
    }
    *bytes = block;
    *size = have;
    return RECUR_OK;
}

/* The final path of a path that need not exist: the end of its chain of symbolic links, if it is
 * one. NULL where memory is short or the chain has no end. */
static char *follow_links(const char *path)
{
    char target[PATH_MAX];
    char *at = strdup(path);
    for (unsigned links = 0; at; links++) {
        ssize_t size = readlink(at, target, sizeof target);
        if (size < 0)
            return at;
        const char *slash = strrchr(at, '/');
        size_t folder = slash && *target != '/' ? (size_t)(slash - at) + 1 : 0;
        char *next = links < 40 ? malloc(folder + (size_t)size + 1) : NULL;
        if (next) {
            memcpy(next, at, folder);
            memcpy(next + folder, target, (size_t)size);
            next[folder + (size_t)size] = '\0';
        } else if (links == 40) {
            errno = ELOOP;
        }
        free(at);
        at = next;
    }
    return NULL;
}

/* The folder of a path, whose last name this cuts off; "." where there is no folder. */
static const char *cut_to_folder(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = '\0'; /* the root keeps its slash */
    return slash ? path : ".";
}

#define LINK_ROOM 40

static void name_link(int descriptor, char link[LINK_ROOM])
{
    snprintf(link, LINK_ROOM, "/proc/self/fd/%d", descriptor);
}

/* open() that continues where a signal interrupts it, as on a file system that waits for somebody
 * else. */
static int open_file(const char *path, int flags)
{
    int descriptor;
    do
        descriptor = open(path, flags | O_CLOEXEC, (mode_t)0666);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

/* A file system that cannot sync has nothing to wait for. */
static bool sync_file(int descriptor)
{
    int failed;
    do
        failed = fsync(descriptor);
    while (failed && errno == EINTR);
    return !failed || errno == EINVAL || errno == ENOSYS;
}

/* close(): where a signal interrupts it, the descriptor is closed all the same, and what was not
 * written is lost. */
static bool close_file(int descriptor)
{
    return close(descriptor) == 0 || errno == EINTR;
}

static bool write_all(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written < 0 && errno != EINTR)
            return false;
        bytes += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

/* Copies from the beginning of a file to its end. */
static bool copy_all(int from, int to)
{
    char bytes[COPY_ROOM];
    ssize_t size;
    for (off_t at = 0; (size = pread(from, bytes, sizeof bytes, at)) != 0;
         at += size > 0 ? size : 0)
        if (size > 0 ? !write_all(to, bytes, (size_t)size) : errno != EINTR)
            return false;
    return true;
}

/* A file in the same folder without a name, so that nothing stays behind where the program is
 * killed. False where the system or the file system has no such files. */
static bool open_nameless(struct recur_output *output)
{
#ifdef O_TMPFILE
    char link[LINK_ROOM], *path = strdup(output->path);
    if (path)
        output->descriptor = open_file(cut_to_folder(path), O_RDWR | O_TMPFILE);
    free(path);
    if (output->descriptor < 0)
        return false;
    name_link(output->descriptor, link);
    output->nameless = access(link, F_OK) == 0; /* else it could never get one */
    if (!output->nameless) {
        close(output->descriptor);
        output->descriptor = -1;
    }
#endif
    return output->nameless;
}

/* Writes a temporary name: the file's, as far as the length of a name allows, and random digits.
 * False, with errno set, where the system gives no random digits. */
static bool name_temporary(struct recur_output *output)
{
    uint64_t random;
    if (getentropy(&random, sizeof random) != 0)
        return false;
    const char *slash = strrchr(output->path, '/'), *name = slash ? slash + 1 : output->path;
    size_t length = strlen(name), most = NAME_MAX + 1 - TEMPORARY_ROOM;
    size_t kept = (size_t)(name - output->path) + (length < most ? length : most);
    memcpy(output->temporary, output->path, kept);
    snprintf(output->temporary + kept, TEMPORARY_ROOM, ".%012" PRIx64 ".tmp", random >> 16);
    return true;
}

/* A temporary file that has its name from the beginning; the name is new even where a crash left
 * another one behind. */
static bool open_named(struct recur_output *output)
{
    do {
        if (!name_temporary(output))
            return false;
        output->descriptor = open_file(output->temporary, O_WRONLY | O_CREAT | O_EXCL);
    } while (output->descriptor < 0 && errno == EEXIST);
    return output->descriptor >= 0;
}

/* Makes the temporary file. */
static enum recur_status open_temporary(struct recur_output *output, recur_error *error)
{
    size_t size = strlen(output->path) + TEMPORARY_ROOM;
    RECUR_TRY(recur_alloc(size, 1, "a file name", &output->temporary, error));
    if (name_temporary(output) && (open_nameless(output) || open_named(output)))
        return RECUR_OK;
    int reason = errno;
    free(output->temporary);
    output->temporary = NULL; /* it is not ours to remove */
    bool blame_folder = reason == ENOENT || reason == ENOTDIR || reason == EACCES ||
                        reason == EPERM || reason == EROFS;
    if (!blame_folder)
        return fail_write(output->name, strerror(reason), error);
    return recur_fail(error, RECUR_ERROR_FILE, "cannot write %s: %s: %s",
                      recur_show_name(output->name).text,
                      recur_show_name(cut_to_folder(output->path)).text, strerror(reason));
}

/* Copies the bytes and the mode of a nameless file into a named one. */
static bool copy_to_named(struct recur_output *output)
{
    struct stat info;
    int from = output->descriptor;
    if (!open_named(output)) {
        output->descriptor = from;
        return false;
    }
    output->nameless = false;
    bool good = fstat(from, &info) == 0 && fchmod(output->descriptor, info.st_mode & 07777) == 0 &&
                copy_all(from, output->descriptor) && sync_file(output->descriptor);
    int reason = errno;
    close(from);
    errno = reason;
    return good;
}

/* Gives a nameless file, which is complete now, a temporary name. Where the system makes such files
 * but refuses to name them, a copy gets the name. */
static bool link_temporary(struct recur_output *output)
{
    char link[LINK_ROOM];
    if (!output->nameless)
        return true;
    name_link(output->descriptor, link);
    while (linkat(AT_FDCWD, link, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW) != 0)
        if (errno != EEXIST)
            return copy_to_named(output);
        else if (!name_temporary(output))
            return false;
    output->nameless = false;
    return true;
}

static enum recur_status open_existing(const struct stat *old, struct recur_output *output,
                                       recur_error *error)
{
    if (S_ISDIR(old->st_mode))
        return fail_write(output->name, "it is a directory", error);
    if (access(output->path, W_OK) != 0) /* renaming would not ask */
        return fail_write(output->name, strerror(errno), error);
    if (!S_ISREG(old->st_mode)) {
        output->descriptor = open_file(output->path, O_WRONLY);
        return output->descriptor >= 0 ? RECUR_OK
                                       : fail_write(output->name, strerror(errno), error);
    }
    RECUR_TRY(open_temporary(output, error));
    if (fchmod(output->descriptor, old->st_mode & 07777) != 0)
        return fail_write(output->name, strerror(errno), error);
    return RECUR_OK;
}

/* Text that was printed before is written first. */
static enum recur_status open_standard(struct recur_output *output, recur_error *error)
{
    static const char name[] = "standard output";
    fflush(stdout);
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY)
        return fail_write(name, strerror(EBADF), error);
    *output = (struct recur_output){
        .name = name, .descriptor = flags < 0 ? -1 : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)};
    return output->descriptor >= 0 ? RECUR_OK : fail_write(name, strerror(errno), error);
}

enum recur_status recur_output_open(const char *path, struct recur_output *output,
                                    recur_error *error)
{
    struct stat old;
    if (strcmp(path, "-") == 0)
        return open_standard(output, error);
    bool exists = stat(path, &old) == 0;
    if (!exists && errno != ENOENT && errno != ENOTDIR)
        return fail_write(path, strerror(errno), error);
    *output = (struct recur_output){
        .name = path,
        .descriptor = -1,
        .path = !exists                ? follow_links(path)
                : S_ISREG(old.st_mode) ? realpath(path, NULL)
                                       : strdup(path), /* a pipe in /proc leads to no file */
    };
    if (!output->path && errno == ENOMEM)
        return recur_fail_memory(error, strlen(path), "a file name");
    if (!output->path)
        return fail_write(path, strerror(errno), error);
    enum recur_status status =
        exists ? open_existing(&old, output, error) : open_temporary(output, error);
    if (status != RECUR_OK)
        recur_output_discard(output);
    return status;
}

enum recur_status recur_output_write(struct recur_output *output, const void *bytes, size_t size,
                                     recur_error *error)
{
    return write_all(output->descriptor, bytes, size)
               ? RECUR_OK
               : fail_write(output->name, strerror(errno), error);
}

/* A rename is on disk once its directory is. Some systems cannot sync or even open one. Cuts the
 * file's name off `path`. */
static enum recur_status sync_directory_of(char *path, recur_error *error)
{
    const char *directory = cut_to_folder(path);
    int descriptor = open_file(directory, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0)
        return RECUR_OK;
    enum recur_status status = RECUR_OK;
    if (!sync_file(descriptor))
        status = fail_write(directory, strerror(errno), error);
    close(descriptor);
    return status;
}

enum recur_status recur_output_commit(struct recur_output *output, recur_error *error)
{
    bool replace = output->temporary;
    bool good = !replace || (sync_file(output->descriptor) && link_temporary(output));
    good = close_file(output->descriptor) && good;
    output->descriptor = -1;
    if (good && replace)
        good = rename(output->temporary, output->path) == 0;
    enum recur_status status = RECUR_OK;
    if (!good) {
        status = fail_write(output->name, strerror(errno), error);
    } else if (replace) {
        free(output->temporary);
        output->temporary = NULL;
        status = sync_directory_of(output->path, error);
    }
    recur_output_discard(output);
    return status;
}

void recur_output_discard(struct recur_output *output)
{
    if (output->descriptor >= 0)
        close(output->descriptor);
    if (output->temporary && !output->nameless)
        unlink(output->temporary);
    free(output->temporary);
    free(output->path);
    *output = (struct recur_output){.descriptor = -1};
}

enum recur_status recur_file_can_write(const char *path, recur_error *error)
{
    struct stat info;
    struct recur_output output;
    if (strcmp(path, "-") != 0 && stat(path, &info) == 0 && !S_ISREG(info.st_mode) &&
        !S_ISDIR(info.st_mode))
        return access(path, W_OK) == 0 ? RECUR_OK : fail_write(path, strerror(errno), error);
    RECUR_TRY(recur_output_open(path, &output, error));
    enum recur_status status =
        link_temporary(&output) ? RECUR_OK : fail_write(path, strerror(errno), error);
    recur_output_discard(&output);
    return status;
}

enum recur_status recur_file_write(const char *path, const void *bytes, size_t size,
                                   recur_error *error)
{
    struct recur_output output;
    RECUR_TRY(recur_output_open(path, &output, error));
    enum recur_status status = recur_output_write(&output, bytes, size, error);
    if (status == RECUR_OK)
        return recur_output_commit(&output, error);
    recur_output_discard(&output);
    return status;
}

/* The folder of a path that does not exist yet, and its name in there. */
static bool find_folder(const char *path, struct stat *folder, char **end, char **name)
{
    char *at = follow_links(path), *slash = at ? strrchr(at, '/') : NULL;
    *end = at;
    *name = slash ? slash + 1 : at;
    if (!at)
        return false;
    char last = **name;
    **name = '\0';
    bool found = stat(slash ? at : ".", folder) == 0;
    **name = last;
    return found;
}

static bool same_place(const char *path, const char *other)
{
    struct stat folders[2];
    char *ends[2], *names[2];
    bool first = find_folder(path, &folders[0], &ends[0], &names[0]);
    bool second = find_folder(other, &folders[1], &ends[1], &names[1]);
    bool same = first && second && strcmp(names[0], names[1]) == 0 &&
                folders[0].st_dev == folders[1].st_dev && folders[0].st_ino == folders[1].st_ino;
    free(ends[0]);
    free(ends[1]);
    return same;
}

bool recur_file_same(const char *path, const char *other)
{
    struct stat first, second;
    bool exists = stat(path, &first) == 0;
    if (exists != (stat(other, &second) == 0))
        return false;
    return exists ? S_ISREG(first.st_mode) && first.st_dev == second.st_dev &&
                        first.st_ino == second.st_ino
                  : same_place(path, other);
}
