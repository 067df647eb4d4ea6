/* Files while signals interrupt system calls, and where the system refuses what it offered. */
#define _GNU_SOURCE /* fopencookie, mkdtemp */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/files.h"
#include "recur/file.h"
#include "scratch.h"

/* How many calls of each fail from now on, after how many, and why. */
static struct trap {
    int after, times, reason, calls;
} on_fsync, on_close, on_linkat, on_getentropy;

static bool springs(struct trap *trap)
{
    trap->calls++;
    bool now = trap->calls > trap->after && trap->calls <= trap->after + trap->times;
    if (now)
        errno = trap->reason;
    return now;
}

int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
int __wrap_fsync(int descriptor)
{
    return springs(&on_fsync) ? -1 : __real_fsync(descriptor);
}

/* Linux closes a descriptor before it says that a signal came. */
int __real_close(int descriptor);
int __wrap_close(int descriptor);
int __wrap_close(int descriptor)
{
    int result = __real_close(descriptor);
    return springs(&on_close) ? -1 : result;
}

int __real_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags);
int __wrap_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags);
int __wrap_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    return springs(&on_linkat) ? -1 : __real_linkat(from_folder, from, to_folder, to, flags);
}

int __real_getentropy(void *bytes, size_t size);
int __wrap_getentropy(void *bytes, size_t size);
int __wrap_getentropy(void *bytes, size_t size)
{
    return springs(&on_getentropy) ? -1 : __real_getentropy(bytes, size);
}

static int disarm(void **state)
{
    scratch_files(*state, 1);
    on_fsync = on_close = on_linkat = on_getentropy = (struct trap){0};
    return 0;
}

enum { LARGE = 100001 }; /* more than is copied at once */

static void write_large(struct scratch *scratch, enum recur_status expected, recur_error *error)
{
    static char large[LARGE + 1];
    memset(large, 'x', LARGE);
    const char *path = scratch_path(scratch, "model");
    scratch_write(path, "old", 3);
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(recur_file_write(path, large, LARGE, error), expected);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0604);
    scratch_assert_holds(path, expected == RECUR_OK ? large : "old");
    assert_int_equal(scratch_files(scratch, 0), 1);
}

static void a_signal_does_not_fail_a_save(void **state)
{
    on_fsync = (struct trap){.times = 3, .reason = EINTR};
    on_close = (struct trap){.times = 100, .reason = EINTR};
    write_large(*state, RECUR_OK, NULL);
    assert_true(on_fsync.calls >= 5); /* the file's, three of them in vain, and the folder's */

    disarm(state);
    on_fsync = (struct trap){.after = 1, .times = 3, .reason = EINTR};
    write_large(*state, RECUR_OK, NULL);
}

static void what_is_no_regular_file_too(void **state)
{
    (void)state;
    on_close = (struct trap){.times = 1, .reason = EINTR};
    assert_int_equal(recur_file_write("/dev/null", "x", 1, NULL), RECUR_OK);
    assert_int_equal(on_close.calls, 1);
}

static void a_file_that_cannot_be_synced_is_refused(void **state)
{
    recur_error error;
    on_fsync = (struct trap){.times = 1, .reason = EIO};
    write_large(*state, RECUR_ERROR_FILE, &error);
    assert_non_null(strstr(error.message, "Input/output error"));
}

static void a_file_system_need_not_know_how_to_sync(void **state)
{
    on_fsync = (struct trap){.times = 100, .reason = EINVAL};
    write_large(*state, RECUR_OK, NULL);
}

/* A file without a name that may not get one. */
static void where_links_are_refused_a_copy_is_saved(void **state)
{
    static const int reasons[] = {EPERM, EACCES, ENOSYS, ENOENT, EXDEV, EOPNOTSUPP};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        disarm(state);
        on_linkat = (struct trap){.times = 100, .reason = reasons[i]};
        write_large(*state, RECUR_OK, NULL);
        assert_int_equal(recur_file_can_write(scratch_path(*state, "model"), NULL), RECUR_OK);
        assert_int_equal(scratch_files(*state, 0), 1);
    }
}

/* The last step but one can fail as well, and the check before a long run must see it. */
static void the_check_goes_the_same_way(void **state)
{
    struct scratch *scratch = *state;
    recur_error error;
    write_large(scratch, RECUR_OK, NULL);
    if (on_linkat.calls == 0)
        skip(); /* this file system makes no nameless files */
    on_linkat = (struct trap){.times = 100, .reason = EPERM};
    on_getentropy = (struct trap){.after = 1, .times = 100, .reason = EIO};
    write_large(scratch, RECUR_ERROR_FILE, &error);
    on_getentropy.calls = 0;
    const char *path = scratch_path(scratch, "model");
    assert_int_equal(recur_file_can_write(path, &error), RECUR_ERROR_FILE);
    assert_non_null(strstr(error.message, "Input/output error"));
    scratch_assert_holds(path, "old");
    assert_int_equal(scratch_files(scratch, 0), 1);
}

/* A stream of which every other read is interrupted. */
static ssize_t interrupted_read(void *cookie, char *to, size_t size)
{
    size_t *reads = cookie;
    if (++*reads % 2) {
        errno = EINTR;
        return -1;
    }
    size_t left = *reads < 20 ? 10 : 0;
    memset(to, 'y', left < size ? left : size);
    return (ssize_t)(left < size ? left : size);
}

static void a_signal_does_not_end_a_file(void **state)
{
    (void)state;
    size_t reads = 0, size;
    unsigned char *bytes;
    FILE *file = fopencookie(&reads, "r", (cookie_io_functions_t){.read = interrupted_read});
    assert_non_null(file);
    assert_int_equal(recur_file_read(file, "x", 1000, &bytes, &size, NULL), RECUR_OK);
    assert_int_equal(size, 90);
    assert_int_equal(bytes[89], 'y');
    free(bytes);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_signal_does_not_fail_a_save, disarm),
        cmocka_unit_test_setup(what_is_no_regular_file_too, disarm),
        cmocka_unit_test_setup(a_file_that_cannot_be_synced_is_refused, disarm),
        cmocka_unit_test_setup(a_file_system_need_not_know_how_to_sync, disarm),
        cmocka_unit_test_setup(where_links_are_refused_a_copy_is_saved, disarm),
        cmocka_unit_test_setup(the_check_goes_the_same_way, disarm),
        cmocka_unit_test_setup(a_signal_does_not_end_a_file, disarm),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
