#include "files/dataset.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/interrupt.h"
#include "common/message.h"
#include "files/download.h"

static const struct dataset datasets[] = {
    {
        .name = "time_machine",
        .file = "timemachine.txt",
        .url = "http://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt",
        .size = 178979,
        .sha1 = "090b5e7e70c295757f55df93cb0a180b9691891a",
        .about = "The Time Machine by H. G. Wells, 1895, the D2L book's text",
    },
    {
        .name = "tinyshakespeare",
        .file = "tinyshakespeare.txt",
        .url = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"
               "input.txt",
        .size = 1115394,
        .sha1 = "04486597058d11dcc2c556b1d0433891eb639d2e",
        .about = "40 000 lines of Shakespeare's plays, char-rnn's text",
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

/* Finds the dataset's path, whether it is there or not: in $RECUR_DATA, otherwise in the user's
 * cache folder. */
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
    if (has_value(data) || has_value(cache) || has_value(home))
        recur_failure(command, "the folder for datasets, %s, has %d bytes too many in its name",
                      has_value(data)    ? "RECUR_DATA"
                      : has_value(cache) ? "XDG_CACHE_HOME"
                                         : "HOME",
                      length - DATASET_PATH_ROOM + 1);
    else
        recur_failure(command, "there is no folder for datasets: set RECUR_DATA to one");
    return false;
}

/* Removes the folders of `path` again, from the longest path to the one of length `first`. */
static void remove_folders(const char *path, size_t first)
{
    char folder[DATASET_PATH_ROOM];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash;
    while ((slash = strrchr(folder, '/')) && (size_t)(slash - folder) >= first) {
        *slash = '\0';
        rmdir(folder); /* a folder that others have begun to use is not empty and stays */
    }
}

/* Makes every missing folder of the path. `*first` becomes the length of the first one that was
 * missing, or SIZE_MAX where none was. */
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

/* Finds the address of the file: $RECUR_MIRROR replaces the dataset's own folder. */
static bool find_source(const struct command *command, const struct dataset *dataset, char *url,
                        int size)
{
    const char *mirror = getenv("RECUR_MIRROR");
    int length = has_value(mirror) ? snprintf(url, (size_t)size, "%s/%s", mirror, dataset->file)
                                   : snprintf(url, (size_t)size, "%s", dataset->url);
    if (length < size)
        return true;
    recur_failure(command, "the address in RECUR_MIRROR has %d bytes too many", length - size + 1);
    return false;
}

enum found { FOUND_NOTHING, FOUND_IT, FOUND_ANOTHER, FOUND_UNREADABLE };

/* How a file differs from the dataset: "its SHA-1 is ..., expected ...". */
typedef char difference[160];

/* Finds out what is at `path`. Where it is another file, `differs` says how. Prints a message where
 * the file cannot be read or checked; the message calls it `name`. */
static enum found look_at(const struct command *command, const struct dataset *dataset,
                          const char *path, const char *name, difference differs)
{
    struct stat info;
    char sha1[41] = "";
    if (stat(path, &info) != 0)
        return FOUND_NOTHING;
    if (!S_ISREG(info.st_mode)) {
        recur_failure(command,
                      "%s is %s, where the file of %s is to be; remove it or set RECUR_DATA "
                      "to another folder",
                      recur_path(path).text, S_ISDIR(info.st_mode) ? "a folder" : "no file",
                      dataset->name);
        return FOUND_UNREADABLE;
    }
    if ((uint64_t)info.st_size != dataset->size) {
        snprintf(differs, sizeof(difference), "it has %" PRIu64 " bytes, expected %" PRIu64,
                 (uint64_t)info.st_size, dataset->size);
        return FOUND_ANOTHER;
    }
    if (!recur_file_sha1(path, sha1)) {
        recur_failure(command, "cannot read %s: %s", recur_path(path).text, strerror(errno));
        return FOUND_UNREADABLE;
    }
    if (!*sha1)
        recur_warning(command, "whether %s is %s is unchecked: this build has no libmd",
                      recur_path(name).text, dataset->name);
    snprintf(differs, sizeof(difference), "its SHA-1 is %s, expected %s", sha1, dataset->sha1);
    return !*sha1 || strcmp(sha1, dataset->sha1) == 0 ? FOUND_IT : FOUND_ANOTHER;
}

/* Downloads to the open file `temporary` and checks the result. */
static bool receive(const struct command *command, const struct dataset *dataset,
                    const struct download *from, const char *temporary, const char *path)
{
    char why[300];
    difference differs;
    bool received = recur_download(from, why, sizeof why);
    if (fclose(from->file) != 0 && received) {
        recur_failure(command, "cannot write %s: %s", recur_path(temporary).text, strerror(errno));
        return false;
    }
    if (!received) {
        recur_failure(command,
                      "cannot download %s from %s: %s; put the file at %s or set RECUR_DATA to the "
                      "folder that holds it",
                      dataset->name, recur_path(from->url).text, why, recur_path(path).text);
        return false;
    }
    enum found found = look_at(command, dataset, temporary, path, differs);
    if (found == FOUND_ANOTHER)
        recur_failure(command, "what %s holds is not %s: %s", recur_path(from->url).text,
                      dataset->name, differs);
    if (found != FOUND_IT)
        return false;
    if (rename(temporary, path) == 0)
        return true;
    recur_failure(command, "cannot write %s: %s", recur_path(path).text, strerror(errno));
    return false;
}

/* Opens a temporary file beside `path`; its name goes to `temporary`. */
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

/* Downloads to `path`. If the download fails, the temporary file and the folders made for it are
 * removed again. */
static bool download_to(const struct command *command, const struct dataset *dataset,
                        struct download *from, const char *path)
{
    char temporary[DATASET_PATH_ROOM + 8];
    size_t first_made;
    bool done = false;
    if (!make_folders(command, path, &first_made))
        return false;
    from->file = open_temporary(command, path, temporary, sizeof temporary);
    if (from->file) {
        fprintf(stderr, "recur %s: downloading %s\n", command->name, dataset->name);
        done = receive(command, dataset, from, temporary, path);
        if (!done)
            unlink(temporary);
    }
    if (!done)
        remove_folders(path, first_made);
    return done;
}

static bool download(const struct command *command, const struct dataset *dataset, uint64_t seconds,
                     const char *path)
{
    char url[DATASET_PATH_ROOM];
    struct download from = {.url = url, .most = dataset->size, .seconds = seconds};
    struct interrupts interrupts;
    if (!find_source(command, dataset, url, sizeof url))
        return false;
    recur_interrupt_begin(&interrupts);
    bool done = download_to(command, dataset, &from, path);
    recur_interrupt_end(&interrupts);
    return done;
}

bool recur_dataset_get(const struct command *command, const struct dataset *dataset, char *path)
{
    difference differs;
    if (!find_path(command, dataset, path))
        return false;
    enum found found = look_at(command, dataset, path, path, differs);
    if (found == FOUND_ANOTHER)
        recur_failure(command, "%s is not %s: %s; recur fetch %s replaces it",
                      recur_path(path).text, dataset->name, differs, dataset->name);
    return found == FOUND_IT ||
           (found == FOUND_NOTHING && download(command, dataset, DOWNLOAD_SECONDS, path));
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

bool recur_dataset_fetch(const struct command *command, const struct dataset *dataset,
                         uint64_t seconds, char *path)
{
    difference differs;
    if (!find_path(command, dataset, path))
        return false;
    enum found found = look_at(command, dataset, path, path, differs);
    return found == FOUND_IT ||
           (found != FOUND_UNREADABLE && download(command, dataset, seconds, path));
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

int recur_dataset_resolve_all(const struct command *command, const char **operands, size_t count,
                              struct dataset_paths *paths)
{
    size_t inputs = 0;
    for (size_t i = 0; i < count; i++)
        inputs += strcmp(operands[i], "-") == 0;
    if (inputs > 1)
        return recur_usage_error(command, "standard input, -, can be read only once");
    for (size_t i = 0; i < count; i++) {
        operands[i] = recur_dataset_resolve(command, operands[i], paths);
        if (!operands[i])
            return STATUS_FAILURE;
    }
    return 0;
}
