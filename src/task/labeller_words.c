/* The task tag: what the layers read of the words of sentences, and how a softmax or a CRF learns
 * their labels. */
#include <string.h>

#include "base/memory.h"
#include "task/labeller.h"
#include "task/labeller_kind.h"

static enum recur_status init_crf(struct recur_labeller *l, const struct recur_labeller_room *room,
                                  recur_error *error)
{
    size_t labels = l->model->config.labels, square = recur_size_mul(labels, labels);
    size_t cells = recur_size_mul(room->tokens, labels);
    if (!recur_labeller_has_crf(l))
        return RECUR_OK;
    RECUR_TRY(recur_labeller_alloc(labels, 1, &l->start, error));
    RECUR_TRY(recur_labeller_alloc(labels, 1, &l->end, error));
    RECUR_TRY(recur_labeller_alloc(square, 1, &l->transitions, error));
    RECUR_TRY(recur_alloc(square, sizeof(double), "a CRF", &l->crf.weight, error));
    RECUR_TRY(recur_alloc(square, sizeof(double), "a CRF", &l->dtransitions, error));
    RECUR_TRY(recur_alloc(cells, sizeof(double), "a CRF", &l->sums.before, error));
    RECUR_TRY(recur_alloc(cells, sizeof(double), "a CRF", &l->sums.after, error));
    RECUR_TRY(recur_alloc(room->tokens, sizeof(double), "a CRF", &l->sums.factor, error));
    RECUR_TRY(recur_alloc(room->batch, sizeof(double), "a CRF", &l->sequence_loss, error));
    return recur_alloc(room->batch, sizeof(bool), "a CRF", &l->counts, error);
}

static enum recur_status init(struct recur_labeller *l, const struct recur_label_set *set,
                              const struct recur_labeller_room *room, size_t cells,
                              recur_error *error)
{
    const struct recur_network *network = &l->model->network;
    RECUR_TRY(init_crf(l, room, error));
    RECUR_TRY(recur_labeller_alloc(cells, network->inputs, &l->x, error));
    if (l->learner)
        RECUR_TRY(recur_labeller_alloc(cells, network->inputs, &l->dx, error));
    if (!recur_labeller_parts(l)->chars)
        return RECUR_OK;
    l->forms = recur_labels_forms(set->data);
    size_t words = l->forms < room->tokens ? l->forms : room->tokens;
    size_t characters = recur_label_set_most_characters(set, words);
    size_t width = recur_labeller_parts(l)->chars->layer[0].hidden;
    RECUR_TRY(recur_labeller_plan(l, recur_labeller_parts(l)->chars, room, words ? words : 1,
                                  RECUR_WORD_CHARACTERS, characters, &l->chars, error));
    RECUR_TRY(recur_alloc(l->forms, sizeof *l->slot, "a minibatch", &l->slot, error));
    RECUR_TRY(recur_alloc(words, sizeof *l->word, "a minibatch", &l->word, error));
    RECUR_TRY(recur_alloc(words, sizeof *l->word_length, "a minibatch", &l->word_length, error));
    RECUR_TRY(recur_alloc(recur_size_mul(words, RECUR_WORD_CHARACTERS), sizeof *l->characters,
                          "a minibatch", &l->characters, error));
    RECUR_TRY(recur_alloc(cells, sizeof *l->spelled, "a minibatch", &l->spelled, error));
    RECUR_TRY(recur_labeller_alloc(words, 2 * width, &l->ends, error));
    return l->learner ? recur_labeller_alloc(words, 2 * width, &l->dends, error) : RECUR_OK;
}

/* Lists the different words of the minibatch, to read their characters. */
static void load(struct recur_labeller *l, const struct recur_label_set *set, const size_t *members)
{
    if (!l->chars)
        return;
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

/* Copies the words' embeddings into x, or their gradients from dx into the table's. */
static void exchange_embeddings(struct recur_labeller *l, bool gradient)
{
    const struct recur_network *network = &l->model->network;
    const struct recur_lookup lookup = {.tensor = network->lookup,
                                        .batch = l->batch,
                                        .lengths = l->length,
                                        .ids = l->ids,
                                        .x = gradient ? l->dx : l->x,
                                        .columns = network->inputs};
    if (network->lookup == RECUR_NO_TENSOR)
        return;
    if (gradient)
        l->layers->backend->add_rows(l->layers, &lookup);
    else
        l->layers->backend->look_up(l->layers, &lookup);
}

/* Copies what the characters of words say, `ends` (2, words, Hc), into x, or its gradients out of
 * dx. */
static void exchange_ends(struct recur_labeller *l, bool gradient)
{
    const struct recur_network *network = &l->model->network;
    size_t width = recur_labeller_parts(l)->chars->layer[0].hidden,
           column = network->inputs - 2 * width;
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
    RECUR_TRY(l->chars->backend->forward(l->chars, &in, &out, error));
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
    return l->chars->backend->backward(l->chars, &given, NULL, error);
}

static enum recur_status learn(struct recur_labeller *l, uint64_t minibatch, double *loss,
                               recur_error *error)
{
    struct recur_minibatch in = recur_labeller_input(l, true, minibatch);
    recur_stack_output out = {.loss = loss};
    recur_stack_output_gradient given = {0};
    const recur_stack_input_gradient wanted = {.dx = l->dx};
    RECUR_TRY(forward_words(l, error));
    if (recur_labeller_has_crf(l))
        out = (recur_stack_output){.logits = l->logits};
    else
        in.input.targets = l->targets;
    in.targets = l->all;
    RECUR_TRY(l->layers->backend->forward(l->layers, &in, &out, error));
    if (recur_labeller_has_crf(l)) {
        recur_labeller_crf_prepare(l);
        *loss = recur_labeller_crf_loss(l, true) / recur_labeller_divisor(l);
        given.dlogits = l->dlogits;
    }
    RECUR_TRY(l->layers->backend->backward(l->layers, &given, &wanted, error));
    return backward_words(l, error);
}

static enum recur_status predict(struct recur_labeller *l, recur_error *error)
{
    const recur_stack_output out = {.logits = l->logits};
    const struct recur_minibatch in = recur_labeller_input(l, false, 0);
    RECUR_TRY(forward_words(l, error));
    return l->layers->backend->forward(l->layers, &in, &out, error);
}

const struct recur_labeller_kind recur_word_labeller = {
    .words = true, .init = init, .load = load, .learn = learn, .predict = predict};
