#include "task/labeller.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "task/labeller_kind.h"

enum recur_status recur_labeller_alloc(size_t count, size_t width, float **floats,
                                       recur_error *error)
{
    /* Room for whole panels, because kernels work on whole panels. */
    size_t numbers = recur_size_add(recur_size_mul(count, width), RECUR_LANES);
    return recur_block_alloc(recur_size_mul(numbers, sizeof **floats), "a minibatch", floats,
                             error);
}

enum recur_status recur_labeller_plan(const struct recur_labeller *l,
                                      const struct recur_network *network,
                                      const struct recur_labeller_room *room, size_t batch,
                                      size_t steps, size_t rows, struct recur_engine **engine,
                                      recur_error *error)
{
    const struct recur_engine_plan plan = {.use = RECUR_ENGINE_SEQUENCES,
                                           .model = l->model,
                                           .network = network,
                                           .team = l->team,
                                           .learner = l->learner,
                                           .precision = room->precision,
                                           .batch = batch,
                                           .steps = steps,
                                           .rows = rows,
                                           .seed = room->seed};
    return l->backend->create_engine(&plan, engine, error);
}

struct recur_minibatch recur_labeller_input(const struct recur_labeller *l, bool drops,
                                            uint64_t minibatch)
{
    return (struct recur_minibatch){.input = {.batch = l->batch,
                                              .steps = l->steps,
                                              .lengths = l->length,
                                              .x = l->x,
                                              .ids = l->kind->words ? NULL : l->ids,
                                              .drops = drops,
                                              .minibatch = minibatch}};
}

size_t recur_labeller_tokens(const recur_model *model)
{
    const size_t most = 16384, least = 64, logits = (size_t)1 << 26;
    if (!model->network.task->each_word)
        return most;
    size_t tokens = logits / model->config.labels;
    return tokens > most ? most : tokens < least ? least : tokens;
}

enum recur_status recur_labeller_init(struct recur_labeller *l, recur_model *model,
                                      const struct recur_label_set *set,
                                      const struct recur_labeller_room *given,
                                      struct recur_team *team, struct recur_learner *learner,
                                      recur_error *error)
{
    struct recur_labeller_room room = *given;
    room.steps = room.steps ? room.steps : 1;
    room.tokens = room.tokens ? room.tokens : 1;
    *l = (struct recur_labeller){.kind = model->network.task->each_word ? &recur_word_labeller
                                                                        : &recur_text_labeller,
                                 .model = model,
                                 .team = team,
                                 .backend = model->place.backend,
                                 .learner = learner};
    size_t cells = room.cells ? room.cells : recur_size_mul(room.batch, room.steps);
    size_t labels = model->config.labels;
    RECUR_TRY(recur_labeller_plan(l, &model->network, &room, room.batch, room.steps, room.tokens,
                                  &l->layers, error));
    RECUR_TRY(recur_alloc(room.batch, sizeof *l->length, "a minibatch", &l->length, error));
    RECUR_TRY(recur_alloc(room.batch, sizeof *l->first, "a minibatch", &l->first, error));
    RECUR_TRY(recur_alloc(cells, sizeof *l->ids, "a minibatch", &l->ids, error));
    RECUR_TRY(recur_alloc(cells, sizeof *l->targets, "a minibatch", &l->targets, error));
    bool logits = recur_labeller_has_crf(l) || !learner;
    if (logits)
        RECUR_TRY(
            recur_labeller_alloc(l->kind->words ? cells : room.batch, labels, &l->logits, error));
    if (recur_labeller_has_crf(l) && learner)
        RECUR_TRY(recur_labeller_alloc(cells, labels, &l->dlogits, error));
    return l->kind->init(l, set, &room, cells, error);
}

void recur_labeller_free(struct recur_labeller *l)
{
    struct recur_engine *const engines[] = {l->layers, l->chars, l->head};
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        if (engines[i])
            engines[i]->backend->free_engine(engines[i]);
    void *const blocks[] = {l->x,      l->dx,      l->ends,  l->dends,  l->y,
                            l->dy,     l->h_n,     l->dh_n,  l->pooled, l->dpooled,
                            l->logits, l->dlogits, l->start, l->end,    l->transitions};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        recur_block_free(blocks[i]);
    void *const arrays[] = {l->length,     l->first,       l->ids,           l->targets,
                            l->slot,       l->word,        l->word_length,   l->characters,
                            l->spelled,    l->crf.weight,  l->dtransitions,  l->sums.before,
                            l->sums.after, l->sums.factor, l->sequence_loss, l->counts};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    *l = (struct recur_labeller){0};
}

void recur_labeller_load(struct recur_labeller *l, const struct recur_label_set *set,
                         const size_t *members, size_t count, uint64_t seed, uint64_t minibatch)
{
    const struct recur_network *network = &l->model->network;
    size_t case_column = l->kind->words ? l->model->config.embedding : 0;
    struct recur_rng rng;
    recur_rng_seed(&rng, seed, RECUR_PURPOSE_UNKNOWN + minibatch);
    bool announces = l->learner && !l->learner->plan.gathers;
    if (announces)
        l->backend->begin(l->learner);
    l->batch = count;
    l->steps = l->labels = 0;
    for (size_t b = 0, first = 0; b < count; first += l->length[b++]) {
        l->length[b] = recur_labels_length(set->data, members[b]);
        l->first[b] = first;
        l->steps = l->length[b] > l->steps ? l->length[b] : l->steps;
    }
    for (size_t b = 0; b < count; b++) {
        const uint32_t *form = recur_labels_sequence(set->data, members[b]);
        for (size_t t = 0; t < l->length[b]; t++) {
            size_t at = t * count + b;
            int32_t id = set->id[form[t]];
            if (l->kind->words) {
                bool rare =
                    minibatch != RECUR_NOT_TRAINING && recur_vocab_count(l->model->vocab, id) == 1;
                if (rare && recur_rng_uniform(&rng) < 0.5)
                    id = RECUR_UNKNOWN;
                float *kind = l->x + at * network->inputs + case_column;
                memset(kind, 0, RECUR_WORD_CASES * sizeof *kind);
                kind[set->kind[form[t]]] = 1;
            }
            l->ids[at] = id;
        }
        if (announces)
            l->backend->add_tokens(l->learner, l->ids + b, l->length[b], count);
        bool known = true;
        for (size_t t = 0; t < recur_label_set_labels(set, members[b]); t++) {
            int32_t label = recur_label_set_label(set, members[b], t);
            l->targets[l->kind->words ? t * count + b : b] = label;
            known &= label >= 0;
            l->labels += label >= 0 && !recur_labeller_has_crf(l);
        }
        if (recur_labeller_has_crf(l)) {
            l->counts[b] = known;
            l->labels += known ? l->length[b] : 0;
        }
    }
    if (l->kind->load)
        l->kind->load(l, set, members);
}

size_t recur_labeller_count(const struct recur_labeller *l, const struct recur_label_set *set,
                            const size_t *members, size_t count)
{
    bool crf = recur_labeller_has_crf(l);
    size_t all = 0;
    for (size_t b = 0; b < count; b++) {
        size_t labels = recur_label_set_labels(set, members[b]), known = 0;
        for (size_t t = 0; t < labels; t++)
            known += recur_label_set_label(set, members[b], t) >= 0;
        all += crf && known < labels ? 0 : known;
    }
    return all;
}

/* Words that the model reads as <unk> half of the time count as both. */
void recur_labeller_announce(struct recur_labeller *l, const struct recur_label_set *set,
                             const size_t *members, size_t count)
{
    const int32_t unknown = RECUR_UNKNOWN;
    if (l->kind->words)
        l->backend->add_tokens(l->learner, &unknown, 1, 1);
    for (size_t b = 0; b < count; b++) {
        const uint32_t *form = recur_labels_sequence(set->data, members[b]);
        for (size_t t = 0; t < recur_labels_length(set->data, members[b]); t++)
            l->backend->add_tokens(l->learner, &set->id[form[t]], 1, 1);
    }
}

enum recur_status recur_labeller_learn(struct recur_labeller *l, uint64_t minibatch, double *loss,
                                       recur_error *error)
{
    *loss = 0;
    return l->kind->learn(l, minibatch, loss, error);
}

enum recur_status recur_labeller_predict(struct recur_labeller *l, recur_error *error)
{
    return l->kind->predict(l, error);
}
