/* Chooses what the user did not: without --time what suits the text (recipe.h), with it also the
 * largest network that this machine, by measured speed, can train in the time. Every choice becomes
 * an option, as if the user had given it, so that the run's command says all. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/message.h"
#include "common/timing.h"
#include "recur/machine.h"
#include "train/recipe.h"
#include "train/run.h"

/* Tokens a second, before anything was measured. */
#define LIKELY_SPEED 50000

/* How fast a network trains. */
struct pace {
    double seconds, tokens; /* of a minibatch */
    double reading;         /* seconds of a token in a validation */
    double parameters, train_tokens;
};

static bool given(const struct run *run, const char *name)
{
    return recur_option_given(run->command, &run->texts, name);
}

static bool serves(const struct run *run, enum recur_use use)
{
    return recur_task_serves(recur_train_task(&run->options), use);
}

void recur_run_choose_option(struct run *run, const char *name, const char *format, ...)
{
    if (given(run, name) || run->choices == CHOICES)
        return;
    struct choice *choice = &run->choice[run->choices++];
    va_list values;
    va_start(values, format);
    vsnprintf(choice->value, sizeof choice->value, format, values);
    va_end(values);
    choice->name = name;
    recur_option_preset(run->command, &run->texts, name, choice->value, &run->options);
}

static void set_network(struct run *run, const struct network_size *size)
{
    struct count_list *hidden = &run->options.hidden;
    for (hidden->count = 0; hidden->count < size->layers; hidden->count++)
        hidden->items[hidden->count] = size->width;
}

/* Trains the network for about so many seconds to see how fast it is, and forgets it. */
static int measure(struct run *run, double seconds, struct pace *pace)
{
    recur_error error;
    recur_step step = {0};
    enum recur_status status = RECUR_OK;
    struct trial trial = {.seconds = seconds};
    int made = recur_run_create(run);
    if (made != 0)
        return made;
    for (double begun = recur_seconds(), now;
         status == RECUR_OK && !step.end_of_epoch && recur_trial_goes_on(&trial); begun = now) {
        status = recur_trainer_step(run->trainer, &step, &error);
        now = recur_seconds();
        recur_trial_add(&trial, now - begun);
    }
    pace->seconds = recur_trial_result(&trial);
    pace->tokens = (double)recur_run_minibatch_tokens(run);
    if (status == RECUR_OK)
        status = recur_fit_measure_reading(run, pace->seconds / pace->tokens, seconds,
                                           &pace->reading, &error);
    pace->parameters = (double)recur_model_parameters(run->model);
    pace->train_tokens = (double)recur_trainer_train_tokens(run->trainer);
    recur_trainer_free(run->trainer);
    recur_model_free(run->model);
    run->trainer = NULL;
    run->model = NULL;
    return status == RECUR_OK || status == RECUR_ERROR_DIVERGED
               ? 0
               : recur_library_failure(run->command, &error);
}

/* Which precision is faster? Leaves it in the options, and the network's pace. */
static int choose_precision(struct run *run, double seconds, struct pace *pace)
{
    struct pace low = {0};
    int status = measure(run, seconds, pace);
    if (status != 0 || given(run, "precision"))
        return status;
    run->options.trainer.precision = RECUR_PRECISION_BF16;
    status = measure(run, seconds, &low);
    if (status == 0 && low.seconds < 0.95 * pace->seconds)
        *pace = low;
    else
        run->options.trainer.precision = RECUR_PRECISION_F32;
    return status;
}

/* How much a network computes, up to a factor. */
static double work_of(const struct network_size *size)
{
    double width = (double)size->width;
    return (2 * (double)size->layers - 1) * width * width;
}

/* The largest network that the time affords: by its own pace if it was measured, else by what is
 * expected from another one's. Returns its index. */
static size_t largest(const struct run *run, const struct recipe *recipe, size_t measured,
                      const struct pace *pace, size_t below)
{
    size_t best = 0;
    const struct network_size *size;
    double left = run->fit.end - recur_seconds();
    for (size_t i = 0; i < below && (size = recur_network_size(i)); i++) {
        double ratio = work_of(size) / work_of(recur_network_size(measured));
        double seen = left / (pace->seconds * ratio) * pace->tokens;
        if (size->width <= recipe->widest && size->layers <= recipe->deepest &&
            recur_recipe_affords(pace->parameters * ratio, seen, pace->train_tokens))
            best = i;
    }
    return best;
}

/* Finds the size that the time affords, from `*at` on, which was measured. */
static int find_size(struct run *run, const struct recipe *recipe, double slice, size_t *at,
                     struct pace *pace)
{
    enum { TRIES = 3 };
    size_t below = SIZE_MAX;
    for (size_t i = 0; i < TRIES; i++) {
        size_t next = largest(run, recipe, *at, pace, below);
        if (next == *at)
            break;
        below = next > *at ? below : *at; /* a network that was too slow is not tried again */
        *at = next;
        set_network(run, recur_network_size(*at));
        int status = measure(run, slice, pace);
        if (status != 0)
            return status;
    }
    return 0;
}

/* Measures a network again: it may have been slow because the machine did something else. If it is
 * much faster now, `*faster`, that is its pace. */
static int confirm(struct run *run, double slice, struct pace *pace, bool *faster)
{
    struct pace again = {0};
    int status = measure(run, slice, &again);
    *faster = status == 0 && again.seconds < 0.75 * pace->seconds;
    if (*faster)
        *pace = again;
    return status;
}

static int choose_network(struct run *run, const struct recipe *recipe, struct pace *pace)
{
    enum { FIRST = 1, ROUNDS = 3 };
    double slice = fmin(1, fmax(0.05, run->options.time / 200));
    bool free = !given(run, "hidden") && !given(run, "layers") && !run->options.init_from;
    bool faster = true;
    size_t at = FIRST;
    if (free)
        set_network(run, recur_network_size(at));
    int status = choose_precision(run, slice, pace);
    for (size_t round = 0; round < ROUNDS && status == 0 && faster; round++) {
        if (free)
            status = find_size(run, recipe, slice, &at, pace);
        if (status == 0)
            status = confirm(run, slice, pace, &faster);
    }
    const struct network_size *size = recur_network_size(at);
    if (status != 0 || !free)
        return status;
    if (size->layers == 1)
        recur_run_choose_option(run, "hidden", "%zu", size->width);
    else
        recur_run_choose_option(run, "hidden", size->layers == 2 ? "%zu,%zu" : "%zu,%zu,%zu",
                                size->width, size->width, size->width);
    return 0;
}

/* What is held out of a large text must not take longer to read than the time allows. */
static void choose_validation(struct run *run, const struct pace *pace, double seen)
{
    double tokens = (double)recur_run_tokens(run);
    double most = recur_recipe_held_out(seen, pace->reading / (pace->seconds / pace->tokens));
    if (run->options.labels || most >= 0.1 * tokens || given(run, "validation"))
        return;
    recur_run_choose_option(run, "validation", "%.1g", most / tokens);
    run->options.validation =
        recur_option_number(run->command, &run->texts, "validation", &run->options);
}

/* Would a GPU compute the run, if recur chose nothing that keeps it on the CPU? */
static bool is_for_gpu(const struct run *run, const struct recipe *recipe)
{
    recur_device_info gpu = {0};
    recur_error unusable;
    const enum recur_device device = run->options.trainer.device;
    recur_model_config model = recur_train_model_config(&run->options, 1);
    const recur_trainer_config training = recur_train_trainer_config(&run->options, 1);
    if (device == RECUR_DEVICE_CPU)
        return false;
    if (!given(run, "dropout"))
        model.dropout = (float)recipe->dropout;
    if (!given(run, "weight-drop")) /* that of a model which the run goes on from can be left out */
        model.weight_drop = 0;
    if (!given(run, "input-dropout")) /* likewise */
        model.input_dropout = 0;
    if (device != RECUR_DEVICE_CUDA &&
        recur_device_trains(RECUR_DEVICE_CUDA, &model, &training, &unusable) != RECUR_OK)
        return false;
    if (run->ranks.all)
        return device == RECUR_DEVICE_CUDA || run->ranks.gpus;
    return recur_machine_device(&gpu, &unusable) == RECUR_OK && *gpu.name;
}

static struct recipe find_recipe(const struct run *run, double tokens, size_t vocabulary)
{
    struct recipe recipe = recur_recipe(tokens, vocabulary);
    if (run->options.init_from)
        recipe = recur_recipe_onward(recipe, run->options.labels);
    if (serves(run, RECUR_USE_FILL))
        recipe = recur_recipe_fill(recipe);
    if (is_for_gpu(run, &recipe))
        return recur_recipe_plain(recipe);
    bool embeds = !given(run, "embed") || run->options.model.embedding;
    return embeds && serves(run, RECUR_USE_CONTINUE) && !run->options.init_from
               ? recur_recipe_drop_inputs(recipe)
               : recipe;
}

/* What stands behind a token says as much about it as what stands before it. */
static void choose_directions(struct run *run)
{
    if (!serves(run, RECUR_USE_CONTINUE) &&
        !run->options.init_from) /* it has the directions of that model */
        recur_run_choose_option(run, "bidirectional", "%s", "");
}

/* A model that reads its text both ways, or has an embedding of another width, is left untied. */
static void choose_tied(struct run *run, const struct recipe *recipe)
{
    if (recipe->tied && !run->options.model.bidirectional && !given(run, "embed"))
        recur_run_choose_option(run, "tied", "%s", "");
}

/* The draw goes by ids in the order of their counts, which byte pairs do not have. */
static void choose_samples(struct run *run, const struct recipe *recipe)
{
    const recur_trainer_config *config = &run->options.trainer;
    if (recipe->sampled && config->accumulate <= 1 && config->sync_every <= 1 &&
        !recur_text_parts(recur_vocab_text(run->vocab)))
        recur_run_choose_option(run, "sampled-softmax", "%zu", recipe->sampled);
}

static void choose_drops(struct run *run, const struct recipe *recipe, double outputs,
                         double weights)
{
    recur_run_choose_option(run, "dropout", "%g", outputs);
    /* A model that the run goes on from brings its own, which a GPU would refuse. */
    if ((weights > 0 || run->options.model.weight_drop > 0) &&
        (!run->options.labels || recipe->plain))
        recur_run_choose_option(run, "weight-drop", "%g", weights);
    if (recipe->input_dropout > 0 || (recipe->plain && run->options.model.input_dropout > 0))
        recur_run_choose_option(run, "input-dropout", "%g", recipe->input_dropout);
    double ar = recur_recipe_ar(recipe, (double)run->options.model.weight_drop);
    if (ar > 0 && serves(run, RECUR_USE_CONTINUE))
        recur_run_choose_option(run, "ar", "%g", ar);
}

/* Layer normalisation was measured where a model continues a text. */
static void choose_cell(struct run *run, const struct recipe *recipe)
{
    if (recipe->normalised && serves(run, RECUR_USE_CONTINUE))
        recur_run_choose_option(run, "cell", "%s", recur_cell_name(RECUR_CELL_LN_LSTM));
}

static void choose_blanks(struct run *run, const struct recipe *recipe)
{
    if (recipe->blanks > 0)
        recur_run_choose_option(run, "blanks", "%g", recipe->blanks);
}

/* A run that keeps its rate and a mean of its parameters is good at any epoch, so that it may end
 * when it over-fits; one whose rate falls is good at its end. */
static void choose_course(struct run *run, const struct recipe *recipe)
{
    bool average = given(run, "average") ? run->options.trainer.average != RECUR_AVERAGE_NONE
                                         : recipe->average;
    if (average)
        recur_run_choose_option(run, "average", "ema");
    else
        recur_run_choose_option(run, "schedule", "cosine");
}

static int choose_by_time(struct run *run)
{
    struct pace pace = {0};
    double tokens = 0.9 * (double)recur_run_tokens(run);
    size_t vocabulary = run->vocab ? recur_vocab_size(run->vocab) : 0;
    choose_directions(run);
    const struct recipe recipe = find_recipe(run, tokens, vocabulary);
    /* Of a text that it cannot read to its end a run sees a shorter one. */
    const struct recipe seen_text =
        find_recipe(run, fmin(tokens, run->options.time * LIKELY_SPEED), vocabulary);
    recur_run_choose_option(run, "batch", "%zu", seen_text.batch);
    if (!run->options.labels)
        recur_run_choose_option(run, "steps", "%zu", recipe.steps);
    choose_cell(run, &recipe);
    choose_tied(run, &recipe);
    choose_samples(run, &recipe);
    int status = choose_network(run, &recipe, &pace);
    if (status != 0)
        return status;
    const struct network_size size = {run->options.hidden.items[0], run->options.hidden.count};
    double left = fmax(pace.seconds, run->fit.end - recur_seconds()); /* one minibatch at least */
    double seen = left / pace.seconds * pace.tokens;
    double epochs = fmin(seen / pace.train_tokens, recipe.most);
    double minibatches = fmax(1, epochs * pace.train_tokens / pace.tokens);
    choose_validation(run, &pace, seen);
    if (!given(run, "optimizer"))
        recur_run_choose_option(run, "lr", "%g", recur_recipe_lr(&seen_text, &size));
    choose_drops(run, &recipe, recur_recipe_dropout(&recipe, epochs, size.layers),
                 recur_recipe_weight_drop(&recipe, epochs, pace.parameters / pace.train_tokens));
    choose_blanks(run, &recipe);
    if (run->options.trainer.precision == RECUR_PRECISION_BF16)
        recur_run_choose_option(run, "precision", "bf16");
    recur_run_choose_option(run, "schedule", "wsd");
    if (run->options.trainer.schedule == RECUR_SCHEDULE_WSD) {
        recur_run_choose_option(run, "lr-floor", "0.02");
        recur_run_choose_option(run, "warmup", "%.0f", fmax(1, fmin(200, floor(minibatches / 40))));
    }
    run->options.trainer.updates = (size_t)minibatches;
    run->fit.most = recipe.most;
    run->fit.bounded = epochs >= recipe.most;
    run->fit.step.seconds = pace.seconds;
    run->fit.reading = pace.reading;
    snprintf(run->why, sizeof run->why, "%.0f tokens/s as measured, %.3g epochs of %.0f tokens%s",
             pace.tokens / pace.seconds, epochs, pace.train_tokens,
             epochs < recipe.most ? "" : ", more would only over-fit so short a text");
    return 0;
}

static bool is_left_to_us(const struct run *run)
{
    static const char *const by_hand[] = {"preset", "epochs", "updates",   "lr",
                                          "hidden", "layers", "optimizer", "schedule"};
    for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++)
        if (given(run, by_hand[i]))
            return false;
    return !run->options.labels && run->options.validation > 0;
}

static void choose_by_text(struct run *run)
{
    double tokens = (1 - run->options.validation) * (double)recur_run_tokens(run);
    size_t vocabulary = recur_vocab_size(run->vocab);
    choose_directions(run);
    const struct recipe recipe = find_recipe(run, tokens, vocabulary);
    if (!run->options.init_from)
        recur_run_choose_option(run, "hidden", "%zu", recipe.width);
    choose_tied(run, &recipe);
    choose_samples(run, &recipe);
    choose_drops(run, &recipe, recur_recipe_dropout(&recipe, recipe.epochs, 1), recipe.weight_drop);
    choose_blanks(run, &recipe);
    recur_run_choose_option(run, "batch", "%zu", recipe.batch);
    recur_run_choose_option(run, "steps", "%zu", recipe.steps);
    recur_run_choose_option(run, "lr", "%g", recipe.lr);
    choose_course(run, &recipe);
    recur_run_choose_option(run, "epochs", "%.0f", recipe.epochs);
    recur_run_choose_option(run, "patience", "%.0f", fmax(3, ceil(recipe.epochs / 4)));
    run->options.epochs_given = true;
    snprintf(run->why, sizeof run->why, "suits %.0f tokens", tokens);
}

int recur_run_choose(struct run *run)
{
    recur_option_forget(run->command, &run->texts, "time"); /* what is chosen takes its place */
    if (run->resumed)
        return 0;
    if (run->options.time > 0)
        return choose_by_time(run);
    if (is_left_to_us(run))
        choose_by_text(run);
    return 0;
}
