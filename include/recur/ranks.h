/* recur/ranks.h - a communicator: processes, the ranks, that train one model together.
 *
 *     recur_ranks ranks = {.size = sizeof ranks,
 *                          .rank = mail->rank,
 *                          .count = mail->ranks,
 *                          .user = mail,
 *                          .send = send_bytes,
 *                          .receive = receive_bytes,
 *                          .wait = wait_for_all,
 *                          .progress = progress};
 *     config.ranks = &ranks;
 *     enum recur_status status = recur_trainer_create(model, corpus, &config, &trainer, error);
 *
 * Every rank makes the same model and trainer of the same data and calls the same functions of the
 * trainer in the same order. Each rank learns from some sequences of every minibatch; then the
 * ranks add their gradients, and all of them update their parameters alike. The sum is made block
 * by block of the minibatch (recur_trainer_config.blocks), in an order that the number of ranks
 * does not change: the parameters have the same bits on 1, 2, 3 or more ranks.
 *
 * A program brings three functions that move bytes, or recur_ranks_open makes a communicator of
 * MPI. The library itself links no MPI. With a fourth one, `progress`, gradients travel while
 * back-propagation goes on. All ranks have the same functions.
 *
 * Making a trainer needs messages too: all ranks compute on GPUs of one compute capability, or all
 * on the CPU.
 *
 * Threads: the thread that calls the trainer calls these functions, one at a time. */
#ifndef RECUR_RANKS_H
#define RECUR_RANKS_H

#include "recur/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A communicator. The functions are called back as recur/status.h says. A trainer calls them while
 * it lives. Where one of them fails, or `wait` returns RECUR_STOP, the trainer can only be freed.
 * Before it frees what is to be sent and received it has called `wait` once more, with 0 seconds,
 * unless it was `wait` that failed: from then on nothing may be read or written any more. */
typedef struct recur_ranks {
    size_t size;        /* sizeof(recur_ranks); what lies behind it is NULL, or 0 */
    size_t rank, count; /* this process, from 0; how many there are, at least 1 */
    void *user;         /* what the functions get */

    /* Begins to send `bytes` bytes to rank `to`, never this one. They stay as they are until `wait`
     * returns. Between two ranks messages arrive in the order in which they were sent. */
    enum recur_status (*send)(void *user, size_t to, const void *data, size_t bytes,
                              recur_error *error);
    /* Begins to receive `bytes` bytes from rank `from`. */
    enum recur_status (*receive)(void *user, size_t from, void *data, size_t bytes,
                                 recur_error *error);
    /* Waits until all is sent and received that was begun. RECUR_STOP: that took longer than
     * `seconds`, and *late is a rank from which something is missing. Any other status is a failure
     * whose sentence names the rank, as "rank 2 has closed its connection". */
    enum recur_status (*wait)(void *user, double seconds, size_t *late, recur_error *error);

    /* Optional, NULL: messages move only in `wait`. Moves what can be moved without waiting, and
     * tells how many of the messages that were begun since the last `wait`, the first ones in the
     * order in which they were begun, are through: sent or received. A trainer calls it many times
     * for each minibatch. */
    enum recur_status (*progress)(void *user, size_t *through, recur_error *error);
    /* Optional, for recur_trainer_config.reduce: begins to replace `count` numbers of all ranks by
     * their sum, in any order, of which all ranks get the same bits; all ranks begin the same sums
     * in the same order. `wait` and `progress` count it as one message; where only sums are
     * missing, *late of `wait` is this rank. */
    enum recur_status (*sum)(void *user, float *numbers, size_t count, recur_error *error);

    size_t here; /* this process's number among the ranks of its machine, from 0; it is that of the
                    GPU on which a trainer computes, counted round where there are fewer */
} recur_ranks;

/* Makes a communicator of MPI. `mpi` names the plug-in: "openmpi", "mpich", or a path; NULL: the
 * one whose launcher has started this process (recur_ranks_launcher). `communicator` points to the
 * caller's MPI_Comm, which is duplicated; NULL: MPI_COMM_WORLD, and MPI is initialised where the
 * caller has not done so. *ranks belongs to the caller: recur_ranks_close. Errors: UNSUPPORTED
 * where there is no such plug-in or MPI: the sentence says where it was looked for. MEMORY. */
RECUR_API enum recur_status recur_ranks_open(const char *mpi, const void *communicator,
                                             recur_ranks **ranks, recur_error *error);

/* Ends the communicator of recur_ranks_open. `failed` true: ends the processes of all ranks too,
 * this one included, as MPI_Abort does. NULL is fine.
 *
 * A program that goes on with its MPI after a failure says false. Then nothing is received any
 * more: what was begun has been cancelled as the function failed. But the libraries of MPI cannot
 * cancel what is being sent or summed, nor what has begun to arrive, for which a failed function
 * waits a second: they may still read it, or write the sum, if the late rank comes back. So
 * programs with long messages, on ranks that may come back, end all. */
RECUR_API void recur_ranks_close(recur_ranks *ranks, int failed);

/* The plug-in for the launcher that has started this process, "openmpi" or "mpich", as the
 * environment says; static storage. NULL: no launcher of MPI has started it. */
RECUR_API const char *recur_ranks_launcher(void);

#ifdef __cplusplus
}
#endif

#endif
