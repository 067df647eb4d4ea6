/* recur train: a text in, a model out. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/interrupt.h"
#include "common/lock.h"
#include "common/message.h"
#include "common/need.h"
#include "common/output.h"
#include "common/quote.h"
#include "files/reading.h"
#include "recur/machine.h"
#include "recur/sample_text.h"
#include "train/run.h"

#define PRESET_TEXT "time_machine"

static void run_free(struct run *run)
{
    recur_run_end_log(run);
    recur_trainer_free(run->trainer);
    recur_model_free(run->model);
    recur_labels_free(run->train);
    recur_labels_free(run->valid);
    recur_corpus_free(run->corpus);
    recur_vocab_free(run->vocab);
    recur_checkpoint_free(run->resumed);
    free(run->started);
    free(run->words);
    if (run->lock >= 0)
        close(run->lock);
    free(run->checkpoint);
    free(run->note);
    for (size_t i = 0; i < run->text_count; i++)
        free(run->text[i]);
    free(run->text);
    free(run->output);
}

/* Whether somebody hands over a text that nobody asked for: a pipe, or what is left of a file. */
static bool input_waits(void)
{
    struct stat input;
    if (fstat(STDIN_FILENO, &input) != 0)
        return false;
    if (S_ISREG(input.st_mode))
        return lseek(STDIN_FILENO, 0, SEEK_CUR) < input.st_size;
    return S_ISFIFO(input.st_mode) || S_ISSOCK(input.st_mode);
}

/* It is not read unasked: a script's, a scheduler's or a remote shell's may never end, or may be
 * meant for somebody else. */
static void warn_unread_input(const struct run *run)
{
    if (input_waits())
        recur_warning(run->command,
                      "the run learns %s and not standard input, which is a pipe or a file: recur "
                      "train - reads that",
                      run->options.preset ? PRESET_TEXT : "the built-in story");
}

/* Which file a text is. */
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

/* What is held out would be known from where the text stands again. */
static void warn_twice(const struct run *run, const struct arguments *texts)
{
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

/* Which texts are read, `*texts` becoming what they resolve to: files, standard input, datasets; of
 * a preset its own where none is given. */
static int find_texts(struct run *run, struct arguments *texts)
{
    size_t inputs = 0;
    if (texts->count == 0 && !run->options.labels) /* which have no text of their own */
        warn_unread_input(run);
    if (texts->count == 0 && run->options.preset) {
        char *path = run->datasets.path[0];
        const struct dataset *dataset = recur_dataset_named(PRESET_TEXT);
        if (run->resumed ? !recur_dataset_local(run->command, dataset, &run->datasets)
                         : !recur_dataset_get(run->command, dataset, path))
            return STATUS_FAILURE;
        texts->operands[texts->count++] = path;
        return recur_run_spare_texts(run, texts->operands, 1);
    }
    for (size_t i = 0; i < texts->count; i++)
        inputs += strcmp(texts->operands[i], "-") == 0;
    if (inputs > 1)
        return recur_usage_error(run->command, "standard input, -, can be read only once");
    for (size_t i = 0; i < texts->count; i++) {
        texts->operands[i] =
            recur_dataset_resolve(run->command, texts->operands[i], &run->datasets);
        if (!texts->operands[i])
            return STATUS_FAILURE;
    }
    warn_twice(run, texts);
    return recur_run_spare_texts(run, texts->operands, texts->count);
}

/* Reads the texts or the built-in story, called `name`. */
static int load_text(struct run *run, const struct arguments *texts, const char *name)
{
    struct text_config config;
    recur_error error;
    enum recur_status status;
    recur_text_options_config(&run->options.text, &config);
    config.corpus.max_tokens = run->options.max_tokens;
    if (texts->count == 0) {
        size_t size;
        const char *story = recur_sample_text(&size);
        status = recur_corpus_build_memory(story, size, &config.corpus, &run->corpus, &run->vocab,
                                           &error);
    } else {
        status = recur_corpus_build(texts->operands, texts->count, &config.corpus, &run->corpus,
                                    &run->vocab, &error);
    }
    if (status != RECUR_OK)
        return recur_library_failure(run->command, &error);
    recur_warn_read(run->command, name, run->options.text.encoding,
                    recur_corpus_stats(run->corpus)->invalid, recur_corpus_marks(run->corpus));
    return 0;
}

/* Reads labelled texts and holds a part out. */
static int load_labels(struct run *run, const struct arguments *texts, const char *name)
{
    const struct train_options *options = &run->options;
    struct text_config text;
    recur_error error;
    recur_labels_config config = recur_labels_config_default();
    bool tags = strcmp(options->task, "tag") == 0;
    if (texts->count == 0)
        return recur_usage_error(run->command, "--task %s needs a TEXT: %s", options->task,
                                 tags ? "words a line, each with its label in the last column"
                                      : "lines of label<TAB>text");
    recur_text_options_config(&options->text, &text);
    config.task = tags ? RECUR_TASK_TAG : RECUR_TASK_CLASSIFY;
    config.text = &text.text; /* of tag the standard ones, for the others are refused */
    recur_label_options_config(&options->columns, &config);
    if (recur_labels_read(texts->operands, texts->count, &config, &run->train, &error) != RECUR_OK)
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

/* A run without --predict continues the text's own first words. */
static int choose_prefixes(struct run *run)
{
    struct text_list *predict = &run->options.predict;
    struct prefix_check check = {.vocab = run->vocab};
    recur_error error;
    if (predict->count == 0 && strcmp(run->options.task, "lm") == 0) {
        recur_first_words(run->corpus, run->vocab, run->first_words);
        if (*run->first_words)
            predict->items[predict->count++] = run->first_words;
        return 0;
    }
    for (size_t i = 0; run->options.predict_given && i < predict->count; i++)
        if (recur_prefix_check(&check, predict->items[i], strlen(predict->items[i]), &error) !=
            RECUR_OK)
            return recur_library_failure(run->command, &error);
    recur_prefix_warn(run->command, "--predict", &check);
    return 0;
}

static enum recur_status begin_text(struct run *run, recur_error *error)
{
    recur_model_config model =
        recur_train_model_config(&run->options, recur_vocab_size(run->vocab));
    run->config = recur_train_trainer_config(&run->options, recur_corpus_size(run->corpus));
    enum recur_status status = recur_model_create(&model, run->vocab, &run->model, error);
    if (status != RECUR_OK)
        return status;
    return recur_trainer_create(run->model, run->corpus, &run->config, &run->trainer, error);
}

static enum recur_status begin_labels(struct run *run, recur_error *error)
{
    struct text_config text;
    recur_text_options_config(&run->options.text, &text);
    recur_model_config model =
        recur_train_model_config(&run->options, recur_labels_forms(run->train));
    run->config = recur_train_trainer_config(&run->options, recur_labels_tokens(run->train));
    enum recur_status status =
        recur_model_create_labels(&model, run->train, &text.vocab, &run->model, error);
    if (status != RECUR_OK)
        return status;
    if (recur_model_get_config(run->model)->labels == 1)
        recur_warning(run->command,
                      "every %s to learn from has the label %s: there is nothing to tell apart",
                      recur_labels_task(run->train) == RECUR_TASK_TAG ? "word" : "text",
                      recur_quote(recur_labels_label(run->train, 0, 0)).text);
    return recur_trainer_create_labels(run->model, run->train, run->valid, &run->config,
                                       &run->trainer, error);
}

static int begin(struct run *run)
{
    recur_error error;
    enum recur_status status =
        run->options.labels ? begin_labels(run, &error) : begin_text(run, &error);
    return status == RECUR_OK ? 0 : recur_library_failure(run->command, &error);
}

static int create(struct run *run)
{
    int status = run->resumed ? recur_run_resume(run) : begin(run);
    if (status != 0)
        return status;
    if (!run->vocab) /* of labelled texts it is made with the model */
        run->vocab = recur_vocab_share(recur_model_vocab(run->model));
    return choose_prefixes(run);
}

/* Empties the log, once it is known that no other run writes it. */
static int begin_log(struct run *run)
{
    const char *path = run->options.log;
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file >= 0 && recur_lock(file) == LOCK_TAKEN) {
        close(file);
        return recur_failure(run->command, "--log: another run writes %s: give this one another",
                             recur_path(path).text);
    }
    struct stat info;
    bool regular = file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode);
    bool good = file >= 0 && (!regular || ftruncate(file, 0) == 0);
    run->log = good ? fdopen(file, "w") : NULL;
    if (run->log)
        return 0;
    int failure = recur_failure(run->command, "--log: cannot write %s: %s", recur_path(path).text,
                                strerror(errno));
    if (file >= 0)
        close(file);
    return failure;
}

static int open_log(struct run *run)
{
    int status = run->options.log ? begin_log(run) : 0;
    if (status != 0)
        return status;
    /* What a killed run had logged may be behind its checkpoint or before it: the history is not.
     */
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    for (size_t i = 0; i < count; i++) {
        run->epoch = history[i];
        recur_run_log(run);
    }
    return 0;
}

static void describe_labels(const struct run *run, const char *name)
{
    bool tags = recur_labels_task(run->train) == RECUR_TASK_TAG;
    size_t held_out = run->valid ? recur_labels_count(run->valid) : 0;
    size_t count = recur_labels_count(run->train) + held_out;
    size_t tokens =
        recur_labels_tokens(run->train) + (run->valid ? recur_labels_tokens(run->valid) : 0);
    size_t labels = recur_model_get_config(run->model)->labels;
    const char *sequence = tags ? "sentence" : "text";
    fprintf(stderr, "text   %s: %zu %s%s of %zu %s%s, %zu in the vocabulary, %zu label%s", name,
            count, sequence, recur_plural(count), tokens, tags ? "word" : "token",
            recur_plural(tokens), recur_vocab_size(run->vocab), labels, recur_plural(labels));
    if (held_out)
        fprintf(stderr, ", %zu %s%s held out", held_out, sequence, recur_plural(held_out));
    if (recur_labels_layout(run->train) == RECUR_LAYOUT_CONLLU)
        fputs(", CoNLL-U", stderr);
}

static void describe(const struct run *run, const char *name)
{
    const char *isa = "";
    recur_machine_isa(&isa, NULL);
    if (run->options.labels) {
        describe_labels(run, name);
    } else {
        size_t tokens = recur_corpus_size(run->corpus);
        fprintf(stderr, "text   %s: %zu token%s (%s), %zu in the vocabulary", name, tokens,
                recur_plural(tokens), run->options.text.tokens, recur_vocab_size(run->vocab));
    }
    if (!run->options.labels && recur_trainer_valid_tokens(run->trainer) > 0)
        fprintf(stderr, ", %zu held out", recur_trainer_valid_tokens(run->trainer));
    fputs("\nmodel  ", stderr);
    recur_print_model(stderr, run->model, RECUR_FORMAT_RECUR);
    unsigned long long done = recur_trainer_epochs(run->trainer);
    if (run->options.resume)
        fprintf(stderr, "resume %s: %llu epoch%s done\n", recur_path(run->options.resume).text,
                done, recur_plural(done));
    fprintf(stderr, "run    %zu epoch%s, %s, %zu thread%s, %s\n", run->config.epochs,
            recur_plural(run->config.epochs), run->options.optimizer,
            recur_trainer_threads(run->trainer), recur_plural(recur_trainer_threads(run->trainer)),
            isa);
}

static enum recur_status train_epoch(struct run *run, recur_error *error)
{
    do {
        enum recur_status status = recur_trainer_step(run->trainer, &run->step, error);
        if (status != RECUR_OK)
            return status;
        recur_progress_step(&run->progress, &run->step);
        recur_course_add(&run->course, run->step.minibatch - 1, run->step.minibatches,
                         run->step.loss);
        run->minibatches++;
        if (!run->step.end_of_epoch) {
            recur_run_checkpoint_if_due(run);
            recur_run_show_step(run);
        }
    } while (!run->step.end_of_epoch && !recur_interrupt());
    if (!run->step.end_of_epoch)
        return RECUR_OK;
    enum recur_status status = recur_trainer_end_epoch(run->trainer, &run->epoch, error);
    if (status != RECUR_OK)
        return status;
    recur_run_log(run);
    recur_run_checkpoint_if_due(run);
    recur_run_show_epoch(run);
    return RECUR_OK;
}

/* Where the run was interrupted in an epoch whose parameters stay for want of better ones, that
 * part has to stand for it. */
static void describe_partial_epoch(struct run *run)
{
    const recur_step *step = &run->step;
    if (step->epoch == 0 || step->end_of_epoch || recur_run_best_epoch(run))
        return;
    double tokens = (double)step->minibatch * (double)run->progress.tokens;
    run->epoch = (recur_epoch){
        .epoch = step->epoch,
        .loss = step->epoch_loss,
        .valid_loss = NAN,
        .gradient_norm = step->gradient_norm,
        .lr = step->lr,
        .tokens_per_second = tokens / step->seconds,
        .seconds = step->seconds,
        .valid_accuracy = NAN,
    };
}

/* The parameters are those of the best finished epoch again: keep them, if there is one. */
static int end_diverged(const struct run *run, const recur_error *diverged)
{
    recur_error error = {0};
    if (recur_trainer_epochs(run->trainer) == 0)
        return recur_failure(run->command, "%s; no model was saved", diverged->message);
    if (recur_model_save(run->model, run->options.output, &error) != RECUR_OK)
        return recur_failure(run->command, "%s; no model was saved: %s", diverged->message,
                             error.message);
    return recur_failure(run->command, "%s; the model as it was after the best epoch is in %s",
                         diverged->message, recur_path(run->options.output).text);
}

static int train_model(struct run *run)
{
    recur_error error;
    recur_interrupt_catch();
    size_t tokens = run->config.batch * run->config.steps;
    if (run->options.labels) /* in the mean; the last minibatch is smaller */
        tokens = recur_labels_tokens(run->train) /
                 ((recur_labels_count(run->train) - 1) / run->config.batch + 1);
    enum recur_status status = recur_run_first_checkpoint(run, &error);
    recur_progress_start(&run->progress, run->options.quiet, run->config.epochs, tokens);
    run->progress.labels = run->options.labels;
    run->progress.sparse = run->options.preset != NULL;
    run->sampled = run->progress.started;
    while (status == RECUR_OK && !recur_interrupt() &&
           recur_trainer_epochs(run->trainer) < run->config.epochs)
        status = train_epoch(run, &error);
    recur_progress_clear(&run->progress);
    if (status == RECUR_ERROR_DIVERGED)
        return end_diverged(run, &error);
    if (status == RECUR_OK && run->checkpoint && run->saved != run->minibatches)
        recur_run_checkpoint(run);
    if (status != RECUR_OK || recur_trainer_finish(run->trainer, &error) != RECUR_OK ||
        recur_model_save(run->model, run->options.output, &error) != RECUR_OK)
        return recur_library_failure(run->command, &error);
    describe_partial_epoch(run);
    int results = recur_run_results(run);
    if (run->checkpoint_failed)
        results = recur_failure(
            run->command, "%s is of an earlier minibatch: the last checkpoint could not be written",
            recur_path(run->checkpoint).text);
    if (!recur_run_end_log(run))
        results =
            recur_failure(run->command,
                          "--log: %s lacks epochs: it could not be written; the model is in "
                          "%s",
                          recur_path(run->options.log).text, recur_path(run->options.output).text);
    return results;
}

static int train_run(struct run *run, struct arguments *texts)
{
    bool preset = texts->count == 0 && run->options.preset;
    const recur_printable name = texts->count == 1  ? recur_path(texts->operands[0])
                                 : texts->count > 1 ? recur_path("the texts")
                                 : preset           ? recur_path(PRESET_TEXT)
                                                    : recur_path("built-in story");
    int status = recur_run_plan_checkpoints(run, texts);
    if (status == 0)
        status = recur_run_check_outputs(run);
    if (status == 0)
        status = find_texts(run, texts);
    recur_run_name(run, texts);
    if (status == 0)
        status = run->options.labels ? load_labels(run, texts, name.text)
                                     : load_text(run, texts, name.text);
    if (status == 0)
        status = create(run);
    if (status == 0)
        status = recur_run_set_origin(run, texts);
    if (status == 0)
        status = open_log(run);
    if (status != 0)
        return status;
    if (!run->options.quiet)
        describe(run, name.text);
    return train_model(run);
}

static int train(const struct command *command, int argc, char **argv)
{
    struct run run = {.command = command, .lock = -1};
    struct arguments texts;
    int status;
    if (!recur_train_options_parse(command, argc, argv, &run.options, &texts, &status))
        return status;
    status = run.options.resume ? recur_run_reopen(&run, &texts) : 0;
    if (status == 0)
        status = train_run(&run, &texts);
    run_free(&run);
    return status;
}

const struct command recur_command_train = {
    .name = "train",
    .summary = "train a model on a text",
    .operands = "[TEXT ...]",
    .about =
        "Trains a model on one or more texts (files, - for standard input, or a "
        "dataset's name), read as one. Without TEXT: on the story that is built in, or, with a "
        "preset, on time_machine.\n\nA language model (--task lm) goes on with a text: recur "
        "generate. "
        "A model of the task fill, best with --bidirectional, fills blanks: recur fill. A model "
        "of the task classify labels texts and learns from lines of label<TAB>text; one of the "
        "task tag labels the words of sentences and learns from a word a line, in columns parted "
        "by tabs or spaces, the word first and its label last, with blank lines between "
        "sentences; recur predict puts both to use, and --bidirectional is best for both.\n\nThe "
        "last lines on standard output are the perplexity of the model that is kept, on what was "
        "held out if anything was, with the speed, then each --predict prefix with its "
        "continuation; of labels, a line with their accuracy. A preset's are the book's: the "
        "training perplexity and the most probable continuations. Ctrl-C, or "
        "the end of the terminal (SIGHUP), ends the run cleanly after the current minibatch, with "
        "the model saved.\n\nWith "
        "--checkpoint-every a run can be taken up again however it ended: recur train --resume "
        "FILE goes on with its text and all its options, and ends with the same model, to the bit, "
        "as a run that was left alone. Only options that do not change the run may stand beside "
        "--resume: --threads, --epochs (longer; not with the schedule cosine) and those of output; "
        "and TEXT, where the same text is now. A checkpoint may be somebody else's, so that it "
        "does "
        "not decide which files are touched: the model goes beside it, texts are read from its "
        "folder, and what is elsewhere, --log, --report and --plot are to be given again.",
    .examples =
        "  recur train\n"
        "  recur train book.txt -o book.safetensors --hidden 512,512 --dropout 0.2\n"
        "  recur train --preset d2l-gru\n"
        "  recur train book.txt --checkpoint-every 500\n"
        "  recur train --resume model.checkpoint.safetensors\n"
        "  recur train book.txt -o fill.safetensors --task fill --bidirectional --steps 100\n"
        "  recur train ner.txt -o ner.safetensors --task tag --bidirectional --crf\n"
        "  recur train reviews.tsv -o mood.safetensors --task classify --bidirectional\n",
    .options = recur_train_option_rows,
    .most = SIZE_MAX,
    .run = train,
};
