/* The stages of learning: loss to prediction. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/number_text.h"
#include "common/quote.h"
#include "explain/parts.h"
#include "explain/stages.h"

enum { SHOWN_STEPS = 12, SHOWN_WEIGHTS = 3, SHOWN_LOSSES = 8 };

void explain_print_loss(const struct page *page)
{
    const struct explain *explain = page->explain;
    size_t steps = explain->T < SHOWN_STEPS ? explain->T : SHOWN_STEPS;
    size_t wide = explain_cell_width(page, explain->y, explain->T * explain->B, 10);
    explain_say(page, "A prediction is as bad as the right token's probability is small: -ln p. Of "
                      "sequence 0:");
    explain_equation(page, explain_stage_equation(explain, "loss"));
    printf("%*s     %*s   %*s  p(y)   -ln p\n", PAGE_INDENT + 2, "", (int)wide, "x", (int)wide,
           "y");
    for (size_t t = 0; t < steps; t++) {
        size_t row = t * explain->B;
        double p = explain->probability[row * explain->V + (size_t)explain->y[row]];
        printf("%*st=%-2zu ", PAGE_INDENT + 2, "", t);
        explain_cell_of(page, explain->x[row], wide);
        explain_puts(page, " \u2192 ");
        explain_cell_of(page, explain->y[row], wide);
        printf(" %.3f ", p);
        explain_number(-log(p));
        putchar('\n');
    }
    if (steps < explain->T)
        explain_puts(page, "     \u2026\n");
    explain_say(page,
                "The mean over all %zu tokens of the minibatch is the loss: %.4f nats, a "
                "perplexity of %s. Who knows nothing gives each of the V = %zu tokens the "
                "probability 1/V, and has the loss ln V = %.4f.",
                explain->T * explain->B, explain->loss, recur_perplexity(explain->loss).text,
                explain->V, log((double)explain->V));
}

/* The norms of one layer as bars, from the last step back. */
static void print_norms(const struct page *page, const struct explain_norms *all,
                        const struct explain_norms *last)
{
    const struct explain *explain = page->explain;
    size_t T = explain->T, first = T > SHOWN_STEPS ? T - SHOWN_STEPS : 0;
    double most = 0;
    for (size_t t = 0; t < T; t++)
        most = fmax(most, last->h[t]);
    printf("%*s         all losses  last loss\n", PAGE_INDENT + 2, "");
    for (size_t t = T; t-- > first;) {
        char name[24] = "start";
        if (t > 0)
            snprintf(name, sizeof name, "H_%u", (unsigned)t - 1);
        printf("%*s%-7s %11.2e %10.2e", PAGE_INDENT + 2, "", name, all->h[t], last->h[t]);
        explain_bar(page, most > 0 ? last->h[t] / most : 0, PAGE_INDENT + 32);
        putchar('\n');
    }
    if (first > 0)
        explain_puts(page, "     \u2026\n");
}

void explain_print_gradients(const struct page *page)
{
    const struct explain *explain = page->explain;
    size_t T = explain->T;
    explain_say(page, "How would the loss change if a state were a little different? That is the "
                      "state's gradient, and it comes from the step after it, back through time. "
                      "The norms of these gradients, of the loss of all steps and of the last "
                      "step's loss alone (bars):");
    explain_equation(page, explain_stage_equation(explain, "gradients"));
    for (size_t l = explain->L; l-- > 0;) {
        if (explain->L > 1)
            printf("%*slayer %zu\n", PAGE_INDENT, "", l + 1);
        print_norms(page, &explain->all[l], &explain->last[l]);
    }
    const double *top = explain->last[explain->L - 1].h;
    if (T < 2 || !(top[0] > 0) || !(top[T - 1] > 0))
        return;
    double each = pow(top[0] / top[T - 1], 1 / (double)(T - 1));
    explain_say(page,
                "Each step back multiplies the gradient by %.2f on average: it %s. 100 steps "
                "back, %.0e of it would be left.",
                each,
                each < 0.95   ? "vanishes"
                : each > 1.05 ? "explodes"
                              : "keeps its size",
                pow(each, 100));
}

static void say_clip(const struct page *page, double theta)
{
    const struct explain *explain = page->explain;
    double after = explain->norm * explain->scale;
    if (!(theta > 0))
        explain_say(page, "--clip 0: nothing is clipped.");
    else if (explain->scale < 1)
        explain_say(page,
                    "\u03b8 = %g (--clip), so every gradient is multiplied by %.3f, and the "
                    "norm after clipping is %.3f.",
                    theta, explain->scale, after);
    else
        explain_say(page,
                    "\u03b8 = %g (--clip) is above n: nothing has to be clipped, and the norm "
                    "stays %.3f. --clip %.1g would clip.",
                    theta, after, explain->norm / 2);
}

void explain_print_clipping(const struct page *page)
{
    const struct explain *explain = page->explain;
    explain_say(page, "All gradients together are one long vector. Where its norm n is above "
                      "\u03b8, the vector is made shorter, and keeps its direction, so that no "
                      "single minibatch throws the network far off.");
    explain_equation(page, explain_stage_equation(explain, "clipping"));
    for (size_t i = 0; i < explain->tensors; i++) {
        const struct explain_tensor *tensor = &explain->tensor[i];
        printf("%*s%-22s", PAGE_INDENT + 2, "", tensor->info.name);
        explain_number(tensor->norm);
        explain_bar(page, tensor->norm / explain->norm, PAGE_INDENT + 32);
        putchar('\n');
    }
    printf("%*s%-22s", PAGE_INDENT + 2, "", "n, all of them");
    explain_number(explain->norm);
    putchar('\n');
    say_clip(page, explain->settings.trainer.clip);
}

void explain_print_update(const struct page *page)
{
    const struct explain *explain = page->explain;
    const recur_trainer_config *config = &explain->settings.trainer;
    const struct explain_tensor *tensor = &explain->tensor[explain->tensors - 1];
    size_t rows = explain_numbers(&tensor->info);
    rows = rows < SHOWN_WEIGHTS ? rows : SHOWN_WEIGHTS;
    explain_say(page,
                "Each parameter p moves against its gradient g, here by %s with a learning "
                "rate \u03b7 of %g. Some of %s:",
                recur_optimizer_name(config->optimizer), config->lr, tensor->info.name);
    explain_equation(page, explain_stage_equation(explain, "update"));
    printf("%*s       p before       g  g clipped   p after\n", PAGE_INDENT + 2, "");
    for (size_t i = 0; i < rows; i++) {
        printf("%*s[%zu]  %11.5f", PAGE_INDENT + 2, "", i, tensor->before[i]);
        printf("%10.5f %10.5f %9.5f\n", tensor->gradient[i], tensor->gradient[i] * explain->scale,
               tensor->after[i]);
    }
    explain_say(page, "The loss of the same minibatch goes from %.4f to %.4f.", explain->loss,
                explain->loss_after);
}

void explain_print_training(const struct page *page)
{
    const struct explain *explain = page->explain;
    size_t shown = explain->updates < SHOWN_LOSSES ? explain->updates : SHOWN_LOSSES;
    double most = 0;
    explain_say(page,
                "The same again and again, minibatch after minibatch and epoch after epoch: "
                "%zu updates (--updates), sampling %s.",
                explain->updates, recur_sampling_name(explain->settings.trainer.sampling));
    for (size_t i = 0; i < explain->updates; i++)
        most = fmax(most, explain->losses[i]);
    for (size_t i = 0; i < shown; i++) {
        size_t at = shown > 1 ? i * (explain->updates - 1) / (shown - 1) : 0;
        printf("%*supdate %-6zu loss", PAGE_INDENT + 2, "", at + 1);
        explain_number(explain->losses[at]);
        explain_bar(page, explain->losses[at] / most, PAGE_INDENT + 28);
        putchar('\n');
    }
    if (explain->diverged)
        explain_say(page, "Then the numbers were no longer finite: training exploded. A smaller "
                          "--lr, or a --clip above 0, would help.");
}

static void print_guess(const struct page *page, const char *when,
                        const struct explain_guess *guess)
{
    printf("%*s%-10s", PAGE_INDENT + 2, "", when);
    for (size_t i = 0; i < guess->count; i++) {
        if (page->width < 72 && i > 2)
            break;
        printf(" %s %.2f", explain_quoted(page, guess->id[i]).text, guess->probability[i]);
    }
    putchar('\n');
}

static void print_continued(const struct page *page, const char *when,
                            const struct grown_text *text)
{
    size_t columns = page->width - PAGE_INDENT - 2 - 12;
    recur_printable shown = recur_fit((recur_token){text->bytes, text->size}, columns);
    printf("%*s%-10s %s\n", PAGE_INDENT + 2, "", when, shown.text);
}

void explain_print_prediction(const struct page *page)
{
    const struct explain *explain = page->explain;
    size_t row = (explain->T - 1) * explain->B;
    explain_say(page,
                "A trained network goes on with a text: it reads a prefix, predicts the "
                "next token, reads that, and so on, each time the most probable one. The "
                "prefix is %s.",
                recur_quote((recur_token){explain->prefix, strlen(explain->prefix)}).text);
    explain_equation(page, explain_stage_equation(explain, "prediction"));
    print_continued(page, "untrained", &explain->continued[0]);
    print_continued(page, "trained", &explain->continued[1]);
    explain_say(page, "And after the sequence 0 from above, where %s follows:",
                explain_quoted(page, explain->y[row]).text);
    print_guess(page, "untrained", &explain->guess[0]);
    print_guess(page, "trained", &explain->guess[1]);
}
