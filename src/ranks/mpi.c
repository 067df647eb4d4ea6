/* The plug-in: a communicator of MPI. Messages are non-blocking, and whoever waits for them looks
 * whether the other ranks still live. */
#define _GNU_SOURCE
#include <errno.h>
#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ranks/plugin.h"

/* MPI counts bytes as int. */
#define PIECE ((size_t)1 << 30)
/* Seconds of waiting after which a rank yields its processor, sleeps, and looks after the others.
 */
#define SPINS 0.0002
#define YIELDS 0.01
#define LOOKS 0.05
/* For so many seconds, at most, a rank that has failed waits for messages that had begun to arrive.
 */
#define ENDS 1.0

/* What a request does. */
enum kind { SENDS, RECEIVES, SUMS };

/* A request of MPI; a long message has several. */
struct part {
    enum kind kind;
    int peer;       /* the other rank; of a sum this one */
    size_t message; /* the number of its message, since the last wait */
};

/* Where a rank runs. */
struct place {
    char host[64];
    long process;
};

struct mpi {
    MPI_Comm communicator;
    int initialised; /* by this plug-in */
    int rank, count;
    struct place *place;  /* (count) */
    MPI_Request *request; /* (requests) */
    struct part *part;    /* of each request */
    size_t requests, room;
    size_t done;     /* the first requests, which are through */
    size_t messages; /* since the last wait */
    bool failed;     /* a function has: nothing more is sent or received */
};

static enum recur_status fail(recur_error *error, enum recur_status status, const char *sentence)
{
    error->status = status;
    snprintf(error->message, sizeof error->message, "%s", sentence);
    return status;
}

static enum recur_status fail_mpi(recur_error *error, int code, const char *what)
{
    char reason[MPI_MAX_ERROR_STRING] = "";
    int length;
    MPI_Error_string(code, reason, &length);
    error->status = RECUR_ERROR_FILE;
    snprintf(error->message, sizeof error->message, "MPI cannot %s: %.400s", what, reason);
    return RECUR_ERROR_FILE;
}

/* Makes room for one more request. */
static enum recur_status make_room(struct mpi *mpi, recur_error *error)
{
    if (mpi->requests < mpi->room)
        return RECUR_OK;
    size_t room = mpi->room ? 2 * mpi->room : 64;
    MPI_Request *request = realloc(mpi->request, room * sizeof *request);
    if (request)
        mpi->request = request;
    struct part *part = request ? realloc(mpi->part, room * sizeof *part) : NULL;
    if (!part)
        return fail(error, RECUR_ERROR_MEMORY, "out of memory: messages between ranks");
    mpi->part = part;
    mpi->room = room;
    return RECUR_OK;
}

/* Begins a part of a message, `count` bytes or, of a sum, floats. */
static enum recur_status begin_part(struct mpi *mpi, enum kind kind, int peer, void *data,
                                    size_t count, recur_error *error)
{
    static const char *const words[] = {"send", "receive", "sum"};
    enum recur_status status = make_room(mpi, error);
    if (status != RECUR_OK)
        return status;
    MPI_Request *request = &mpi->request[mpi->requests];
    MPI_Comm all = mpi->communicator;
    int code, n = (int)count;
    if (kind == SENDS)
        code = MPI_Isend(data, n, MPI_BYTE, peer, 0, all, request);
    else if (kind == RECEIVES)
        code = MPI_Irecv(data, n, MPI_BYTE, peer, 0, all, request);
    else
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): so MPICH writes MPI_IN_PLACE */
        code = MPI_Iallreduce(MPI_IN_PLACE, data, n, MPI_FLOAT, MPI_SUM, all, request);
    if (code != MPI_SUCCESS)
        return fail_mpi(error, code, words[kind]);
    mpi->part[mpi->requests++] = (struct part){kind, peer, mpi->messages};
    return RECUR_OK;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void rest(double waited)
{
    if (waited > YIELDS)
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    else if (waited > SPINS)
        sched_yield();
}

/* Is a request through, or has it failed? Then it is gone. */
static bool is_over(MPI_Request *request)
{
    int through = 1;
    return MPI_Test(request, &through, MPI_STATUS_IGNORE) != MPI_SUCCESS || through;
}

/* Withdraws what was begun, since the caller is about to free its memory. MPI can cancel receives,
 * but for those that have begun to arrive, which end by themselves while their sender lives. It
 * cannot cancel sums, nor, in Open MPI and MPICH, what is sent. */
static void withdraw(struct mpi *mpi)
{
    double start = now(), waited = 0;
    for (size_t i = mpi->done; i < mpi->requests; i++)
        if (mpi->part[i].kind == RECEIVES && mpi->request[i] != MPI_REQUEST_NULL)
            MPI_Cancel(&mpi->request[i]);
    for (size_t i = mpi->done; i < mpi->requests; i++) {
        bool over = is_over(&mpi->request[i]);
        for (; !over && mpi->part[i].kind == RECEIVES && waited < ENDS; waited = now() - start) {
            rest(waited);
            over = is_over(&mpi->request[i]);
        }
        if (!over && mpi->part[i].kind == SENDS)
            MPI_Request_free(&mpi->request[i]);
    }
    mpi->requests = mpi->done = mpi->messages = 0;
    mpi->failed = true;
}

/* How a function of the communicator ends. */
static enum recur_status end(struct mpi *mpi, enum recur_status status)
{
    if (status != RECUR_OK && !mpi->failed)
        withdraw(mpi);
    return status;
}

static enum recur_status check(const struct mpi *mpi, recur_error *error)
{
    return mpi->failed ? fail(error, RECUR_ERROR_FILE,
                              "messages between ranks have failed before, so no more are sent")
                       : RECUR_OK;
}

/* Begins a message of `count` times `size` bytes. */
static enum recur_status begin(struct mpi *mpi, enum kind kind, int peer, void *data, size_t count,
                               size_t size, recur_error *error)
{
    enum recur_status status = check(mpi, error);
    for (size_t done = 0, n; done < count && status == RECUR_OK; done += n) {
        n = count - done < PIECE ? count - done : PIECE;
        status = begin_part(mpi, kind, peer, (char *)data + done * size, n, error);
    }
    mpi->messages++;
    return end(mpi, status);
}

static enum recur_status send_bytes(void *user, size_t to, const void *data, size_t bytes,
                                    recur_error *error)
{
    void *from; /* MPI only reads it */
    memcpy(&from, &data, sizeof from);
    return begin(user, SENDS, (int)to, from, bytes, 1, error);
}

static enum recur_status receive_bytes(void *user, size_t from, void *data, size_t bytes,
                                       recur_error *error)
{
    return begin(user, RECEIVES, (int)from, data, bytes, 1, error);
}

static enum recur_status sum_numbers(void *user, float *numbers, size_t count, recur_error *error)
{
    struct mpi *mpi = user;
    return begin(mpi, SUMS, mpi->rank, numbers, count, sizeof *numbers, error);
}

/* Passes over the requests that are through, up to the first one that is not. The library of MPI
 * moves all of them meanwhile, whichever is asked for. */
static enum recur_status pass_over(struct mpi *mpi, recur_error *error)
{
    for (int through = 1; mpi->done < mpi->requests; mpi->done++) {
        int code = MPI_Test(&mpi->request[mpi->done], &through, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS)
            return fail_mpi(error, code, "exchange messages");
        if (!through)
            break;
    }
    return RECUR_OK;
}

static enum recur_status progress(void *user, size_t *through, recur_error *error)
{
    struct mpi *mpi = user;
    enum recur_status status = check(mpi, error);
    if (status == RECUR_OK)
        status = pass_over(mpi, error);
    *through = mpi->done < mpi->requests ? mpi->part[mpi->done].message : mpi->messages;
    return end(mpi, status);
}

/* A rank from which something is missing; of these rather one that was to send. This one, where
 * nothing is missing but sums. */
static size_t missing(const struct mpi *mpi)
{
    size_t late = (size_t)mpi->rank;
    for (size_t i = mpi->requests; i-- > mpi->done;) {
        const struct part *part = &mpi->part[i];
        int done = 0;
        MPI_Request_get_status(mpi->request[i], &done, MPI_STATUS_IGNORE);
        if (!done && part->kind == RECEIVES)
            return (size_t)part->peer;
        if (!done && part->kind == SENDS)
            late = (size_t)part->peer;
    }
    return late;
}

/* Has a rank on this machine ended? */
static enum recur_status look(const struct mpi *mpi, recur_error *error)
{
    for (int r = 0; r < mpi->count; r++) {
        const struct place *place = &mpi->place[r];
        if (strcmp(place->host, mpi->place[mpi->rank].host) != 0 ||
            kill((pid_t)place->process, 0) == 0 || errno != ESRCH)
            continue;
        error->status = RECUR_ERROR_FILE;
        snprintf(error->message, sizeof error->message,
                 "rank %d has ended: its process was %ld on %s", r, place->process, place->host);
        return RECUR_ERROR_FILE;
    }
    return RECUR_OK;
}

static enum recur_status wait_for_requests(struct mpi *mpi, double seconds, size_t *late,
                                           recur_error *error)
{
    double start = now(), looked = start;
    for (;;) {
        enum recur_status status = pass_over(mpi, error);
        if (status != RECUR_OK)
            return status;
        if (mpi->done == mpi->requests)
            break;
        double time = now();
        rest(time - start);
        if (time - looked > LOOKS) {
            looked = time;
            status = look(mpi, error);
            if (status != RECUR_OK)
                return status;
        }
        if (time - start > seconds) {
            *late = missing(mpi);
            return RECUR_STOP;
        }
    }
    mpi->requests = mpi->done = mpi->messages = 0;
    return RECUR_OK;
}

static enum recur_status wait_for_all(void *user, double seconds, size_t *late, recur_error *error)
{
    struct mpi *mpi = user;
    enum recur_status status = check(mpi, error);
    if (status == RECUR_OK)
        status = wait_for_requests(mpi, seconds, late, error);
    return end(mpi, status);
}

static void release(struct mpi *mpi)
{
    free(mpi->place);
    free(mpi->request);
    free(mpi->part);
    free(mpi);
}

static void close_mpi(void *user, int failed)
{
    struct mpi *mpi = user;
    if (failed)
        MPI_Abort(MPI_COMM_WORLD, failed); /* of a copy MPICH ends this process alone */
    MPI_Comm_free(&mpi->communicator);
    if (mpi->initialised)
        MPI_Finalize();
    release(mpi);
}

/* Tells all ranks where each of them runs. */
static enum recur_status find_places(struct mpi *mpi, recur_error *error)
{
    struct place own = {.process = (long)getpid()};
    mpi->place = calloc((size_t)mpi->count, sizeof *mpi->place);
    if (!mpi->place)
        return fail(error, RECUR_ERROR_MEMORY, "out of memory: the ranks");
    gethostname(own.host, sizeof own.host - 1);
    int code = MPI_Allgather(&own, (int)sizeof own, MPI_BYTE, mpi->place, (int)sizeof own, MPI_BYTE,
                             mpi->communicator);
    return code == MPI_SUCCESS ? RECUR_OK : fail_mpi(error, code, "find the ranks");
}

static enum recur_status start(struct mpi *mpi, const void *communicator, recur_error *error)
{
    int ready = 0, level;
    MPI_Initialized(&ready);
    if (!ready && MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS)
        return fail(error, RECUR_ERROR_UNSUPPORTED, "MPI cannot be started");
    mpi->initialised = !ready;
    MPI_Comm of = communicator ? *(const MPI_Comm *)communicator : MPI_COMM_WORLD;
    int code = MPI_Comm_dup(of, &mpi->communicator);
    if (code != MPI_SUCCESS)
        return fail_mpi(error, code, "copy the communicator");
    MPI_Comm_set_errhandler(mpi->communicator, MPI_ERRORS_RETURN);
    MPI_Comm_rank(mpi->communicator, &mpi->rank);
    MPI_Comm_size(mpi->communicator, &mpi->count);
    return find_places(mpi, error);
}

/* How many ranks before this one are on the same machine. */
static size_t count_here(const struct mpi *mpi)
{
    size_t here = 0;
    for (int r = 0; r < mpi->rank; r++)
        here += strcmp(mpi->place[r].host, mpi->place[mpi->rank].host) == 0;
    return here;
}

enum recur_status recur_plugin_open(const void *communicator, recur_ranks *ranks,
                                    void (**close)(void *user, int failed), recur_error *error)
{
    struct mpi *mpi = calloc(1, sizeof *mpi);
    if (!mpi)
        return fail(error, RECUR_ERROR_MEMORY, "out of memory: the ranks");
    enum recur_status status = start(mpi, communicator, error);
    if (status != RECUR_OK) {
        release(mpi);
        return status;
    }
    *ranks = (recur_ranks){.size = sizeof *ranks,
                           .rank = (size_t)mpi->rank,
                           .count = (size_t)mpi->count,
                           .user = mpi,
                           .send = send_bytes,
                           .receive = receive_bytes,
                           .wait = wait_for_all,
                           .progress = progress,
                           .sum = sum_numbers,
                           .here = count_here(mpi)};
    *close = close_mpi;
    return RECUR_OK;
}
