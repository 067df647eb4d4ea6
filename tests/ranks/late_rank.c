/* Two ranks of a real MPI: rank 1 sends what rank 0 has given up. It must not arrive any more where
 * rank 0 wanted it.
 *
 *     mpirun -n 2 late_rank FOLDER PLUG-IN
 *
 * Rank 0 makes a file in the folder, which must be empty, once it has given up. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "recur/ranks.h"

enum { PATIENCE = 60 };

static int complain(const char *what, const recur_error *error)
{
    printf("%s: %s\n", what, error->message);
    return 1;
}

/* Waits for messages of the same two ranks in a communicator of its own: MPI moves all others
 * meanwhile. */
static int exchange(size_t rank, const char *mpi)
{
    recur_ranks *ranks;
    recur_error error = {.status = RECUR_OK};
    size_t late;
    char own = 'x', other;
    if (recur_ranks_open(mpi, NULL, &ranks, &error) != RECUR_OK ||
        ranks->send(ranks->user, 1 - rank, &own, 1, &error) != RECUR_OK ||
        ranks->receive(ranks->user, 1 - rank, &other, 1, &error) != RECUR_OK ||
        ranks->wait(ranks->user, PATIENCE, &late, &error) != RECUR_OK)
        return complain("the second communicator does not work", &error);
    recur_ranks_close(ranks, 0);
    return 0;
}

/* Rank 0. */
static int give_up(recur_ranks *ranks, const char *path, const char *mpi)
{
    recur_error error;
    size_t late = 0, through;
    char kept = 'k';
    if (ranks->receive(ranks->user, 1, &kept, 1, &error) != RECUR_OK)
        return complain("it cannot receive", &error);
    if (ranks->wait(ranks->user, 0.2, &late, &error) != RECUR_STOP || late != 1)
        return complain("rank 1 is not late", &error);
    if (ranks->progress(ranks->user, &through, &error) != RECUR_ERROR_FILE ||
        ranks->send(ranks->user, 1, &kept, 1, &error) != RECUR_ERROR_FILE)
        return complain("it goes on after a failure", &error);
    FILE *file = fopen(path, "w");
    if (!file || fclose(file) != 0 || exchange(0, mpi) != 0)
        return 1;
    if (kept != 'k')
        puts("it was received after all");
    return kept != 'k';
}

/* Rank 1. */
static int come_late(recur_ranks *ranks, const char *path, const char *mpi)
{
    recur_error error;
    for (int i = 0; access(path, F_OK) != 0 && i < 100 * PATIENCE; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    const char late = 'l';
    if (ranks->send(ranks->user, 0, &late, 1, &error) != RECUR_OK)
        return complain("it cannot send", &error);
    return exchange(1, mpi);
}

int main(int argc, char **argv)
{
    recur_ranks *ranks;
    recur_error error;
    char path[4096];
    if (argc != 3)
        return 2;
    snprintf(path, sizeof path, "%s/given-up", argv[1]);
    if (recur_ranks_open(argv[2], NULL, &ranks, &error) != RECUR_OK)
        return complain("there is no communicator", &error);
    int status = ranks->rank == 0 ? give_up(ranks, path, argv[2]) : come_late(ranks, path, argv[2]);
    if (ranks->rank == 0 && status == 0)
        puts("nothing has arrived");
    fflush(stdout);
    recur_ranks_close(ranks, status);
    return status;
}
