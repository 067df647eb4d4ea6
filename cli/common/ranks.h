/* Several ranks: a launcher of MPI has started this command many times. Rank 0 talks to the user;
 * the others are silent, unless only they fail. */
#ifndef RECUR_CLI_COMMON_RANKS_H
#define RECUR_CLI_COMMON_RANKS_H

#include "common/command.h"
#include "recur/ranks.h"

struct ranks {
    recur_ranks *all; /* NULL: this process is alone */
    size_t rank;      /* 0 where it is alone */
    size_t threads;   /* a fair share of this machine; 0: all that the process may use */
    int real_stderr;  /* of a silent rank; -1: this one is not silent */
    bool failed;      /* to join the others */
    bool gpus;        /* all ranks have a GPU and may use it (recur_ranks_find_gpus) */
    size_t seconds;   /* how long MPI may take to start and to end, and ranks to answer */
};

/* Call it first: makes the process silent if its launcher calls it another rank than 0. */
void recur_ranks_hush(struct ranks *ranks);

/* How long ranks wait for each other where nobody says: as long as in training. */
size_t recur_ranks_patience(void);

/* Joins the other ranks, if a launcher has started this process; `threads` is how many the user
 * wants, 0 where nobody said. Where the others do not join within so many seconds, the process says
 * so and ends. Returns 0 or the exit status. */
int recur_ranks_join(const struct command *command, struct ranks *ranks, size_t threads,
                     size_t seconds);

/* Where there are several ranks: finds out whether all have a GPU. `may` says whether the user lets
 * this one look for it. All ranks call it. Returns 0 or the exit status. */
int recur_ranks_find_gpus(const struct command *command, struct ranks *ranks, bool may);

/* Leaves them, with the exit status that the command is to have. A failure of one rank ends all;
 * one that only this rank has is said, whichever rank it is. Returns the status. */
int recur_ranks_leave(const struct command *command, struct ranks *ranks, int status);

#endif
