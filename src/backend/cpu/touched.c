#include "backend/cpu/touched.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The tables that ids of the vocabulary are looked up in. */
static void list_tables(struct recur_touched *touched, const struct recur_network *network)
{
    if (network->lookup != RECUR_NO_TENSOR)
        touched->table[touched->tables++] = recur_network_param(network, network->lookup);
    else if (!network->inputs && !network->layer[0].dense)
        for (size_t d = 0; d < network->directions; d++)
            touched->table[touched->tables++] =
                recur_network_param(network, network->layer[0].direction[d].weight_ih);
}

enum recur_status recur_touched_init(struct recur_touched *touched,
                                     const struct recur_network *network, size_t most,
                                     recur_error *error)
{
    *touched = (struct recur_touched){.most = most};
    list_tables(touched, network);
    size_t vocabulary = touched->tables ? touched->table[0]->segment : 0;
    if (vocabulary <= most) {
        *touched = (struct recur_touched){0};
        return RECUR_OK;
    }
    RECUR_TRY(recur_alloc(most, sizeof *touched->row, "a minibatch", &touched->row, error));
    RECUR_TRY(recur_alloc(most, sizeof *touched->stale, "a minibatch", &touched->stale, error));
    return recur_alloc(vocabulary, sizeof *touched->place, "a minibatch", &touched->place, error);
}

void recur_touched_free(struct recur_touched *touched)
{
    free(touched->row);
    free(touched->stale);
    free(touched->place);
    *touched = (struct recur_touched){0};
}

void recur_touched_begin(struct recur_touched *touched)
{
    int32_t *row = touched->stale;
    touched->stale = touched->row;
    touched->stale_rows = touched->rows;
    touched->row = row;
    touched->rows = 0;
}

void recur_touched_clear(const struct recur_touched *touched, real *panel, size_t depth)
{
    if (!touched || !touched->tables)
        memset(panel, 0, depth * RECUR_LANES * sizeof *panel);
    else
        for (size_t i = 0; i < touched->stale_rows; i++)
            memset(panel + (size_t)touched->stale[i] * RECUR_LANES, 0, RECUR_LANES * sizeof *panel);
}
