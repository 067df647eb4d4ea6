#include "bench_footprint.h"

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

#include "bench_lengths.h"
#include "message.h"
#include "progress.h"

enum { PATH_ROOM = 4096, NAME_ROOM = 512, TEXT_BYTES = 180000, LINE_BYTES = 64, STARTS = 11 };

extern char **environ;

/* What is made, in a folder of its own, and removed. */
struct scratch {
    char folder[NAME_ROOM], text[NAME_ROOM + 8], model[NAME_ROOM + 8];
};

static enum recur_status fail(recur_error *error, const char *what, const char *why)
{
    error->status = RECUR_ERROR_FILE;
    snprintf(error->message, sizeof error->message, "cannot measure the footprint: %.200s: %.200s",
             what, why);
    return error->status;
}

/* Starts the running program with these words; what it prints goes to `output`. */
static enum recur_status start(const char *const *words, int output, pid_t *child,
                               recur_error *error)
{
    char program[PATH_ROOM] = "";
    posix_spawn_file_actions_t actions;
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        return fail(error, "/proc/self/exe", strerror(errno));
    int refused = posix_spawn_file_actions_init(&actions);
    if (refused)
        return fail(error, program, strerror(refused));
    refused = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!refused)
        refused = posix_spawn(child, program, &actions, NULL, (char *const *)words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return refused ? fail(error, program, strerror(refused)) : RECUR_OK;
}

/* Waits for its end; `usage` is what it used. */
static enum recur_status finish(const char *const *words, pid_t child, struct rusage *usage,
                                recur_error *error)
{
    int status;
    while (wait4(child, &status, 0, usage) < 0)
        if (errno != EINTR)
            return fail(error, words[1], strerror(errno));
    return status ? fail(error, words[1], "it failed") : RECUR_OK;
}

/* As much as the book's text, of letters and spaces. */
static bool write_text(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    unsigned state = 1;
    for (size_t i = 1; i <= TEXT_BYTES; i++) {
        state = state * 1664525 + 1013904223; /* Numerical Recipes' generator */
        int letter = (int)((state >> 16) % ('z' - 'a' + 2));
        putc(i % LINE_BYTES == 0 ? '\n' : letter ? 'a' + letter - 1 : ' ', file);
    }
    bool bad = ferror(file);
    return fclose(file) == 0 && !bad;
}

static enum recur_status train(const struct scratch *scratch, double *bytes, recur_error *error)
{
    const char *const words[] = {"recur",        "train",       "--preset", "d2l-rnn-scratch",
                                 "--epochs",     "2",           "--quiet",  "--output",
                                 scratch->model, scratch->text, NULL};
    enum { KILOBYTE = 1024 }; /* the unit of ru_maxrss */
    struct rusage usage;
    pid_t child;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0)
        return fail(error, "/dev/null", strerror(errno));
    enum recur_status status = start(words, nowhere, &child, error);
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
        "recur", "generate", "--count",      "1", "--no-display-prompt", "--prompt",
        "time",  "--model",  scratch->model, NULL};
    struct rusage usage;
    pid_t child;
    int end[2];
    char byte;
    if (pipe(end) != 0)
        return fail(error, "a pipe", strerror(errno));
    fcntl(end[0], F_SETFD, FD_CLOEXEC);
    fcntl(end[1], F_SETFD, FD_CLOEXEC);
    double begun = recur_seconds();
    enum recur_status status = start(words, end[1], &child, error);
    close(end[1]);
    if (status == RECUR_OK) {
        ssize_t got = read(end[0], &byte, 1);
        *seconds = recur_seconds() - begun;
        status = finish(words, child, &usage, error);
        if (status == RECUR_OK && got != 1)
            status = fail(error, words[1], "it printed nothing");
    }
    close(end[0]);
    return status;
}

static enum recur_status measure(const struct scratch *scratch, struct footprint *footprint,
                                 recur_error *error)
{
    double seconds[STARTS];
    if (!write_text(scratch->text))
        return fail(error, "a text to train on", strerror(errno));
    enum recur_status status = train(scratch, &footprint->train_bytes, error);
    for (size_t i = 0; i < STARTS && status == RECUR_OK; i++)
        status = generate(scratch, &seconds[i], error);
    if (status == RECUR_OK)
        footprint->first_token = recur_median(seconds, STARTS);
    return status;
}

/* Signals that end the program come once the folder is gone; all of it takes less than a second. */
enum recur_status recur_bench_footprint(struct footprint *footprint, recur_error *error)
{
    sigset_t ending, before;
    struct scratch scratch;
    const char *temporary = getenv("TMPDIR");
    if (!temporary || !*temporary)
        temporary = "/tmp";
    snprintf(scratch.folder, sizeof scratch.folder, "%s/recur-XXXXXX", temporary);
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, &before);
    enum recur_status status = RECUR_OK;
    if (!mkdtemp(scratch.folder))
        status = fail(error, recur_path(temporary).text, strerror(errno));
    if (status == RECUR_OK) {
        snprintf(scratch.text, sizeof scratch.text, "%s/text", scratch.folder);
        snprintf(scratch.model, sizeof scratch.model, "%s/model", scratch.folder);
        status = measure(&scratch, footprint, error);
        unlink(scratch.text);
        unlink(scratch.model);
        rmdir(scratch.folder);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}
