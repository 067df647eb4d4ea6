/* Finds the texts that a run learns from, and reads them. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/message.h"
#include "common/need.h"
#include "common/progress.h"
#include "files/reading.h"
#include "files/store.h"
#include "files/vocabulary.h"
#include "recur/fields.h"
#include "recur/sample_text.h"
#include "train/run.h"

#define PRESET_TEXT "time_machine"

/* Does standard input offer a text that nobody asked for: a pipe, or the rest of a file? */
static bool input_waits(void)
{
    struct stat input;
    if (fstat(STDIN_FILENO, &input) != 0)
        return false;
    if (S_ISREG(input.st_mode))
        return lseek(STDIN_FILENO, 0, SEEK_CUR) < input.st_size;
    return S_ISFIFO(input.st_mode) || S_ISSOCK(input.st_mode);
}

/* Standard input is not read unasked: a script's, a scheduler's or a remote shell's may never end,
 * or may be meant for another program. */
static void warn_unread_input(const struct run *run)
{
    if (!run->ranks.all && input_waits()) /* a launcher gives its first process a pipe */
        recur_warning(run->command,
                      "the run learns %s and not standard input, which is a pipe or a file: recur "
                      "train - reads that",
                      run->options.preset ? PRESET_TEXT : "the built-in story");
}

/* Identifies the file of a text. */
struct identity {
    dev_t device;
    ino_t inode;
    size_t text;
};

static int compare_identities(const void *first, const void *second)
{
    const struct identity *a = first, *b = second;
    return a->device != b->device ? (a->device > b->device ? 1 : -1)
           : a->inode != b->inode ? (a->inode > b->inode ? 1 : -1)
                                  : (a->text > b->text) - (a->text < b->text);
}

/* Warns if a text was given twice: then the held-out part of one is learnt from the other. */
static void warn_twice(const struct run *run)
{
    const struct arguments *texts = &run->texts;
    struct identity *files =
        recur_need(run->command, texts->count, sizeof *files, "the texts' names");
    size_t count = 0, i = 1;
    struct stat info;
    for (size_t text = 0; text < texts->count; text++)
        if (stat(texts->operands[text], &info) == 0 && S_ISREG(info.st_mode))
            files[count++] = (struct identity){info.st_dev, info.st_ino, text};
    qsort(files, count, sizeof *files, compare_identities);
    while (i < count &&
           (files[i].device != files[i - 1].device || files[i].inode != files[i - 1].inode))
        i++;
    if (i < count)
        recur_warning(run->command, "the text %s is given twice%s",
                      recur_path(texts->operands[files[i].text]).text,
                      run->options.validation > 0
                          ? ": what is held out of it is also learnt, and says nothing about "
                            "other texts"
                          : "");
    free(files);
}

/* Finds the texts to read: files, standard input, datasets. A preset has its own text where none is
 * given. */
static int find_texts(struct run *run)
{
    struct arguments *texts = &run->texts;
    if (texts->count == 0 && !run->options.labels) /* labelled texts have no default */
        warn_unread_input(run);
    if (texts->count == 0 && run->options.preset) {
        char *path = run->datasets.path[0];
        const struct dataset *dataset = recur_dataset_named(PRESET_TEXT);
        if (run->resumed ? !recur_dataset_local(run->command, dataset, &run->datasets)
                         : !recur_dataset_get(run->command, dataset, path))
            return STATUS_FAILURE;
        texts->operands[texts->count++] = path;
        return recur_run_spare_texts(run);
    }
    int status =
        recur_dataset_resolve_all(run->command, texts->operands, texts->count, &run->datasets);
    if (status != 0)
        return status;
    warn_twice(run);
    return recur_run_spare_texts(run);
}

static void show_reading(const struct run *run)
{
    if (!run->options.out.quiet)
        recur_progress_files("reading", run->texts.operands, run->texts.count);
}

/* Does an option ask for texts to be cut otherwise than a store's were? Prints so. */
static bool cuts_otherwise(const struct run *run, const recur_vocab *vocab)
{
    static const char *const others[] = {"min-freq", "reserved", "encoding"};
    struct text_config asked;
    const recur_field *field;
    recur_text_options_config(&run->options.text, &asked);
    for (size_t i = 0; (field = recur_text_field(i)); i++) {
        const char *option = recur_field_option(field);
        const char *want = recur_field_get(field, &asked.text).name;
        const char *have = recur_field_get(field, recur_vocab_text(vocab)).name;
        if (option && want && recur_option_given(run->command, &run->texts, option) &&
            strcmp(want, have) != 0) {
            recur_usage_error(run->command,
                              "the store was made with --%s %s and cannot be read with --%s %s",
                              option, have, option, want);
            return true;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (recur_option_given(run->command, &run->texts, others[i])) {
            recur_usage_error(run->command,
                              "--%s is for texts; a store is as recur tokenize made it", others[i]);
            return true;
        }
    return false;
}

static int load_store(struct run *run)
{
    const char *folder = run->texts.operands[0];
    uint64_t most = run->options.max_tokens;
    int status = recur_open_store(run->command, folder, most, &run->corpus, &run->vocab);
    if (status != 0)
        return status;
    if (cuts_otherwise(run, run->vocab))
        return STATUS_USAGE;
    if (run->from && !recur_same_vocab(run->vocab, recur_model_vocab(run->from)))
        return recur_failure(run->command,
                             "the store %s has another vocabulary than the model that the run goes "
                             "on from; recur tokenize --vocab %s makes one with the model's",
                             recur_path(folder).text, recur_path(run->options.init_from).text);
    const recur_text_config *text = recur_vocab_text(run->vocab);
    run->options.text.tokens = recur_tokens_name(text->tokens);
    run->options.text.clean = recur_clean_name(text->clean);
    run->options.text.word_rule = recur_word_rule_name(text->word_rule);
    if (!recur_train_options_check_blanks(run->command, &run->options))
        return STATUS_USAGE;
    return recur_check_store(run->command, folder, most);
}

bool recur_run_reads_store(const struct run *run)
{
    return run->texts.count == 1 && recur_store_is(run->texts.operands[0]);
}

/* Is there a store among several texts? */
static bool is_mixed(const struct arguments *texts)
{
    bool found = false;
    for (size_t i = 0; texts->count > 1 && !found && i < texts->count; i++)
        found = recur_store_is(texts->operands[i]);
    return found;
}

/* Reads the texts or the built-in story. */
static int load_text(struct run *run)
{
    const struct arguments *texts = &run->texts;
    const char *name = run->given_name.text;
    struct text_config config;
    recur_error error;
    enum recur_status status;
    if (is_mixed(texts))
        return recur_usage_error(run->command, "a store is a whole text: it goes with no other");
    if (recur_run_reads_store(run))
        return load_store(run);
    recur_text_options_config(&run->options.text, &config);
    recur_run_ancestral_text(run, &config);
    config.corpus.max_tokens = run->options.max_tokens;
    if (texts->count == 0) {
        size_t size;
        const char *story = recur_sample_text(&size);
        status = recur_corpus_build_memory(story, size, &config.corpus, &run->corpus, &run->vocab,
                                           &error);
    } else {
        show_reading(run);
        status = recur_corpus_build(texts->operands, texts->count, &config.corpus, &run->corpus,
                                    &run->vocab, &error);
        recur_progress_end();
    }
    if (status != RECUR_OK)
        return recur_library_failure(run->command, &error);
    recur_warn_read(run->command, name, run->options.text.encoding,
                    recur_corpus_stats(run->corpus)->invalid, recur_corpus_marks(run->corpus));
    return 0;
}

/* Reads labelled texts and holds out a part. */
static int load_labels(struct run *run)
{
    const struct arguments *texts = &run->texts;
    const char *name = run->given_name.text;
    const struct train_options *options = &run->options;
    struct text_config text;
    recur_error error;
    recur_labels_config config = recur_labels_config_default();
    config.task = recur_train_task(options);
    bool tags = recur_task_serves(config.task, RECUR_USE_LABEL_WORDS);
    if (texts->count == 0)
        return recur_usage_error(run->command, "--task %s needs a TEXT: %s", options->task,
                                 tags ? "words a line, each with its label in the last column"
                                      : "lines of label<TAB>text");
    recur_text_options_config(&options->text, &text);
    config.text = &text.text; /* for tag the defaults, because other settings are refused */
    recur_label_options_config(&options->columns, &config);
    show_reading(run);
    enum recur_status status =
        recur_labels_read(texts->operands, texts->count, &config, &run->train, &error);
    recur_progress_end();
    if (status != RECUR_OK)
        return recur_library_failure(run->command, &error);
    recur_warn_read(run->command, name, options->text.encoding,
                    recur_labels_stats(run->train)->invalid, recur_labels_marks(run->train));
    if (!recur_warn_doubts(run->command, name, run->train))
        return STATUS_FAILURE;
    if (recur_labels_split(run->train, options->validation, options->seed, &run->valid, &error) !=
        RECUR_OK)
        return recur_library_failure(run->command, &error);
    return 0;
}

int recur_run_read_texts(struct run *run)
{
    const struct arguments *texts = &run->texts;
    bool preset = texts->count == 0 && run->options.preset;
    run->given_name = texts->count == 1  ? recur_path(texts->operands[0])
                      : texts->count > 1 ? recur_path("the texts")
                      : preset           ? recur_path(PRESET_TEXT)
                                         : recur_path("built-in story");
    int status = find_texts(run);
    if (status != 0)
        return status;
    recur_run_name(run);
    return run->options.labels ? load_labels(run) : load_text(run);
}

size_t recur_run_tokens(const struct run *run)
{
    if (!run->options.labels)
        return recur_corpus_size(run->corpus);
    return recur_labels_tokens(run->train) + (run->valid ? recur_labels_tokens(run->valid) : 0);
}
