/* Which rows of the look-up tables a minibatch reads: embeddings, or W_ih^T of a first layer that
 * reads one-hot vectors. The gradient of every other row is zero, so that setting it, the global
 * norm and a plain step cost as much as the tokens of a minibatch, not as the vocabulary. */
#ifndef RECUR_BACKEND_CPU_SPARSE_ROWS_H
#define RECUR_BACKEND_CPU_SPARSE_ROWS_H

#include "nn/network.h"

struct recur_sparse_rows {
    const struct recur_param *table[RECUR_DIRECTIONS_MAX]; /* all are read by the same ids */
    size_t tables;        /* 0: a minibatch may read every row, and nothing is written down */
    int32_t *row, *stale; /* each once: of this minibatch; of the one before */
    size_t rows, stale_rows;
    uint32_t *place; /* (V): where in `row` an id stands, if it does */
    size_t most;     /* room in `row` */
};

/* For minibatches of at most `most` tokens. Errors: MEMORY. Released by recur_sparse_rows_free in
 * every case; `network` is to outlive it. */
enum recur_status recur_sparse_rows_init(struct recur_sparse_rows *sparse,
                                         const struct recur_network *network, size_t most,
                                         recur_error *error);
void recur_sparse_rows_free(struct recur_sparse_rows *sparse);

/* Begins the next minibatch; adds one of its tokens. */
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

/* Sets a panel of a table's gradient to zero: `sparse` NULL or without tables the whole of it,
 * `depth` rows, else the rows of the minibatch before, which alone are not zero. */
void recur_sparse_rows_clear(const struct recur_sparse_rows *sparse, real *panel, size_t depth);

#endif
