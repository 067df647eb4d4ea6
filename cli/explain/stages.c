#include "explain/stages.h"

#include <stdio.h>
#include <string.h>

#define STAGE_ROW(id, name, title) {name, title, explain_print_##id},
static const struct explain_stage stages[] = {EXPLAIN_STAGE_LIST(STAGE_ROW)};
enum { STAGES = sizeof stages / sizeof *stages };

const struct explain_stage *explain_stage(size_t index)
{
    return index < STAGES ? &stages[index] : NULL;
}

const char *explain_stage_name(size_t index)
{
    return index < STAGES ? stages[index].name : NULL;
}

/* What is the same for all cells. The equations are those of docs/math.md. */
static const struct {
    const char *name, *equation, *source;
} facts[] = {
    {"lines", "", "src/data/text.c"},
    {"cleaning", "", "src/data/text_stream.c"},
    {"tokens", "", "src/data/token_kind.c"},
    {"counts", "", "src/data/token_table.c"},
    {"dictionary", "", "src/data/vocab.c"},
    {"ids", "", "src/data/corpus.c"},
    {"one-hot", "x = e_id \u2208 {0, 1}^V        x W\u1d40 = row id of W\u1d40",
     "src/backend/cpu/kernels/product.h"},
    {"minibatches", "Y_t = X_{t+1}", "src/data/batches.c"},
    {"network", NULL, "src/nn/network.c"},
    {"shapes", "", "src/backend/cpu/forward.c"},
    {"step", NULL, NULL},
    {"state", "H_t = cell(X_t, H_{t-1})        H_{-1} = 0", "src/backend/cpu/forward.c"},
    {"logits", "y = h W_out\u1d40 + b_out        p = softmax(y) = e^y / \u03a3 e^y",
     "src/backend/cpu/kernels/softmax.h"},
    {"loss", "loss = mean of -ln p_target        perplexity = e^loss",
     "src/backend/cpu/kernels/softmax.h"},
    {"gradients", "dh_t = dy_t W_out + dz_{t+1} W_hh", "src/backend/cpu/backward.c"},
    {"clipping", "n = \u221a(\u03a3 g\u00b2)        g \u2190 g \u03b8 / n  where n > \u03b8",
     "src/backend/cpu/update.c"},
    {"update", NULL, "src/backend/cpu/kernels/optimizers.h"},
    {"training", "", "src/train/trainer.c"},
    {"prediction", "next = argmax y", "src/infer/generate.c"},
};

static const struct {
    const char *equation, *source, *gates[EXPLAIN_GATES];
} cells[] = {
    [RECUR_CELL_RNN] = {"a = x W_ih\u1d40 + b_ih + h' W_hh\u1d40 + b_hh\nh = f(a)",
                        "src/backend/cpu/kernels/rnn.h",
                        {"h"}},
    [RECUR_CELL_GRU] = {"r = \u03c3(x W_ir\u1d40 + b_ir + h' W_hr\u1d40 + b_hr)\n"
                        "z = \u03c3(x W_iz\u1d40 + b_iz + h' W_hz\u1d40 + b_hz)\n"
                        "m = h' W_hn\u1d40 + b_hn\n"
                        "n = tanh(x W_in\u1d40 + b_in + r \u2299 m)\n"
                        "h = (1 - z) \u2299 n + z \u2299 h'",
                        "src/backend/cpu/kernels/gru.h",
                        {"r", "z", "n"}},
    [RECUR_CELL_GRU_RESET_BEFORE] = {"r = \u03c3(x W_ir\u1d40 + b_ir + h' W_hr\u1d40 + b_hr)\n"
                                     "z = \u03c3(x W_iz\u1d40 + b_iz + h' W_hz\u1d40 + b_hz)\n"
                                     "q = r \u2299 h'\n"
                                     "n = tanh(x W_in\u1d40 + b_in + q W_hn\u1d40 + b_hn)\n"
                                     "h = (1 - z) \u2299 n + z \u2299 h'",
                                     "src/backend/cpu/kernels/gru_reset_before.h",
                                     {"r", "z", "n"}},
    [RECUR_CELL_LSTM] = {"i, f, o = \u03c3(x W_i\u1d40 + b_i + h' W_h\u1d40 + b_h)\n"
                         "g = tanh(the same)\n"
                         "c = f \u2299 c' + i \u2299 g\n"
                         "h = o \u2299 tanh(c)",
                         "src/backend/cpu/kernels/lstm.h",
                         {"i", "f", "g", "o"}},
};

static const char *const updates[] = {
    [RECUR_OPTIMIZER_SGD] = "v \u2190 \u03bc v + g + \u03bb p        p \u2190 p - \u03b7 v",
    [RECUR_OPTIMIZER_ADAM] = ("m \u2190 \u03b2\u2081 m + (1-\u03b2\u2081) g        "
                              "v \u2190 \u03b2\u2082 v + (1-\u03b2\u2082) g\u00b2\n"
                              "p \u2190 p - \u03b7 (m / (1-\u03b2\u2081\u1d57)) / "
                              "(\u221a(v / (1-\u03b2\u2082\u1d57)) + \u03b5)"),
    [RECUR_OPTIMIZER_ADAMW] = "p \u2190 p - \u03b7 \u03bb p, then adam",
    [RECUR_OPTIMIZER_RMSPROP] =
        ("v \u2190 \u03b1 v + (1-\u03b1) g\u00b2        "
         "s \u2190 \u03bc s + g / (\u221av + \u03b5)\np \u2190 p - \u03b7 s"),
};

static size_t fact(const char *name)
{
    size_t i = 0;
    while (strcmp(facts[i].name, name) != 0)
        i++;
    return i;
}

const char *explain_stage_equation(const struct explain *explain, const char *name)
{
    if (strcmp(name, "step") == 0)
        return cells[explain->settings.model.cell].equation;
    if (strcmp(name, "update") == 0)
        return updates[explain->settings.trainer.optimizer];
    const char *equation = facts[fact(name)].equation;
    return equation ? equation : "";
}

const char *explain_stage_source(const struct explain *explain, const char *name)
{
    const char *source = facts[fact(name)].source;
    return source ? source : cells[explain->settings.model.cell].source;
}

bool explain_knows_cell(enum recur_cell cell)
{
    return (size_t)cell < sizeof cells / sizeof *cells && cells[cell].equation;
}

const char *explain_gate_name(const struct explain *explain, size_t gate)
{
    return cells[explain->settings.model.cell].gates[gate];
}

static void print_title(const struct page *page, size_t number, const struct explain_stage *stage)
{
    const char *source = explain_stage_source(page->explain, stage->name);
    const char *bold = page->color ? "\033[1m" : "", *dim = page->color ? "\033[2m" : "";
    int used = printf("%s%zu. %s", bold, number, stage->title) - (int)strlen(bold);
    fputs(page->color ? "\033[0m" : "", stdout);
    int gap = (int)page->width - used - (int)strlen(source);
    if (gap < 2) {
        putchar('\n');
        gap = PAGE_INDENT;
    }
    printf("%*s%s%s%s\n", gap, "", dim, source, page->color ? "\033[0m" : "");
}

void explain_print(const struct explain *explain, const char *name)
{
    const struct page page = explain_page(explain);
    for (size_t i = 0; i < STAGES; i++) {
        if (name && strcmp(stages[i].name, name) != 0)
            continue;
        if (i > 0 && !name)
            putchar('\n');
        print_title(&page, i + 1, &stages[i]);
        stages[i].print(&page);
    }
}
