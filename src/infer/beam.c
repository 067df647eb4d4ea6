/* Beam search (Graves 2012; Sutskever, Vinyals and Le 2014): the most probable of many
 * continuations, with the length penalty of Wu et al. 2016. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/memory.h"
#include "infer/detokenizer.h"
#include "nn/model_object.h"

RECUR_CONFIG(beam, stop, .width = 4)

/* A token of a continuation, and the one before it. */
struct node {
    size_t before; /* its number; SIZE_MAX: the prompt */
    int32_t id;
};

/* A continuation that goes on. */
struct hypothesis {
    double score; /* the sum of the logarithms of probabilities */
    size_t last;  /* node */
};

struct candidate {
    double score;
    size_t from; /* the hypothesis that it continues */
    int32_t id;
};

struct beam {
    recur_stepper *stepper;
    const recur_model *model;
    recur_beam_config config;
    size_t vocabulary, specials, room; /* room for candidates: twice the width */
    recur_session **session, **spare;  /* (width) each */
    struct hypothesis *hypothesis, *next;
    size_t hypotheses;
    struct candidate *candidate; /* the best, from the best down */
    size_t candidates;
    struct node *node;
    size_t nodes, capacity;
    int32_t *ids;  /* (width) */
    float *logits; /* (width, V) */
    int32_t *stop;
    size_t stop_count, ended; /* how many have met the stop */
    size_t best;              /* the last node of the best continuation that has ended */
    size_t best_length;
    double best_score; /* with its length penalty; -INFINITY: none has ended */
};

/* What a sum of logarithms is worth for a continuation of so many tokens. */
static double worth(const struct beam *beam, double score, size_t tokens)
{
    return score / pow((5 + (double)tokens) / 6, beam->config.length_penalty);
}

static enum recur_status make_room(struct beam *beam, recur_error *error)
{
    const char *what = "a beam";
    size_t width = beam->config.width, numbers = recur_size_mul(width, beam->vocabulary);
    beam->room = 2 * width;
    RECUR_TRY(recur_alloc(width, sizeof *beam->session, what, &beam->session, error));
    RECUR_TRY(recur_alloc(width, sizeof *beam->spare, what, &beam->spare, error));
    for (size_t i = 0; i < width; i++) {
        RECUR_TRY(recur_session_create(beam->model, &beam->session[i], error));
        RECUR_TRY(recur_session_create(beam->model, &beam->spare[i], error));
    }
    RECUR_TRY(recur_alloc(width, sizeof *beam->hypothesis, what, &beam->hypothesis, error));
    RECUR_TRY(recur_alloc(width, sizeof *beam->next, what, &beam->next, error));
    RECUR_TRY(recur_alloc(beam->room, sizeof *beam->candidate, what, &beam->candidate, error));
    RECUR_TRY(recur_alloc(width, sizeof *beam->ids, what, &beam->ids, error));
    return recur_alloc(numbers, sizeof *beam->logits, what, &beam->logits, error);
}

static void release(struct beam *beam)
{
    for (size_t i = 0; i < beam->config.width; i++) {
        recur_session_free(beam->session ? beam->session[i] : NULL);
        recur_session_free(beam->spare ? beam->spare[i] : NULL);
    }
    free(beam->session);
    free(beam->spare);
    free(beam->hypothesis);
    free(beam->next);
    free(beam->candidate);
    free(beam->node);
    free(beam->ids);
    free(beam->logits);
    free(beam->stop);
}

/* Puts a candidate into its place, if it is among the best and possible at all. Of equals the first
 * one stays first. */
static void consider(struct beam *beam, struct candidate candidate)
{
    size_t at = beam->candidates;
    if (!(candidate.score > (at < beam->room ? -(double)INFINITY : beam->candidate[at - 1].score)))
        return;
    if (at < beam->room)
        beam->candidates++;
    else
        at--;
    for (; at > 0 && candidate.score > beam->candidate[at - 1].score; at--)
        beam->candidate[at] = beam->candidate[at - 1];
    beam->candidate[at] = candidate;
}

/* Considers every token after hypothesis number `from`. */
static void consider_all(struct beam *beam, size_t from)
{
    const float *logits = beam->logits + from * beam->vocabulary;
    double top = -(double)INFINITY, sum = 0;
    for (size_t v = 0; v < beam->vocabulary; v++)
        top = (double)logits[v] > top ? (double)logits[v] : top;
    for (size_t v = 0; v < beam->vocabulary; v++)
        sum += exp((double)logits[v] - top);
    double base = beam->hypothesis[from].score - top - log(sum);
    for (size_t v = beam->specials; v < beam->vocabulary; v++)
        consider(beam, (struct candidate){base + (double)logits[v], from, (int32_t)v});
}

/* Do the last tokens of a continuation, of which `id` is the next one, make the stop? */
static bool stops(const struct beam *beam, size_t last, int32_t id)
{
    size_t left = beam->stop_count;
    if (!left || beam->stop[--left] != id)
        return false;
    for (; left > 0 && last != SIZE_MAX; last = beam->node[last].before)
        if (beam->stop[--left] != beam->node[last].id)
            return false;
    return left == 0;
}

/* A continuation of so many tokens has ended; its stop is no part of it. */
static void end(struct beam *beam, struct candidate candidate, size_t tokens)
{
    double value = worth(beam, candidate.score, tokens);
    size_t last = beam->hypothesis[candidate.from].last;
    beam->ended++;
    if (!(value > beam->best_score))
        return;
    beam->best_score = value;
    for (size_t i = 1; i < beam->stop_count; i++)
        last = beam->node[last].before;
    beam->best = last;
    beam->best_length = tokens - beam->stop_count;
}

/* Makes hypotheses of the best candidates; those that meet the stop are ended. */
static enum recur_status choose(struct beam *beam, size_t tokens, recur_error *error)
{
    size_t kept = 0;
    RECUR_TRY(recur_grow(&beam->node, &beam->capacity, beam->nodes + beam->config.width,
                         sizeof *beam->node, "a beam", error));
    for (size_t i = 0; i < beam->candidates && kept < beam->config.width; i++) {
        struct candidate candidate = beam->candidate[i];
        const struct hypothesis *from = &beam->hypothesis[candidate.from];
        if (stops(beam, from->last, candidate.id)) {
            end(beam, candidate, tokens);
            continue;
        }
        RECUR_TRY(recur_session_copy(beam->spare[kept], beam->session[candidate.from], error));
        beam->node[beam->nodes] = (struct node){from->last, candidate.id};
        beam->ids[kept] = candidate.id;
        beam->next[kept++] = (struct hypothesis){candidate.score, beam->nodes++};
    }
    recur_session **sessions = beam->session;
    struct hypothesis *hypotheses = beam->hypothesis;
    beam->session = beam->spare;
    beam->spare = sessions;
    beam->hypothesis = beam->next;
    beam->next = hypotheses;
    beam->hypotheses = kept;
    return RECUR_OK;
}

/* Searches continuations of up to `count` tokens; the first logits are in place. */
static enum recur_status search(struct beam *beam, size_t count, recur_error *error)
{
    beam->hypotheses = 1;
    beam->hypothesis[0] = (struct hypothesis){0, SIZE_MAX};
    for (size_t tokens = 1; tokens <= count; tokens++) {
        beam->candidates = 0;
        for (size_t i = 0; i < beam->hypotheses; i++)
            consider_all(beam, i);
        if (!beam->candidates || !isfinite(beam->candidate[0].score))
            return recur_fail_overflow("a logit", error);
        RECUR_TRY(choose(beam, tokens, error));
        if (!beam->hypotheses || beam->ended >= beam->config.width || tokens == count)
            break;
        RECUR_TRY(recur_stepper_feed_many(beam->stepper, beam->session, beam->ids, beam->hypotheses,
                                          beam->logits, error));
    }
    return RECUR_OK;
}

/* The tokens of the best continuation, in `ids`, which has room for all; returns how many. */
static size_t collect(const struct beam *beam, int32_t *ids)
{
    size_t last = beam->best, length = beam->best_length;
    const struct hypothesis *open = beam->hypotheses ? beam->hypothesis : NULL;
    size_t tokens = 0; /* those that go on are equally long, the first one is the best */
    for (size_t at = open ? open->last : SIZE_MAX; at != SIZE_MAX; at = beam->node[at].before)
        tokens++;
    if (open && (!beam->ended || worth(beam, open->score, tokens) > beam->best_score)) {
        last = open->last;
        length = tokens;
    }
    for (size_t i = length; i-- > 0; last = beam->node[last].before)
        ids[i] = beam->node[last].id;
    return length;
}

/* Reads the prompt into the first session. */
static enum recur_status read_prompt(struct beam *beam, const char *prompt, size_t size,
                                     recur_generation *done, recur_error *error)
{
    recur_prompt read;
    const float *logits = NULL;
    RECUR_TRY(recur_prompt_encode(recur_model_vocab(beam->model), prompt, size, &read, error));
    for (size_t i = 0; i < read.count; i++)
        logits = recur_stepper_feed(beam->stepper, beam->session[0], read.ids[i]);
    if (logits) { /* there is always a token */
        const float *first =
            recur_prompt_mask(recur_model_vocab(beam->model), prompt, size, logits, beam->logits);
        if (first != beam->logits)
            memcpy(beam->logits, first, beam->vocabulary * sizeof *first);
    }
    *done = (recur_generation){.prompt_tokens = read.tokens, .prompt_unknown = read.unknown};
    free(read.ids);
    return RECUR_OK;
}

static enum recur_status write(const struct beam *beam, const char *prompt, size_t size,
                               size_t count, recur_text_fn *text, void *user,
                               recur_generation *done, recur_error *error)
{
    int32_t *ids;
    recur_detokenizer *detokenizer = NULL;
    enum recur_status status;
    RECUR_TRY(recur_alloc(count, sizeof *ids, "a continuation", &ids, error));
    RECUR_TRY_GOTO(
        recur_detokenizer_create(recur_model_vocab(beam->model), prompt, size, &detokenizer, error),
        cleanup);
    done->tokens = collect(beam, ids);
    for (size_t i = 0; i < done->tokens && status == RECUR_OK; i++)
        status = recur_detokenizer_write(detokenizer, ids[i], text, user, error);
    if (status == RECUR_OK)
        status = recur_detokenizer_finish(detokenizer, text, user, error);
cleanup:
    recur_detokenizer_free(detokenizer);
    free(ids);
    return status == RECUR_STOP ? RECUR_OK : status;
}

static enum recur_status check(const recur_model *model, const recur_beam_config *config,
                               recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    RECUR_TRY(recur_check_writes(model, error));
    if (!config->width || config->width > RECUR_BEAM_WIDTH_MAX)
        return recur_fail(error, bad, "the width of a beam is %zu, expected a number from 1 to %d",
                          config->width, RECUR_BEAM_WIDTH_MAX);
    if (!(config->length_penalty >= 0 && config->length_penalty <= 100))
        return recur_fail(error, bad, "the length penalty is %g, expected a number from 0 to 100",
                          config->length_penalty);
    return RECUR_OK;
}

enum recur_status recur_generate_beam(recur_stepper *stepper, const char *prompt,
                                      size_t prompt_size, size_t count,
                                      const recur_beam_config *given, recur_text_fn *text,
                                      void *user, recur_generation *generation, recur_error *error)
{
    struct beam beam = {.stepper = stepper, .model = recur_stepper_model(stepper)};
    recur_generation done = {0};
    recur_vocab *vocab = recur_model_vocab(beam.model);
    enum recur_status status;
    beam.config = recur_beam_config_default();
    RECUR_TRY(recur_config_take(&beam.config, given, "recur_beam_config", error));
    RECUR_TRY(check(beam.model, &beam.config, error));
    beam.vocabulary = recur_vocab_size(vocab);
    beam.specials = recur_vocab_reserved(vocab) + 1;
    if (beam.specials >= beam.vocabulary) /* there is nothing else */
        beam.specials = 0;
    beam.best_score = -(double)INFINITY;
    beam.best = SIZE_MAX;
    if (beam.config.stop)
        RECUR_TRY(recur_vocab_encode(vocab, beam.config.stop, strlen(beam.config.stop), &beam.stop,
                                     &beam.stop_count, NULL, error));
    RECUR_TRY_GOTO(make_room(&beam, error), cleanup);
    RECUR_TRY_GOTO(read_prompt(&beam, prompt, prompt_size, &done, error), cleanup);
    RECUR_TRY_GOTO(search(&beam, count, error), cleanup);
    RECUR_TRY_GOTO(write(&beam, prompt, prompt_size, count, text, user, &done, error), cleanup);
    if (generation)
        *generation = done;
cleanup:
    release(&beam);
    return status;
}
