/* recur generate: continues a prompt token by token. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/message.h"
#include "common/need.h"
#include "common/text_out.h"
#include "files/continuation.h"
#include "files/model_text.h"
#include "files/reading.h"
#include "options/model_options.h"
#include "options/text_options.h"
#include "recur/generate.h"

struct generate_options {
    const char *model, *prompt;
    uint64_t count, seed, threads;
    recur_sampler_config sampling; /* all settings except the seed */
    bool no_display_prompt;
    bool new_seed; /* no seed was given */
};

/* Where the text is written, and its last byte, which tells whether a line end is missing. */
struct sink {
    struct text_out out;
    bool failed;
    char last;
};

static enum recur_status print_text(void *user, const char *bytes, size_t size, recur_error *error)
{
    struct sink *sink = user;
    (void)error; /* main reports that standard output failed */
    sink->failed = !recur_text_put(&sink->out, bytes, size) || fflush(stdout) != 0;
    if (size > 0)
        sink->last = bytes[size - 1];
    return sink->failed ? RECUR_STOP : RECUR_OK;
}

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
    return options->count > 0 && options->sampling.temperature > 0 && options->sampling.top_k != 1;
}

/* Draws a seed that is short enough to be typed again. */
static uint64_t draw_seed(void)
{
    uint32_t seed = 0;
    if (getentropy(&seed, sizeof seed) != 0)
        seed = (uint32_t)time(NULL) ^ (uint32_t)getpid() << 16;
    return seed;
}

static int continue_prompt(const struct command *command, const struct generate_options *options,
                           const recur_model *model, const char *prompt, size_t size)
{
    recur_error error;
    struct sink sink = {.out = recur_text_out(stdout), .last = '\n'};
    recur_vocab *vocab = recur_model_vocab(model);
    if (!vocab)
        return recur_failure(command, "%s has no vocabulary, so it cannot write text",
                             recur_path(options->model).text);
    recur_sampler_config sampling = options->sampling;
    sampling.seed = options->seed;
    struct prefix_check check = {.vocab = vocab};
    if (recur_prefix_check(&check, prompt, size, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    recur_stepper *stepper = NULL; /* refuses a model that cannot continue texts */
    enum recur_status status =
        recur_stepper_create(model, 1, (size_t)options->threads, &stepper, &error);
    if (status != RECUR_OK)
        return recur_library_failure(command, &error);
    recur_prefix_warn(command, "the prompt", &check);
    if (options->new_seed && chooses(options))
        fprintf(stderr, "seed %" PRIu64 "\n", options->seed);
    if (!options->no_display_prompt)
        print_text(&sink, prompt, size, &error);
    if (!sink.failed) /* otherwise main reports the failure */
        status = recur_generate_on(stepper, prompt, size, (size_t)options->count, &sampling,
                                   print_text, &sink, NULL, &error);
    recur_stepper_free(stepper);
    recur_text_end(&sink.out);
    if (status != RECUR_OK)
        return recur_library_failure(command, &error);
    if (sink.last != '\n')
        putchar('\n');
    return 0;
}

static int generate(const struct command *command, int argc, char **argv)
{
    struct generate_options options = {.prompt = "", .sampling = recur_sampler_config_default()};
    struct arguments arguments;
    recur_model *model;
    int status;
    size_t size;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    options.new_seed = !recur_option_given(command, &arguments, "seed");
    if (options.new_seed)
        options.seed = draw_seed();
    status = recur_load_model(command, options.model, options.prompt, "prompt", &model);
    if (status != 0)
        return status;
    char *prompt = read_prompt(command, options.prompt, &size);
    status = prompt ? continue_prompt(command, &options, model, prompt, size) : STATUS_FAILURE;
    free(prompt);
    recur_model_free(model);
    return status;
}

#define AT(field) offsetof(struct generate_options, field)
#define SAMPLING(option)                                                                           \
    {                                                                                              \
        OPTION_FIELD, 0, option, NULL, AT(sampling), .fields = recur_sampler_field, .help = ""     \
    }

static const struct option_spec options[] = {
    MODEL_ROW(struct generate_options, model),
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
    {OPTION_FLAG, 0, "no-display-prompt", NULL, AT(no_display_prompt),
     .help = "print the continuation alone"},
    {OPTION_FIELDS, .fields = recur_sampler_field, .at = AT(sampling), .help = ""},
    {.help = NULL},
};

const struct command recur_command_generate = {
    .name = "generate",
    .summary = "continue a text with a model",
    .operands = "",
    .about = "Continues a prompt with a trained model and prints the text as it is made: "
             "another one each time, but with the same --seed the same.",
    .examples = "  recur generate -p \"time traveller\" -n 50 --temp 0\n"
                "  recur generate -m model.safetensors -p \"Once \" --temp 0.9 --min-p 0.05 -s 7\n",
    .options = options,
    .stray = "prompt",
    .run = generate,
};
