/* The sums and gates inside a cell. The library hands out a layer's states and not what they are
 * made of, so this asks it for them: an rnn of G * H units with the cell's own weights is a layer
 * whose states are the cell's gates. With relu, once as it is and once with all signs turned, its
 * states are the sums before any function, since a = relu(a) - relu(-a), to the bit. */
#include <stdlib.h>
#include <string.h>

#include "explain/parts.h"

/* A layer that stands for the cell. It has states of G blocks of H numbers; what it reads of them
 * is block 0, h', and, where the candidate n of a gru is asked for, block 1. */
struct probe {
    enum recur_activation function;
    bool turned;    /* all signs */
    bool recurrent; /* without the input and its bias */
    bool candidate; /* the last gate reads block 1 alone */
};

struct view {
    const struct explain *explain;
    enum recur_cell cell;
    size_t gates, H, T;
    const int32_t *ids; /* (T), of sequence 0 */
    float *h0;          /* (T, G, H): the states that the steps read, and block 1 */
};

/* What a cell makes of h' before it is multiplied with the last gate's weights, or after it. */
static bool has_candidate(enum recur_cell cell)
{
    return cell == RECUR_CELL_GRU || cell == RECUR_CELL_GRU_RESET_BEFORE;
}

static const struct explain_tensor *find(const struct explain *explain, const char *name)
{
    for (size_t i = 0; i < explain->tensors; i++)
        if (strcmp(explain->tensor[i].info.name, name) == 0)
            return &explain->tensor[i];
    return NULL;
}

/* Is the row one of the last gate's? */
static bool of_candidate(const struct view *view, size_t row)
{
    return row >= (view->gates - 1) * view->H;
}

/* weight_hh (G*H, G*H) of the probe. */
static void fill_recurrent(const struct view *view, const struct probe *probe, const float *from,
                           float *to)
{
    size_t H = view->H, rows = view->gates * H;
    for (size_t row = 0; row < rows; row++) {
        bool second = probe->candidate && of_candidate(view, row);
        float *out = to + row * rows + (second ? H : 0);
        if (second && view->cell == RECUR_CELL_GRU)
            out[row % H] = 1; /* block 1 is r * m already */
        else
            memcpy(out, from + row * H, H * sizeof *out);
    }
}

/* Fills a tensor of the probe from the model's of the same name; the head stays 0. */
static void fill_tensor(const struct view *view, const struct probe *probe,
                        const recur_tensor_info *info, float *values)
{
    const struct explain_tensor *from = find(view->explain, info->name);
    size_t count = explain_numbers(info);
    memset(values, 0, count * sizeof *values);
    if (!from || strncmp(info->name, "linear.", 7) == 0)
        return;
    bool input = strstr(info->name, "_ih_") != NULL;
    if (strcmp(info->name, "rnn.weight_hh_l0") == 0)
        fill_recurrent(view, probe, from->before, values);
    else if (!(input && probe->recurrent))
        memcpy(values, from->before, count * sizeof *values);
    if (strcmp(info->name, "rnn.bias_hh_l0") == 0 && probe->candidate &&
        view->cell == RECUR_CELL_GRU)
        memset(values + (view->gates - 1) * view->H, 0, view->H * sizeof *values);
    if (probe->turned && strncmp(info->name, "rnn.", 4) == 0)
        for (size_t i = 0; i < count; i++)
            values[i] = -values[i];
}

static enum recur_status fill(const struct view *view, const struct probe *probe,
                              recur_model *model, recur_error *error)
{
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        const recur_tensor_info info = recur_model_tensor(model, i);
        float *values;
        TRY(explain_take(explain_numbers(&info), sizeof *values, &values, error));
        fill_tensor(view, probe, &info, values);
        recur_model_set_tensor(model, i, values);
        free(values);
    }
    return RECUR_OK;
}

/* One step of T sequences: each is one step of the text's. */
static enum recur_status step(const struct view *view, recur_model *model, float *states,
                              recur_error *error)
{
    recur_stack *stack;
    TRY(explain_stack(model, view->T, 1, &stack, error));
    const recur_stack_input input = {
        .batch = view->T, .steps = 1, .ids = view->ids, .h0 = view->h0};
    const recur_stack_output output = {.y = states};
    enum recur_status status = recur_stack_forward(stack, &input, &output, error);
    recur_stack_free(stack);
    return status;
}

/* The probe's states of all steps, (T, G, H). */
static enum recur_status ask(const struct view *view, const struct probe *probe, float *states,
                             recur_error *error)
{
    const struct recur_model_config *own = &view->explain->settings.model;
    recur_model_config config = recur_model_config_default();
    recur_model *model;
    size_t width = view->gates * view->H;
    config.cell = RECUR_CELL_RNN;
    config.activation = probe->function;
    config.layers = 1;
    config.hidden = &width;
    config.embedding = own->embedding;
    config.biases = own->biases;
    config.vocabulary = view->explain->V;
    TRY(recur_model_create(&config, NULL, &model, error));
    enum recur_status status = fill(view, probe, model, error);
    if (status == RECUR_OK)
        status = step(view, model, states, error);
    recur_model_free(model);
    return status;
}

/* The sums, of both signs; `spare` has room for as many. */
static enum recur_status ask_sums(const struct view *view, bool recurrent, bool candidate,
                                  float *sums, float *spare, recur_error *error)
{
    const struct probe above = {RECUR_ACTIVATION_RELU, false, recurrent, candidate};
    const struct probe below = {RECUR_ACTIVATION_RELU, true, recurrent, candidate};
    TRY(ask(view, &above, sums, error));
    TRY(ask(view, &below, spare, error));
    for (size_t i = 0; i < view->T * view->gates * view->H; i++)
        sums[i] -= spare[i];
    return RECUR_OK;
}

/* Sets block 1 of the states: r * m of gru, r * h' of gru-reset-before. */
static void set_candidate(const struct view *view, const float *gates, const float *recurrent)
{
    size_t H = view->H, all = view->gates * H;
    for (size_t t = 0; t < view->T; t++)
        for (size_t j = 0; j < H; j++) {
            float *state = view->h0 + t * all;
            float other = view->cell == RECUR_CELL_GRU ? recurrent[t * all + 2 * H + j] : state[j];
            state[H + j] = gates[t * all + j] * other;
        }
}

static void copy_gate(const struct view *view, size_t gate, const float *from, float *to)
{
    size_t H = view->H, all = view->gates * H;
    for (size_t t = 0; t < view->T; t++)
        memcpy(to + t * all + gate * H, from + t * all + gate * H, H * sizeof *to);
}

static enum recur_status ask_gates(const struct view *view, struct explain_trace *trace,
                                   float *spare, recur_error *error)
{
    bool candidate = has_candidate(view->cell);
    const struct probe sigma = {RECUR_ACTIVATION_SIGMOID, false, false, false};
    const struct probe tanh = {RECUR_ACTIVATION_TANH, false, false, candidate};
    TRY(ask(view, &sigma, trace->gate, error));
    TRY(ask_sums(view, true, false, trace->recurrent, spare, error));
    if (candidate)
        set_candidate(view, trace->gate, trace->recurrent);
    if (view->cell == RECUR_CELL_GRU_RESET_BEFORE)
        TRY(ask_sums(view, true, true, trace->recurrent, spare, error));
    TRY(ask_sums(view, false, candidate, trace->sum, spare, error));
    TRY(ask(view, &tanh, spare, error));
    copy_gate(view, 2, spare, trace->gate); /* g of lstm, n of gru */
    return RECUR_OK;
}

static enum recur_status ask_rnn(const struct view *view, struct explain_trace *trace, float *spare,
                                 recur_error *error)
{
    const struct probe own = {view->explain->settings.model.activation, false, false, false};
    TRY(ask_sums(view, true, false, trace->recurrent, spare, error));
    TRY(ask_sums(view, false, false, trace->sum, spare, error));
    return ask(view, &own, trace->gate, error);
}

static enum recur_status trace_steps(struct view *view, struct explain_trace *trace, float *spare,
                                     int32_t *ids, recur_error *error)
{
    const struct explain *explain = view->explain;
    size_t all = view->gates * view->H;
    for (size_t t = 0; t < view->T; t++) {
        ids[t] = explain->x[t * explain->B];
        memcpy(view->h0 + t * all, explain->h + t * explain->B * explain->S,
               view->H * sizeof *view->h0);
    }
    view->ids = ids;
    return view->cell == RECUR_CELL_RNN ? ask_rnn(view, trace, spare, error)
                                        : ask_gates(view, trace, spare, error);
}

enum recur_status explain_make_trace(struct explain *explain, recur_error *error)
{
    struct explain_trace *trace = &explain->trace;
    const recur_tensor_info *info = &find(explain, "rnn.weight_hh_l0")->info;
    struct view view = {.explain = explain,
                        .cell = explain->settings.model.cell,
                        .gates = info->shape[0] / info->shape[1],
                        .H = info->shape[1],
                        .T = explain->T};
    size_t count = view.T * view.gates * view.H;
    float *spare = NULL;
    int32_t *ids = NULL;
    trace->gates = view.gates;
    trace->width = view.H;
    TRY(explain_take(count, sizeof(float), &trace->recurrent, error));
    TRY(explain_take(count, sizeof(float), &trace->sum, error));
    TRY(explain_take(count, sizeof(float), &trace->gate, error));
    enum recur_status status = explain_take(count, sizeof(float), &view.h0, error);
    if (status == RECUR_OK)
        status = explain_take(count, sizeof(float), &spare, error);
    if (status == RECUR_OK)
        status = explain_take(view.T, sizeof *ids, &ids, error);
    if (status == RECUR_OK)
        status = trace_steps(&view, trace, spare, ids, error);
    free(view.h0);
    free(spare);
    free(ids);
    return status;
}
