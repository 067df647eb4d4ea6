/* Tasks: work that is done by panels of the parameters and not by rows of the batch. The threads of
 * a team take them one after the other. */
#ifndef RECUR_BACKEND_CPU_TASKS_H
#define RECUR_BACKEND_CPU_TASKS_H

#include "backend/cpu/pass.h"

#define RECUR_ALL_PARTS SIZE_MAX

enum recur_panels_kind {
    RECUR_PANELS_GATES,
    RECUR_PANELS_HEAD,
    RECUR_PANELS_EMBEDDING,
    RECUR_PANELS_NONE /* no task is left */
};

struct recur_panel_task {
    enum recur_panels_kind kind;
    size_t l, d, panel;
    size_t panels; /* from `panel` on */
};

/* Takes the next task of the first `parts` parts, which are the head, each layer from the top one
 * down, and the embedding: fewer than all only where the pass has parcels. A task has `together`
 * panels of gates, or fewer; all threads say the same. */
struct recur_panel_task recur_tasks_next(struct recur_pass *pass, size_t together, size_t parts);

#endif
