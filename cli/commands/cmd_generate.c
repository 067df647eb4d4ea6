/* recur generate: continues a prompt token by token. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands/generate_stop.h"
#include "commands/generate_talk.h"
#include "common/message.h"
#include "common/need.h"
#include "common/progress.h"
#include "common/text_out.h"
#include "files/continuation.h"
#include "files/model_text.h"
#include "files/reading.h"
#include "options/model_options.h"
#include "options/text_options.h"
#include "recur/evaluate.h"
#include "recur/generate.h"

struct generate_options {
    struct text_list models;
    const char *prompt;
    const char *stop;
    uint64_t count, seed, threads;
    uint64_t beam; /* 0: tokens are drawn */
    double length_penalty;
    recur_sampler_config sampling; /* all settings except the seed */
    bool interactive, no_display_prompt, learn;
    recur_dynamic_config learning;
    bool new_seed; /* no seed was given */
};

/* Reads the prompt's bytes: the option's text, or standard input without its last line end. */
static char *read_prompt(const struct command *command, const char *prompt, size_t *size)
{
    char *text;
    if (strcmp(prompt, "-") == 0) {
        text = recur_read_whole(command, prompt, size);
        if (text && *size > 0 && text[*size - 1] == '\n')
            *size -= *size > 1 && text[*size - 2] == '\r' ? 2 : 1;
        return text;
    }
    *size = strlen(prompt);
    return recur_need_text(command, prompt, "the prompt");
}

/* Does the text depend on the seed? */
static bool chooses(const struct generate_options *options)
{
    return options->count > 0 && !options->beam && options->sampling.temperature > 0 &&
           options->sampling.top_k != 1;
}

/* Draws a seed that is short enough to be typed again. */
static uint64_t draw_seed(void)
{
    uint32_t seed = 0;
    if (getentropy(&seed, sizeof seed) != 0)
        seed = (uint32_t)time(NULL) ^ (uint32_t)getpid() << 16;
    return seed;
}

/* Lets the model, as it is in memory, learn from the prompt. */
static int learn_prompt(const struct command *command, const struct generate_options *options,
                        recur_model *model, const char *text, size_t size)
{
    recur_error error;
    recur_prompt prompt = {.ids = NULL};
    recur_evaluation evaluation;
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = recur_model_vocab(model);
    enum recur_status status = recur_prompt_encode(vocab, text, size, &prompt, &error);
    if (status == RECUR_OK && prompt.tokens < 2) {
        free(prompt.ids);
        return recur_usage_error(command, "--learn needs a prompt of at least 2 tokens");
    }
    if (status == RECUR_OK)
        status = recur_corpus_from_ids(prompt.ids, prompt.count, recur_vocab_size(vocab), &corpus,
                                       &error);
    recur_progress_count("learning", "tokens");
    if (status == RECUR_OK)
        status = recur_evaluate_dynamic(model, corpus, 0, 0, &options->learning,
                                        (size_t)options->threads, &evaluation, &error);
    recur_progress_end();
    recur_corpus_free(corpus);
    free(prompt.ids);
    if (status != RECUR_OK)
        return recur_library_failure(command, &error);
    if (evaluation.perplexity > (double)recur_vocab_size(vocab)) /* tokens at random have that */
        recur_warning(command,
                      "learning from the prompt spoilt the model: it came to predict it worse than "
                      "tokens at random do; try a smaller --lr than %g",
                      (double)options->learning.lr);
    return 0;
}

/* Draws a continuation, or searches the most probable one. */
static enum recur_status make_text(const struct generate_options *options,
                                   recur_stepper *const *steppers, size_t stepper_count,
                                   const char *prompt, size_t size, struct text_sink *sink,
                                   recur_error *error)
{
    recur_sampler_config sampling = options->sampling;
    recur_beam_config beam = recur_beam_config_default();
    size_t count = (size_t)options->count;
    sampling.seed = options->seed;
    beam.width = (size_t)options->beam;
    beam.length_penalty = options->length_penalty;
    beam.stop = options->stop;
    if (options->beam)
        return recur_generate_beam(steppers[0], prompt, size, count, &beam, recur_text_sink_put,
                                   sink, NULL, error);
    struct stop stop = {.text = options->stop, .sink = sink};
    enum recur_status status =
        recur_generate_ensemble(steppers, stepper_count, prompt, size, count, &sampling,
                                recur_stop_put, &stop, NULL, error);
    recur_stop_end(&stop);
    return status;
}

/* Makes a stepper of each model, which refuses one that cannot continue texts. */
static int open_steppers(const struct command *command, const struct generate_options *options,
                         const struct ensemble *models, recur_stepper **steppers)
{
    recur_error error;
    size_t batch = options->beam ? (size_t)options->beam : 1;
    for (size_t m = 0; m < models->count; m++)
        if (recur_stepper_create(models->model[m], batch, (size_t)options->threads, &steppers[m],
                                 &error) != RECUR_OK)
            return recur_library_failure(command, &error);
    return 0;
}

/* Prints a continuation, or those of a conversation. */
static int print_text(const struct command *command, const struct generate_options *options,
                      recur_stepper *const *steppers, size_t stepper_count, const char *prompt,
                      size_t size)
{
    recur_error error;
    enum recur_status status = RECUR_OK;
    struct text_sink sink = {.out = recur_text_out(stdout), .last = '\n'};
    if (options->new_seed && chooses(options))
        fprintf(stderr, "seed %" PRIu64 "\n", options->seed);
    if (options->interactive) {
        recur_sampler_config sampling = options->sampling;
        sampling.seed = options->seed;
        const struct talk_config talk = {prompt, (size_t)options->count, &sampling,
                                         !options->no_display_prompt};
        return recur_generate_talk(command, steppers[0], &talk);
    }
    if (!options->no_display_prompt)
        recur_text_sink_put(&sink, prompt, size, &error);
    if (!sink.failed) /* otherwise main reports the failure */
        status = make_text(options, steppers, stepper_count, prompt, size, &sink, &error);
    recur_text_end(&sink.out);
    if (status != RECUR_OK)
        return recur_library_failure(command, &error);
    if (sink.last != '\n')
        putchar('\n');
    return 0;
}

static int continue_prompt(const struct command *command, const struct generate_options *options,
                           const struct ensemble *models, const char *prompt, size_t size)
{
    recur_error error;
    recur_stepper *steppers[OPTION_LIST_MOST] = {NULL};
    struct prefix_check check = {.vocab = recur_model_vocab(models->model[0])};
    int status = 0;
    if (!check.vocab)
        return recur_failure(command, "%s has no vocabulary, so it cannot write text",
                             recur_path(recur_model_name(&options->models)).text);
    if (recur_prefix_check(&check, prompt, size, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    for (size_t m = 0; options->learn && m < models->count && status == 0; m++)
        status = learn_prompt(command, options, models->model[m], prompt, size);
    if (status == 0)
        status = open_steppers(command, options, models, steppers);
    if (status == 0 && !options->interactive) /* it warns of every text */
        recur_prefix_warn(command, "the prompt", &check);
    if (status == 0)
        status = print_text(command, options, steppers, models->count, prompt, size);
    for (size_t m = 0; m < models->count; m++)
        recur_stepper_free(steppers[m]);
    return status;
}

/* Is a model on standard input? */
static bool reads_input(const struct generate_options *options)
{
    for (size_t m = 0; m < options->models.count; m++)
        if (strcmp(options->models.items[m], "-") == 0)
            return true;
    return false;
}

/* Do the options go together? Prints what is wrong. */
static bool check(const struct command *command, const struct generate_options *options,
                  const struct arguments *given)
{
    const recur_field *field;
    const char *drawn = NULL;
    for (size_t i = 0; options->beam && !drawn && (field = recur_sampler_field(i)); i++)
        if (recur_option_given(command, given, recur_field_option(field)))
            drawn = recur_field_option(field);
    if (drawn)
        recur_usage_error(command,
                          "--%s is about drawing tokens, and --beam draws none: it takes the most "
                          "probable continuation that it finds",
                          drawn);
    else if (options->stop && !*options->stop)
        recur_usage_error(command, "--stop needs a text, got \"\"");
    else if (!options->beam && recur_option_given(command, given, "length-penalty"))
        recur_usage_error(command, "--length-penalty needs --beam");
    else if (options->interactive && (options->beam || options->stop))
        recur_usage_error(command, "--%s does not go with --interactive",
                          options->beam ? "beam" : "stop");
    else if (options->models.count > 1 && (options->interactive || options->beam))
        recur_usage_error(command, "--%s takes one model, not %zu",
                          options->beam ? "beam" : "interactive", options->models.count);
    else if (options->interactive && (reads_input(options) || strcmp(options->prompt, "-") == 0))
        recur_usage_error(command, "--interactive reads standard input, which cannot be the prompt "
                                   "or the model too");
    else
        return true;
    return false;
}

static int generate(const struct command *command, int argc, char **argv)
{
    struct generate_options options = {.prompt = "",
                                       .sampling = recur_sampler_config_default(),
                                       .learning = recur_dynamic_config_default()};
    struct arguments arguments;
    struct ensemble models;
    int status;
    size_t size;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    if (!check(command, &options, &arguments))
        return STATUS_USAGE;
    if (!options.learn && !recur_none_given(command, &arguments, recur_dynamic_field, "learn"))
        return STATUS_USAGE;
    options.new_seed = !recur_option_given(command, &arguments, "seed");
    if (options.new_seed)
        options.seed = draw_seed();
    status = recur_ensemble_load(command, options.models.items, options.models.count,
                                 options.prompt, "prompt", &models);
    char *prompt = status == 0 ? read_prompt(command, options.prompt, &size) : NULL;
    if (status == 0)
        status =
            prompt ? continue_prompt(command, &options, &models, prompt, size) : STATUS_FAILURE;
    free(prompt);
    recur_ensemble_free(&models);
    return status;
}

#define AT(field) offsetof(struct generate_options, field)
#define SAMPLING(option)                                                                           \
    {                                                                                              \
        OPTION_FIELD, 0, option, NULL, AT(sampling), .fields = recur_sampler_field, .help = ""     \
    }

static const struct option_spec options[] = {
    MODELS_ROW(struct generate_options, models),
    {OPTION_TEXT, 'p', "prompt", "TEXT", AT(prompt), .shown = "none",
     .help = "what to continue, - for standard input"},
    {OPTION_COUNT, 'n', "count", "N", AT(count), .most = INT64_MAX, .standard = "200",
     .help = "how many tokens to make"},
    SAMPLING("temp"),
    SAMPLING("top-k"),
    SAMPLING("top-p"),
    SAMPLING("min-p"),
    {OPTION_COUNT, 's', "seed", NULL, AT(seed), .fields = recur_sampler_field,
     .shown = "a new one, which is printed on standard error", .help = ""},
    {OPTION_COUNT, 0, "threads", "N", AT(threads), .least = 1, .most = 1024, .shown = "all cores",
     .help =
         "at most so many threads, of which a model gets as many as make it faster; the text is "
         "the same on any number"},
    {OPTION_TEXT, 0, "stop", "TEXT", AT(stop), .shown = "none",
     .help = "end before this text, where the model writes it"},
    {OPTION_COUNT, 0, "beam", "N", AT(beam), .least = 1, .most = RECUR_BEAM_WIDTH_MAX,
     .shown = "tokens are drawn",
     .help = "search the most probable continuation instead, with the N best ones at a time"},
    {OPTION_NUMBER, 0, "length-penalty", "X", AT(length_penalty), .high = 100, .standard = "0",
     .help = "of --beam with --stop: above 0, longer continuations are worth more"},
    {OPTION_FLAG, 'i', "interactive", NULL, AT(interactive),
     .help = "continue each line of standard input, with one state from the first to the last; an "
             "empty line goes on, Ctrl-C stops a continuation, /reset forgets what was read, "
             "Ctrl-D ends"},
    {OPTION_FLAG, 0, "learn", NULL, AT(learn),
     .help = "let the model learn from the prompt before it continues; the file of the model stays "
             "as it is"},
    LEARNING_ROW(struct generate_options, learning, "lr"),
    {OPTION_FLAG, 0, "no-display-prompt", NULL, AT(no_display_prompt),
     .help = "print the continuation alone"},
    {OPTION_FIELDS, .fields = recur_sampler_field, .at = AT(sampling), .help = ""},
    {OPTION_FIELDS, .fields = recur_dynamic_field, .at = AT(learning), .help = ""},
    {.help = NULL},
};

const struct command recur_command_generate = {
    .name = "generate",
    .summary = "continue a text with a model",
    .operands = "",
    .about = "Continues a prompt with a trained model and prints the text as it is made: "
             "another one each time, but with the same --seed the same.",
    .examples = "  recur generate -p \"time traveller\" -n 50 --temp 0\n"
                "  recur generate -p \"time traveller\" -n 50 --beam 8\n"
                "  recur generate -i -n 100\n"
                "  recur generate -m model.safetensors -p \"Once \" --temp 0.9 --min-p 0.05 -s 7\n",
    .options = options,
    .stray = "prompt",
    .run = generate,
};
