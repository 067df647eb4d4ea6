#include "backend/cpu/parcels.h"

#include <stdlib.h>

#include "backend/cpu/pass.h"
#include "base/memory.h"
#include "nn/model_object.h"

/* Panels of one kind that follow each other. */
struct run {
    size_t tensor[4]; /* to each of these a panel belongs */
    size_t tensors;
    size_t panels;
    size_t together; /* so many belong to one parcel */
};

static size_t gates_of(const struct recur_network *network, size_t l)
{
    return network->layer[l].units * network->cell->gates;
}

static struct run gates(const struct recur_network *network, size_t l, size_t d)
{
    const struct recur_direction *tensors = &network->layer[l].direction[d];
    struct run run = {{tensors->weight_ih, tensors->weight_hh, tensors->bias_ih},
                      3,
                      gates_of(network, l),
                      RECUR_GATES_TOGETHER};
    if (tensors->bias_hh != RECUR_NO_TENSOR)
        run.tensor[run.tensors++] = tensors->bias_hh;
    return run;
}

/* Run number `index` of the panels; one without panels is the last. */
static struct run run_at(const struct recur_network *network, size_t index)
{
    size_t head = network->outputs > 0, layers = network->layers * network->directions;
    if (index < head)
        return (struct run){
            {network->head_weight, network->head_bias}, 2, recur_panels(network->outputs), 1};
    index -= head;
    if (index < layers)
        return gates(network, network->layers - 1 - index / network->directions,
                     index % network->directions);
    if (index == layers && network->embedding)
        return (struct run){{network->embedding_weight}, 1, recur_panels(network->embedding), 1};
    return (struct run){.panels = 0};
}

size_t recur_parcels_gate(const struct recur_network *network, size_t l, size_t d, size_t panel)
{
    size_t number = recur_panels(network->outputs) + d * gates_of(network, l) + panel;
    for (size_t above = network->layers; --above > l;)
        number += gates_of(network, above) * network->directions;
    return number;
}

size_t recur_parcels_embedding(const struct recur_network *network, size_t panel)
{
    size_t number = recur_panels(network->outputs) + panel;
    for (size_t l = 0; l < network->layers; l++)
        number += gates_of(network, l) * network->directions;
    return number;
}

/* What is planned, chunk by chunk of `dense`. */
struct planning {
    struct recur_parcels *parcels;
    const struct recur_chunk *dense;
    size_t count;
    size_t numbers; /* of the parcel under way */
    size_t panels;  /* so many are in parcels or in the one under way */
};

/* The first chunk of `dense` that ends behind `place`. */
static size_t find(const struct planning *planning, size_t place)
{
    size_t low = 0, high = planning->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct recur_chunk *chunk = &planning->dense[middle];
        if (chunk->first + chunk->count > place)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Adds what counts of [first, end) to the parcel under way. */
static void add_range(struct planning *planning, size_t first, size_t end)
{
    struct recur_parcels *parcels = planning->parcels;
    size_t *chunks = &parcels->first[parcels->count + 1];
    for (size_t i = find(planning, first); i < planning->count; i++) {
        const struct recur_chunk *dense = &planning->dense[i];
        size_t from = dense->first > first ? dense->first : first, to = dense->first + dense->count;
        to = to < end ? to : end;
        if (from >= to)
            break;
        struct recur_chunk *last = &parcels->chunk[*chunks - (*chunks > 0)];
        if (*chunks > parcels->first[parcels->count] && last->first + last->count == from)
            last->count += to - from;
        else
            parcels->chunk[(*chunks)++] = (struct recur_chunk){from, to - from};
        planning->numbers += to - from;
    }
}

static void close_parcel(struct planning *planning)
{
    struct recur_parcels *parcels = planning->parcels;
    parcels->end[parcels->count++] = planning->panels;
    parcels->first[parcels->count + 1] = parcels->first[parcels->count];
    planning->numbers = 0;
}

static void add_run(struct planning *planning, const struct run *run, size_t least)
{
    const struct recur_network *network = planning->parcels->network;
    for (size_t panel = 0, end; panel < run->panels; panel = end) {
        end = panel + run->together < run->panels ? panel + run->together : run->panels;
        for (size_t i = 0; i < run->tensors; i++) {
            const struct recur_param *param = recur_network_param(network, run->tensor[i]);
            add_range(planning, recur_param_panel(param, panel), recur_param_panel(param, end));
        }
        planning->panels += end - panel;
        if (planning->numbers >= least)
            close_parcel(planning);
    }
}

static int compare(const void *a, const void *b)
{
    size_t one = ((const struct recur_chunk *)a)->first;
    size_t two = ((const struct recur_chunk *)b)->first;
    return (one > two) - (one < two);
}

/* Lists what of `dense` is in no parcel. */
static enum recur_status list_rest(struct planning *planning, recur_error *error)
{
    struct recur_parcels *parcels = planning->parcels;
    size_t chunks = parcels->first[parcels->count], next = 0;
    struct recur_chunk *sorted;
    RECUR_TRY(recur_alloc(chunks + planning->count + 1, sizeof *sorted, "the sum over ranks",
                          &parcels->rest, error));
    RECUR_TRY(recur_alloc(chunks + 1, sizeof *sorted, "the sum over ranks", &sorted, error));
    for (size_t i = 0; i < chunks; i++)
        sorted[i] = parcels->chunk[i];
    qsort(sorted, chunks, sizeof *sorted, compare);
    for (size_t i = 0; i < planning->count; i++) {
        size_t at = planning->dense[i].first, end = at + planning->dense[i].count;
        while (at < end) {
            while (next < chunks && sorted[next].first + sorted[next].count <= at)
                next++;
            size_t to = next < chunks && sorted[next].first < end ? sorted[next].first : end;
            if (to > at)
                parcels->rest[parcels->rests++] = (struct recur_chunk){at, to - at};
            at = next < chunks && sorted[next].first < end ? sorted[next].first + sorted[next].count
                                                           : end;
        }
    }
    free(sorted);
    return RECUR_OK;
}

enum recur_status recur_parcels_plan(struct recur_parcels *parcels,
                                     const struct recur_learner_plan *plan,
                                     const struct recur_summands *summands,
                                     const struct recur_chunk *dense, size_t count,
                                     recur_error *error)
{
    const char *what = "the sum over ranks";
    const struct recur_network *network = &plan->model->network;
    *parcels = (struct recur_parcels){
        .network = network, .calls = *plan->parcels, .ranks = plan->ranks, .all = summands};
    struct planning planning = {.parcels = parcels, .dense = dense, .count = count};
    size_t most = parcels->calls.most, chunks = count, numbers = 0;
    for (size_t i = 0; i < count; i++)
        numbers += dense[i].count;
    size_t least = numbers / most + 1;
    least = least > parcels->calls.numbers ? least : parcels->calls.numbers;
    struct run run;
    for (size_t i = 0; (run = run_at(network, i)).panels; i++)
        chunks += 2 * run.panels * run.tensors;
    RECUR_TRY(recur_alloc(most + 1, sizeof *parcels->end, what, &parcels->end, error));
    RECUR_TRY(recur_alloc(most + 2, sizeof *parcels->first, what, &parcels->first, error));
    RECUR_TRY(recur_alloc(most + 1, sizeof *parcels->left, what, &parcels->left, error));
    RECUR_TRY(recur_alloc(chunks, sizeof *parcels->chunk, what, &parcels->chunk, error));
    for (size_t i = 0; (run = run_at(network, i)).panels; i++)
        add_run(&planning, &run, least);
    if (planning.numbers)
        close_parcel(&planning);
    return list_rest(&planning, error);
}

void recur_parcels_free(struct recur_parcels *parcels)
{
    free(parcels->end);
    free(parcels->first);
    free(parcels->chunk);
    free(parcels->left);
    free(parcels->rest);
    *parcels = (struct recur_parcels){0};
}

void recur_parcels_start(struct recur_parcels *parcels)
{
    for (size_t i = 0; i < parcels->count; i++)
        atomic_store_explicit(&parcels->left[i], parcels->end[i] - (i ? parcels->end[i - 1] : 0),
                              memory_order_relaxed);
}

void recur_parcels_count(struct recur_parcels *parcels, size_t panel, size_t panels)
{
    size_t i = 0;
    while (i < parcels->count && parcels->end[i] <= panel)
        i++;
    if (i < parcels->count)
        atomic_fetch_sub_explicit(&parcels->left[i], panels, memory_order_release);
}

static void begin(struct recur_parcels *parcels)
{
    size_t i = parcels->begun++;
    struct recur_summands summands = *parcels->all;
    summands.chunk = parcels->chunk + parcels->first[i];
    summands.chunks = parcels->first[i + 1] - parcels->first[i];
    parcels->status = parcels->calls.begin(parcels->ranks, &summands, &parcels->error);
}

void recur_parcels_move(struct recur_parcels *parcels, bool all)
{
    while (parcels->status == RECUR_OK && parcels->begun < parcels->count &&
           (all || !atomic_load_explicit(&parcels->left[parcels->begun], memory_order_acquire)))
        begin(parcels);
    if (parcels->status == RECUR_OK && parcels->begun && !all)
        parcels->status = parcels->calls.progress(parcels->ranks, &parcels->error);
}
