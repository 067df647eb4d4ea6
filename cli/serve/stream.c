#include "serve/stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum recur_status short_memory(recur_error *error)
{
    *error = (recur_error){RECUR_ERROR_MEMORY, "out of memory for a text"};
    return error->status;
}

/* Makes room for one more note. */
static bool grow_notes(struct notes *notes)
{
    if (notes->count < notes->room)
        return true;
    size_t room = 2 * notes->room + 16;
    struct token_note *note = recur_try_more(notes->note, room * sizeof *note);
    notes->note = note ? note : notes->note;
    struct token_chance *top =
        note ? recur_try_more(notes->top, (room * notes->tops + 1) * sizeof *top) : NULL;
    notes->top = top ? top : notes->top;
    notes->room = top ? room : notes->room;
    return top;
}

/* Makes room for one more token. */
static bool grow_made(struct stream *stream)
{
    if (stream->count < stream->room)
        return true;
    size_t room = 2 * stream->room + 64;
    int32_t *made = recur_try_more(stream->made, room * sizeof *made);
    stream->made = made ? made : stream->made;
    stream->room = made ? room : stream->room;
    return made;
}

static enum recur_status make_stream(struct group *group, size_t number, const char *text,
                                     size_t size, recur_error *error)
{
    const struct group_plan *plan = &group->plan;
    struct stream *stream = &group->stream[number];
    recur_sampler_config sampling = plan->sampling;
    sampling.seed += number;
    stream->group = group;
    stream->number = number;
    stream->most = plan->most;
    stream->notes.tops = plan->tops;
    enum recur_status status =
        recur_sampler_create(&sampling, plan->model->vocabulary,
                             recur_vocab_reserved(plan->model->vocab), &stream->sampler, error);
    if (status == RECUR_OK)
        status =
            recur_detokenizer_create(plan->model->vocab, text, size, &stream->detokenizer, error);
    if (status == RECUR_OK)
        status = recur_session_create(plan->model->model, &stream->session, error);
    return status;
}

enum recur_status recur_group_create(const struct group_plan *plan, const recur_prompt *prompt,
                                     const char *text, size_t size, struct group **group,
                                     recur_error *error)
{
    struct group *made = recur_try(1, sizeof *made);
    if (!made)
        return short_memory(error);
    made->plan = *plan;
    made->running = plan->streams;
    made->notes.tops = plan->tops;
    made->stream = recur_try(plan->streams, sizeof *made->stream);
    enum recur_status status = made->stream ? RECUR_OK : short_memory(error);
    if (status == RECUR_OK)
        status = recur_session_create(plan->model->model, &made->session, error);
    for (size_t i = 0; status == RECUR_OK && i < plan->streams; i++)
        status = make_stream(made, i, text, size, error);
    if (status != RECUR_OK) {
        recur_group_free(made);
        return status;
    }
    made->prompt = *prompt;
    made->text = text;
    made->size = size;
    *group = made;
    return RECUR_OK;
}

void recur_group_free(struct group *group)
{
    for (size_t i = 0; group->stream && i < group->plan.streams; i++) {
        struct stream *stream = &group->stream[i];
        recur_session_free(stream->session);
        recur_sampler_free(stream->sampler);
        recur_detokenizer_free(stream->detokenizer);
        free(stream->text.bytes);
        free(stream->made);
        free(stream->notes.note);
        free(stream->notes.top);
    }
    free(group->stream);
    recur_session_free(group->session);
    free(group->notes.note);
    free(group->notes.top);
    free(group->prompt.ids);
    free(group);
}

/* ln of the sum of e^logit. */
static double log_sum(const float *logits, size_t count)
{
    double best = -INFINITY, sum = 0;
    for (size_t i = 0; i < count; i++)
        best = (double)logits[i] > best ? (double)logits[i] : best;
    for (size_t i = 0; i < count; i++)
        sum += exp((double)logits[i] - best);
    return best + log(sum);
}

/* Sorts the most probable tokens into `top`, (tops): by insertion, for they are few. */
static void find_tops(const float *logits, size_t count, double all, struct token_chance *top,
                      size_t tops)
{
    size_t found = 0;
    for (size_t id = 0; tops > 0 && id < count; id++) {
        float logprob = (float)((double)logits[id] - all);
        if (found == tops && logprob <= top[tops - 1].logprob)
            continue;
        size_t at = found < tops ? found++ : tops - 1;
        for (; at > 0 && top[at - 1].logprob < logprob; at--)
            top[at] = top[at - 1];
        top[at] = (struct token_chance){(int32_t)id, logprob};
    }
    for (; found < tops; found++)
        top[found] = (struct token_chance){-1, 0};
}

static float take_note(struct notes *notes, const struct served_model *model, const float *logits,
                       int32_t id, size_t begin)
{
    double all = log_sum(logits, model->vocabulary);
    float logprob = (float)((double)logits[id] - all);
    find_tops(logits, model->vocabulary, all, notes->top + notes->count * notes->tops, notes->tops);
    notes->note[notes->count++] = (struct token_note){{id, logprob}, begin};
    return logprob;
}

enum recur_status recur_add_repaired(void *user, const char *bytes, size_t size, recur_error *error)
{
    bool stray = size == 1 && (unsigned char)*bytes >= 0x80;
    return recur_grow_text(user, stray ? "\xEF\xBF\xBD" : bytes, stray ? 3 : size, "a text", error);
}

/* Looks for a stop in what was added behind the first `from` bytes; the earliest counts. What a
 * stop may still take away is not settled. */
static void look_for_stops(struct stream *stream, size_t from)
{
    const struct group_plan *plan = &stream->group->plan;
    struct grown_text *text = &stream->text;
    size_t cut = text->size, open = 0;
    for (size_t i = 0; i < plan->stops; i++) {
        const recur_json *stop = plan->stop[i];
        size_t at = from >= stop->size ? from - stop->size + 1 : 0;
        for (; at + stop->size <= text->size && at < cut; at++)
            if (memcmp(text->bytes + at, stop->text, stop->size) == 0)
                cut = at;
        size_t size = stop->size - 1 < text->size ? stop->size - 1 : text->size;
        for (; size > open; size--)
            if (memcmp(text->bytes + text->size - size, stop->text, size) == 0)
                open = size;
    }
    if (cut < text->size) {
        text->size = cut;
        stream->finish = FINISH_STOP;
        open = 0;
    }
    stream->settled = text->size - open;
}

/* A character that a stop or a part of one would cut is not shown in halves: stops are whole
 * characters, and so is all that a detokenizer hands over. */
static void end_stream(struct stream *stream, enum finish finish)
{
    if (stream->finish == FINISH_NOT)
        stream->finish = finish;
    stream->settled = stream->text.size;
    stream->group->running--;
}

/* Chooses a token by `offered`, which are the logits or some of them. */
static void step(struct stream *stream, const float *logits, const float *offered)
{
    struct group *group = stream->group;
    size_t before = stream->text.size;
    int32_t id = recur_sample(stream->sampler, offered);
    bool room = grow_made(stream) && (!group->plan.notes || grow_notes(&stream->notes));
    if (!room || !isfinite(logits[id])) {
        end_stream(stream, room ? FINISH_DIVERGED : FINISH_FAILED);
        return;
    }
    if (group->plan.notes)
        stream->logprob += (double)take_note(&stream->notes, group->plan.model, logits, id, before);
    stream->made[stream->count++] = id;
    recur_error error;
    bool last = stream->count == stream->most;
    bool good = recur_detokenizer_put(stream->detokenizer, id, recur_add_repaired, &stream->text,
                                      &error) == RECUR_OK &&
                (!last || recur_detokenizer_end(stream->detokenizer, recur_add_repaired,
                                                &stream->text, &error) == RECUR_OK);
    look_for_stops(stream, before);
    if (!good)
        end_stream(stream, FINISH_FAILED);
    else if (last || stream->finish != FINISH_NOT)
        end_stream(stream, FINISH_LENGTH);
}

void recur_stream_step(struct stream *stream, const float *logits)
{
    step(stream, logits, logits);
}

/* The prompt was read: all streams go on from its state. */
static void begin_streams(struct group *group, const float *logits)
{
    const struct served_model *model = group->plan.model;
    bool parts = recur_text_parts(recur_vocab_text(model->vocab));
    float *masked = parts ? recur_try(model->vocabulary, sizeof *masked) : NULL;
    if (parts && !masked) {
        recur_group_finish(group, FINISH_FAILED);
        return;
    }
    const float *offered =
        parts ? recur_prompt_mask(model->vocab, group->text, group->size, logits, masked) : logits;
    for (size_t i = 0; i < group->plan.streams; i++) {
        struct stream *stream = &group->stream[i];
        if (i + 1 == group->plan.streams) { /* the last takes the prompt's session itself */
            recur_session *spare = stream->session;
            stream->session = group->session;
            group->session = spare;
        } else
            recur_session_copy(stream->session, group->session, NULL);
        recur_sampler_read(stream->sampler, group->prompt.ids, group->prompt.tokens);
        if (stream->most == 0)
            end_stream(stream, FINISH_LENGTH);
        else
            step(stream, logits, offered);
    }
    free(masked);
    recur_session_free(group->session);
    group->session = NULL;
}

void recur_group_step(struct group *group, const float *logits)
{
    if (recur_group_reads(group)) {
        if (group->plan.score && !grow_notes(&group->notes))
            recur_group_finish(group, FINISH_FAILED);
        else if (group->plan.score)
            take_note(&group->notes, group->plan.model, logits, group->prompt.ids[group->read], 0);
    } else
        begin_streams(group, logits);
}

void recur_group_finish(struct group *group, enum finish finish)
{
    for (size_t i = 0; i < group->plan.streams; i++)
        if (group->stream[i].finish == FINISH_NOT)
            end_stream(&group->stream[i], finish);
}

/* Is the token whole characters, and not a byte of one or several? */
static bool is_whole(recur_token token)
{
    size_t more = 0;
    for (size_t i = 0; i < token.size; i++) {
        unsigned char byte = (unsigned char)token.bytes[i];
        bool follows = (byte & 0xC0) == 0x80;
        if (follows != (more > 0))
            return false;
        more = follows ? more - 1 : byte < 0x80 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    }
    return more == 0;
}

struct token_text recur_token_text(const struct served_model *model, int32_t id)
{
    struct token_text made;
    recur_token token = recur_vocab_token(model->vocab, id);
    if (!is_whole(token)) {
        size_t used = (size_t)snprintf(made.text, sizeof made.text, "bytes:");
        for (size_t i = 0; i < token.size && used + 5 < sizeof made.text; i++)
            used += (size_t)snprintf(made.text + used, sizeof made.text - used, "\\x%02X",
                                     (unsigned)(unsigned char)token.bytes[i]);
        return made;
    }
    size_t size = token.size < sizeof made.text ? token.size : sizeof made.text - 1;
    while (size < token.size && size > 0 && ((unsigned char)token.bytes[size] & 0xC0) == 0x80)
        size--; /* whole characters */
    memcpy(made.text, token.bytes, size);
    made.text[size] = '\0';
    return made;
}
