/* The parcels of a model's gradients, whose sums over ranks begin while back-propagation goes on
 * (struct recur_parcel_calls). A parcel is some panels in the order in which tasks compute them:
 * the head's, then those of the layers from the last one down, then those of the embedding. */
#ifndef RECUR_BACKEND_CPU_PARCELS_H
#define RECUR_BACKEND_CPU_PARCELS_H

#include <stdatomic.h>

#include "backend/backend.h"
#include "backend/cpu/sparse_rows.h"

struct recur_parcels {
    const struct recur_network *network;
    struct recur_parcel_calls calls;
    void *ranks;                      /* for the calls */
    const struct recur_summands *all; /* blocks and gradients */

    size_t count;              /* 0: there are none */
    size_t *end;               /* (count): of its panels, as they are numbered */
    size_t *first;             /* (count + 1): its chunks */
    struct recur_chunk *chunk; /* of all parcels */
    atomic_size_t *left;       /* (count): panels that are not computed yet */

    struct recur_chunk *rest; /* what counts outside tables and is in no parcel */
    size_t rests;

    size_t begun; /* by thread 0; 0 between minibatches */
    enum recur_status status;
    recur_error error;
};

/* Plans parcels of what `dense` lists, in the order of its places. `network` and `summands` must
 * outlive them. Errors: MEMORY. recur_parcels_free releases them, also after an error. */
enum recur_status recur_parcels_plan(struct recur_parcels *parcels,
                                     const struct recur_learner_plan *plan,
                                     const struct recur_summands *summands,
                                     const struct recur_chunk *dense, size_t count,
                                     recur_error *error);
void recur_parcels_free(struct recur_parcels *parcels);

/* Before a minibatch: no panel is computed. */
void recur_parcels_start(struct recur_parcels *parcels);

/* The number of a panel: of the head; of the embedding; of the gates of layer l in direction d. */
size_t recur_parcels_gate(const struct recur_network *network, size_t l, size_t d, size_t panel);
size_t recur_parcels_embedding(const struct recur_network *network, size_t panel);

/* Any thread has computed panels [panel, panel + panels), which are of one parcel. */
void recur_parcels_count(struct recur_parcels *parcels, size_t panel, size_t panels);

/* Thread 0, now and then: begins the sums of parcels that are complete, and moves messages. `all`:
 * every parcel is complete. A failure is kept. */
void recur_parcels_move(struct recur_parcels *parcels, bool all);

#endif
