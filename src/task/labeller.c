#include "task/labeller.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"

static const struct recur_network *network_of(const struct recur_labeller *l)
{
    return &l->model->network;
}

static const struct recur_label_parts *parts_of(const struct recur_labeller *l)
{
    return recur_label_parts(network_of(l));
}

static bool tags(const struct recur_labeller *l)
{
    return network_of(l)->task->each_word;
}

static bool has_crf(const struct recur_labeller *l)
{
    return parts_of(l)->crf_transitions != RECUR_NO_TENSOR;
}

size_t recur_labeller_tokens(const recur_model *model)
{
    const size_t most = 16384, least = 64, logits = (size_t)1 << 26;
    if (!model->network.task->each_word)
        return most;
    size_t tokens = logits / model->config.labels;
    return tokens > most ? most : tokens < least ? least : tokens;
}

static enum recur_status alloc_floats(size_t count, size_t width, float **floats,
                                      recur_error *error)
{
    /* Room for whole panels, which kernels work on. */
    size_t numbers = recur_size_add(recur_size_mul(count, width), RECUR_LANES);
    return recur_block_alloc(recur_size_mul(numbers, sizeof **floats), "a minibatch", floats,
                             error);
}

/* An engine for one part of the model, which shares the learner with the others. */
static enum recur_status create_part(const struct recur_labeller *l,
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

static enum recur_status init_words(struct recur_labeller *l, const struct recur_label_set *set,
                                    const struct recur_labeller_room *room, size_t cells,
                                    recur_error *error)
{
    const struct recur_network *network = network_of(l);
    RECUR_TRY(alloc_floats(cells, network->inputs, &l->x, error));
    if (l->learner)
        RECUR_TRY(alloc_floats(cells, network->inputs, &l->dx, error));
    if (!parts_of(l)->chars)
        return RECUR_OK;
    l->forms = recur_labels_forms(set->data);
    size_t words = l->forms < room->tokens ? l->forms : room->tokens;
    size_t characters = recur_label_set_most_characters(set, words);
    size_t width = parts_of(l)->chars->layer[0].hidden;
    RECUR_TRY(create_part(l, parts_of(l)->chars, room, words ? words : 1, RECUR_WORD_CHARACTERS,
                          characters, &l->chars, error));
    RECUR_TRY(recur_alloc(l->forms, sizeof *l->slot, "a minibatch", &l->slot, error));
    RECUR_TRY(recur_alloc(words, sizeof *l->word, "a minibatch", &l->word, error));
    RECUR_TRY(recur_alloc(words, sizeof *l->word_length, "a minibatch", &l->word_length, error));
    RECUR_TRY(recur_alloc(recur_size_mul(words, RECUR_WORD_CHARACTERS), sizeof *l->characters,
                          "a minibatch", &l->characters, error));
    RECUR_TRY(recur_alloc(cells, sizeof *l->spelled, "a minibatch", &l->spelled, error));
    RECUR_TRY(alloc_floats(words, 2 * width, &l->ends, error));
    return l->learner ? alloc_floats(words, 2 * width, &l->dends, error) : RECUR_OK;
}

static enum recur_status init_crf(struct recur_labeller *l, const struct recur_labeller_room *room,
                                  recur_error *error)
{
    size_t labels = l->model->config.labels, square = recur_size_mul(labels, labels);
    size_t cells = recur_size_mul(room->tokens, labels);
    if (!has_crf(l))
        return RECUR_OK;
    RECUR_TRY(alloc_floats(labels, 1, &l->start, error));
    RECUR_TRY(alloc_floats(labels, 1, &l->end, error));
    RECUR_TRY(alloc_floats(square, 1, &l->transitions, error));
    RECUR_TRY(recur_alloc(square, sizeof(double), "a CRF", &l->crf.weight, error));
    RECUR_TRY(recur_alloc(square, sizeof(double), "a CRF", &l->dtransitions, error));
    RECUR_TRY(recur_alloc(cells, sizeof(double), "a CRF", &l->sums.before, error));
    RECUR_TRY(recur_alloc(cells, sizeof(double), "a CRF", &l->sums.after, error));
    RECUR_TRY(recur_alloc(room->tokens, sizeof(double), "a CRF", &l->sums.factor, error));
    RECUR_TRY(recur_alloc(room->batch, sizeof(double), "a CRF", &l->sequence_loss, error));
    return recur_alloc(room->batch, sizeof(bool), "a CRF", &l->counts, error);
}

static enum recur_status init_pool(struct recur_labeller *l, const struct recur_labeller_room *room,
                                   size_t cells, recur_error *error)
{
    size_t width = parts_of(l)->head->inputs, states = recur_network_states(network_of(l));
    RECUR_TRY(create_part(l, parts_of(l)->head, room, room->batch, 1, 0, &l->head, error));
    RECUR_TRY(alloc_floats(room->batch, width, &l->pooled, error));
    RECUR_TRY(alloc_floats(room->batch, width, &l->dpooled, error));
    if (l->model->config.pool == RECUR_POOL_FINAL) {
        RECUR_TRY(alloc_floats(room->batch, states, &l->h_n, error));
        return l->learner ? alloc_floats(room->batch, states, &l->dh_n, error) : RECUR_OK;
    }
    RECUR_TRY(alloc_floats(cells, width, &l->y, error));
    return l->learner ? alloc_floats(cells, width, &l->dy, error) : RECUR_OK;
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
    *l = (struct recur_labeller){
        .model = model, .team = team, .backend = model->backend, .learner = learner};
    size_t cells = room.cells ? room.cells : recur_size_mul(room.batch, room.steps);
    size_t labels = model->config.labels;
    RECUR_TRY(create_part(l, &model->network, &room, room.batch, room.steps, room.tokens,
                          &l->layers, error));
    RECUR_TRY(recur_alloc(room.batch, sizeof *l->length, "a minibatch", &l->length, error));
    RECUR_TRY(recur_alloc(room.batch, sizeof *l->first, "a minibatch", &l->first, error));
    RECUR_TRY(recur_alloc(cells, sizeof *l->ids, "a minibatch", &l->ids, error));
    RECUR_TRY(recur_alloc(cells, sizeof *l->targets, "a minibatch", &l->targets, error));
    bool logits = has_crf(l) || !learner;
    if (logits)
        RECUR_TRY(alloc_floats(tags(l) ? cells : room.batch, labels, &l->logits, error));
    if (has_crf(l) && learner)
        RECUR_TRY(alloc_floats(cells, labels, &l->dlogits, error));
    RECUR_TRY(init_crf(l, &room, error));
    return tags(l) ? init_words(l, set, &room, cells, error) : init_pool(l, &room, cells, error);
}

void recur_labeller_free(struct recur_labeller *l)
{
    struct recur_engine *const engines[] = {l->layers, l->chars, l->head};
    for (size_t i = 0; i < sizeof engines / sizeof *engines && l->backend; i++)
        l->backend->free_engine(engines[i]);
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

/* The different words of the minibatch, to be read by their characters. */
static void load_words(struct recur_labeller *l, const struct recur_label_set *set,
                       const size_t *members)
{
    for (size_t i = 0; i < l->words; i++)
        l->slot[l->word[i]] = 0;
    l->words = l->longest = 0;
    for (size_t b = 0; b < l->batch; b++) {
        const uint32_t *form = recur_labels_sequence(set->data, members[b]);
        for (size_t t = 0; t < l->length[b]; t++) {
            if (!l->slot[form[t]]) {
                size_t length = set->characters[form[t] + 1] - set->characters[form[t]];
                l->word[l->words] = form[t];
                l->word_length[l->words++] = length;
                l->longest = l->longest > length ? l->longest : length;
                l->slot[form[t]] = (uint32_t)l->words;
            }
            l->spelled[t * l->batch + b] = l->slot[form[t]] - 1;
        }
    }
    for (size_t i = 0; i < l->words; i++)
        for (size_t t = 0; t < l->word_length[i]; t++)
            l->characters[t * l->words + i] = set->character[set->characters[l->word[i]] + t];
}

void recur_labeller_load(struct recur_labeller *l, const struct recur_label_set *set,
                         const size_t *members, size_t count, uint64_t seed, uint64_t minibatch)
{
    const struct recur_network *network = network_of(l);
    size_t case_column = tags(l) ? l->model->config.embedding : 0;
    struct recur_rng rng;
    recur_rng_seed(&rng, seed, RECUR_PURPOSE_UNKNOWN + minibatch);
    if (l->learner)
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
            if (tags(l)) {
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
        if (l->learner)
            l->backend->add_tokens(l->learner, l->ids + b, l->length[b], count);
        bool known = true;
        for (size_t t = 0; t < recur_label_set_labels(set, members[b]); t++) {
            int32_t label = recur_label_set_label(set, members[b], t);
            l->targets[tags(l) ? t * count + b : b] = label;
            known &= label >= 0;
            l->labels += label >= 0 && !has_crf(l);
        }
        if (has_crf(l)) {
            l->counts[b] = known;
            l->labels += known ? l->length[b] : 0;
        }
    }
    if (parts_of(l)->chars)
        load_words(l, set, members);
}

/* The words' embeddings into x, or their gradients out of dx. */
static void exchange_embeddings(struct recur_labeller *l, bool gradient)
{
    const struct recur_network *network = network_of(l);
    const struct recur_lookup lookup = {.tensor = network->lookup,
                                        .batch = l->batch,
                                        .lengths = l->length,
                                        .ids = l->ids,
                                        .x = gradient ? l->dx : l->x,
                                        .columns = network->inputs};
    if (network->lookup == RECUR_NO_TENSOR)
        return;
    if (gradient)
        l->backend->add_rows(l->layers, &lookup);
    else
        l->backend->look_up(l->layers, &lookup);
}

/* What the characters of words say into x, or its gradients out of dx: `ends` (2, words, Hc). */
static void exchange_ends(struct recur_labeller *l, bool gradient)
{
    const struct recur_network *network = network_of(l);
    size_t width = parts_of(l)->chars->layer[0].hidden, column = network->inputs - 2 * width;
    if (gradient)
        memset(l->dends, 0, 2 * l->words * width * sizeof *l->dends);
    for (size_t b = 0; b < l->batch; b++)
        for (size_t t = 0; t < l->length[b]; t++)
            for (size_t d = 0; d < 2; d++) {
                size_t at = t * l->batch + b, place = at * network->inputs + column + d * width;
                size_t end = (d * l->words + l->spelled[at]) * width;
                if (!gradient) {
                    memcpy(l->x + place, l->ends + end, width * sizeof *l->x);
                    continue;
                }
                for (size_t i = 0; i < width; i++)
                    l->dends[end + i] += l->dx[place + i];
            }
}

static enum recur_status forward_words(struct recur_labeller *l, recur_error *error)
{
    exchange_embeddings(l, false);
    if (!l->chars)
        return RECUR_OK;
    const struct recur_minibatch in = {.input = {.batch = l->words,
                                                 .steps = l->longest,
                                                 .lengths = l->word_length,
                                                 .ids = l->characters}};
    const recur_stack_output out = {.h_n = l->ends};
    RECUR_TRY(l->backend->forward(l->chars, &in, &out, error));
    exchange_ends(l, false);
    return RECUR_OK;
}

static enum recur_status backward_words(struct recur_labeller *l, recur_error *error)
{
    exchange_embeddings(l, true);
    if (!l->chars)
        return RECUR_OK;
    exchange_ends(l, true);
    const recur_stack_output_gradient given = {.dh_n = l->dends};
    return l->backend->backward(l->chars, &given, NULL, error);
}

/* One input of the layers; targets are added where they learn a softmax. */
static struct recur_minibatch input_of(const struct recur_labeller *l, bool drops,
                                       uint64_t minibatch)
{
    return (struct recur_minibatch){.input = {.batch = l->batch,
                                              .steps = l->steps,
                                              .lengths = l->length,
                                              .x = l->x,
                                              .ids = tags(l) ? NULL : l->ids,
                                              .drops = drops,
                                              .minibatch = minibatch}};
}

static enum recur_status learn_tags(struct recur_labeller *l, uint64_t minibatch, double *loss,
                                    recur_error *error)
{
    struct recur_minibatch in = input_of(l, true, minibatch);
    recur_stack_output out = {.loss = loss};
    recur_stack_output_gradient given = {0};
    const recur_stack_input_gradient wanted = {.dx = l->dx};
    RECUR_TRY(forward_words(l, error));
    if (has_crf(l))
        out = (recur_stack_output){.logits = l->logits};
    else
        in.input.targets = l->targets;
    RECUR_TRY(l->backend->forward(l->layers, &in, &out, error));
    if (has_crf(l)) {
        recur_labeller_crf_prepare(l);
        *loss = recur_labeller_crf_loss(l, true) / (double)(l->labels ? l->labels : 1);
        given.dlogits = l->dlogits;
    }
    RECUR_TRY(l->backend->backward(l->layers, &given, &wanted, error));
    return backward_words(l, error);
}

/* Between `pooled` (B, W) and the last layer's part of h_n (D, B, H). */
static void exchange_final(const struct recur_labeller *l, float *states, float *pooled,
                           bool gradient)
{
    const struct recur_network *network = network_of(l);
    size_t width = parts_of(l)->head->inputs, below = 0;
    size_t hidden = network->layer[network->layers - 1].hidden;
    bool sums = width < hidden * network->directions;
    for (size_t i = 0; i + 1 < network->layers; i++)
        below += network->directions * network->layer[i].hidden;
    if (gradient)
        memset(states, 0, below * l->batch * sizeof *states);
    for (size_t d = 0; d < network->directions; d++)
        for (size_t b = 0; b < l->batch; b++) {
            float *state = states + below * l->batch + (d * l->batch + b) * hidden;
            float *pool = pooled + b * width + (sums ? 0 : d * hidden);
            for (size_t i = 0; i < hidden; i++)
                if (gradient)
                    state[i] = pool[i];
                else
                    pool[i] = (sums && d ? pool[i] : 0) + state[i];
        }
}

/* The mean or the greatest over a text's steps; of an empty text 0. */
static void pool_steps(const struct recur_labeller *l)
{
    size_t width = parts_of(l)->head->inputs;
    bool greatest = l->model->config.pool == RECUR_POOL_MAX;
    memset(l->pooled, 0, l->batch * width * sizeof *l->pooled);
    for (size_t b = 0; b < l->batch; b++) {
        float *pooled = l->pooled + b * width, share = 1 / (float)(l->length[b] ? l->length[b] : 1);
        for (size_t t = 0; t < l->length[b]; t++) {
            const float *y = l->y + (t * l->batch + b) * width;
            for (size_t i = 0; i < width; i++)
                if (!greatest)
                    pooled[i] += y[i] * share;
                else if (!t || y[i] > pooled[i])
                    pooled[i] = y[i];
        }
    }
}

/* Its gradient: of the greatest, all to the first step that had it. */
static void unpool_steps(const struct recur_labeller *l)
{
    size_t width = parts_of(l)->head->inputs;
    bool greatest = l->model->config.pool == RECUR_POOL_MAX;
    for (size_t b = 0; b < l->batch; b++) {
        float *d = l->dpooled + b * width, share = 1 / (float)(l->length[b] ? l->length[b] : 1);
        const float *pooled = l->pooled + b * width;
        for (size_t t = 0; t < l->length[b]; t++) {
            size_t at = (t * l->batch + b) * width;
            for (size_t i = 0; i < width; i++) {
                bool takes = greatest && l->y[at + i] == pooled[i];
                l->dy[at + i] = greatest ? (takes ? d[i] : 0) : d[i] * share;
                d[i] = takes ? 0 : d[i];
            }
        }
    }
}

/* Dropout of the last states, which the layers hand on without; the same mask both ways. */
static void drop(const struct recur_labeller *l, float *pooled, uint64_t minibatch)
{
    const struct recur_network *network = network_of(l);
    if (!(network->dropout > 0) || !l->h_n)
        return;
    size_t numbers = recur_panels(l->batch * parts_of(l)->head->inputs) * RECUR_LANES;
    l->backend->drop(
        l->layers, pooled, numbers,
        recur_mix64(recur_mix64(l->model->config.seed + RECUR_PURPOSE_POOL) + minibatch));
}

static enum recur_status forward_pooled(struct recur_labeller *l, bool drops, uint64_t minibatch,
                                        const int32_t *targets, const recur_stack_output *out,
                                        recur_error *error)
{
    const struct recur_minibatch in = input_of(l, drops, minibatch);
    RECUR_TRY(l->backend->forward(l->layers, &in, &(recur_stack_output){.y = l->y, .h_n = l->h_n},
                                  error));
    if (l->h_n)
        exchange_final(l, l->h_n, l->pooled, false);
    else
        pool_steps(l);
    if (drops)
        drop(l, l->pooled, minibatch);
    const struct recur_minibatch pooled = {
        .input = {.batch = l->batch, .steps = 1, .x = l->pooled, .targets = targets}};
    return l->backend->forward(l->head, &pooled, out, error);
}

static enum recur_status learn_classes(struct recur_labeller *l, uint64_t minibatch, double *loss,
                                       recur_error *error)
{
    const recur_stack_output out = {.loss = loss};
    const recur_stack_input_gradient wanted = {.dx = l->dpooled};
    RECUR_TRY(forward_pooled(l, true, minibatch, l->targets, &out, error));
    RECUR_TRY(l->backend->backward(l->head, NULL, &wanted, error));
    drop(l, l->dpooled, minibatch);
    recur_stack_output_gradient given = {.dy = l->dy, .dh_n = l->dh_n};
    if (l->h_n)
        exchange_final(l, l->dh_n, l->dpooled, true);
    else
        unpool_steps(l);
    return l->backend->backward(l->layers, &given, NULL, error);
}

enum recur_status recur_labeller_learn(struct recur_labeller *l, uint64_t minibatch, double *loss,
                                       recur_error *error)
{
    *loss = 0;
    return tags(l) ? learn_tags(l, minibatch, loss, error)
                   : learn_classes(l, minibatch, loss, error);
}

enum recur_status recur_labeller_predict(struct recur_labeller *l, recur_error *error)
{
    const recur_stack_output out = {.logits = l->logits};
    if (!tags(l))
        return forward_pooled(l, false, 0, NULL, &out, error);
    const struct recur_minibatch in = input_of(l, false, 0);
    RECUR_TRY(forward_words(l, error));
    return l->backend->forward(l->layers, &in, &out, error);
}
