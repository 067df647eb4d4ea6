#include "dataset.h"

#include <errno.h>
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

const struct dataset *recur_dataset(size_t index)
{
    return index < sizeof datasets / sizeof *datasets ? &datasets[index] : NULL;
}

const struct dataset *recur_dataset_named(const char *name)
{
    for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
        if (strcmp(datasets[i].name, name) == 0)
            return &datasets[i];
    return NULL;
}

static bool has_value(const char *variable)
{
    return variable && *variable;
}

bool recur_dataset_path(const struct command *command, const struct dataset *dataset, char *path)
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

/* Makes every folder of the path that is missing. */
static bool make_folders(const struct command *command, const char *path)
{
    char folder[DATASET_PATH_ROOM];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
            recur_failure(command, "cannot make the folder %s: %s; set RECUR_DATA to another",
                          folder, strerror(errno));
            return false;
        }
    }
    return true;
}

static bool is_genuine(const struct dataset *dataset, const char *path, char *sha1)
{
    return recur_file_sha1(path, sha1) && (!*sha1 || strcmp(sha1, dataset->sha1) == 0);
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

/* Downloads to an open temporary file and checks what came. */
static bool receive(const struct command *command, const struct dataset *dataset, FILE *file,
                    const char *temporary, const char *path)
{
    char url[DATASET_PATH_ROOM], why[300], sha1[41] = "";
    source_of(dataset, url, sizeof url);
    bool received = recur_download(url, file, why, sizeof why);
    if (fclose(file) != 0 && received) {
        recur_failure(command, "cannot write %s: %s", temporary, strerror(errno));
        return false;
    }
    if (!received) {
        recur_failure(command,
                      "cannot download %s from %s: %s; put the file at %s or set RECUR_DATA to the "
                      "folder that holds it",
                      dataset->name, url, why, path);
    } else if (!is_genuine(dataset, temporary, sha1)) {
        recur_failure(command, "what %s holds is not %s: its SHA-1 is %s, expected %s", url,
                      dataset->name, sha1, dataset->sha1);
    } else if (rename(temporary, path) != 0) {
        recur_failure(command, "cannot write %s: %s", path, strerror(errno));
    } else {
        if (!*sha1)
            recur_warning(command, "%s is unchecked: this build has no libmd", path);
        return true;
    }
    return false;
}

static bool download(const struct command *command, const struct dataset *dataset, const char *path)
{
    char temporary[DATASET_PATH_ROOM + 8];
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (!make_folders(command, path))
        return false;
    mode_t mask = umask(0);
    umask(mask);
    int descriptor = mkstemp(temporary);
    FILE *file =
        descriptor < 0 || fchmod(descriptor, 0666 & ~mask) != 0 ? NULL : fdopen(descriptor, "wb");
    if (!file) {
        recur_failure(command, "cannot write %s: %s; set RECUR_DATA to another folder", path,
                      strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
        return false;
    }
    fprintf(stderr, "recur %s: downloading %s\n", command->name, dataset->name);
    bool done = receive(command, dataset, file, temporary, path);
    if (!done)
        unlink(temporary);
    return done;
}

bool recur_dataset_get(const struct command *command, const struct dataset *dataset, char *path)
{
    char sha1[41] = "";
    if (!recur_dataset_path(command, dataset, path))
        return false;
    if (access(path, F_OK) != 0)
        return download(command, dataset, path);
    if (is_genuine(dataset, path, sha1))
        return true;
    recur_failure(command, "%s is not %s: its SHA-1 is %s, expected %s; recur fetch %s replaces it",
                  path, dataset->name, *sha1 ? sha1 : "unknown", dataset->sha1, dataset->name);
    return false;
}

bool recur_dataset_fetch(const struct command *command, const struct dataset *dataset, char *path)
{
    char sha1[41] = "";
    if (!recur_dataset_path(command, dataset, path))
        return false;
    return is_genuine(dataset, path, sha1) || download(command, dataset, path);
}

const char *recur_dataset_resolve(const struct command *command, const char *operand, char *path)
{
    const struct dataset *dataset = recur_dataset_named(operand);
    if (!dataset || access(operand, F_OK) == 0)
        return operand;
    return recur_dataset_get(command, dataset, path) ? path : NULL;
}
