/* Rows of a table in its panels: what backends do the same way on the host. */
#ifndef RECUR_NN_LOOKUP_H
#define RECUR_NN_LOOKUP_H

#include "backend/backend.h"
#include "nn/params.h"

/* `look_up` of the contract (backend/backend.h), out of the parameters of the engine's model. */
void recur_look_up(const struct recur_engine *engine, const struct recur_lookup *lookup);

/* Adds rows to those of the tokens in a table of gradients; `flat` has the layout of the
 * parameters. */
void recur_add_rows(const struct recur_param *param, const struct recur_lookup *lookup, real *flat);

#endif
