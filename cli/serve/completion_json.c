/* The JSON of completions: OpenAI's members. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "serve/completion.h"

size_t recur_completion_number(const struct group *group)
{
    const struct completion *work = group->of;
    size_t number = 0;
    while (work->group[number] != group)
        number++;
    return number;
}

static const char *finish_name(enum finish finish)
{
    return finish == FINISH_STOP ? "stop" : "length";
}

/* A token's probability as OpenAI's API has it: the best ones of its place as an object. */
static void put_tops(recur_json_writer *json, const struct served_model *model,
                     const struct notes *notes, size_t number)
{
    recur_json_open(json, NULL, '{');
    for (size_t k = 0; k < notes->tops; k++) {
        const struct token_chance *chance = &notes->top[number * notes->tops + k];
        if (chance->id >= 0)
            recur_json_put_number(json, recur_token_text(model, chance->id).text,
                                  (double)chance->logprob, 7);
    }
    recur_json_close(json, '}');
}

/* A range of tokens whose probabilities are shown, of a prompt and of the text behind it. */
struct shown_notes {
    const struct group *group; /* NULL: not the prompt's */
    const struct stream *stream;
    size_t first, last;
    size_t offset; /* where the stream's text begins, in characters */
};

static size_t characters(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static void put_names(recur_json_writer *json, const struct served_model *model,
                      const struct shown_notes *shown)
{
    recur_json_open(json, "tokens", '[');
    for (size_t i = 0; shown->group && i < shown->group->prompt.count; i++)
        recur_json_put_text(json, NULL, recur_token_text(model, shown->group->prompt.ids[i]).text);
    for (size_t i = shown->first; i < shown->last; i++)
        recur_json_put_text(json, NULL,
                            recur_token_text(model, shown->stream->notes.note[i].chance.id).text);
    recur_json_close(json, ']');
}

/* Of a prompt's first token nobody knows a probability. */
static void put_logprobs(recur_json_writer *json, const struct shown_notes *shown)
{
    recur_json_open(json, "token_logprobs", '[');
    if (shown->group)
        recur_json_put_null(json, NULL);
    for (size_t i = 0; shown->group && i < shown->group->notes.count; i++)
        recur_json_put_number(json, NULL, (double)shown->group->notes.note[i].chance.logprob, 7);
    for (size_t i = shown->first; i < shown->last; i++)
        recur_json_put_number(json, NULL, (double)shown->stream->notes.note[i].chance.logprob, 7);
    recur_json_close(json, ']');
}

static void put_all_tops(recur_json_writer *json, const struct served_model *model,
                         const struct shown_notes *shown)
{
    recur_json_open(json, "top_logprobs", '[');
    if (shown->group)
        recur_json_put_null(json, NULL);
    for (size_t i = 0; shown->group && i < shown->group->notes.count; i++)
        put_tops(json, model, &shown->group->notes, i);
    for (size_t i = shown->first; i < shown->last; i++)
        put_tops(json, model, &shown->stream->notes, i);
    recur_json_close(json, ']');
}

static bool is_space(char byte)
{
    return byte != '\0' && strchr(" \t\n\v\f\r", byte);
}

/* Behind an unknown token at byte `at`, which is not the end: a byte, a character, or a word. */
static size_t skip_unknown(const struct grown_text *text, size_t at, enum recur_tokens tokens)
{
    bool spaced = recur_tokens_spaced(tokens), inside;
    do {
        at++;
        inside = at < text->size && (spaced ? !is_space(text->bytes[at])
                                            : ((unsigned char)text->bytes[at] & 0xC0) == 0x80);
    } while (inside && tokens != RECUR_TOKENS_BYTE);
    return at;
}

/* Where a token's text stands from byte `begin` on; the text's size where it stands nowhere. Where
 * cleaning makes letters small, large ones are the same. */
static size_t find_text(const struct grown_text *text, size_t begin, recur_token token, bool small)
{
    for (; token.size <= text->size - begin; begin++)
        if (small ? strncasecmp(text->bytes + begin, token.bytes, token.size) == 0
                  : memcmp(text->bytes + begin, token.bytes, token.size) == 0)
            return begin;
    return text->size;
}

/* Where a token begins in the prompt's text, from byte *at on, which moves behind it. The text may
 * also hold what no token stands for: spaces between words, and what cleaning takes away. */
static size_t find_token(const struct served_model *model, const struct grown_text *prompt,
                         int32_t id, size_t *at)
{
    enum recur_tokens tokens = recur_vocab_text(model->vocab)->tokens;
    recur_token token = recur_vocab_token(model->vocab, id);
    const char *text = prompt->bytes;
    size_t begin = *at, found = prompt->size;
    if (recur_text_words(recur_vocab_text(model->vocab)) &&
        token.size == strlen(RECUR_TOKEN_JOIN) &&
        memcmp(token.bytes, RECUR_TOKEN_JOIN, token.size) == 0)
        return begin; /* it stands for no space */
    if (id != RECUR_UNKNOWN && begin < prompt->size)
        found = find_text(prompt, begin, token,
                          recur_vocab_text(model->vocab)->clean == RECUR_CLEAN_LETTERS);
    if (found < prompt->size) {
        *at = found + token.size;
        return found;
    }
    while (recur_tokens_spaced(tokens) && begin < prompt->size && is_space(text[begin]))
        begin++;
    *at = begin < prompt->size ? skip_unknown(prompt, begin, tokens) : begin;
    return begin;
}

static void put_offsets(recur_json_writer *json, const struct completion *work,
                        const struct shown_notes *shown, const struct grown_text *prompt)
{
    size_t at = 0, counted = 0, before = 0;
    recur_json_open(json, "text_offset", '[');
    for (size_t i = 0; shown->group && i < shown->group->prompt.count; i++) {
        size_t begin = find_token(work->model, prompt, shown->group->prompt.ids[i], &at);
        before += begin > counted ? characters(prompt->bytes + counted, begin - counted) : 0;
        counted = begin;
        recur_json_put_u64(json, NULL, before);
    }
    size_t from = 0;
    before = shown->offset;
    for (size_t i = shown->first; i < shown->last; i++) {
        size_t begin = shown->stream->notes.note[i].begin; /* never falls */
        if (begin > from)
            before += characters(shown->stream->text.bytes + from, begin - from);
        from = begin;
        recur_json_put_u64(json, NULL, before);
    }
    recur_json_close(json, ']');
}

static void put_notes(recur_json_writer *json, const struct completion *work,
                      const struct shown_notes *shown, const struct grown_text *prompt)
{
    if (work->request.logprobs == UINT64_MAX) {
        recur_json_put_null(json, "logprobs");
        return;
    }
    recur_json_open(json, "logprobs", '{');
    put_names(json, work->model, shown);
    put_logprobs(json, shown);
    put_all_tops(json, work->model, shown);
    put_offsets(json, work, shown, prompt);
    recur_json_close(json, '}');
}

/* Puts text of a stream, [stream->told, upto), with the prompt before it where it is echoed and
 * nothing was told yet. */
void recur_completion_put_choice(recur_json_writer *json, const struct completion *work,
                                 const struct stream *stream, size_t index, size_t upto,
                                 size_t last_note)
{
    const struct grown_text *prompt =
        work->request.echo ? &work->prompt[recur_completion_number(stream->group)] : NULL;
    bool begins = stream->told == 0 && stream->told_notes == 0;
    const struct shown_notes shown = {
        .group = prompt && begins && work->request.logprobs != UINT64_MAX ? stream->group : NULL,
        .stream = stream,
        .first = stream->told_notes,
        .last = last_note,
        .offset = prompt ? characters(prompt->bytes, prompt->size) : 0,
    };
    recur_json_open(json, NULL, '{');
    recur_json_begin_text(json, "text");
    if (prompt && begins && prompt->size > 0)
        recur_json_add_text(json, prompt->bytes, prompt->size);
    if (upto > stream->told)
        recur_json_add_text(json, stream->text.bytes + stream->told, upto - stream->told);
    recur_json_end_text(json);
    recur_json_put_u64(json, "index", index);
    put_notes(json, work, &shown, prompt);
    if (stream->finish == FINISH_NOT || upto < stream->text.size)
        recur_json_put_null(json, "finish_reason");
    else
        recur_json_put_text(json, "finish_reason", finish_name(stream->finish));
    recur_json_close(json, '}');
}

void recur_completion_put_head(recur_json_writer *json, const struct completion *work)
{
    recur_json_put_text(json, "id", work->id);
    recur_json_put_text(json, "object", "text_completion");
    recur_json_put_u64(json, "created", work->created);
    recur_json_put_text(json, "model", work->model->name);
    recur_json_put_u64(json, "seed", work->request.sampling.seed);
}

void recur_completion_put_usage(recur_json_writer *json, const struct completion *work)
{
    size_t prompt = 0, made = 0, cached = 0;
    for (size_t i = 0; i < work->request.of.inputs.count; i++) {
        const struct group *group = work->group[i];
        prompt += group->prompt.tokens;
        cached += group->cached;
        for (size_t k = 0; k < group->plan.streams; k++)
            made += group->stream[k].count;
    }
    recur_json_open(json, "usage", '{');
    recur_json_put_u64(json, "prompt_tokens", prompt);
    recur_json_put_u64(json, "completion_tokens", made);
    recur_json_put_u64(json, "total_tokens", prompt + made);
    recur_json_open(json, "prompt_tokens_details", '{');
    recur_json_put_u64(json, "cached_tokens", cached);
    recur_json_close(json, '}');
    recur_json_close(json, '}');
}

size_t recur_completion_notes(const struct stream *stream, size_t upto)
{
    size_t last = stream->told_notes;
    while (last < stream->notes.count &&
           (stream->notes.note[last].begin < upto ||
            (stream->finish == FINISH_LENGTH && upto == stream->text.size)))
        last++;
    return last;
}

/* The best of a prompt's texts by the mean logarithm of their tokens' probabilities, first. */
static int compare_streams(const void *first, const void *second)
{
    const struct stream *const *a = first, *const *b = second;
    double x = (*a)->logprob / (double)((*a)->count ? (*a)->count : 1);
    double y = (*b)->logprob / (double)((*b)->count ? (*b)->count : 1);
    if (x > y || x < y)
        return x > y ? -1 : 1;
    return (*a)->number < (*b)->number ? -1 : 1;
}

void recur_completion_put_choices(recur_json_writer *json, const struct completion *work)
{
    const struct stream *order[REQUEST_CANDIDATES];
    size_t wanted = (size_t)work->request.n, candidates = (size_t)work->request.best_of;
    recur_json_open(json, "choices", '[');
    for (size_t i = 0; i < work->request.of.inputs.count; i++) {
        for (size_t k = 0; k < candidates; k++)
            order[k] = &work->group[i]->stream[k];
        if (candidates > wanted)
            qsort(order, candidates, sizeof *order, compare_streams);
        for (size_t k = 0; k < wanted && k < candidates; k++)
            recur_completion_put_choice(json, work, order[k], i * wanted + k, order[k]->text.size,
                                        recur_completion_notes(order[k], order[k]->text.size));
    }
    recur_json_close(json, ']');
}
