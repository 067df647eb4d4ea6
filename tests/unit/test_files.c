/* Files: what cannot be read says why; a file is replaced whole or not at all. */
#define _GNU_SOURCE /* mkdtemp, dirfd */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/files.h"
#include "recur/file.h"
#include "scratch.h"

static void reads_as_much_as_there_is(void **state)
{
    const char *path = scratch_path(*state, "five");
    scratch_write(path, "hello", 5);
    const size_t wanted[] = {0, 3, 5, 6, SIZE_MAX / 4};
    const size_t expected[] = {0, 3, 5, 5, 5};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        FILE *file;
        unsigned char *bytes;
        size_t size;
        assert_int_equal(recur_file_open(path, &file, NULL), RECUR_OK);
        assert_int_equal(recur_file_read(file, path, wanted[i], &bytes, &size, NULL), RECUR_OK);
        assert_int_equal(size, expected[i]);
        if (size)
            assert_memory_equal(bytes, "hello", size);
        free(bytes);
        recur_file_close(file);
    }
    recur_file_close(NULL);
}

static void reads_large_files_whole(void **state)
{
    const size_t large = 1000003;
    unsigned char *bytes = malloc(large), *read;
    assert_non_null(bytes);
    for (size_t i = 0; i < large; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    const char *path = scratch_path(*state, "large");
    scratch_write(path, bytes, large);
    FILE *file;
    size_t size;
    assert_int_equal(recur_file_open(path, &file, NULL), RECUR_OK);
    assert_int_equal(recur_file_read(file, path, 2 * large, &read, &size, NULL), RECUR_OK);
    assert_int_equal(size, large);
    assert_memory_equal(read, bytes, large);
    recur_file_close(file);
    free(bytes);
    free(read);
}

static void dash_is_standard_input(void **state)
{
    const char *path = scratch_path(*state, "input");
    scratch_write(path, "piped", 5);
    assert_non_null(freopen(path, "rb", stdin));
    assert_string_equal(recur_file_name("-").text, "standard input");
    assert_string_equal(recur_file_name("a").text, "a");
    FILE *file;
    unsigned char *bytes;
    size_t size;
    assert_int_equal(recur_file_open("-", &file, NULL), RECUR_OK);
    assert_int_equal(recur_file_read(file, "-", 100, &bytes, &size, NULL), RECUR_OK);
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "piped", 5);
    free(bytes);
    recur_file_close(file);
    assert_int_equal(fgetc(stdin), EOF); /* still open: closing would make this undefined */
    assert_int_equal(ferror(stdin), 0);
}

static void says_why_it_cannot_read(void **state)
{
    struct scratch *scratch = *state;
    FILE *file = NULL;
    recur_error error;
    char expected[600];
    const char *path = scratch_path(scratch, "absent");
    assert_int_equal(recur_file_open(path, &file, &error), RECUR_ERROR_FILE);
    snprintf(expected, sizeof expected, "cannot read %s: No such file or directory", path);
    assert_string_equal(error.message, expected);

    assert_int_equal(recur_file_open(scratch->folder, &file, &error), RECUR_ERROR_FILE);
    snprintf(expected, sizeof expected, "cannot read %s: it is a directory", scratch->folder);
    assert_string_equal(error.message, expected);

    path = scratch_path(scratch, "locked");
    scratch_write(path, "x", 1);
    chmod(path, 0);
    if (geteuid() != 0) { /* nothing is locked for root */
        assert_int_equal(recur_file_open(path, &file, &error), RECUR_ERROR_FILE);
        snprintf(expected, sizeof expected, "cannot read %s: Permission denied", path);
        assert_string_equal(error.message, expected);
    }
    assert_null(file);
}

static enum recur_status replace(const char *path, const char *text, recur_error *error)
{
    return recur_file_write(path, text, strlen(text), error);
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void writes_new_files(void **state)
{
    struct scratch *scratch = *state;
    mode_t mask = umask(027);
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "new");
    assert_int_equal(replace(path, "one", NULL), RECUR_OK);
    umask(mask);
    scratch_assert_holds(path, "one");
    assert_int_equal(mode_of(path), 0640);
    assert_int_equal(scratch_files(scratch, 0), 1);
}

static void keeps_the_old_file_until_the_commit(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "old");
    scratch_files(scratch, 1);
    scratch_write(path, "old", 3);
    assert_int_equal(chmod(path, 0604), 0);
    struct recur_output output;
    assert_int_equal(recur_output_open(path, &output, NULL), RECUR_OK);
    assert_int_equal(recur_output_write(&output, "new one", 7, NULL), RECUR_OK);
    scratch_assert_holds(path, "old");
    assert_int_equal(scratch_files(scratch, 0), output.nameless ? 1 : 2); /* a neighbour */
    assert_int_equal(recur_output_commit(&output, NULL), RECUR_OK);
    scratch_assert_holds(path, "new one");
    assert_int_equal(mode_of(path), 0604);
    assert_int_equal(scratch_files(scratch, 0), 1);
}

static void discarding_leaves_the_old_file(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "kept");
    scratch_files(scratch, 1);
    scratch_write(path, "old", 3);
    struct recur_output output;
    assert_int_equal(recur_output_open(path, &output, NULL), RECUR_OK);
    assert_int_equal(recur_output_write(&output, "new", 3, NULL), RECUR_OK);
    recur_output_discard(&output);
    scratch_assert_holds(path, "old");
    assert_int_equal(scratch_files(scratch, 0), 1);
}

static void a_full_disk_loses_nothing(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "precious");
    scratch_files(scratch, 1);
    scratch_write(path, "old", 3);
    struct rlimit old, low;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = old;
    low.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    char *large = calloc(1, 300001);
    assert_non_null(large);
    memset(large, 'x', 300000);
    recur_error error;
    enum recur_status status = replace(path, large, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    free(large);
    assert_int_equal(status, RECUR_ERROR_FILE);
    char expected[600];
    snprintf(expected, sizeof expected, "cannot write %s: File too large", path);
    assert_string_equal(error.message, expected);
    scratch_assert_holds(path, "old");
    assert_int_equal(scratch_files(scratch, 0), 1);
}

static void what_is_no_regular_file_is_written_in_place(void **state)
{
    struct scratch *scratch = *state;
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(replace(path, "through", NULL), RECUR_OK);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    char got[16] = "";
    assert_int_equal(read(reader, got, sizeof got), 7);
    assert_string_equal(got, "through");
    close(reader);

    /* only now, when it is sure that a device is not replaced */
    recur_error error;
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(replace("/dev/full", "x", &error), RECUR_ERROR_FILE);
        assert_string_equal(error.message, "cannot write /dev/full: No space left on device");
    }
}

static void dash_is_standard_output(void **state)
{
    struct scratch *scratch = *state;
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "output");
    recur_error error;
    fflush(stdout);
    int standard = dup(STDOUT_FILENO), file = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(standard >= 0 && file >= 0 && dup2(file, STDOUT_FILENO) >= 0);
    fputs("first, ", stdout); /* still in the stream's buffer */
    enum recur_status can = recur_file_can_write("-", NULL);
    enum recur_status written = recur_file_write("-", "then", 4, NULL);
    close(STDOUT_FILENO);
    enum recur_status closed = recur_file_write("-", "more", 4, &error);
    dup2(standard, STDOUT_FILENO);
    close(standard);
    close(file);
    assert_int_equal(can, RECUR_OK);
    assert_int_equal(written, RECUR_OK);
    scratch_assert_holds(path, "first, then");
    assert_int_equal(scratch_files(scratch, 0), 1);
    assert_int_not_equal(access("-", F_OK), 0);
    assert_int_equal(closed, RECUR_ERROR_FILE);
    assert_string_equal(error.message, "cannot write standard output: Bad file descriptor");
}

static void writes_through_symbolic_links(void **state)
{
    struct scratch *scratch = *state;
    char target[512];
    struct stat status;
    scratch_files(scratch, 1);
    snprintf(target, sizeof target, "%s", scratch_path(scratch, "target"));
    scratch_write(target, "old", 3);
    const char *link = scratch_path(scratch, "link");
    assert_int_equal(symlink("target", link), 0);
    assert_int_equal(replace(link, "new", NULL), RECUR_OK);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    scratch_assert_holds(target, "new");
}

static void links_may_point_to_what_does_not_exist_yet(void **state)
{
    struct scratch *scratch = *state;
    char first[512];
    struct stat status;
    scratch_files(scratch, 1);
    snprintf(first, sizeof first, "%s", scratch_path(scratch, "first"));
    assert_int_equal(symlink("second", first), 0);
    assert_int_equal(symlink("target", scratch_path(scratch, "second")), 0);
    assert_int_equal(replace(first, "new", NULL), RECUR_OK);
    assert_int_equal(lstat(first, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    scratch_assert_holds(scratch_path(scratch, "target"), "new");

    recur_error error;
    assert_int_equal(symlink("round", scratch_path(scratch, "round")), 0);
    assert_int_equal(replace(scratch->path, "new", &error), RECUR_ERROR_FILE);
    assert_non_null(strstr(error.message, "Too many levels of symbolic links"));
}

/* The neighbour's name has no room for all of the file's. */
static void a_name_may_have_any_length(void **state)
{
    struct scratch *scratch = *state;
    char name[NAME_MAX + 2];
    recur_error error;
    memset(name, 'x', NAME_MAX + 1);
    name[NAME_MAX + 1] = '\0';
    assert_int_equal(replace(scratch_path(scratch, name), "new", &error), RECUR_ERROR_FILE);
    assert_non_null(strstr(error.message, "File name too long"));
    name[NAME_MAX] = '\0';
    assert_int_equal(replace(scratch_path(scratch, name), "new", NULL), RECUR_OK);
    scratch_assert_holds(scratch->path, "new");
}

static void the_temporary_name_is_another_each_time(void **state)
{
    struct scratch *scratch = *state;
    struct recur_output first, second;
    const char *path = scratch_path(scratch, "model");
    assert_int_equal(recur_output_open(path, &first, NULL), RECUR_OK);
    assert_int_equal(recur_output_open(path, &second, NULL), RECUR_OK);
    assert_string_not_equal(first.temporary, second.temporary);
    recur_output_discard(&first);
    recur_output_discard(&second);
}

static bool same(struct scratch *scratch, const char *first, const char *second)
{
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(scratch, first));
    return recur_file_same(path, scratch_path(scratch, second));
}

static void knows_one_file_under_two_names(void **state)
{
    struct scratch *scratch = *state;
    char real[512];
    scratch_files(scratch, 1);
    snprintf(real, sizeof real, "%s", scratch_path(scratch, "real"));
    scratch_write(real, "x", 1);
    scratch_write(scratch_path(scratch, "other"), "x", 1);
    assert_int_equal(link(real, scratch_path(scratch, "hard")), 0);
    assert_int_equal(symlink("real", scratch_path(scratch, "soft")), 0);
    assert_int_equal(symlink("new", scratch_path(scratch, "ahead")), 0);
    assert_int_equal(symlink(".", scratch_path(scratch, "folder")), 0);
    const char *const one[][2] = {
        {"real", "real"},
        {"real", "./real"},
        {"real", "hard"},
        {"soft", "hard"},
        {"folder/real", "real"},
        /* of what does not exist yet */
        {"new", "new"},
        {"new", ".//new"},
        {"new", "ahead"},
        {"folder/new", "new"},
        {"folder/ahead", "new"},
    };
    const char *const two[][2] = {
        {"real", "other"}, {"real", "new"},  {"new", "real"},
        {"new", "newer"},  {"a/new", "new"}, {"a/new", "b/new"},
    };
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        assert_true(same(scratch, one[i][0], one[i][1]));
    for (size_t i = 0; i < sizeof two / sizeof *two; i++)
        assert_false(same(scratch, two[i][0], two[i][1]));
    assert_false(recur_file_same("/dev/null", "/dev/null")); /* written in place: nothing is lost */
}

static void says_why_it_cannot_write(void **state)
{
    struct scratch *scratch = *state;
    recur_error error;
    char expected[900];
    assert_int_equal(replace(scratch->folder, "x", &error), RECUR_ERROR_FILE);
    snprintf(expected, sizeof expected, "cannot write %s: it is a directory", scratch->folder);
    assert_string_equal(error.message, expected);

    const char *path = scratch_path(scratch, "absent/model");
    assert_int_equal(replace(path, "x", &error), RECUR_ERROR_FILE);
    snprintf(expected, sizeof expected, "cannot write %s: %s/absent: No such file or directory",
             path, scratch->folder);
    assert_string_equal(error.message, expected);
    assert_int_equal(recur_file_can_write(path, &error), RECUR_ERROR_FILE);
    assert_string_equal(error.message, expected);

    path = scratch_path(scratch, "real/model");
    assert_int_equal(replace(path, "x", &error), RECUR_ERROR_FILE);
    snprintf(expected, sizeof expected, "cannot write %s: %s/real: Not a directory", path,
             scratch->folder);
    assert_string_equal(error.message, expected);

    scratch_files(scratch, 1);
    assert_int_equal(recur_file_can_write(scratch_path(scratch, "model"), NULL), RECUR_OK);
    assert_int_equal(scratch_files(scratch, 0), 0);
    assert_int_equal(recur_file_can_write("/dev/null", NULL), RECUR_OK);

    if (geteuid() == 0)
        return; /* nothing is read-only for root */
    path = scratch_path(scratch, "read-only");
    scratch_write(path, "old", 3);
    chmod(path, 0444);
    assert_int_equal(replace(path, "new", &error), RECUR_ERROR_FILE);
    snprintf(expected, sizeof expected, "cannot write %s: Permission denied", path);
    assert_string_equal(error.message, expected);
    scratch_assert_holds(path, "old");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_as_much_as_there_is),
        cmocka_unit_test(reads_large_files_whole),
        cmocka_unit_test(dash_is_standard_input),
        cmocka_unit_test(says_why_it_cannot_read),
        cmocka_unit_test(writes_new_files),
        cmocka_unit_test(keeps_the_old_file_until_the_commit),
        cmocka_unit_test(discarding_leaves_the_old_file),
        cmocka_unit_test(a_full_disk_loses_nothing),
        cmocka_unit_test(what_is_no_regular_file_is_written_in_place),
        cmocka_unit_test(dash_is_standard_output),
        cmocka_unit_test(writes_through_symbolic_links),
        cmocka_unit_test(links_may_point_to_what_does_not_exist_yet),
        cmocka_unit_test(the_temporary_name_is_another_each_time),
        cmocka_unit_test(a_name_may_have_any_length),
        cmocka_unit_test(knows_one_file_under_two_names),
        cmocka_unit_test(says_why_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
