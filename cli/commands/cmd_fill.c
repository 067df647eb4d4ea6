/* recur fill: fills the blanks of texts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/message.h"
#include "common/need.h"
#include "common/progress.h"
#include "common/text_out.h"
#include "files/continuation.h"
#include "files/model_text.h"
#include "files/reading.h"
#include "options/model_options.h"
#include "options/text_options.h"
#include "recur/fill.h"

struct fill_options {
    const char *model, *blank, *file, *encoding, *device;
    uint64_t top, beam;
};

/* Where the fillings are written. */
struct sink {
    struct text_out out;
    bool alternatives;    /* each filling is preceded by its probability */
    const char *line_end; /* for a filling that has none */
    size_t blanks;        /* how many the last text had */
    struct prefix_check check;
    bool counts_blanks; /* blanks count as unknown tokens */
};

static enum recur_status print_filling(void *user, const recur_filling *filling, recur_error *error)
{
    struct sink *sink = user;
    (void)error; /* main reports that standard output failed */
    sink->blanks = filling->blanks;
    if (isatty(STDOUT_FILENO) == 1)
        recur_progress_end();
    if (sink->alternatives)
        printf("%.4f\t", filling->probability);
    bool written = recur_text_put(&sink->out, filling->text, filling->size);
    recur_text_end(&sink->out);
    bool open_line = filling->size == 0 || filling->text[filling->size - 1] != '\n';
    if (open_line)
        fputs(sink->line_end, stdout);
    return written ? RECUR_OK : RECUR_STOP;
}

/* Fills one text and counts the tokens that the vocabulary lacks. */
static enum recur_status fill_one(recur_filler *filler, struct sink *sink, const char *text,
                                  size_t size, recur_error *error)
{
    enum recur_status status = recur_fill(filler, text, size, print_filling, sink, error);
    if (status == RECUR_OK)
        status = recur_prefix_check(&sink->check, text, size, error);
    if (status == RECUR_OK && sink->counts_blanks)
        sink->check.unknown -= sink->blanks;
    return status;
}

/* Fills each line of standard input as a separate text. */
static int fill_lines(const struct command *command, recur_filler *filler, struct sink *sink)
{
    recur_error error;
    char *line = NULL;
    size_t room = 0, number = 0;
    ssize_t size;
    int status = 0;
    /* On a terminal the fillings themselves show how far it is, or a person types. */
    if (isatty(STDOUT_FILENO) != 1 && isatty(STDIN_FILENO) != 1)
        recur_progress_count("filling", "texts");
    while (status == 0 && !ferror(stdout) &&
           (size = recur_need_line(command, &line, &room, stdin)) >= 0) {
        recur_progress_at(NULL, number, 0);
        number++;
        size_t length = (size_t)size - (size > 0 && line[size - 1] == '\n');
        bool returns = length < (size_t)size && length > 0 && line[length - 1] == '\r';
        length -= returns;
        sink->line_end = returns ? "\r\n" : "\n";
        if (fill_one(filler, sink, line, length, &error) != RECUR_OK)
            status = recur_failure(command, "line %zu: %s", number, error.message);
    }
    recur_progress_end();
    free(line);
    if (status == 0 && ferror(stdin))
        return recur_failure(command, "cannot read standard input: %s", strerror(errno));
    return status;
}

static int fill_text(const struct command *command, recur_filler *filler, struct sink *sink,
                     const struct fill_options *options, const char *text, size_t size)
{
    recur_error error;
    recur_progress_count("filling", "blanks");
    enum recur_status filled = fill_one(filler, sink, text, size, &error);
    recur_progress_end();
    if (filled != RECUR_OK)
        return recur_library_failure(command, &error);
    if (sink->blanks == 0)
        recur_warning(command, "the text has no blank, \"%s\"", recur_word(options->blank).text);
    return 0;
}

static int fill_all(const struct command *command, recur_filler *filler, struct sink *sink,
                    const struct fill_options *options, const char *text)
{
    size_t size;
    if (!options->file)
        return strcmp(text, "-") == 0
                   ? fill_lines(command, filler, sink)
                   : fill_text(command, filler, sink, options, text, strlen(text));
    recur_text_config reading = recur_text_config_default();
    recur_text_stats stats;
    recur_error error;
    char *whole;
    reading.tokens = recur_vocab_text(sink->check.vocab)->tokens;
    reading.word_rule = recur_vocab_text(sink->check.vocab)->word_rule;
    reading.encoding = options->encoding;
    recur_progress_files("reading", &options->file, 1);
    enum recur_status read =
        recur_text_load(options->file, &reading, &whole, &size, &stats, &error);
    recur_progress_end();
    if (read != RECUR_OK)
        return recur_library_failure(command, &error);
    recur_warn_read(command, recur_path(options->file).text, options->encoding, stats.invalid, 0);
    int status = fill_text(command, filler, sink, options, whole, size);
    free(whole);
    return status;
}

static int use_model(const struct command *command, const struct fill_options *options,
                     const recur_model *model, const char *text)
{
    recur_error error;
    recur_filler *filler;
    recur_fill_config config = recur_fill_config_default();
    config.blank = options->blank;
    config.alternatives = options->top ? (size_t)options->top : 1;
    config.beam = (size_t)options->beam;
    if (recur_filler_create(model, &config, &filler, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    const recur_vocab *vocab = recur_model_vocab(model);
    const recur_token mark = {options->blank, strlen(options->blank)};
    struct sink sink = {
        .out = recur_text_out(stdout),
        .alternatives = options->top > 0,
        .line_end = "\n",
        .check.vocab = vocab,
        .counts_blanks = recur_vocab_text(vocab)->clean == RECUR_CLEAN_NONE &&
                         recur_vocab_id(vocab, mark) == RECUR_UNKNOWN,
    };
    int status = fill_all(command, filler, &sink, options, text);
    recur_prefix_warn(command, "the text", &sink.check);
    recur_filler_free(filler);
    return status;
}

static int check(const struct command *command, const struct fill_options *options,
                 const struct arguments *arguments)
{
    if (!options->file && arguments->count == 0)
        return recur_usage_error(command, "TEXT is missing; usage: recur fill [OPTIONS] TEXT");
    if (options->encoding && !options->file)
        return recur_usage_error(command, "--encoding goes with --file; TEXT is in UTF-8");
    if (options->file && arguments->count > 0)
        return recur_usage_error(command, "either TEXT or --file, not both");
    return 0;
}

static int fill(const struct command *command, int argc, char **argv)
{
    struct fill_options options = {0};
    struct arguments arguments;
    recur_model *model;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    status = check(command, &options, &arguments);
    if (status != 0)
        return status;
    const char *text = arguments.count ? *arguments.operands : "";
    status = recur_load_model(command, options.model, options.file ? options.file : text, "text",
                              &model);
    if (status != 0)
        return status;
    if (!options.file && strcmp(text, "-") == 0) /* then texts are counted, not their blanks */
        recur_model_watch(model, NULL, NULL);
    status = recur_choose_device(command, model, NULL, options.device, 0);
    if (status == 0)
        status = use_model(command, &options, model, text);
    recur_model_free(model);
    return status;
}

#define AT(field) offsetof(struct fill_options, field)

static const struct option_spec options[] = {
    MODEL_ROW(struct fill_options, model),
    {OPTION_FILE, 'f', "file", "FILE", AT(file), .shown = "none",
     .help = "fill a whole file, as one text, in place of TEXT; - for standard input"},
    ENCODING_ROW(struct fill_options, encoding),
    {OPTION_TEXT, 0, "blank", "C", AT(blank), .standard = "_",
     .help = "the character that stands for a missing token"},
    {OPTION_COUNT, 0, "top", "N", AT(top), .most = 1000, .shown = "off",
     .help = "show the N best fillings of each text, with the probability of all its blanks "
             "together before each"},
    {OPTION_COUNT, 0, "beam", "N", AT(beam), .least = 1, .most = 1000, .standard = "16",
     .help = "candidates that go on from blank to blank; more find better fillings of "
             "neighbouring blanks and take longer"},
    DEVICE_ROW(struct fill_options, device),
    {.help = NULL},
};

const struct command recur_command_fill = {
    .name = "fill",
    .summary = "fill the blanks of a text",
    .operands = "[TEXT]",
    .about = "Fills each blank, _, of a text with the token that fits best to what stands before "
             "it and after it. TEXT is the text itself; with - each line of standard input is a "
             "text. Blanks near each other are filled together. With a model of words a blank is a "
             "word and stands alone between spaces. The model is one that recur train --task fill "
             "made, best with --bidirectional.",
    .examples =
        "  recur train book.txt -o fill.safetensors --task fill --bidirectional --steps 100\n"
        "  recur fill -m fill.safetensors \"the time _rave_ler\"\n"
        "  recur fill -m fill.safetensors --top 3 \"a st__e\"\n",
    .options = options,
    .most = 1,
    .takes_text = true,
    .run = fill,
};
