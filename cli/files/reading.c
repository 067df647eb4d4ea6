#include "files/reading.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "common/need.h"

void recur_warn_read(const struct command *command, const char *what, const char *encoding,
                     uint64_t invalid, uint64_t marks)
{
    const char *hint = encoding ? "" : "; if it is in another encoding, name that with --encoding";
    recur_printable in = recur_word(encoding ? encoding : "UTF-8");
    if (invalid == 1)
        recur_warning(command, "%s: 1 byte sequence is not %s and was read as U+FFFD%s", what,
                      in.text, hint);
    else if (invalid > 1)
        recur_warning(command, "%s: %llu byte sequences are not %s and were read as U+FFFD%s", what,
                      (unsigned long long)invalid, in.text, hint);
    if (marks > 0)
        recur_warning(command,
                      "%s: %llu byte order mark%s (U+FEFF) within the text, as where files were "
                      "joined, %s left out",
                      what, (unsigned long long)marks, recur_plural(marks),
                      marks == 1 ? "was" : "were");
}

void recur_warn_unknown(const struct command *command, const char *what, size_t unknown,
                        size_t tokens)
{
    if (unknown > 0)
        recur_warning(command,
                      "the model's vocabulary lacks %zu of %zu token%s of %s, read as <unk>",
                      unknown, tokens, recur_plural(tokens), what);
}

static char *read_stream(const struct command *command, FILE *file, size_t *size)
{
    size_t capacity = 1 << 16;
    char *bytes = recur_need(command, capacity, 1, "what is read");
    *size = 0;
    while (*size += fread(bytes + *size, 1, capacity - *size, file), *size == capacity)
        bytes = recur_need_more(command, bytes, capacity *= 2, "what is read");
    if (!ferror(file))
        return bytes;
    free(bytes);
    return NULL;
}

char *recur_read_whole(const struct command *command, const char *path, size_t *size)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    char *bytes = file ? read_stream(command, file, size) : NULL;
    if (!bytes)
        recur_failure(command, "cannot read %s: %s", recur_path(path).text,
                      errno == EISDIR ? "it is a directory" : strerror(errno));
    if (file && !standard)
        fclose(file);
    return bytes;
}
