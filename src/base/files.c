#define _GNU_SOURCE /* O_TMPFILE, where there is such a thing */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define FIRST_READ ((size_t)1 << 16)
#define TEMPORARY_ROOM 64 /* more than a temporary neighbour's name has over the file's */

const char *recur_file_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static enum recur_status fail_read(const char *name, const char *reason, recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_FILE, "cannot read %s: %s", name, reason);
}

static enum recur_status fail_write(const char *path, const char *reason, recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_FILE, "cannot write %s: %s", path, reason);
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
        return fail_read(recur_file_name(path), "it is a directory", error);
    }
    *file = opened;
    return RECUR_OK;
}

void recur_file_close(FILE *file)
{
    if (file && file != stdin)
        fclose(file);
}

enum recur_status recur_file_read(FILE *file, const char *name, size_t want, unsigned char **bytes,
                                  size_t *size, recur_error *error)
{
    unsigned char *block = NULL;
    size_t capacity = 0, have = 0, step = FIRST_READ;
    do {
        if (step > want - have)
            step = want - have;
        enum recur_status status = recur_grow(&block, &capacity, have + step, 1, name, error);
        if (status != RECUR_OK) {
            free(block);
            return status;
        }
        size_t got = fread(block + have, 1, step, file);
        have += got;
        if (got < step)
            break;
        step = have;
    } while (have < want);
    if (ferror(file)) {
        free(block);
        return fail_read(name, strerror(errno), error);
    }
    *bytes = block;
    *size = have;
    return RECUR_OK;
}

/* Cuts the file's name off `path`, in place; "." where there is no folder before it. */
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

/* A file in the same folder that has no name yet, so that nothing stays behind where the program is
 * killed meanwhile. False where the system or the file system has no such thing. */
static bool open_nameless(struct recur_output *output)
{
#ifdef O_TMPFILE
    char link[LINK_ROOM], *path = strdup(output->path);
    if (path)
        output->descriptor =
            open(cut_to_folder(path), O_WRONLY | O_TMPFILE | O_CLOEXEC, (mode_t)0666);
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

/* Writes the next name for a temporary neighbour, from number *attempt on. */
static void name_temporary(struct recur_output *output, unsigned *attempt)
{
    snprintf(output->temporary, strlen(output->path) + TEMPORARY_ROOM, "%s.%ld-%u.tmp",
             output->path, (long)getpid(), (*attempt)++);
}

/* Makes the temporary neighbour; its name is new even where a crash left another one behind. */
static enum recur_status open_temporary(struct recur_output *output, recur_error *error)
{
    size_t size = strlen(output->path) + TEMPORARY_ROOM;
    RECUR_TRY(recur_alloc(size, 1, "a file name", &output->temporary, error));
    unsigned attempt = 0;
    if (open_nameless(output))
        return RECUR_OK;
    do {
        name_temporary(output, &attempt);
        output->descriptor =
            open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)0666);
    } while (output->descriptor < 0 && errno == EEXIST);
    if (output->descriptor >= 0)
        return RECUR_OK;
    int reason = errno;
    free(output->temporary);
    output->temporary = NULL; /* it is not ours to remove */
    return fail_write(output->name, strerror(reason), error);
}

/* Gives a nameless file, which is whole now, the name of a temporary neighbour. */
static bool link_temporary(struct recur_output *output)
{
    char link[LINK_ROOM];
    unsigned attempt = 0;
    if (!output->nameless)
        return true;
    name_link(output->descriptor, link);
    int linked;
    do {
        name_temporary(output, &attempt);
        linked = linkat(AT_FDCWD, link, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW);
    } while (linked != 0 && errno == EEXIST);
    output->nameless = linked != 0;
    return linked == 0;
}

static enum recur_status open_existing(const struct stat *old, struct recur_output *output,
                                       recur_error *error)
{
    if (S_ISDIR(old->st_mode))
        return fail_write(output->name, "it is a directory", error);
    if (access(output->path, W_OK) != 0) /* renaming would not ask */
        return fail_write(output->name, strerror(errno), error);
    if (!S_ISREG(old->st_mode)) {
        output->descriptor = open(output->path, O_WRONLY | O_CLOEXEC);
        return output->descriptor >= 0 ? RECUR_OK
                                       : fail_write(output->name, strerror(errno), error);
    }
    RECUR_TRY(open_temporary(output, error));
    if (fchmod(output->descriptor, old->st_mode & 07777) != 0)
        return fail_write(output->name, strerror(errno), error);
    return RECUR_OK;
}

enum recur_status recur_output_open(const char *path, struct recur_output *output,
                                    recur_error *error)
{
    struct stat old;
    bool exists = stat(path, &old) == 0;
    if (!exists && errno != ENOENT)
        return fail_write(path, strerror(errno), error);
    *output = (struct recur_output){
        .name = path,
        .descriptor = -1,
        .path = exists ? realpath(path, NULL) : strdup(path),
    };
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
    const char *next = bytes;
    while (size > 0) {
        ssize_t written = write(output->descriptor, next, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fail_write(output->name, strerror(errno), error);
        next += written;
        size -= (size_t)written;
    }
    return RECUR_OK;
}

/* A rename is on disk once its directory is. Some systems cannot sync or even open one. Cuts the
 * file's name off `path`. */
static enum recur_status sync_directory_of(char *path, recur_error *error)
{
    const char *directory = cut_to_folder(path);
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return RECUR_OK;
    enum recur_status status = RECUR_OK;
    if (fsync(descriptor) != 0 && errno != EINVAL)
        status = fail_write(directory, strerror(errno), error);
    close(descriptor);
    return status;
}

enum recur_status recur_output_commit(struct recur_output *output, recur_error *error)
{
    bool replace = output->temporary;
    bool good = !replace || (fsync(output->descriptor) == 0 && link_temporary(output));
    good = close(output->descriptor) == 0 && good;
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
