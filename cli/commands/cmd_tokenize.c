/* recur tokenize: makes a store of texts. */
#include "common/message.h"
#include "common/progress.h"
#include "files/dataset.h"
#include "files/model_text.h"
#include "files/reading.h"
#include "files/store.h"
#include "options/text_options.h"

struct tokenize_options {
    struct text_options text;
    const char *output, *vocab;
    uint64_t shard;
};

/* Shows how many ids are final. The first call ends the showing of the files. */
static void show_ids(void *user, uint64_t done, uint64_t total)
{
    bool *shown = user;
    if (!*shown)
        recur_progress_count("writing ids", "tokens");
    *shown = true;
    recur_progress_at(NULL, done, total);
}

/* The vocabulary of a model's file or of a store. Returns 0 or the exit status. */
static int load_vocab(const struct command *command, const char *path, recur_vocab **vocab)
{
    recur_model *model;
    recur_corpus *corpus;
    if (recur_store_is(path)) {
        int opened = recur_open_store(command, path, 0, &corpus, vocab);
        if (opened == 0)
            recur_corpus_free(corpus);
        return opened;
    }
    int status = recur_load_model(command, path, NULL, NULL, &model);
    if (status != 0)
        return status;
    recur_vocab *found = recur_model_labels(model) ? NULL : recur_model_vocab(model);
    if (found)
        *vocab = recur_vocab_share(found);
    recur_model_free(model);
    return found ? 0
                 : recur_failure(command, "%s has no vocabulary of texts", recur_path(path).text);
}

/* Says what was read otherwise than it stands, and what came of it. */
static int report(const struct command *command, const struct tokenize_options *options)
{
    recur_corpus *corpus;
    recur_vocab *vocab;
    int status = recur_open_store(command, options->output, 0, &corpus, &vocab);
    if (status != 0)
        return status;
    recur_warn_read(command, "the text", options->text.encoding,
                    recur_corpus_stats(corpus)->invalid, recur_corpus_marks(corpus));
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
    return recur_print_store(command, options->output, false);
}

static int make(const struct command *command, const struct tokenize_options *options,
                const struct arguments *texts, recur_vocab *known)
{
    struct text_config text;
    recur_error error;
    bool shown = false;
    recur_store_config config = recur_store_config_default();
    recur_text_options_config(&options->text, &text);
    config.text = &text.text;
    config.vocab = &text.vocab;
    config.known = known;
    config.shard_ids = options->shard;
    config.watch = show_ids;
    config.user = &shown;
    recur_progress_files("reading", texts->operands, texts->count);
    enum recur_status status =
        recur_store_make(texts->operands, texts->count, &config, options->output, &error);
    recur_progress_end();
    return status == RECUR_OK ? report(command, options) : recur_library_failure(command, &error);
}

static int tokenize(const struct command *command, int argc, char **argv)
{
    struct tokenize_options options = {.output = NULL};
    struct arguments texts;
    struct dataset_paths datasets;
    recur_vocab *known = NULL;
    int status;
    if (!recur_options_parse(command, argc, argv, &options, &texts, &status))
        return status;
    if (!options.output)
        return recur_usage_error(command, "--output is needed: the folder of the store");
    static const char *const cutting[] = {"tokens",   "clean",      "word-rule",
                                          "min-freq", "vocab-size", "reserved"};
    for (size_t i = 0; options.vocab && i < sizeof cutting / sizeof *cutting; i++)
        if (recur_option_given(command, &texts, cutting[i]))
            return recur_usage_error(command,
                                     "--%s does not go with --vocab, whose texts are cut as they "
                                     "were",
                                     cutting[i]);
    status = recur_dataset_resolve_all(command, texts.operands, texts.count, &datasets);
    if (status == 0 && options.vocab)
        status = load_vocab(command, options.vocab, &known);
    if (status == 0)
        status = make(command, &options, &texts, known);
    recur_vocab_free(known);
    return status;
}

#define AT(field) offsetof(struct tokenize_options, field)

static const struct option_spec options[] = {
    {OPTION_FILE, 'o', "output", "STORE", AT(output), .shown = "none",
     .help = "the folder of the store; it must not exist, be empty or hold the same work, "
             "unfinished"},
    TEXT_OPTION_ROWS(struct tokenize_options),
    {OPTION_FILE, 0, "vocab", "FILE", AT(vocab), .shown = "made of the text",
     .help = "a model or a store with the vocabulary to take; other tokens become <unk>"},
    {OPTION_COUNT, 0, "shard", "N", AT(shard), .least = 65536, .most = (uint64_t)1 << 30,
     .standard = "16777216",
     .help = "ids of each shard, a multiple of 65536; 4 bytes of memory for each, and as many are "
             "done again after a kill"},
    {.help = NULL},
};

const struct command recur_command_tokenize = {
    .name = "tokenize",
    .summary = "turn texts into a store of ids, for corpora larger than memory",
    .operands = "TEXT ...",
    .about =
        "Reads texts (files, - for standard input, datasets' names) as one, once, and writes a "
        "store: a folder with their ids in shards, the vocabulary, and checksums. recur train, "
        "eval, features and info take the folder in place of a text; training on it gives the same "
        "model, to the bit, as training on the texts. Memory grows with the number of different "
        "tokens, not with the texts. Byte pairs (--tokens bpe) are learnt first: files are then "
        "read twice, and a pipe needs a vocabulary that exists (--vocab).\n\nWhere the work is cut "
        "short, by a kill or a full disk, the same command goes on behind the shards that are "
        "whole. Pipes and compressed files are read again up to there.",
    .examples = "  recur tokenize --tokens word --min-freq 5 -o store part1.txt part2.txt\n"
                "  zcat *.gz | recur tokenize -o store -\n"
                "  recur train store\n",
    .options = options,
    .least = 1,
    .most = SIZE_MAX,
    .run = tokenize,
};
