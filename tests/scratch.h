/* A folder that a test may fill, and whole files in it. Define _GNU_SOURCE and include cmocka
 * first. */
#ifndef RECUR_TESTS_SCRATCH_H
#define RECUR_TESTS_SCRATCH_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
    char folder[200];
    char path[512]; /* of the last scratch_path */
};

/* Setup and teardown of a cmocka group: *state is the scratch. */
static inline int scratch_create(void **state)
{
    struct scratch *scratch = calloc(1, sizeof *scratch);
    const char *temporary = getenv("TMPDIR");
    if (!scratch)
        return -1;
    snprintf(scratch->folder, sizeof scratch->folder, "%s/recur-test-XXXXXX",
             temporary ? temporary : "/tmp");
    *state = scratch;
    return mkdtemp(scratch->folder) ? 0 : -1;
}

static inline const char *scratch_path(struct scratch *scratch, const char *name)
{
    snprintf(scratch->path, sizeof scratch->path, "%s/%s", scratch->folder, name);
    return scratch->path;
}

/* How many files the folder holds; `empty` removes them. */
static inline size_t scratch_files(const struct scratch *scratch, int empty)
{
    size_t count = 0;
    DIR *folder = opendir(scratch->folder);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (empty)
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
    return count;
}

static inline int scratch_remove(void **state)
{
    struct scratch *scratch = *state;
    scratch_files(scratch, 1);
    int result = rmdir(scratch->folder);
    free(scratch);
    return result;
}

static inline void scratch_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The whole file, free() it, a zero byte behind it. */
static inline unsigned char *scratch_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = calloc(*size + 1, 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static inline void scratch_assert_holds(const char *path, const char *text)
{
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(bytes, text, size);
    free(bytes);
}

#endif
