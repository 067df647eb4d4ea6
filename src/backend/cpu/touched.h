/* Which rows of the look-up tables a minibatch reads: embeddings, or W_ih^T of a first layer that
 * reads one-hot vectors. The gradient of every other row is zero, so that setting it, the global
 * norm and a plain step cost as much as the tokens of a minibatch, not as the vocabulary. */
#ifndef RECUR_BACKEND_CPU_TOUCHED_H
#define RECUR_BACKEND_CPU_TOUCHED_H

#include "nn/network.h"

struct recur_touched {
    const struct recur_param *table[RECUR_DIRECTIONS_MAX]; /* all are read by the same ids */
    size_t tables;        /* 0: a minibatch may read every row, and nothing is written down */
    int32_t *row, *stale; /* each once: of this minibatch; of the one before */
    size_t rows, stale_rows;
    uint32_t *place; /* (V): where in `row` an id stands, if it does */
    size_t most;     /* room in `row` */
};

/* For minibatches of at most `most` tokens. Errors: MEMORY. Released by recur_touched_free in every
 * case; `network` is to outlive it. */
enum recur_status recur_touched_init(struct recur_touched *touched,
                                     const struct recur_network *network, size_t most,
                                     recur_error *error);
void recur_touched_free(struct recur_touched *touched);

/* Begins the next minibatch; adds one of its tokens. */
void recur_touched_begin(struct recur_touched *touched);
static inline void recur_touched_add(struct recur_touched *touched, int32_t id)
{
    size_t place;
    if (!touched->tables)
        return;
    place = touched->place[id];
    if (place < touched->rows && touched->row[place] == id)
        return;
    touched->place[id] = (uint32_t)touched->rows;
    touched->row[touched->rows++] = id;
}

/* Where the 32 numbers of panel `panel` of row `row` of a table begin in the flat array. */
static inline size_t recur_touched_place(const struct recur_touched *touched, size_t table,
                                         size_t panel, int32_t row)
{
    return recur_param_panel(touched->table[table], panel) + (size_t)row * RECUR_LANES;
}

/* Sets a panel of a table's gradient to zero: `touched` NULL or without tables the whole of it,
 * `depth` rows, else the rows of the minibatch before, which alone are not zero. */
void recur_touched_clear(const struct recur_touched *touched, real *panel, size_t depth);

#endif
