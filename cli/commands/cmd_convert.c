/* recur convert: converts models from other programs' formats and to them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "common/need.h"
#include "common/output.h"
#include "common/progress.h"
#include "common/quote.h"
#include "json.h"
#include "options/text_options.h"
#include "recur/convert.h"

struct convert_options {
    const char *to, *quantize, *cell, *activation, *vocab, *tokens, *clean, *word_rule;
    uint64_t inputs;
};

/* The options in the library's types. */
struct said {
    enum recur_cell cell;
    enum recur_activation activation;
    recur_import_config config;
};

/* Reads how many tokens are reserved. A mere list of tokens does not say this. */
static bool read_reserved(const recur_json *json, size_t *reserved)
{
    const recur_json *number = recur_json_member(json, "reserved");
    bool good = !number || (number->kind == RECUR_JSON_INTEGER && !number->negative);
    *reserved = number && good ? (size_t)number->magnitude : 0;
    return good;
}

/* The token of an entry, which may be an object. */
static const recur_json *token_of(const recur_json *entry)
{
    return entry->kind == RECUR_JSON_OBJECT ? recur_json_member(entry, "token") : entry;
}

/* How many bytes the list's tokens may need that are not strings in it. */
static size_t count_bytes(const recur_json *list)
{
    size_t bytes = list->size;
    const recur_json *entry = recur_json_first(list);
    for (size_t id = 0; id < list->size; id++, entry = recur_json_next(entry))
        bytes += recur_json_is(token_of(entry), RECUR_JSON_LIST) ? token_of(entry)->size : 0;
    return bytes;
}

/* Reads the tokens of a list, or of a list of entries with a member "token". */
static bool read_tokens(const recur_json *list, const recur_text_config *text, size_t reserved,
                        char *bytes, recur_token *tokens)
{
    enum { BYTES = 256 }; /* after which a vocabulary of byte pairs has what was learnt */
    const recur_json *entry = recur_json_first(list);
    size_t last = recur_text_parts(text)                     ? reserved + BYTES
                  : recur_tokens_as_they_stand(text->tokens) ? list->size
                                                             : 0;
    for (size_t id = 0; id < list->size; id++, entry = recur_json_next(entry))
        if (!recur_json_read_entry(token_of(entry), id > reserved && id <= last, &bytes,
                                   &tokens[id]))
            return false;
    return true;
}

/* What to say of a list that is no vocabulary of such tokens. */
static const char *advice_on(const recur_text_config *text)
{
    return recur_text_parts(text)
               ? "; byte pairs are read as recur vocab --tokens bpe --json prints them, and those "
                 "of other programs, which divide texts otherwise, not at all"
               : "";
}

/* Makes a vocabulary of a JSON list of tokens, or of what `recur vocab --json` prints. */
static recur_vocab *make_vocab(const struct command *command, const struct convert_options *options,
                               const recur_json *json)
{
    const recur_json *list =
        json->kind == RECUR_JSON_OBJECT ? recur_json_member(json, "entries") : json;
    bool good = recur_json_is(list, RECUR_JSON_LIST);
    size_t size = good ? list->size : 0, reserved;
    recur_text_config text = recur_text_config_default();
    recur_vocab *vocab = NULL;
    recur_error error;
    recur_token *tokens = recur_need(command, size, sizeof *tokens, "a vocabulary");
    char *bytes = recur_need(command, good ? count_bytes(list) : 0, 1, "a vocabulary");
    /* The table of options has checked the names. */
    recur_tokens_parse(options->tokens, &text.tokens, NULL);
    recur_clean_parse(options->clean, &text.clean, NULL);
    recur_word_rule_parse(options->word_rule, &text.word_rule, NULL);
    good =
        good && read_reserved(json, &reserved) && read_tokens(list, &text, reserved, bytes, tokens);
    if (!good)
        recur_failure(command,
                      "%s is not a list of tokens in JSON in the order of their ids, nor what "
                      "recur vocab --json prints%s",
                      recur_path(options->vocab).text, advice_on(&text));
    else if (recur_vocab_from_entries(tokens, NULL, size, reserved, &text, &vocab, &error) !=
             RECUR_OK)
        recur_failure(command, "%s: %s%s", recur_path(options->vocab).text, error.message,
                      advice_on(&text));
    free(tokens);
    free(bytes);
    return vocab;
}

static recur_vocab *read_vocab(const struct command *command, const struct convert_options *options)
{
    size_t size;
    recur_json *json;
    recur_error error;
    char *text;
    if (recur_text_load(options->vocab, NULL, &text, &size, NULL, &error) != RECUR_OK) {
        recur_library_failure(command, &error);
        return NULL;
    }
    enum recur_status status =
        recur_json_parse(text, size, true, recur_path(options->vocab).text, &json, &error);
    free(text);
    if (status != RECUR_OK) {
        recur_library_failure(command, &error);
        return NULL;
    }
    recur_vocab *vocab = make_vocab(command, options, json);
    free(json);
    return vocab;
}

static bool read_said(const struct command *command, const struct convert_options *options,
                      struct said *said)
{
    said->config = recur_import_config_default();
    if (options->cell && recur_cell_parse(options->cell, &said->cell, NULL) == RECUR_OK)
        said->config.cell = &said->cell;
    if (options->activation &&
        recur_activation_parse(options->activation, &said->activation, NULL) == RECUR_OK)
        said->config.activation = &said->activation;
    said->config.inputs = (size_t)options->inputs;
    if (options->vocab)
        said->config.vocab = read_vocab(command, options);
    return !options->vocab || said->config.vocab;
}

/* Chooses the format by the option or, without one, by the file's name. */
static enum recur_format choose_format(const struct convert_options *options, const char *path)
{
    enum recur_format format = recur_format_of_path(path);
    if (options->to)
        recur_format_parse(options->to, &format, NULL);
    return format;
}

static int report(const struct command *command, const recur_model *model, enum recur_format format,
                  const char *in, const char *out, bool fresh_head)
{
    if (fresh_head)
        recur_warning(command, "%s has no output layer: the model's is fresh and untrained",
                      recur_path(in).text);
    if (!recur_model_vocab(model) && recur_model_get_config(model)->inputs == 0 &&
        recur_format_describe(format)->settings)
        recur_warning(command, "%s has no vocabulary; --vocab FILE gives the model one",
                      recur_path(in).text);
    bool standard = strcmp(out, "-") == 0; /* then standard output has the model */
    FILE *stream = standard ? stderr : stdout;
    const char *name = standard ? "standard output" : out;
    fprintf(stream, "%s (%s): ", recur_show(name, strlen(name), SIZE_MAX, NULL).text,
            recur_format_name(format));
    recur_print_model(stream, model, format);
    return 0;
}

static int check(const struct command *command, const struct convert_options *options,
                 const struct arguments *arguments)
{
    const char *in = arguments->operands[0], *out = arguments->operands[1];
    const char *const of_vocab[] = {"tokens", "clean", "word-rule"};
    for (size_t i = 0; i < sizeof of_vocab / sizeof *of_vocab; i++)
        if (!options->vocab && recur_option_given(command, arguments, of_vocab[i]))
            return recur_usage_error(command, "--%s needs --vocab", of_vocab[i]);
    if (recur_overwrites(out, in))
        return recur_usage_error(command, "OUT would overwrite %s", recur_path(in).text);
    if (options->vocab && recur_overwrites(out, options->vocab))
        return recur_usage_error(command, "OUT would overwrite %s",
                                 recur_path(options->vocab).text);
    if (options->vocab && strcmp(in, "-") == 0 && strcmp(options->vocab, "-") == 0)
        return recur_usage_error(command, "IN and --vocab cannot both be standard input");
    if (!recur_model_name_check(command, out, choose_format(options, out)))
        return STATUS_USAGE;
    return recur_output_check(command, NULL, out, OUTPUT_ALONE);
}

static int convert(const struct command *command, int argc, char **argv)
{
    struct convert_options options = {0};
    struct arguments arguments;
    struct said said;
    recur_error error;
    recur_model *model = NULL;
    bool fresh_head;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &arguments, &status))
        return status;
    const char *in = arguments.operands[0], *out = arguments.operands[1];
    enum recur_format format = choose_format(&options, out);
    status = check(command, &options, &arguments);
    if (status != 0)
        return status;
    if (!read_said(command, &options, &said))
        return STATUS_FAILURE;
    enum recur_quantization quantization = RECUR_QUANTIZATION_NONE;
    if (options.quantize)
        recur_quantization_parse(options.quantize, &quantization, NULL);
    recur_progress_files("reading", &in, 1);
    enum recur_status made = recur_model_import(in, &said.config, &model, &fresh_head, &error);
    if (made == RECUR_OK && options.quantize) {
        recur_progress_count("quantising", "");
        made = recur_model_quantize(model, quantization, &error);
    }
    if (made == RECUR_OK) {
        recur_progress_write("writing", out);
        made = recur_model_export(model, format, out, &error);
    }
    recur_progress_end();
    if (made != RECUR_OK)
        status = recur_library_failure(command, &error);
    else
        status = report(command, model, format, in, out, fresh_head);
    recur_model_free(model);
    recur_vocab_free(said.config.vocab);
    return status;
}

static const char *format_choice(size_t index)
{
    const recur_format_info *format = recur_format_describe((enum recur_format)index);
    return format ? format->name : NULL;
}

/* The first value, no quantization, is not among the choices. */
static const char *quantization_choice(size_t index)
{
    return recur_option_known(recur_quantization_name((enum recur_quantization)(index + 1)));
}

static const struct option_spec options[] = {
    {OPTION_CHOICE, 0, "to", "FORMAT", offsetof(struct convert_options, to),
     .choice = format_choice, .shown = "onnx where OUT ends in .onnx, else recur",
     .help = "what OUT is; the pytorch formats load into the D2L book's modules, into "
             "its RNNLM of edition 1.0, whose nn.RNN lies one module deeper, into "
             "pytorch/examples' word language model, into the recurrent module alone, and have "
             "no cell but rnn, gru and lstm"},
    {OPTION_CHOICE, 0, "quantize", "KIND", offsetof(struct convert_options, quantize),
     .choice = quantization_choice, .shown = "not at all",
     .help = "round the weights to fewer bits: recur generate and recur eval compute with them, "
             "about two or four times as fast where memory is what takes the time"},
    {OPTION_HEADING, .help = "What a file of another program leaves open"},
    {OPTION_CHOICE, 0, "cell", "KIND", offsetof(struct convert_options, cell),
     .fields = recur_model_field, .shown = "by the number of gates", .help = "the recurrent cell"},
    {OPTION_CHOICE, 0, "activation", "KIND", offsetof(struct convert_options, activation),
     .fields = recur_model_field, .shown = "none",
     .help = "the activation of an rnn, which PyTorch's files do not say"},
    {OPTION_COUNT, 0, "inputs", "N", offsetof(struct convert_options, inputs), .least = 1,
     .most = INT32_MAX, .shown = "tokens",
     .help = "the numbers that each step reads, of a model that reads numbers and no tokens: a "
             "program runs it (recur/stack.h)"},
    {OPTION_FILE, 0, "vocab", "FILE", offsetof(struct convert_options, vocab), .shown = "none",
     .help = "the tokens in order of their ids, as a JSON list of strings or as recur vocab --json "
             "prints them; the first is <unk>. A token that is no UTF-8 is a list of its bytes"},
    {OPTION_CHOICE, 0, "tokens", "KIND", offsetof(struct convert_options, tokens),
     .fields = recur_text_field, .standard = "char",
     .help = "what one token of that vocabulary is"},
    {OPTION_CHOICE, 0, "clean", "KIND", offsetof(struct convert_options, clean),
     .fields = recur_text_field, .standard = "none",
     .help = "how the texts for that vocabulary are cleaned"},
    {OPTION_CHOICE, 0, "word-rule", "KIND", offsetof(struct convert_options, word_rule),
     .fields = recur_text_field, .standard = "space", .help = "what a word of that vocabulary is"},
    {.help = NULL},
};

const struct command recur_command_convert = {
    .name = "convert",
    .summary = "convert models from and to PyTorch and ONNX, or quantise them",
    .operands = "IN OUT",
    .about =
        "Reads a model from IN and writes it to OUT. IN is a .safetensors file, recur's own or "
        "a PyTorch state_dict with one nn.RNN, nn.GRU or nn.LSTM, or an .onnx file; - is "
        "standard input; as OUT it is standard output. Every tensor of IN must find its place. A "
        "model that is quantised "
        "(--quantize) generates faster and is not trained on.",
    .examples = "  recur convert model.safetensors model.onnx\n"
                "  recur convert --quantize int8 model.safetensors small.safetensors\n"
                "  recur convert --vocab words.json --tokens word word_lm.safetensors "
                "model.safetensors\n"
                "  recur convert --to pytorch-word-lm model.safetensors state_dict.safetensors\n",
    .options = options,
    .least = 2,
    .most = 2,
    .run = convert,
};
