#include "backend/cpu/sparse_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Lists the tables in which ids of the vocabulary are looked up. */
static void list_tables(struct recur_sparse_rows *sparse, const struct recur_network *network,
                        size_t candidates)
{
    if (network->tied && !candidates)
        return; /* the head gives every row a gradient */
    if (network->lookup != RECUR_NO_TENSOR)
        sparse->table[sparse->tables++] = recur_network_param(network, network->lookup);
    else if (!network->inputs && !network->layer[0].dense)
        for (size_t d = 0; d < network->directions; d++)
            sparse->table[sparse->tables++] =
                recur_network_param(network, network->layer[0].direction[d].weight_ih);
}

enum recur_status recur_sparse_rows_init(struct recur_sparse_rows *sparse,
                                         const struct recur_network *network, size_t most,
                                         size_t candidates, recur_error *error)
{
    *sparse = (struct recur_sparse_rows){.most = most};
    list_tables(sparse, network, candidates);
    size_t vocabulary = sparse->tables ? sparse->table[0]->segment : 0;
    if (network->tied && candidates) {
        most = recur_size_add(most, candidates);
        sparse->most = most = most < vocabulary ? most : vocabulary;
    } else if (vocabulary <= most) {
        *sparse = (struct recur_sparse_rows){0};
        return RECUR_OK;
    }
    RECUR_TRY(recur_alloc(most, sizeof *sparse->row, "a minibatch", &sparse->row, error));
    RECUR_TRY(recur_alloc(most, sizeof *sparse->stale, "a minibatch", &sparse->stale, error));
    return recur_alloc(vocabulary, sizeof *sparse->place, "a minibatch", &sparse->place, error);
}

void recur_sparse_rows_free(struct recur_sparse_rows *sparse)
{
    free(sparse->row);
    free(sparse->stale);
    free(sparse->place);
    *sparse = (struct recur_sparse_rows){0};
}

void recur_sparse_rows_begin(struct recur_sparse_rows *sparse)
{
    int32_t *row = sparse->stale;
    sparse->stale = sparse->row;
    sparse->stale_rows = sparse->rows;
    sparse->row = row;
    sparse->rows = 0;
}

static void clear(real *panel, const int32_t *row, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        memset(panel + (size_t)row[i] * RECUR_LANES, 0, RECUR_LANES * sizeof *panel);
}

void recur_sparse_rows_clear_own(const struct recur_sparse_rows *sparse, real *panel)
{
    if (sparse)
        clear(panel, sparse->row, sparse->rows);
}

void recur_sparse_rows_clear(const struct recur_sparse_rows *sparse, real *panel, size_t depth)
{
    if (!sparse || !sparse->tables)
        memset(panel, 0, depth * RECUR_LANES * sizeof *panel);
    else
        clear(panel, sparse->stale, sparse->stale_rows);
    if (sparse && sparse->tables && sparse->several)
        clear(panel, sparse->row, sparse->rows);
}
