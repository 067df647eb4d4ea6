/* recur train: reads a text and writes a model. */
#include <string.h>

#include "train/run.h"

static int train(const struct command *command, int argc, char **argv)
{
    struct run run = {
        .command = command, .checkpoint = {.lock = -1}, .predictions = RECUR_JSON_SHOWN};
    int status;
    recur_ranks_hush(&run.ranks);
    if (!recur_train_options_parse(command, argc, argv, &run.options, &run.texts, &status))
        return recur_ranks_leave(command, &run.ranks, status);
    if (!run.options.out.resume && !run.options.init_from &&
        strcmp(run.options.text.tokens, "word") == 0 && !recur_run_reads_store(&run))
        recur_option_preset(command, &run.texts, "word-rule",
                            recur_text_options_rule(&run.options.text), &run.options);
    status = recur_ranks_join(command, &run.ranks, (size_t)run.options.threads,
                              run.options.trainer.rank_seconds);
    if (status == 0)
        status = recur_ranks_find_gpus(command, &run.ranks,
                                       run.options.trainer.device != RECUR_DEVICE_CPU);
    if (run.ranks.rank > 0)
        run.options.out.quiet = true;
    if (status == 0 && run.options.out.resume)
        status = recur_run_reopen(&run);
    if (status == 0)
        status = recur_run(&run);
    recur_run_free(&run);
    return recur_ranks_leave(command, &run.ranks, status);
}

static const char *const most_used[] = {"output", "time",   "task",    "tokens",
                                        "hidden", "epochs", "dropout", NULL};

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
        "training perplexity and the most probable continuations.\n\nrecur chooses what suits the "
        "length of the text, and says what: network, dropout, weight drop, --ar, "
        "--sampled-softmax, batch, learning "
        "rate, epochs; but not where one of --hidden, --layers, --lr, --optimizer, --schedule, "
        "--epochs, --updates or a preset says how: then all others are the defaults below, with "
        "--init-from the model's where it has them. With --time it "
        "measures how fast this machine trains and makes the best model that it can in that time; "
        "what is given by hand stays. At the end it prints the command that makes the same model "
        "without --time; there is none for a run that went on with --resume and --time after its "
        "learning rate had fallen.\n\nCtrl-C, or "
        "the end of the terminal (SIGHUP), ends the run cleanly after the current minibatch, with "
        "the model saved.\n\nWith "
        "--checkpoint-every a run can be taken up again however it ended: recur train --resume "
        "FILE goes on with its text and all its options, and ends with the same model, to the bit, "
        "as a run that was left alone. Only options that do not change the run may stand beside "
        "--resume: --threads, --epochs (longer; not with a schedule that is laid out for them), "
        "--time, "
        "--patience and those of output; "
        "and TEXT, where the same text is now. A checkpoint may be somebody else's, so that it "
        "does "
        "not decide which files are touched: the model goes beside it, texts are read from its "
        "folder, and what is elsewhere, --log, --report and --plot are to be given again.",
    .examples =
        "  recur train\n"
        "  recur train book.txt -o book.safetensors --time 10m\n"
        "  recur train book.txt -o book.safetensors --hidden 512,512 --dropout 0.2\n"
        "  recur train --preset d2l-gru\n"
        "  recur train book.txt --checkpoint-every 500\n"
        "  recur train --resume model.checkpoint.safetensors\n"
        "  recur train book.txt -o fill.safetensors --task fill --bidirectional --steps 100\n"
        "  recur train ner.txt -o ner.safetensors --task tag --bidirectional --crf\n"
        "  recur train reviews.tsv -o mood.safetensors --task classify --bidirectional\n",
    .options = recur_train_option_rows,
    .most_used = most_used,
    .most = SIZE_MAX,
    .run = train,
};
