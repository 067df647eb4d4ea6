#include "common/progress.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/live.h"
#include "common/number_text.h"
#include "common/quote.h"
#include "common/terminal.h"
#include "common/timing.h"

/* Seconds: before anything is shown; between two drawings; between two plain lines. */
#define DELAY 1.0
#define LIVE_PAUSE 0.1
#define PIPE_PAUSE 20

enum { DESCRIPTORS = 64, STACK = 256 << 10, NAME_COLUMNS = 30 };

enum kind { NOTHING, FILES, WRITTEN, COUNTED };

/* What is shown. The main thread writes it and the other one shows it, both under the lock. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    pthread_t thread;
    bool runs;
    enum kind kind;
    const char *doing;
    const char *unit; /* of what is counted; NULL: bytes */
    char name[80];
    const char *const *paths;
    size_t count;    /* of the paths */
    size_t index;    /* of the path that was open last */
    uint64_t before; /* bytes of the files before that */
    uint64_t done, total, done_at_begin;
    double begun, printed;
} shown = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Is the descriptor the regular file that `wanted` describes or, where that is NULL, one that is
 * written? */
static bool is_file(int fd, const struct stat *wanted, struct stat *info)
{
    if (fstat(fd, info) != 0 || !S_ISREG(info->st_mode))
        return false;
    if (wanted)
        return info->st_dev == wanted->st_dev && info->st_ino == wanted->st_ino;
    return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

/* The place of reading or writing in such a file. False where none is open. */
static bool find_place(const struct stat *wanted, uint64_t *at)
{
    struct stat info;
    for (int fd = wanted ? 0 : 3; fd < DESCRIPTORS; fd++) {
        off_t place = is_file(fd, wanted, &info) ? lseek(fd, 0, SEEK_CUR) : -1;
        if (place < 0)
            continue;
        *at = (uint64_t)place;
        return true;
    }
    return false;
}

static bool ask_file(const char *path, struct stat *info)
{
    int status = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, info) : stat(path, info);
    return status == 0 && S_ISREG(info->st_mode);
}

static void look_at_files(void)
{
    uint64_t at, before = shown.before;
    struct stat info;
    for (size_t i = shown.index; i < shown.count; i++) {
        if (!ask_file(shown.paths[i], &info))
            continue;
        if (find_place(&info, &at)) {
            shown.index = i;
            shown.before = before;
            shown.done = before + at;
            return;
        }
        before += (uint64_t)info.st_size;
    }
}

static void describe_amount(struct live_part parts[3], double seconds)
{
    bool bytes = !shown.unit;
    double done = (double)shown.done, total = (double)shown.total;
    double speed = (done - (double)shown.done_at_begin) / seconds;
    if (shown.total > 0)
        LIVE_FULL(parts[0], "%.0f %%", 100 * done / total);
    else if (bytes && shown.done > 0)
        LIVE_FULL(parts[0], "%.1f MB", done / 1e6);
    else if (shown.done > 0)
        LIVE_FULL(parts[0], "%.0f %s", done, shown.unit);
    if (bytes && speed > 0)
        LIVE_FULL(parts[1], "%.1f MB/s", speed / 1e6);
    else if (speed > 0)
        LIVE_FULL(parts[1], speed < 10 ? "%.1f %s/s" : "%.0f %s/s", speed, shown.unit);
    if (shown.total > 0 && speed > 0)
        LIVE_FULL(parts[2], "%s left", recur_duration((total - done) / speed).text);
    else
        LIVE_FULL(parts[2], "%s", recur_duration(seconds).text);
}

static void describe(char *line, size_t size, size_t width, double seconds)
{
    enum { DOING, NAME, AMOUNT, SPEED, TIME, PARTS };
    struct live_part parts[PARTS] = {
        [AMOUNT] = {.rank = 0}, [TIME] = {.rank = 1}, [SPEED] = {.rank = 3},
        [DOING] = {.rank = 2},  [NAME] = {.rank = 4},
    };
    if (shown.kind == FILES)
        look_at_files();
    else if (shown.kind == WRITTEN)
        find_place(NULL, &shown.done);
    LIVE_FULL(parts[DOING], "%s", shown.doing);
    LIVE_FULL(parts[NAME], "%s", shown.name);
    describe_amount(parts + AMOUNT, seconds);
    recur_live_fit(parts, PARTS, width, line, size);
}

/* Shows how far the work is, if it is time to. */
static void show(bool terminal)
{
    char line[300];
    double now = recur_seconds(), seconds = now - shown.begun;
    if (terminal && seconds >= DELAY) {
        describe(line, sizeof line, recur_terminal_width(stderr), seconds);
        recur_live_draw(line);
    } else if (!terminal && now - shown.printed >= PIPE_PAUSE) {
        describe(line, sizeof line, sizeof line, seconds);
        fprintf(stderr, "%s\n", line);
        shown.printed = now;
    }
}

static void *watch(void *unused)
{
    bool terminal = recur_terminal_redraws(stderr);
    (void)unused;
    pthread_mutex_lock(&shown.lock);
    while (shown.kind != NOTHING) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)(LIVE_PAUSE * 1e9);
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&shown.ended, &shown.lock, &until);
        if (shown.kind != NOTHING)
            show(terminal);
    }
    pthread_mutex_unlock(&shown.lock);
    return NULL;
}

/* Starts the thread, which gets no signals. Where it cannot be started nothing is shown. */
static void start(void)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    sigfillset(&all);
    pthread_cond_init(&shown.ended, NULL);
    if (pthread_attr_init(&attributes) != 0)
        return;
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    shown.runs = pthread_create(&shown.thread, &attributes, watch, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

/* Begins to show something. */
static void begin(enum kind kind, const char *doing, const char *name, const char *unit)
{
    pthread_mutex_lock(&shown.lock);
    bool first = shown.kind == NOTHING;
    double now = recur_seconds();
    shown.kind = kind;
    shown.doing = doing;
    shown.unit = unit;
    const char *folder = strrchr(name, '/');
    const char *last = strcmp(name, "-") == 0 ? "standard input" : folder ? folder + 1 : name;
    const recur_printable fitted = recur_fit((recur_token){last, strlen(last)}, NAME_COLUMNS);
    size_t size = strnlen(fitted.text, sizeof shown.name - 1);
    while (((unsigned char)fitted.text[size] & 0xC0) == 0x80) /* within a character */
        size--;
    memcpy(shown.name, fitted.text, size);
    shown.name[size] = '\0';
    shown.paths = NULL;
    shown.count = shown.index = 0;
    shown.before = shown.done = shown.total = shown.done_at_begin = 0;
    shown.begun = now;
    shown.printed = first ? now : shown.printed;
    pthread_mutex_unlock(&shown.lock);
    if (!shown.runs)
        start();
}

void recur_progress_files(const char *doing, const char *const *paths, size_t count)
{
    uint64_t total = 0;
    struct stat info;
    for (size_t i = 0; i < count; i++)
        if (strcmp(paths[i], "-") == 0 && isatty(STDIN_FILENO) == 1) { /* a person types there */
            recur_progress_end();
            return;
        }
    for (size_t i = 0; i < count; i++)
        total += ask_file(paths[i], &info) ? (uint64_t)info.st_size : 0;
    begin(FILES, doing, count == 1 ? paths[0] : "", NULL);
    pthread_mutex_lock(&shown.lock);
    shown.paths = paths;
    shown.count = count;
    shown.total = total;
    pthread_mutex_unlock(&shown.lock);
}

void recur_progress_write(const char *doing, const char *path)
{
    begin(WRITTEN, doing, strcmp(path, "-") == 0 ? "" : path, NULL);
}

void recur_progress_count(const char *doing, const char *unit)
{
    begin(COUNTED, doing, "", unit);
}

void recur_progress_at(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    pthread_mutex_lock(&shown.lock);
    shown.done = done;
    shown.total = total;
    pthread_mutex_unlock(&shown.lock);
}

void recur_progress_end(void)
{
    if (!shown.runs)
        return;
    pthread_mutex_lock(&shown.lock);
    shown.kind = NOTHING;
    pthread_cond_signal(&shown.ended);
    pthread_mutex_unlock(&shown.lock);
    pthread_join(shown.thread, NULL);
    shown.runs = false;
    recur_live_clear();
}
