#include "backend/cpu/tasks.h"

/* The tasks in their order: the panels of all layers' gates, then of the head, then of the
 * embedding. Where sums over ranks begin meanwhile, the head comes first: the tasks of one panel
 * are else the ones by which threads end together. */
static struct recur_panel_task task_at(const struct recur_pass *pass, size_t together, size_t parts,
                                       size_t index)
{
    const struct recur_network *network = pass->network;
    bool head_first = pass->parcels;
    size_t head = recur_panels(recur_pass_columns(pass));
    if (head_first && index < head)
        return (struct recur_panel_task){.kind = RECUR_PANELS_HEAD, .panel = index, .panels = 1};
    index -= head_first ? head : 0;
    for (size_t l = network->layers; l-- > 0 && parts > network->layers - l;)
        for (size_t d = 0; d < network->directions; d++) {
            size_t panels = network->layer[l].units * network->cell->gates;
            size_t first = index * together, tasks = (panels + together - 1) / together;
            if (index < tasks)
                return (struct recur_panel_task){RECUR_PANELS_GATES, l, d, first,
                                                 panels - first < together ? panels - first
                                                                           : together};
            index -= tasks;
        }
    if (!head_first && index < head)
        return (struct recur_panel_task){.kind = RECUR_PANELS_HEAD, .panel = index, .panels = 1};
    index -= head_first ? 0 : head;
    if (parts == RECUR_ALL_PARTS && index < recur_panels(network->embedding))
        return (struct recur_panel_task){
            .kind = RECUR_PANELS_EMBEDDING, .panel = index, .panels = 1};
    return (struct recur_panel_task){.kind = RECUR_PANELS_NONE};
}

/* The number goes up only where there is a task, so that the next parts begin where these end. */
struct recur_panel_task recur_tasks_next(struct recur_pass *pass, size_t together, size_t parts)
{
    size_t index = atomic_load_explicit(&pass->next_task, memory_order_relaxed);
    struct recur_panel_task task;
    do
        task = task_at(pass, together, parts, index);
    while (task.kind != RECUR_PANELS_NONE &&
           !atomic_compare_exchange_weak_explicit(&pass->next_task, &index, index + 1,
                                                  memory_order_relaxed, memory_order_relaxed));
    return task;
}
