/* The stages of the network: parameters to logits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/quote.h"
#include "explain/parts.h"
#include "explain/stages.h"
#include "recur/model.h"

enum { SHOWN_STEPS = 8, NUMBER = 8 };

/* How many columns of numbers fit behind a head of so many columns. */
static size_t columns_of(const struct page *page, size_t head, size_t most)
{
    size_t room = (page->width - head - 2) / NUMBER;
    size_t count = room < NUMBER ? room : NUMBER;
    return count < most ? count : most;
}

/* A shape in letters or in numbers. */
struct shape {
    char text[48];
};

static struct shape numbers_of(const recur_tensor_info *info)
{
    struct shape shape;
    if (info->rank == 1)
        snprintf(shape.text, sizeof shape.text, "(%zu)", info->shape[0]);
    else
        snprintf(shape.text, sizeof shape.text, "(%zu, %zu)", info->shape[0], info->shape[1]);
    return shape;
}

/* The letters of docs/formats.md. */
static struct shape letters_of(const struct explain *explain, const char *name)
{
    struct shape shape;
    const char *gates = explain->trace.gates > 1 ? "G\u00b7H" : "H";
    const char *input = explain->settings.model.embedding > 0 ? "E" : "V";
    if (strcmp(name, "linear.weight") == 0 || strcmp(name, "linear.bias") == 0)
        snprintf(shape.text, sizeof shape.text, strstr(name, "bias") ? "(V)" : "(V, H)");
    else if (strcmp(name, "embedding.weight") == 0)
        snprintf(shape.text, sizeof shape.text, "(V, E)");
    else if (strstr(name, "bias"))
        snprintf(shape.text, sizeof shape.text, "(%s)", gates);
    else if (strstr(name, "_hh_"))
        snprintf(shape.text, sizeof shape.text, "(%s, H)", gates);
    else
        snprintf(shape.text, sizeof shape.text, "(%s, %s)", gates,
                 strstr(name, "_l0") ? input : "H");
    return shape;
}

/* Our own text in so many columns. */
static void print_padded(const struct page *page, const char *text, size_t columns)
{
    size_t used = recur_columns(text);
    explain_puts(page, text);
    printf("%*s", (int)(used < columns ? columns - used : 1), "");
}

void explain_print_network(const struct page *page)
{
    const struct explain *explain = page->explain;
    const recur_model_config *config = recur_model_get_config(explain->model);
    explain_say(page,
                "%s, %zu layer%s, with random parameters at first (--init %s, --seed). Time "
                "steps share them: a step more costs no parameter more.",
                recur_cell_name(config->cell), explain->L, recur_plural(explain->L),
                recur_init_name(config->init));
    for (size_t i = 0; i < explain->tensors; i++) {
        const struct explain_tensor *tensor = &explain->tensor[i];
        printf("%*s%-18s  ", PAGE_INDENT + 2, "", tensor->info.name);
        if (page->width >= 60)
            print_padded(page, letters_of(explain, tensor->info.name).text, 10);
        printf("%-12s %8zu\n", numbers_of(&tensor->info).text, explain_numbers(&tensor->info));
    }
    printf("%*s%-18s  %*s %8zu\n", PAGE_INDENT + 2, "", "together", page->width >= 60 ? 22 : 12, "",
           recur_model_parameters(explain->model));
}

static void print_way(const struct page *page, const char *what, const char *shape,
                      const char *values, const char *how)
{
    printf("%*s%-12s ", PAGE_INDENT + 2, "", what);
    print_padded(page, shape, 11);
    if (page->width < 76)
        puts(values);
    else
        printf("%-13s %s\n", values, how);
}

void explain_print_shapes(const struct page *page)
{
    const struct explain *explain = page->explain;
    const recur_model_config *config = recur_model_get_config(explain->model);
    char values[60];
    size_t T = explain->T, B = explain->B, V = explain->V;
    explain_say(page, "What becomes of a minibatch on its way through the network. At each time "
                      "step the network reads one token of each of the B sequences, not one "
                      "sequence.");
    snprintf(values, sizeof values, "(%zu, %zu)", T, B);
    print_way(page, "X", "(T, B)", values, "ids");
    snprintf(values, sizeof values, "(%zu, %zu, %zu)", T, B, V);
    print_way(page, "one-hot", "(T, B, V)", values, "never written out: rows are looked up");
    if (config->embedding > 0) {
        snprintf(values, sizeof values, "(%zu, %zu, %zu)", T, B, config->embedding);
        print_way(page, "embedding", "(T, B, E)", values, "rows of embedding.weight");
    }
    for (size_t l = 0; l < explain->L; l++) {
        char name[24];
        snprintf(name, sizeof name, explain->L > 1 ? "H, layer %zu" : "H", l + 1);
        snprintf(values, sizeof values, "(%zu, %zu, %zu)", T, B, explain_width(explain, l));
        print_way(page, name, "(T, B, H)", values, "the state after each step");
    }
    snprintf(values, sizeof values, "(%zu, %zu)", T * B, V);
    print_way(page, "logits", "(T\u00b7B, V)", values, "a score for each token to come");
    snprintf(values, sizeof values, "(%zu)", T * B);
    print_way(page, "Y", "(T\u00b7B)", values, "the tokens that really come");
    print_way(page, "loss", "()", "one number", "the mean over all of them");
}

static void print_numbers(const struct page *page, const char *head, const float *numbers,
                          size_t count)
{
    printf("%*s", PAGE_INDENT + 2, "");
    print_padded(page, head, 20);
    for (size_t j = 0; j < count; j++)
        explain_number(numbers[j]);
    putchar('\n');
}

static void print_units(size_t head, size_t count)
{
    printf("%*s", (int)(PAGE_INDENT + 2 + head), "");
    for (size_t j = 0; j < count; j++) {
        char unit[24];
        snprintf(unit, sizeof unit, "unit %zu", j);
        printf("%*s", NUMBER, unit);
    }
    putchar('\n');
}

/* The gates of step t of sequence 0. */
static void print_gates(const struct page *page, size_t t, size_t units)
{
    const struct explain *explain = page->explain;
    const struct explain_trace *trace = &explain->trace;
    bool rnn = explain->settings.model.cell == RECUR_CELL_RNN;
    for (size_t g = 0; g < trace->gates; g++) {
        size_t at = (t * trace->gates + g) * trace->width;
        const char *gate = explain_gate_name(explain, g);
        bool tanh = *gate == 'g' || *gate == 'n';
        char name[40];
        if (rnn) {
            float input[NUMBER];
            for (size_t j = 0; j < units; j++)
                input[j] = trace->sum[at + j] - trace->recurrent[at + j];
            print_numbers(page, "x W_ih\u1d40 + b_ih", input, units);
            print_numbers(page, "h' W_hh\u1d40 + b_hh", trace->recurrent + at, units);
            print_numbers(page, "a, their sum", trace->sum + at, units);
        } else {
            snprintf(name, sizeof name, "a_%s", gate);
            print_numbers(page, name, trace->sum + at, units);
            snprintf(name, sizeof name, "%s = %s(a_%s)", gate, tanh ? "tanh" : "\u03c3", gate);
            print_numbers(page, name, trace->gate + at, units);
        }
    }
}

void explain_print_step(const struct page *page)
{
    const struct explain *explain = page->explain;
    const recur_model_config *config = recur_model_get_config(explain->model);
    size_t t = explain->T > 1 ? 1 : 0, states = explain->B * explain->S;
    size_t units = columns_of(page, PAGE_INDENT + 22, explain_width(explain, 0));
    char head[60];
    units = units < 6 ? units : 6;
    explain_say(page,
                "%s Step t = %zu of sequence 0 reads x = %s (id %d) and the state h' that "
                "the step before it left%s:",
                explain->L > 1 ? "Layer 1, unrolled." : "The cell, unrolled.", t,
                explain_quoted(page, explain->x[t * explain->B]).text,
                (int)explain->x[t * explain->B], t == 0 ? " (0 at first)" : "");
    explain_equation(page, explain_stage_equation(explain, "step"));
    print_units(20, units);
    print_numbers(page, "h'", explain->h + t * states, units);
    if (config->cell == RECUR_CELL_LSTM)
        print_numbers(page, "c'", explain->c + t * states, units);
    print_gates(page, t, units);
    if (config->cell == RECUR_CELL_LSTM)
        print_numbers(page, "c = f\u2299c' + i\u2299g", explain->c + (t + 1) * states, units);
    snprintf(head, sizeof head, "h%s%s%s", config->cell == RECUR_CELL_RNN ? " = " : "",
             config->cell == RECUR_CELL_RNN ? recur_activation_name(config->activation) : "",
             config->cell == RECUR_CELL_RNN ? "(a)" : "");
    print_numbers(page, head, explain->h + (t + 1) * states, units);
}

void explain_print_state(const struct page *page)
{
    const struct explain *explain = page->explain;
    const float *numbers = explain->output;
    size_t wide = explain_cell_width(page, explain->x, explain->T * explain->B, 10);
    size_t units = columns_of(page, PAGE_INDENT + 12 + wide, explain->W);
    size_t steps = explain->T < SHOWN_STEPS ? explain->T : SHOWN_STEPS;
    explain_say(page,
                "What step t leaves for the next one, and all that the network keeps of the "
                "tokens so far: H numbers for each sequence, here of sequence 0%s.",
                explain->L > 1 ? " and the last layer" : "");
    explain_equation(page, explain_stage_equation(explain, "state"));
    print_units(6 + wide, units);
    for (size_t t = 0; t < steps; t++) {
        printf("%*sH_%-2zu ", PAGE_INDENT + 2, "", t);
        explain_cell_of(page, explain->x[t * explain->B], wide);
        putchar(' ');
        for (size_t j = 0; j < units; j++)
            explain_number(numbers[t * explain->B * explain->W + j]);
        explain_puts(page, units < explain->W ? " \u2026\n" : "\n");
    }
    if (steps < explain->T)
        explain_puts(page, "     \u2026\n");
}

void explain_print_logits(const struct page *page)
{
    const struct explain *explain = page->explain;
    size_t row = (explain->T - 1) * explain->B;
    const double *probability = explain->probability + row * explain->V;
    const struct explain_guess *guess = &explain->guess[0];
    size_t wide = explain_cell_width(page, guess->id, guess->count, 12);
    explain_say(page,
                "A linear layer makes a score for each token of each state, its logit; "
                "softmax makes probabilities of the scores. After the %zu token%s of "
                "sequence 0 the untrained network says this of the next one:",
                explain->T, recur_plural(explain->T));
    explain_equation(page, explain_stage_equation(explain, "logits"));
    printf("%*s%*s   logit   p\n", PAGE_INDENT + 2, "", (int)wide, "");
    for (size_t i = 0; i < guess->count; i++) {
        printf("%*s", PAGE_INDENT + 2, "");
        explain_cell_of(page, guess->id[i], wide);
        explain_number(explain->logits[row * explain->V + (size_t)guess->id[i]]);
        printf("   %.3f", guess->probability[i]);
        explain_bar(page, guess->probability[i], PAGE_INDENT + 18 + wide);
        putchar('\n');
    }
    explain_say(page,
                "It is undecided: 1/V is %.3f. What really follows is %s, to which it gives "
                "%.3f.",
                1 / (double)explain->V, explain_quoted(page, explain->y[row]).text,
                probability[explain->y[row]]);
}
