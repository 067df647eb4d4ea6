/* What computes: a backend. nn's models know theirs; today there is one, the CPU's (backend/cpu/).
 *
 * This header stands to the left of all that uses it and of all that implements it. */
#ifndef RECUR_BACKEND_BACKEND_H
#define RECUR_BACKEND_BACKEND_H

#include "base/error.h"

struct recur_kernels;

struct recur_backend {
    const char *name;
    /* Which of its instruction sets a model's numbers are made with. Errors: ARGUMENT where the
     * environment asks for one that is not there. */
    enum recur_status (*choose_kernels)(const struct recur_kernels **kernels, recur_error *error);
    /* Before a model's first product of bf16: the system may have to permit what `kernels` need,
     * else others take their place. */
    void (*permit_bf16)(const struct recur_kernels **kernels);
};

/* The one that computes with a new model. */
const struct recur_backend *recur_backend_default(void);

#endif
