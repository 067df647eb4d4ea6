#include "train/dashboard.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/output.h"
#include "json.h"

/* What more than this holds is left out: the page is for looking at. */
enum { LOGS = 64, FILE_MOST = 16 << 20 };

static int is_log(const struct dirent *entry)
{
    return recur_ends_in(entry->d_name, LOG_END) && !recur_ends_in(entry->d_name, NOTES_END);
}

static int is_either(const struct dirent *entry)
{
    return recur_ends_in(entry->d_name, LOG_END);
}

static void free_entries(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

/* Fowler, Noll and Vo's hash, FNV-1a. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001B3;
    return hash;
}

uint64_t recur_dashboard_version(const char *folder)
{
    uint64_t version = 0xCBF29CE484222325;
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_either, alphasort);
    int place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < count && place >= 0; i++) {
        struct stat info;
        if (fstatat(place, entries[i]->d_name, &info, 0) != 0)
            continue;
        version = mix(version, entries[i]->d_name, strlen(entries[i]->d_name));
        version = mix(version, &info.st_size, sizeof info.st_size);
        version = mix(version, &info.st_mtim, sizeof info.st_mtim);
    }
    if (place >= 0)
        close(place);
    free_entries(entries, count);
    return version >> 12; /* JavaScript's numbers have 53 bits */
}

/* Reads a file of the folder; nothing where there is none, or it is no plain file. */
static enum recur_status read_file(const char *folder, const char *name, struct grown_text *text,
                                   recur_error *error)
{
    char path[4096], piece[16384];
    int size = snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = (size_t)size < sizeof path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    struct stat info;
    enum recur_status status = RECUR_OK;
    bool plain = file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode);
    while (plain && status == RECUR_OK && text->size < FILE_MOST) {
        ssize_t got = read(file, piece, sizeof piece);
        if (got <= 0)
            break;
        status = recur_grow_text(text, piece, (size_t)got, "a log", error);
    }
    if (file >= 0)
        close(file);
    return status;
}

bool recur_dashboard_epoch(const char *line, size_t size, uint64_t *epoch)
{
    recur_json *json = NULL;
    recur_error error;
    bool good = recur_json_parse(line, size, false, "a line", &json, &error) == RECUR_OK &&
                recur_json_is(recur_json_member(json, "epoch"), RECUR_JSON_INTEGER);
    if (good)
        *epoch = recur_json_member(json, "epoch")->magnitude;
    free(json);
    return good;
}

static enum recur_status add(struct grown_text *json, const char *text, recur_error *error)
{
    return recur_grow_text(json, text, strlen(text), "the runs", error);
}

/* Adds the lines that are whole: the last one may still be on its way into the file. *count counts
 * them. */
static enum recur_status put_lines(struct grown_text *json, const struct grown_text *text,
                                   size_t *count, recur_error *error)
{
    enum recur_status status = RECUR_OK;
    uint64_t epoch;
    for (size_t at = 0, end; status == RECUR_OK && at < text->size; at = end + 1) {
        const char *stop = memchr(text->bytes + at, '\n', text->size - at);
        end = stop ? (size_t)(stop - text->bytes) : text->size;
        if (!recur_dashboard_epoch(text->bytes + at, end - at, &epoch))
            continue;
        if ((*count)++ > 0)
            status = add(json, ",", error);
        if (status == RECUR_OK)
            status = recur_grow_text(json, text->bytes + at, end - at, "the runs", error);
    }
    return status;
}

static enum recur_status put_file(struct grown_text *json, const char *folder, const char *name,
                                  const char *key, size_t *count, recur_error *error)
{
    struct grown_text text = {0};
    enum recur_status status = read_file(folder, name, &text, error);
    if (status == RECUR_OK)
        status = add(json, key, error);
    if (status == RECUR_OK)
        status = put_lines(json, &text, count, error);
    if (status == RECUR_OK)
        status = add(json, "]", error);
    free(text.bytes);
    return status;
}

/* Adds a run; nothing where the file is no log. */
static enum recur_status put_run(struct grown_text *json, const char *folder, const char *log,
                                 bool first, recur_error *error)
{
    char notes[300];
    size_t before = json->size, epochs = 0, others = 0;
    recur_json_writer name = {0};
    snprintf(notes, sizeof notes, "%.*s" NOTES_END, (int)(strlen(log) - strlen(LOG_END)), log);
    recur_json_open(&name, NULL, '{');
    recur_json_put_text(&name, "name", recur_show(log, strlen(log), SIZE_MAX, NULL).text);
    enum recur_status status = recur_json_check(&name, "a run's name", error);
    if (status == RECUR_OK && !first)
        status = add(json, ",", error);
    if (status == RECUR_OK)
        status = recur_grow_text(json, name.text, name.size, "the runs", error);
    recur_json_writer_free(&name);
    if (status == RECUR_OK)
        status = put_file(json, folder, log, ",\"epochs\":[", &epochs, error);
    if (status == RECUR_OK)
        status = put_file(json, folder, notes, ",\"notes\":[", &others, error);
    if (status == RECUR_OK)
        status = add(json, "}", error);
    if (epochs == 0)
        json->size = before;
    return status;
}

enum recur_status recur_dashboard_put_runs(struct grown_text *json, const char *folder,
                                           const char *own, recur_error *error)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_log, alphasort);
    enum recur_status status = add(json, "{\"runs\":[", error);
    size_t empty = json->size;
    for (int i = 0, others = 0; i < count && status == RECUR_OK; i++)
        if (strcmp(entries[i]->d_name, own) == 0 || others++ < LOGS - 1)
            status = put_run(json, folder, entries[i]->d_name, json->size == empty, error);
    if (status == RECUR_OK)
        status = add(json, "]}", error);
    free_entries(entries, count);
    return status;
}
