/* What ranks say to each other: sums of gradients, and numbers that all of them get to know. All
 * ranks call each function in the same order. */
#ifndef RECUR_RANKS_COLLECTIVE_H
#define RECUR_RANKS_COLLECTIVE_H

#include "backend/backend.h"
#include "recur/ranks.h"

/* The most parcels of a sum. */
#define RECUR_PARCELS_MAX 32

/* What ranks tell each other beside the sums. */
struct recur_rank_head {
    uint64_t sums, numbers, asks;
    double loss[RECUR_BLOCK_SUMS_MAX];
};

/* Some chunks of the gradients, whose sum is made by itself. */
struct recur_parcel {
    struct recur_summands of;
    size_t numbers; /* of all chunks together */
    /* Where this rank's sums are that travel: where they were computed, or copied one chunk behind
     * the other. A number has `unit` bytes. */
    unsigned char *out[RECUR_BLOCK_SUMS_MAX];
    bool copied;
    const struct recur_chunk *chunk; /* of `out` */
    struct recur_chunk whole;        /* where it is copied, the only one */
    unsigned char *in;               /* the other ranks' sums of this rank's slice */
    size_t messages;                 /* that were begun with those of its sums */
    bool last;                       /* the heads travel before it */
};

struct recur_collective {
    const recur_ranks *ranks; /* the next one */
    recur_ranks functions;    /* the caller's; those that it lacks are NULL */
    double patience;          /* seconds that a rank waits for another before it gives up, */
    double heard;             /* or as many as it has itself been busy since it heard of them */
    size_t blocks;            /* of a minibatch, on all ranks together */
    bool asks, asked;         /* this rank asks all to stop; one did before the last sum */
    uint64_t sums; /* how many were made; ranks tell each other, so that none is left behind */
    size_t unit;   /* bytes of a number on its way: of float, or of bf16 */
    bool fast;     /* the communicator sums, in an order of its own */
    bool failed;   /* a message or a sum has failed: nothing more can be told */

    size_t messages; /* that were begun since the last wait */
    size_t through;  /* the first ones of these, which are through */

    /* Room for sums. */
    size_t room;                   /* how many numbers there are, at most */
    struct recur_pairwise *own;    /* (count): which sums each rank has */
    struct recur_rank_head *heads; /* (count): of all ranks */
    recur_error *ends;             /* (count): how a part of each rank ended */
    unsigned char *out, *in;       /* copies of sums on their way; sums of others */
    size_t outs, ins;              /* bytes of these in use */

    /* The parcels of this sum, in the order in which all ranks begin them; of these the first ones
     * have sent their sums, and the first ones of those have sent their total. */
    struct recur_parcel parcel[RECUR_PARCELS_MAX];
    size_t begun, scattered, gathered;
    size_t settled; /* these have received all sums, as `wait` says */
};

/* Plans sums of at most `numbers` numbers over minibatches of so many blocks. `ranks` must outlive
 * it. Errors: MEMORY; ARGUMENT where the communicator is impossible or there are fewer blocks than
 * ranks. */
enum recur_status recur_collective_create(const recur_ranks *ranks, size_t blocks, size_t numbers,
                                          double patience, struct recur_collective **collective,
                                          recur_error *error);
void recur_collective_free(struct recur_collective *collective); /* NULL is fine */

/* Whoever is about to free what may still be on its way has the communicator let go of it. NULL is
 * fine. */
void recur_collective_let_go(struct recur_collective *collective);

/* The first block of this rank, and how many it has. */
size_t recur_collective_first(const struct recur_collective *collective);
size_t recur_collective_count(const struct recur_collective *collective);

/* How sums are made: `fast` by the communicator and not in the order of blocks; numbers travel as
 * `precision` says. Errors: UNSUPPORTED where the communicator cannot. */
enum recur_status recur_collective_reduce(struct recur_collective *collective, bool fast,
                                          enum recur_precision precision, recur_error *error);

/* recur_sum_fn, and what begins before it; `collective` is a struct recur_collective. */
enum recur_status recur_collective_sum(void *collective, const struct recur_summands *summands,
                                       recur_error *error);
enum recur_status recur_collective_begin(void *collective, const struct recur_summands *summands,
                                         recur_error *error);
enum recur_status recur_collective_progress(void *collective, recur_error *error);
struct recur_parcel_calls recur_collective_parcels(const struct recur_collective *collective);

/* Begin a message of `bytes` bytes, 0: none; wait for all that were begun. */
enum recur_status recur_collective_send(struct recur_collective *collective, size_t to,
                                        const void *data, size_t bytes, recur_error *error);
enum recur_status recur_collective_receive(struct recur_collective *collective, size_t from,
                                           void *data, size_t bytes, recur_error *error);
enum recur_status recur_collective_wait(struct recur_collective *collective, recur_error *error);

/* Every rank gets what every rank has: `bytes` bytes of each, the own ones too, go to `all`. */
enum recur_status recur_collective_all(struct recur_collective *collective, const void *own,
                                       size_t bytes, void *all, recur_error *error);

/* The same where ranks have different numbers of bytes: those of rank r lie at all + at[r], up to
 * at[r + 1]. This rank's own are there already. */
enum recur_status recur_collective_parts(struct recur_collective *collective, void *all,
                                         const size_t *at, recur_error *error);

/* Ends a part of the work that each rank does by itself: where one has failed all fail. `status` is
 * how this rank's part ended, `own` its sentence. All return the status of the first rank that
 * failed, and its sentence, which names the rank unless all have failed alike. NULL: there is one
 * rank. */
enum recur_status recur_collective_fail_together(struct recur_collective *collective,
                                                 enum recur_status status, const recur_error *own,
                                                 recur_error *error);

#endif
