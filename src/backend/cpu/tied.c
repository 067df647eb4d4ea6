#include "backend/cpu/tied.h"

#include <string.h>

enum { BLOCK = RECUR_LANES * RECUR_LANES };

struct recur_tied recur_tied_of(const struct recur_network *network)
{
    if (!network->tied)
        return (struct recur_tied){NULL, NULL};
    return (struct recur_tied){recur_network_param(network, network->embedding_weight),
                               recur_network_param(network, network->head_weight)};
}

/* Tokens 32 v .. and columns 32 p .. are a block (32, 32) of either tensor: in the table a row for
 * each token, in the head one for each column. */
static real *table_block(const struct recur_tied *tied, real *numbers, size_t v, size_t p)
{
    return numbers + recur_param_panel(tied->table, p) + v * BLOCK;
}

static real *head_block(const struct recur_tied *tied, real *numbers, size_t v, size_t p)
{
    return numbers + recur_param_panel(tied->head, v) + p * BLOCK;
}

/* Row v of panel p of the table; the same numbers in the head, one below the other. */
static real *table_row(const struct recur_tied *tied, real *numbers, size_t v, size_t p)
{
    return table_block(tied, numbers, v / RECUR_LANES, p) + v % RECUR_LANES * RECUR_LANES;
}

static real *head_column(const struct recur_tied *tied, real *numbers, size_t v, size_t p)
{
    return head_block(tied, numbers, v / RECUR_LANES, p) + v % RECUR_LANES;
}

void recur_tied_add(const struct recur_tied *tied, const struct recur_kernels *kernels,
                    real *gradients, size_t thread, size_t threads)
{
    _Alignas(64) real turned[BLOCK];
    size_t panels = tied->head->panels;
    for (size_t v = panels * thread / threads; v < panels * (thread + 1) / threads; v++)
        for (size_t p = 0; p < tied->table->panels; p++) {
            real *to = table_block(tied, gradients, v, p),
                 *from = head_block(tied, gradients, v, p);
            kernels->transpose(turned, from);
            kernels->add(to, to, turned, BLOCK);
            memset(from, 0, BLOCK * sizeof *from);
        }
}

void recur_tied_copy(const struct recur_tied *tied, const struct recur_kernels *kernels,
                     real *numbers, size_t thread, size_t threads)
{
    size_t panels = tied->head->panels;
    for (size_t v = panels * thread / threads; v < panels * (thread + 1) / threads; v++)
        for (size_t p = 0; p < tied->table->panels; p++)
            kernels->transpose(head_block(tied, numbers, v, p), table_block(tied, numbers, v, p));
}

void recur_tied_add_columns(const struct recur_tied *tied,
                            const struct recur_candidates *candidates, real *gradients,
                            size_t thread, size_t threads)
{
    size_t count = candidates->count;
    for (size_t i = count * thread / threads; i < count * (thread + 1) / threads; i++)
        for (size_t p = 0; p < tied->table->panels; p++) {
            real *to = table_row(tied, gradients, (size_t)candidates->id[i], p);
            const real *from = head_column(tied, gradients, i, p);
            for (size_t e = 0; e < RECUR_LANES; e++)
                to[e] += from[e * RECUR_LANES];
        }
}

void recur_tied_copy_rows(const struct recur_tied *tied, const struct recur_sparse_rows *sparse,
                          real *numbers, size_t thread, size_t threads)
{
    size_t rows = sparse->rows;
    for (size_t i = rows * thread / threads; i < rows * (thread + 1) / threads; i++)
        for (size_t p = 0; p < tied->table->panels; p++) {
            const real *from = table_row(tied, numbers, (size_t)sparse->row[i], p);
            real *to = head_column(tied, numbers, (size_t)sparse->row[i], p);
            for (size_t e = 0; e < RECUR_LANES; e++)
                to[e * RECUR_LANES] = from[e];
        }
}
