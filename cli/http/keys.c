/* Reads the keys of a server. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/message.h"
#include "http/http_exchange.h"

/* Takes white space from both ends of a line. */
static char *trim(char *line)
{
    line += strspn(line, " \t\r\n");
    size_t size = strlen(line);
    while (size > 0 && strchr(" \t\r\n", line[size - 1]))
        line[--size] = '\0';
    return line;
}

static int read_lines(const struct command *command, const char *path, FILE *file,
                      struct http_keys *keys)
{
    char *line = NULL;
    size_t room = 0;
    int status = 0;
    while (status == 0 && recur_need_line(command, &line, &room, file) >= 0) {
        const char *key = trim(line);
        size_t size = strlen(key);
        if (size == 0 || *key == '#')
            continue;
        keys->key =
            recur_need_more(command, keys->key, (keys->count + 1) * sizeof *keys->key, "the keys");
        if (size >= HTTP_KEY_ROOM)
            status = recur_failure(command, "%s: a key has %zu bytes, at most %d are possible",
                                   recur_path(path).text, size, HTTP_KEY_ROOM - 1);
        else
            strncpy(keys->key[keys->count++], key, HTTP_KEY_ROOM); /* fills up with zero bytes */
    }
    free(line);
    if (status == 0 && ferror(file))
        return recur_failure(command, "cannot read %s: %s", recur_path(path).text, strerror(errno));
    if (status == 0 && keys->count == 0)
        return recur_failure(command, "%s has no key, expected one a line", recur_path(path).text);
    return status;
}

int recur_http_read_keys(const struct command *command, const char *path, struct http_keys *keys)
{
    struct stat about;
    FILE *file = fopen(path, "re");
    if (!file)
        return recur_failure(command, "cannot open %s: %s", recur_path(path).text, strerror(errno));
    if (fstat(fileno(file), &about) == 0 && (about.st_mode & (S_IRGRP | S_IROTH)))
        recur_warning(command, "others than its owner can read the keys in %s",
                      recur_path(path).text);
    int status = read_lines(command, path, file, keys);
    fclose(file);
    return status;
}
