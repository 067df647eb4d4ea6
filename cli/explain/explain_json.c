/* An explanation as JSON (docs/formats.md#explanations). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/output.h"
#include "common/quote.h"
#include "explain/parts.h"
#include "explain/stages.h"

enum { FLOAT_DIGITS = 9, DOUBLE_DIGITS = 12 };

static void put_floats(recur_json_writer *json, const char *key, const float *numbers, size_t count)
{
    recur_json_open(json, key, '[');
    for (size_t i = 0; i < count; i++)
        recur_json_put_number(json, NULL, numbers[i], FLOAT_DIGITS);
    recur_json_close(json, ']');
}

static void put_doubles(recur_json_writer *json, const char *key, const double *numbers,
                        size_t count)
{
    recur_json_open(json, key, '[');
    for (size_t i = 0; i < count; i++)
        recur_json_put_rounded(json, NULL, numbers[i], DOUBLE_DIGITS);
    recur_json_close(json, ']');
}

static void put_ints(recur_json_writer *json, const char *key, const int32_t *numbers, size_t count)
{
    recur_json_open(json, key, '[');
    for (size_t i = 0; i < count; i++)
        recur_json_put_u64(json, NULL, (uint64_t)numbers[i]);
    recur_json_close(json, ']');
}

/* Puts an array (rows, columns). */
static void put_rows(recur_json_writer *json, const char *key, const float *numbers, size_t rows,
                     size_t columns)
{
    recur_json_open(json, key, '[');
    for (size_t i = 0; i < rows; i++)
        put_floats(json, NULL, numbers + i * columns, columns);
    recur_json_close(json, ']');
}

static void put_int_rows(recur_json_writer *json, const char *key, const int32_t *numbers,
                         size_t rows, size_t columns)
{
    recur_json_open(json, key, '[');
    for (size_t i = 0; i < rows; i++)
        put_ints(json, NULL, numbers + i * columns, columns);
    recur_json_close(json, ']');
}

/* Puts an array (steps, rows, columns), of which each step begins `stride` numbers later. */
static void put_steps(recur_json_writer *json, const char *key, const float *numbers, size_t steps,
                      size_t stride, size_t rows, size_t columns)
{
    recur_json_open(json, key, '[');
    for (size_t t = 0; t < steps; t++)
        put_rows(json, NULL, numbers + t * stride, rows, columns);
    recur_json_close(json, ']');
}

static void put_settings(recur_json_writer *json, const struct explain *explain)
{
    const recur_model_config *model = recur_model_get_config(explain->model);
    const recur_trainer_config *trainer = &explain->settings.trainer;
    const recur_text_config *text = explain->settings.corpus->text;
    recur_json_open(json, "settings", '{');
    recur_json_put_text(json, "tokens", recur_tokens_name(text->tokens));
    recur_json_put_text(json, "clean", recur_clean_name(text->clean));
    recur_json_put_text(json, "cell", recur_cell_name(model->cell));
    recur_json_put_text(json, "activation", recur_activation_name(model->activation));
    recur_json_open(json, "hidden", '[');
    for (size_t l = 0; l < explain->L; l++)
        recur_json_put_u64(json, NULL, model->hidden[l]);
    recur_json_close(json, ']');
    recur_json_put_u64(json, "embedding", model->embedding);
    recur_json_put_u64(json, "biases", model->biases);
    recur_json_put_text(json, "init", recur_init_name(model->init));
    recur_json_put_u64(json, "batch", explain->B);
    recur_json_put_u64(json, "steps", explain->T);
    recur_json_put_text(json, "sampling", recur_sampling_name(trainer->sampling));
    recur_json_put_text(json, "optimizer", recur_optimizer_name(trainer->optimizer));
    recur_json_put_rounded(json, "lr", trainer->lr, 7);
    recur_json_put_rounded(json, "clip", trainer->clip, 7);
    recur_json_put_u64(json, "seed", trainer->seed);
    recur_json_put_u64(json, "updates", explain->settings.updates);
    recur_json_close(json, '}');
}

static void put_stages(recur_json_writer *json, const struct explain *explain)
{
    const struct explain_stage *stage;
    recur_json_open(json, "stages", '[');
    for (size_t i = 0; (stage = explain_stage(i)); i++) {
        recur_json_open(json, NULL, '{');
        recur_json_put_text(json, "name", stage->name);
        recur_json_put_text(json, "title", stage->title);
        recur_json_put_text(json, "equation", explain_stage_equation(explain, stage->name));
        recur_json_put_text(json, "source", explain_stage_source(explain, stage->name));
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
}

/* Puts bytes as a text, with U+FFFD where they are not UTF-8. */
static void put_bytes(recur_json_writer *json, const char *key, const char *bytes, size_t size)
{
    if (size == 0)
        recur_json_put_text(json, key, "");
    else
        recur_json_put_token(json, key, (recur_token){bytes, size});
}

static void put_line(recur_json_writer *json, const struct explain_line *line)
{
    recur_json_open(json, NULL, '{');
    put_bytes(json, "text", line->text, line->text_size);
    put_bytes(json, "cleaned", line->cleaned, line->cleaned_size);
    recur_json_put_bool(json, "cut", line->cut);
    recur_json_open(json, "tokens", '[');
    for (size_t i = 0, at = 0; i < line->tokens; at = line->ends[i++])
        recur_json_put_token(json, NULL, (recur_token){line->bytes + at, line->ends[i] - at});
    recur_json_close(json, ']');
    put_ints(json, "ids", line->ids, line->tokens);
    recur_json_close(json, '}');
}

static void put_text(recur_json_writer *json, const struct explain *explain)
{
    static const char *const origins[] = {"story", "sentence", "file"};
    recur_json_open(json, "text", '{');
    recur_json_put_text(json, "origin", origins[explain->origin]);
    recur_json_put_u64(json, "bytes", explain->bytes);
    recur_json_put_bool(json, "cut", explain->cut);
    recur_json_put_u64(json, "lines", explain->stats.lines);
    recur_json_put_u64(json, "characters", explain->stats.characters);
    recur_json_put_u64(json, "tokens", explain->stats.tokens);
    recur_json_put_u64(json, "unknown", recur_corpus_unknown(explain->corpus));
    recur_json_open(json, "first_lines", '[');
    for (size_t i = 0; i < explain->lines; i++)
        put_line(json, &explain->line[i]);
    recur_json_close(json, ']');
    recur_json_close(json, '}');
}

static void put_dictionary(recur_json_writer *json, const struct explain *explain)
{
    recur_json_open(json, "dictionary", '{');
    recur_json_put_u64(json, "size", explain->V);
    recur_json_put_u64(json, "reserved", recur_vocab_reserved(explain->vocab));
    recur_json_open(json, "entries", '[');
    for (size_t id = 0; id < explain->V && id < EXPLAIN_ENTRIES; id++) {
        recur_json_open(json, NULL, '{');
        recur_json_put_token(json, "token", recur_vocab_token(explain->vocab, (int32_t)id));
        recur_json_put_u64(json, "id", id);
        recur_json_put_u64(json, "count", recur_vocab_count(explain->vocab, (int32_t)id));
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
    recur_json_close(json, '}');
}

/* Puts the tokens of ids, whose entries may be too many for the dictionary above. */
static void put_token_rows(recur_json_writer *json, const char *key, const struct explain *explain,
                           const int32_t *ids)
{
    recur_json_open(json, key, '[');
    for (size_t t = 0; t < explain->T; t++) {
        recur_json_open(json, NULL, '[');
        for (size_t b = 0; b < explain->B; b++)
            recur_json_put_token(json, NULL,
                                 recur_vocab_token(explain->vocab, ids[t * explain->B + b]));
        recur_json_close(json, ']');
    }
    recur_json_close(json, ']');
}

static void put_minibatches(recur_json_writer *json, const struct explain *explain)
{
    recur_json_open(json, "minibatches", '{');
    for (size_t i = 0; i < EXPLAIN_SAMPLINGS; i++) {
        const struct explain_batches *batches = &explain->batches[i];
        recur_json_open(json, recur_sampling_name((enum recur_sampling)i), '{');
        recur_json_put_u64(json, "count", batches->count);
        recur_json_open(json, "first", '[');
        for (size_t m = 0; m < batches->kept; m++) {
            size_t at = m * explain->T * explain->B;
            recur_json_open(json, NULL, '{');
            put_int_rows(json, "x", batches->x + at, explain->T, explain->B);
            put_int_rows(json, "y", batches->y + at, explain->T, explain->B);
            put_token_rows(json, "x_tokens", explain, batches->x + at);
            put_token_rows(json, "y_tokens", explain, batches->y + at);
            put_int_rows(json, "position", batches->position + at, explain->T, explain->B);
            recur_json_close(json, '}');
        }
        recur_json_close(json, ']');
        recur_json_close(json, '}');
    }
    recur_json_close(json, '}');
}

static void put_tensor(recur_json_writer *json, const struct explain_tensor *tensor)
{
    size_t rows = tensor->info.shape[0], columns = tensor->info.shape[1];
    recur_json_open(json, NULL, '{');
    recur_json_put_text(json, "name", tensor->info.name);
    recur_json_open(json, "shape", '[');
    for (size_t i = 0; i < tensor->info.rank; i++)
        recur_json_put_u64(json, NULL, tensor->info.shape[i]);
    recur_json_close(json, ']');
    recur_json_put_u64(json, "count", rows * columns);
    put_floats(json, "before", tensor->before, rows * columns);
    put_floats(json, "gradient", tensor->gradient, rows * columns);
    recur_json_put_rounded(json, "gradient_norm", tensor->norm, DOUBLE_DIGITS);
    put_floats(json, "after", tensor->after, rows * columns);
    recur_json_close(json, '}');
}

static void put_network(recur_json_writer *json, const struct explain *explain)
{
    recur_json_open(json, "network", '{');
    recur_json_put_u64(json, "parameters", recur_model_parameters(explain->model));
    recur_json_open(json, "tensors", '[');
    for (size_t i = 0; i < explain->tensors; i++)
        put_tensor(json, &explain->tensor[i]);
    recur_json_close(json, ']');
    recur_json_close(json, '}');
}

static void put_trace(recur_json_writer *json, const struct explain *explain)
{
    const struct explain_trace *trace = &explain->trace;
    size_t stride = trace->gates * trace->width;
    recur_json_open(json, "step", '{');
    recur_json_open(json, "gates", '[');
    for (size_t g = 0; g < trace->gates; g++)
        recur_json_put_text(json, NULL, explain_gate_name(explain, g));
    recur_json_close(json, ']');
    put_steps(json, "recurrent", trace->recurrent, explain->T, stride, trace->gates, trace->width);
    put_steps(json, "sum", trace->sum, explain->T, stride, trace->gates, trace->width);
    put_steps(json, "gate", trace->gate, explain->T, stride, trace->gates, trace->width);
    recur_json_close(json, '}');
}

static void put_layers(recur_json_writer *json, const struct explain *explain)
{
    size_t states = explain->B * explain->S, B = explain->B, at = 0;
    recur_json_open(json, "layers", '[');
    for (size_t l = 0; l < explain->L; l++) {
        size_t width = explain_width(explain, l);
        recur_json_open(json, NULL, '{');
        put_steps(json, "h", explain->h + at, explain->T + 1, states, B, width);
        if (explain->settings.model.cell == RECUR_CELL_LSTM)
            put_steps(json, "c", explain->c + at, explain->T + 1, states, B, width);
        recur_json_close(json, '}');
        at += B * width;
    }
    recur_json_close(json, ']');
}

static void put_forward(recur_json_writer *json, const struct explain *explain)
{
    size_t T = explain->T, B = explain->B, V = explain->V;
    recur_json_open(json, "forward", '{');
    put_int_rows(json, "x", explain->x, T, B);
    put_int_rows(json, "y", explain->y, T, B);
    put_layers(json, explain);
    put_steps(json, "logits", explain->logits, T, B * V, B, V);
    recur_json_open(json, "probability", '[');
    for (size_t t = 0; t < T; t++) {
        recur_json_open(json, NULL, '[');
        for (size_t b = 0; b < B; b++)
            put_doubles(json, NULL, explain->probability + (t * B + b) * V, V);
        recur_json_close(json, ']');
    }
    recur_json_close(json, ']');
    recur_json_put_rounded(json, "loss", explain->loss, DOUBLE_DIGITS);
    recur_json_put_rounded(json, "perplexity", exp(explain->loss), DOUBLE_DIGITS);
    recur_json_put_rounded(json, "ln_V", log((double)V), DOUBLE_DIGITS);
    recur_json_close(json, '}');
}

static void put_norms(recur_json_writer *json, const char *key, const struct explain *explain,
                      const struct explain_norms *norms)
{
    recur_json_open(json, key, '{');
    put_doubles(json, "h", norms->h, explain->T);
    if (explain->settings.model.cell == RECUR_CELL_LSTM)
        put_doubles(json, "c", norms->c, explain->T);
    recur_json_close(json, '}');
}

static void put_backward(recur_json_writer *json, const struct explain *explain)
{
    recur_json_open(json, "backward", '{');
    recur_json_open(json, "layers", '[');
    for (size_t l = 0; l < explain->L; l++) {
        recur_json_open(json, NULL, '{');
        put_norms(json, "all_losses", explain, &explain->all[l]);
        put_norms(json, "last_loss", explain, &explain->last[l]);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
    recur_json_put_rounded(json, "norm", explain->norm, DOUBLE_DIGITS);
    recur_json_put_rounded(json, "scale", explain->scale, DOUBLE_DIGITS);
    recur_json_put_rounded(json, "norm_after", explain->norm * explain->scale, DOUBLE_DIGITS);
    recur_json_put_rounded(json, "loss_after", explain->loss_after, DOUBLE_DIGITS);
    recur_json_close(json, '}');
}

static void put_prediction(recur_json_writer *json, const char *key, const struct explain *explain,
                           size_t which)
{
    const struct explain_guess *guess = &explain->guess[which];
    const struct grown_text *text = &explain->continued[which];
    recur_json_open(json, key, '{');
    put_bytes(json, "text", text->bytes, text->size);
    recur_json_open(json, "next", '[');
    for (size_t i = 0; i < guess->count; i++) {
        recur_json_open(json, NULL, '{');
        recur_json_put_token(json, "token", recur_vocab_token(explain->vocab, guess->id[i]));
        recur_json_put_u64(json, "id", (uint64_t)guess->id[i]);
        recur_json_put_rounded(json, "probability", guess->probability[i], DOUBLE_DIGITS);
        recur_json_close(json, '}');
    }
    recur_json_close(json, ']');
    recur_json_close(json, '}');
}

void explain_put(recur_json_writer *json, const struct explain *explain)
{
    recur_json_open(json, NULL, '{');
    put_settings(json, explain);
    put_stages(json, explain);
    put_text(json, explain);
    put_dictionary(json, explain);
    put_minibatches(json, explain);
    put_network(json, explain);
    put_forward(json, explain);
    put_trace(json, explain);
    put_backward(json, explain);
    recur_json_open(json, "training", '{');
    put_doubles(json, "loss", explain->losses, explain->updates);
    recur_json_put_bool(json, "diverged", explain->diverged);
    recur_json_close(json, '}');
    recur_json_open(json, "prediction", '{');
    put_bytes(json, "prefix", explain->prefix, strlen(explain->prefix));
    put_prediction(json, "untrained", explain, 0);
    put_prediction(json, "trained", explain, 1);
    recur_json_close(json, '}');
    recur_json_close(json, '}');
}
