/* Feeds each file of a folder to a fuzz target, a case of TAP each: what make test does with the
 * corpora. A target that finds something ends the program, and the case never comes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static uint8_t *read_file(const char *folder, const char *name, size_t *size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    FUZZ_CHECK(file && fseek(file, 0, SEEK_END) == 0, "cannot read %s", path);
    *size = (size_t)ftell(file);
    rewind(file);
    /* Of its very size, so that a sanitizer sees who reads on. */
    uint8_t *bytes = malloc(*size ? *size : 1);
    FUZZ_CHECK(bytes && fread(bytes, 1, *size, file) == *size, "cannot read %s", path);
    fclose(file);
    return bytes;
}

int main(int argc, char **argv)
{
    struct dirent **entries = NULL;
    int count = argc == 2 ? scandir(argv[1], &entries, is_file, alphasort) : -1;
    FUZZ_CHECK(count > 0, "usage: replay FOLDER, one with files in it");
    FILE *tap = fdopen(dup(STDOUT_FILENO), "w"); /* a target may close stdout */
    FUZZ_CHECK(tap, "no output");
    fprintf(tap, "1..%d\n", count);
    for (int i = 0; i < count; i++) {
        size_t size;
        uint8_t *bytes = read_file(argv[1], entries[i]->d_name, &size);
        fprintf(tap, "# %s\n", entries[i]->d_name);
        fflush(tap);
        LLVMFuzzerTestOneInput(bytes, size);
        fprintf(tap, "ok %d - %s\n", i + 1, entries[i]->d_name);
        free(bytes);
        free(entries[i]);
    }
    free(entries);
    return fclose(tap) != 0;
}
