#include "bench/bench_footprint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench_draw.h"
#include "bench/bench_ratio.h"
#include "common/message.h"
#include "common/timing.h"

enum { NAME_ROOM = 512, TEXT_BYTES = 180000, LINE_BYTES = 64, STARTS = 11 };

extern char **environ;

/* The files that are made in a temporary folder and removed, and how they are used. */
struct scratch {
    char folder[NAME_ROOM], text[NAME_ROOM + 8], model[NAME_ROOM + 8], threads[24];
    sigset_t signals; /* the signals that were blocked before */
};

static enum recur_status fail(recur_error *error, const char *what, const char *why)
{
    error->status = RECUR_ERROR_FILE;
    snprintf(error->message, sizeof error->message, "cannot measure the footprint: %.200s: %.200s",
             what, why);
    return RECUR_ERROR_FILE;
}

static enum recur_status no_folder(recur_error *error, const char *parent, int why)
{
    error->status = RECUR_ERROR_FILE;
    snprintf(error->message, sizeof error->message,
             "cannot make a folder in %.200s: %s; set TMPDIR to another one",
             recur_path(parent).text, strerror(why));
    return RECUR_ERROR_FILE;
}

/* Starts this program with these words; its output goes to `output`. */
static enum recur_status start(const struct scratch *scratch, const char *const *words, int output,
                               pid_t *child, recur_error *error)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int refused = posix_spawn_file_actions_init(&actions);
    if (refused)
        return fail(error, words[1], strerror(refused));
    refused = posix_spawnattr_init(&attributes);
    if (!refused) {
        posix_spawnattr_setsigmask(&attributes, &scratch->signals);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        refused = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        if (!refused)
            refused = posix_spawn(child, "/proc/self/exe", &actions, &attributes,
                                  (char *const *)words, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return refused ? fail(error, "/proc/self/exe", strerror(refused)) : RECUR_OK;
}

/* Waits until the child ends; `usage`, which may be NULL, becomes what it used. */
static enum recur_status finish(const char *const *words, pid_t child, struct rusage *usage,
                                recur_error *error)
{
    int status;
    while (wait4(child, &status, 0, usage) < 0)
        if (errno != EINTR)
            return fail(error, words[1], strerror(errno));
    if (WIFSIGNALED(status))
        return fail(error, words[1], strsignal(WTERMSIG(status)));
    return status ? fail(error, words[1], "it failed") : RECUR_OK;
}

/* Writes a text of letters and spaces that is as long as the book's. */
static bool write_text(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    uint32_t state = 1;
    for (size_t i = 1; i <= TEXT_BYTES; i++) {
        int letter = (int)(recur_bench_draw(&state) % ('z' - 'a' + 2));
        putc(i % LINE_BYTES == 0 ? '\n' : letter ? 'a' + letter - 1 : ' ', file);
    }
    bool bad = ferror(file);
    return fclose(file) == 0 && !bad;
}

static enum recur_status train(const struct scratch *scratch, double *bytes, recur_error *error)
{
    const char *const words[] = {
        "recur",          "train",   "--preset", "d2l-rnn-scratch", "--epochs",    "2", "--threads",
        scratch->threads, "--quiet", "--output", scratch->model,    scratch->text, NULL};
    enum { KILOBYTE = 1024 }; /* the unit of ru_maxrss */
    struct rusage usage;
    pid_t child;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0)
        return fail(error, "/dev/null", strerror(errno));
    enum recur_status status = start(scratch, words, nowhere, &child, error);
    close(nowhere);
    if (status == RECUR_OK)
        status = finish(words, child, &usage, error);
    if (status == RECUR_OK)
        *bytes = (double)usage.ru_maxrss * KILOBYTE;
    return status;
}

static enum recur_status generate(const struct scratch *scratch, double *seconds,
                                  recur_error *error)
{
    const char *const words[] = {
        "recur", "generate",  "--count",        "1",       "--no-display-prompt", "--prompt",
        "time",  "--threads", scratch->threads, "--model", scratch->model,        "--seed",
        "1",     NULL};
    pid_t child;
    int end[2];
    char byte;
    if (pipe(end) != 0)
        return fail(error, "a pipe", strerror(errno));
    fcntl(end[0], F_SETFD, FD_CLOEXEC);
    fcntl(end[1], F_SETFD, FD_CLOEXEC);
    double begun = recur_seconds();
    enum recur_status status = start(scratch, words, end[1], &child, error);
    close(end[1]);
    if (status == RECUR_OK) {
        ssize_t got = read(end[0], &byte, 1);
        *seconds = recur_seconds() - begun;
        status = finish(words, child, NULL, error);
        if (status == RECUR_OK && got != 1)
            status = fail(error, words[1], got < 0 ? "it cannot be read" : "it printed nothing");
    }
    close(end[0]);
    return status;
}

static enum recur_status measure(const struct scratch *scratch, struct footprint *footprint,
                                 recur_error *error)
{
    double seconds[STARTS];
    if (!write_text(scratch->text))
        return fail(error, recur_path(scratch->text).text, strerror(errno));
    enum recur_status status = train(scratch, &footprint->train_bytes, error);
    for (size_t i = 0; i < STARTS && status == RECUR_OK; i++)
        status = generate(scratch, &seconds[i], error);
    if (status == RECUR_OK)
        footprint->first_token = recur_bench_median(seconds, STARTS);
    return status;
}

double recur_bench_footprint_seconds(const struct machine *machine)
{
    const double tokens = 2 * 10000, flop = 6.0 * (512 * 512 + 512 * 28), start = 0.01;
    return recur_machine_training_seconds(machine, machine->threads, tokens * flop) +
           STARTS * start;
}

/* Signals that would end the program are held back until the folder is removed; its children
 * receive theirs at once. */
enum recur_status recur_bench_footprint(size_t threads, struct footprint *footprint,
                                        recur_error *error)
{
    struct scratch scratch;
    sigset_t ending;
    const char *temporary = getenv("TMPDIR");
    if (!temporary || !*temporary)
        temporary = "/tmp";
    int length = snprintf(scratch.folder, sizeof scratch.folder, "%s/recur-XXXXXX", temporary);
    if (length < 0 || (size_t)length >= sizeof scratch.folder)
        return no_folder(error, temporary, ENAMETOOLONG);
    snprintf(scratch.threads, sizeof scratch.threads, "%zu", threads);
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGQUIT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, &scratch.signals);
    void (*child)(int) = signal(SIGCHLD, SIG_DFL); /* if ignored, it leaves nothing to wait for */
    enum recur_status status = RECUR_OK;
    if (!mkdtemp(scratch.folder))
        status = no_folder(error, temporary, errno);
    if (status == RECUR_OK) {
        snprintf(scratch.text, sizeof scratch.text, "%s/text", scratch.folder);
        snprintf(scratch.model, sizeof scratch.model, "%s/model", scratch.folder);
        status = measure(&scratch, footprint, error);
        unlink(scratch.text);
        unlink(scratch.model);
        rmdir(scratch.folder);
    }
    signal(SIGCHLD, child);
    sigprocmask(SIG_SETMASK, &scratch.signals, NULL);
    return status;
}
