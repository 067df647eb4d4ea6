#include "dataset.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "download.h"
#include "message.h"

static const struct dataset datasets[] = {
    {
        .name = "time_machine",
        .file = "timemachine.txt",
        .url = "http://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt",
        .sha1 = "090b5e7e70c295757f55df93cb0a180b9691891a",
        .about = "The Time Machine by H. G. Wells, 1895, the D2L book's text",
    },
};

static_assert(sizeof datasets / sizeof *datasets == DATASETS, "struct dataset_paths has room");

const struct dataset *recur_dataset(size_t index)
{
    return index < DATASETS ? &datasets[index] : NULL;
}

const struct dataset *recur_dataset_named(const char *name)
{
    for (size_t i = 0; i < DATASETS; i++)
        if (strcmp(datasets[i].name, name) == 0)
            return &datasets[i];
    return NULL;
}

static bool has_value(const char *variable)
{
    return variable && *variable;
}

/* Where the dataset is or would be: $RECUR_DATA, else the user's cache folder. */
static bool find_path(const struct command *command, const struct dataset *dataset, char *path)
{
    const char *data = getenv("RECUR_DATA"), *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    int length;
    if (has_value(data))
        length = snprintf(path, DATASET_PATH_ROOM, "%s/%s", data, dataset->file);
    else if (has_value(cache))
        length = snprintf(path, DATASET_PATH_ROOM, "%s/recur/%s", cache, dataset->file);
    else if (has_value(home))
        length = snprintf(path, DATASET_PATH_ROOM, "%s/.cache/recur/%s", home, dataset->file);
    else
        length = DATASET_PATH_ROOM;
    if (length < DATASET_PATH_ROOM)
        return true;
    recur_failure(command, "there is no folder for datasets: set RECUR_DATA to one");
    return false;
}

/* Takes the folders of `path` away again, from the longest to the one of length `first`. */
static void remove_folders(const char *path, size_t first)
{
    char folder[DATASET_PATH_ROOM];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash;
    while ((slash = strrchr(folder, '/')) && (size_t)(slash - folder) >= first) {
        *slash = '\0';
        rmdir(folder); /* what has become of use to somebody else is not empty */
    }
}

/* Makes every folder of the path that is missing; `*first` is the length of the first that was,
 * SIZE_MAX where none was. */
static bool make_folders(const struct command *command, const char *path, size_t *first)
{
    char folder[DATASET_PATH_ROOM];
    *first = SIZE_MAX;
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - path);
        snprintf(folder, sizeof folder, "%.*s", (int)length, path);
        if (mkdir(folder, 0777) == 0) {
            *first = *first < length ? *first : length;
        } else if (errno != EEXIST) {
            recur_failure(command, "cannot make the folder %s: %s; set RECUR_DATA to another",
                          recur_path(folder).text, strerror(errno));
            remove_folders(path, *first);
            return false;
        }
    }
    return true;
}

/* Where the file comes from: $RECUR_MIRROR in place of the dataset's own folder. */
static void source_of(const struct dataset *dataset, char *url, size_t size)
{
    const char *mirror = getenv("RECUR_MIRROR");
    if (has_value(mirror))
        snprintf(url, size, "%s/%s", mirror, dataset->file);
    else
        snprintf(url, size, "%s", dataset->url);
}

enum found { FOUND_NOTHING, FOUND_IT, FOUND_ANOTHER, FOUND_UNREADABLE };

/* What stands at `path`; `sha1` receives its sum. Says what is unreadable, and what is unchecked,
 * which it calls `name`. */
static enum found look_at(const struct command *command, const struct dataset *dataset,
                          const char *path, const char *name, char *sha1)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return FOUND_NOTHING;
    if (S_ISDIR(info.st_mode)) {
        recur_failure(command,
                      "%s is a folder, where the file of %s is to be; remove it or set RECUR_DATA "
                      "to another folder",
                      recur_path(path).text, dataset->name);
        return FOUND_UNREADABLE;
    }
    if (!recur_file_sha1(path, sha1)) {
        recur_failure(command, "cannot read %s: %s", recur_path(path).text, strerror(errno));
        return FOUND_UNREADABLE;
    }
    if (!*sha1)
        recur_warning(command, "whether %s is %s is unchecked: this build has no libmd",
                      recur_path(name).text, dataset->name);
    return !*sha1 || strcmp(sha1, dataset->sha1) == 0 ? FOUND_IT : FOUND_ANOTHER;
}

/* Downloads to an open temporary file and checks what came. */
static bool receive(const struct command *command, const struct dataset *dataset, FILE *file,
                    const char *temporary, const char *path)
{
    char url[DATASET_PATH_ROOM], why[300], sha1[41] = "";
    source_of(dataset, url, sizeof url);
    bool received = recur_download(url, file, why, sizeof why);
    if (fclose(file) != 0 && received) {
        recur_failure(command, "cannot write %s: %s", recur_path(temporary).text, strerror(errno));
        return false;
    }
    if (!received) {
        recur_failure(command,
                      "cannot download %s from %s: %s; put the file at %s or set RECUR_DATA to the "
                      "folder that holds it",
                      dataset->name, recur_path(url).text, why, recur_path(path).text);
        return false;
    }
    enum found found = look_at(command, dataset, temporary, path, sha1);
    if (found == FOUND_ANOTHER)
        recur_failure(command, "what %s holds is not %s: its SHA-1 is %s, expected %s",
                      recur_path(url).text, dataset->name, sha1, dataset->sha1);
    if (found != FOUND_IT)
        return false;
    if (rename(temporary, path) == 0)
        return true;
    recur_failure(command, "cannot write %s: %s", recur_path(path).text, strerror(errno));
    return false;
}

/* Opens the temporary neighbour of `path`, whose name goes to `temporary`. */
static FILE *open_temporary(const struct command *command, const char *path, char *temporary,
                            size_t size)
{
    snprintf(temporary, size, "%s.XXXXXX", path);
    mode_t mask = umask(0);
    umask(mask);
    int descriptor = mkstemp(temporary);
    FILE *file =
        descriptor < 0 || fchmod(descriptor, 0666 & ~mask) != 0 ? NULL : fdopen(descriptor, "wb");
    if (file)
        return file;
    recur_failure(command, "cannot write %s: %s; set RECUR_DATA to another folder",
                  recur_path(path).text, strerror(errno));
    if (descriptor >= 0) {
        close(descriptor);
        unlink(temporary);
    }
    return NULL;
}

static bool download(const struct command *command, const struct dataset *dataset, const char *path)
{
    char temporary[DATASET_PATH_ROOM + 8];
    size_t first_made;
    bool done = false;
    if (!make_folders(command, path, &first_made))
        return false;
    FILE *file = open_temporary(command, path, temporary, sizeof temporary);
    if (file) {
        fprintf(stderr, "recur %s: downloading %s\n", command->name, dataset->name);
        done = receive(command, dataset, file, temporary, path);
        if (!done)
            unlink(temporary);
    }
    if (!done)
        remove_folders(path, first_made);
    return done;
}

bool recur_dataset_get(const struct command *command, const struct dataset *dataset, char *path)
{
    char sha1[41] = "";
    if (!find_path(command, dataset, path))
        return false;
    enum found found = look_at(command, dataset, path, path, sha1);
    if (found == FOUND_ANOTHER)
        recur_failure(command,
                      "%s is not %s: its SHA-1 is %s, expected %s; recur fetch %s replaces it",
                      recur_path(path).text, dataset->name, sha1, dataset->sha1, dataset->name);
    return found == FOUND_IT || (found == FOUND_NOTHING && download(command, dataset, path));
}

const char *recur_dataset_local(const struct command *command, const struct dataset *dataset,
                                struct dataset_paths *paths)
{
    char *path = paths->path[dataset - datasets];
    if (!find_path(command, dataset, path))
        return NULL;
    if (access(path, F_OK) == 0)
        return recur_dataset_get(command, dataset, path) ? path : NULL;
    recur_failure(command,
                  "%s is not on this machine, and a checkpoint does not decide what is downloaded: "
                  "recur fetch %s does it",
                  dataset->name, dataset->name);
    return NULL;
}

const char *recur_dataset_name_of(const struct dataset_paths *paths, const char *path)
{
    for (size_t i = 0; i < DATASETS; i++)
        if (path == paths->path[i])
            return datasets[i].name;
    return NULL;
}

bool recur_dataset_fetch(const struct command *command, const struct dataset *dataset, char *path)
{
    char sha1[41] = "";
    if (!find_path(command, dataset, path))
        return false;
    enum found found = look_at(command, dataset, path, path, sha1);
    return found == FOUND_IT || (found != FOUND_UNREADABLE && download(command, dataset, path));
}

const char *recur_dataset_resolve(const struct command *command, const char *operand,
                                  struct dataset_paths *paths)
{
    const struct dataset *dataset = recur_dataset_named(operand);
    if (!dataset || access(operand, F_OK) == 0)
        return operand;
    char *path = paths->path[dataset - datasets];
    return recur_dataset_get(command, dataset, path) ? path : NULL;
}
