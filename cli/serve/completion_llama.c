/* The JSON of POST /completion: llama.cpp's members, of one text. */
#include "serve/completion.h"

/* Puts a token with the logarithm of its probability into an object. */
static void put_chance(recur_json_writer *json, const struct served_model *model,
                       const struct token_chance *chance)
{
    recur_json_put_u64(json, "id", (uint64_t)chance->id);
    recur_json_put_text(json, "token", recur_token_text(model, chance->id).text);
    recur_json_put_number(json, "logprob", (double)chance->logprob, 7);
}

/* Puts tokens [first, last) with their probabilities, where they are wanted. */
static void put_probabilities(recur_json_writer *json, const struct completion *work,
                              const struct stream *stream, size_t first, size_t last)
{
    const struct notes *notes = &stream->notes;
    if (work->request.logprobs == UINT64_MAX || work->request.logprobs == 0)
        return;
    recur_json_open(json, "completion_probabilities", '[');
    for (size_t i = first; i < last; i++) {
        recur_json_open(json, NULL, '{');
        put_chance(json, work->model, &notes->note[i].chance);
        recur_json_open(json, "top_logprobs", '[');
        for (size_t k = 0; k < notes->tops; k++) {
            const struct token_chance *chance = &notes->top[i * notes->tops + k];
            if (chance->id < 0)
                continue;
            recur_json_open(json, NULL, '{');
            put_chance(json, work->model, chance);
            recur_json_close(json, '}');
        }
        recur_json_close(json, ']');
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

static void put_content(recur_json_writer *json, const struct completion *work,
                        const struct stream *stream, size_t upto, size_t last)
{
    recur_json_put_u64(json, "index", 0);
    recur_json_begin_text(json, "content");
    if (upto > stream->told)
        recur_json_add_text(json, stream->text.bytes + stream->told, upto - stream->told);
    recur_json_end_text(json);
    put_probabilities(json, work, stream, stream->told_notes, last);
}

void recur_llama_put_piece(recur_json_writer *json, const struct completion *work,
                           const struct stream *stream, size_t upto, size_t last_note)
{
    recur_json_open(json, NULL, '{');
    put_content(json, work, stream, upto, last_note);
    recur_json_put_bool(json, "stop", false);
    recur_json_close(json, '}');
}

void recur_llama_put_whole(recur_json_writer *json, const struct completion *work)
{
    const struct group *group = work->group[0];
    const struct stream *stream = &group->stream[0];
    recur_json_open(json, NULL, '{');
    put_content(json, work, stream, stream->text.size,
                recur_completion_notes(stream, stream->text.size));
    recur_json_put_bool(json, "stop", true);
    recur_json_put_text(json, "stop_type", stream->finish == FINISH_STOP ? "word" : "limit");
    recur_json_put_text(json, "model", work->model->name);
    recur_json_put_u64(json, "tokens_predicted", stream->count);
    recur_json_put_u64(json, "tokens_evaluated", group->prompt.tokens);
    recur_json_put_u64(json, "tokens_cached", group->cached);
    recur_json_open(json, "generation_settings", '{');
    recur_json_put_u64(json, "seed", work->request.sampling.seed);
    recur_json_put_u64(json, "n_predict", work->request.max_tokens);
    recur_json_close(json, '}');
    recur_json_close(json, '}');
}

bool recur_llama_check(const struct completion *work, struct refusal *refusal)
{
    const struct completion_request *request = &work->request;
    if (request->of.inputs.count == 1 && request->best_of == 1 && !request->echo)
        return true;
    return recur_refuse(refusal, 422, "too_many_inputs", "prompt",
                        "/completion makes one text of one prompt, without its echo; "
                        "/v1/completions makes several");
}
