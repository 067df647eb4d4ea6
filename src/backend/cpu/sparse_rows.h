/* Which rows of the look-up tables a minibatch reads: embeddings, or W_ih^T of a first layer that
 * reads one-hot vectors. The gradient of every other row is zero. So the cost of clearing
 * gradients, of the global norm and of a plain step grows with the tokens of a minibatch and not
 * with the vocabulary. */
#ifndef RECUR_BACKEND_CPU_SPARSE_ROWS_H
#define RECUR_BACKEND_CPU_SPARSE_ROWS_H

#include "nn/network.h"

struct recur_sparse_rows {
    const struct recur_param *table[RECUR_DIRECTIONS_MAX]; /* the same ids read all of them */
    size_t tables;        /* 0: a minibatch may read every row, and rows are not listed */
    int32_t *row, *stale; /* each row once: of this minibatch; of the one before */
    size_t rows, stale_rows;
    uint32_t *place; /* (V): the place of an id in `row`, if it is there */
    size_t most;     /* room in `row` */
    bool several;    /* several passes of a minibatch, or of the minibatches of an update, which is
                        here one minibatch, leave gradients in the same place */
};

/* For minibatches of at most `most` tokens, whose softmax is over at most `candidates` tokens; 0:
 * over all. `network` must outlive it. Errors: MEMORY. recur_sparse_rows_free releases it, also
 * after an error. */
enum recur_status recur_sparse_rows_init(struct recur_sparse_rows *sparse,
                                         const struct recur_network *network, size_t most,
                                         size_t candidates, recur_error *error);
void recur_sparse_rows_free(struct recur_sparse_rows *sparse);

/* recur_sparse_rows_begin begins the next minibatch; recur_sparse_rows_add adds one of its
 * tokens. */
void recur_sparse_rows_begin(struct recur_sparse_rows *sparse);
static inline void recur_sparse_rows_add(struct recur_sparse_rows *sparse, int32_t id)
{
    size_t place;
    if (!sparse->tables)
        return;
    place = sparse->place[id];
    if (place < sparse->rows && sparse->row[place] == id)
        return;
    sparse->place[id] = (uint32_t)sparse->rows;
    sparse->row[sparse->rows++] = id;
}

/* Where the 32 numbers of panel `panel` of row `row` of a table begin in the flat array. */
static inline size_t recur_sparse_rows_place(const struct recur_sparse_rows *sparse, size_t table,
                                             size_t panel, int32_t row)
{
    return recur_param_panel(sparse->table[table], panel) + (size_t)row * RECUR_LANES;
}

/* Sets to zero a panel of a table's gradient: all its `depth` rows where `sparse` is NULL or has no
 * tables, else only the rows of the minibatch before, because only those are not zero; and those of
 * this one where several passes leave gradients there. */
void recur_sparse_rows_clear(const struct recur_sparse_rows *sparse, real *panel, size_t depth);

/* Sets the rows of this minibatch to zero, where rows are listed. */
void recur_sparse_rows_clear_own(const struct recur_sparse_rows *sparse, real *panel);

#endif
