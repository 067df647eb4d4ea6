/* recur tune: searches for the settings that suit a text, by successive halving. A trial is a run
 * of recur train --time in a process of its own; its model and its log lie in a folder beside the
 * output. A trial whose model is there is not run again, so that a search that was stopped goes
 * on. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/interrupt.h"
#include "common/message.h"
#include "common/need.h"
#include "common/number_text.h"
#include "common/output.h"
#include "common/quote.h"
#include "options/options.h"
#include "recur/training.h"

/* Round 0 has FIRST trials, each next one a third of them with three times as long for each; the
 * last one has one trial, which gets what is left: half of the time. */
enum { ROUNDS = 3, FIRST = 9, NAME_ROOM = 4096, WORDS = 64 };
static const size_t trials_in[ROUNDS] = {FIRST, 3, 1};
static const double share_of[ROUNDS] = {1.0 / 36, 1.0 / 12, 0.5};

struct tune_options {
    const char *output;
    double time;
    uint64_t seed;
};

struct trial {
    size_t number; /* which combination of settings it has, from 0 */
    double loss;   /* of the kept epoch, on held-out text; infinite: the trial failed */
};

struct search {
    const struct command *command;
    struct tune_options options;
    struct arguments arguments;
    char folder[NAME_ROOM - 64];
};

/* What is tried. Trial 0 has what recur train chooses by itself; each further one changes some of
 * the options, each to a value of its list. */
struct dimension {
    const char *option, *values[4];
    const char *excluded_by[2]; /* given options that it may contradict; NULL: none */
};
static const struct dimension dimensions[] = {
    {"--lr", {"0.003", "0.005", "0.01", "0.02"}, {NULL}},
    {"--dropout", {"0.1", "0.3", "0.5", "0.6"}, {NULL}},
    {"--batch", {"4", "8", "16", "32"}, {NULL}},
    {"--hidden", {"192", "256", "384", "256,256"}, {"--layers", "--init-from"}},
    {"--steps", {"24", "48", "64", "100"}, {"--task", "--init-from"}},
    {"--cell", {"gru", "gru", "gru", "gru"}, {"--init-from"}},
};
enum {
    DIMENSIONS = sizeof dimensions / sizeof *dimensions,
    EXCLUDERS = sizeof dimensions->excluded_by / sizeof *dimensions->excluded_by
};

/* A number that follows from the seed, the trial and the dimension alone (splitmix64). */
static uint64_t draw(uint64_t seed, size_t trial, size_t dimension)
{
    uint64_t x = seed + 0x9e3779b97f4a7c15u * (1 + trial * DIMENSIONS + dimension);
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Does the user give that option to all trials? */
static bool is_fixed(const struct search *search, const char *option)
{
    size_t length = strlen(option);
    for (size_t i = 0; i < search->arguments.count; i++) {
        const char *word = search->arguments.operands[i];
        if (strncmp(word, option, length) == 0 && (!word[length] || word[length] == '='))
            return true;
    }
    return false;
}

/* Do the user's options leave a dimension free? */
static bool is_free(const struct search *search, const struct dimension *dimension)
{
    for (size_t i = 0; i < EXCLUDERS && dimension->excluded_by[i]; i++)
        if (is_fixed(search, dimension->excluded_by[i]))
            return false;
    return !is_fixed(search, dimension->option);
}

/* Adds the settings of a trial to a command line; returns its new length. A trial without any gets
 * one of the first dimension. */
static size_t add_settings(const struct search *search, size_t trial, const char **words,
                           size_t count)
{
    size_t begin = count;
    for (size_t i = DIMENSIONS; i-- > 0 && trial > 0;) {
        uint64_t drawn = draw(search->options.seed, trial, i);
        bool due = drawn % 2 == 0 || (i == 0 && count == begin);
        if (!due || !is_free(search, &dimensions[i]))
            continue;
        words[count++] = dimensions[i].option;
        words[count++] = dimensions[i].values[drawn / 2 % 4];
    }
    return count;
}

static void name_file(const struct search *search, size_t round, size_t trial, const char *end,
                      char name[NAME_ROOM])
{
    snprintf(name, NAME_ROOM, "%s/round%zu-trial%zu%s", search->folder, round + 1, trial + 1, end);
}

/* The loss of the model that the trial left; infinite where there is none. */
static double loss_of(const char *path)
{
    recur_model *model;
    size_t count;
    double loss = (double)INFINITY;
    if (access(path, R_OK) != 0 || recur_model_load(path, &model, NULL) != RECUR_OK)
        return loss;
    const recur_origin *origin = recur_model_origin(model);
    const recur_epoch *epochs = recur_model_history(model, &count);
    for (size_t i = 0; origin && i < count; i++)
        if (epochs[i].epoch == origin->kept_epoch)
            loss = isfinite(epochs[i].valid_loss) ? epochs[i].valid_loss : epochs[i].loss;
    recur_model_free(model);
    return loss;
}

/* A trial that runs, and the line that is printed of it. */
struct running {
    pid_t process;
    const char *log, *title; /* the log is there once the training has begun; the line's begin */
    bool titled, open;       /* the title is printed; nothing is behind it so far */
};

static void print_title(struct running *running)
{
    if (!running->titled)
        fputs(running->title, stderr);
    running->open = running->open || !running->titled;
    running->titled = true;
}

/* Passes on what the trial says until it ends, on lines of its own. A signal that asks the search
 * to end also ends the trial. */
static void follow(struct running *running, int messages)
{
    char bytes[1024];
    bool asked = false;
    for (;;) {
        struct pollfd heard = {.fd = messages, .events = POLLIN};
        poll(&heard, 1, 100);
        if (access(running->log, F_OK) == 0)
            print_title(running);
        if (recur_interrupt() && !asked)
            asked = kill(running->process, SIGTERM) == 0;
        if (!heard.revents)
            continue;
        ssize_t size = read(messages, bytes, sizeof bytes);
        if (size == 0 || (size < 0 && errno != EINTR))
            return;
        if (size > 0 && running->open)
            fputs("\n", stderr);
        running->open = running->open && size < 0;
        for (ssize_t i = 0; i < size; i++)
            fputc(bytes[i], stderr);
    }
}

/* Runs this program with these words, its results thrown away. Returns its exit status. */
static int run_train(const struct search *search, const char **words, struct running *running)
{
    int status = 0, ends[2];
    fflush(NULL);
    if (pipe(ends) != 0)
        return recur_failure(search->command, "cannot start a trial: %s", strerror(errno));
    running->process = fork();
    if (running->process == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        if (!freopen("/dev/null", "w", stdout))
            _exit(STATUS_FAILURE);
        execv("/proc/self/exe", (char **)words);
        _exit(STATUS_FAILURE);
    }
    int failure = errno;
    close(ends[1]);
    if (running->process > 0)
        follow(running, ends[0]);
    close(ends[0]);
    if (running->process < 0)
        return recur_failure(search->command, "cannot start a trial: %s", strerror(failure));
    while (waitpid(running->process, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_FAILURE;
}

/* Removes what a search leaves that has no finished trial. */
static void clear(const struct search *search)
{
    char path[NAME_ROOM];
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t trial = 0; trial < FIRST; trial++) {
            name_file(search, round, trial, ".jsonl", path);
            unlink(path);
        }
    snprintf(path, sizeof path, "%s/search", search->folder);
    unlink(path);
}

static bool has_finished_trial(const struct search *search)
{
    char path[NAME_ROOM];
    bool found = false;
    for (size_t i = 0; i < (size_t)ROUNDS * FIRST && !found; i++) {
        name_file(search, i / FIRST, i % FIRST, ".safetensors", path);
        found = access(path, F_OK) == 0;
    }
    return found;
}

/* Ends a search whose first trial could not begin, since then none can: it has said why. */
static int give_up(const struct search *search, int status)
{
    if (!has_finished_trial(search)) {
        clear(search);
        rmdir(search->folder); /* fails where it has files of others */
    }
    return status;
}

/* Prints what the trial came to. */
static void print_result(struct running *running, const struct trial *trial, bool done)
{
    print_title(running);
    if (isfinite(trial->loss))
        fprintf(stderr, "  perplexity %s%s\n", recur_perplexity(trial->loss).text,
                done ? " (done before)" : "");
    else
        fputs("  failed\n", stderr);
}

/* Runs a trial, whose command is made, unless its model is there. */
static int run_trial(const struct search *search, const char **words, const char *model,
                     struct running *running, struct trial *trial)
{
    bool done = access(model, R_OK) == 0;
    int status = done || recur_interrupt() ? 0 : run_train(search, words, running);
    if (recur_interrupt()) {
        if (!done)
            unlink(model);
        if (running->open)
            fputs("\n", stderr);
        return recur_failure(search->command, "interrupted; the same command goes on from here");
    }
    trial->loss = status == 0 ? loss_of(model) : (double)INFINITY;
    if (status != 0 && !running->titled && trial->number == 0 && access(running->log, F_OK) != 0)
        return give_up(search, status);
    print_result(running, trial, done);
    return status == STATUS_USAGE ? STATUS_USAGE : 0;
}

/* Makes the command of a trial, and runs it. Returns 0 or the exit status with which the search
 * ends: a trial that diverges is no reason. */
static int try_settings(const struct search *search, size_t round, struct trial *trial)
{
    char model[NAME_ROOM], log[NAME_ROOM], seconds[40], seed[40];
    const char *words[WORDS + DIMENSIONS * 2] = {"recur", "train", "--quiet"};
    struct grown_text title = {0};
    size_t count = 3;
    name_file(search, round, trial->number, ".safetensors", model);
    name_file(search, round, trial->number, ".jsonl", log);
    snprintf(seconds, sizeof seconds, "%.0fs", share_of[round] * search->options.time);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)search->options.seed);
    const char *const own[] = {"--time", seconds, "--seed", seed, "--log", log, "-o", model};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        words[count++] = own[i];
    size_t first = count;
    count = add_settings(search, trial->number, words, count);
    recur_need_word(search->command, &title, "round %zu/%d  trial %zu", round + 1, ROUNDS,
                    trial->number + 1);
    for (size_t i = first; i < count; i++)
        recur_need_word(search->command, &title, i == first ? "  %s" : " %s", words[i]);
    for (size_t i = 0; i < search->arguments.count; i++)
        words[count++] = search->arguments.operands[i];
    struct running running = {.log = log, .title = title.bytes};
    int status = run_trial(search, words, model, &running, trial);
    free(title.bytes);
    return status;
}

static int compare(const void *first, const void *second)
{
    const struct trial *a = first, *b = second;
    return a->loss < b->loss   ? -1
           : a->loss > b->loss ? 1
                               : (a->number > b->number) - (a->number < b->number);
}

/* Runs all rounds; `best` and `*round` become the best trial of all. */
static int run_rounds(const struct search *search, struct trial *best, size_t *best_round)
{
    struct trial trials[FIRST];
    for (size_t i = 0; i < FIRST; i++)
        trials[i] = (struct trial){.number = i};
    *best = (struct trial){.loss = (double)INFINITY};
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < trials_in[round]; i++) {
            int status = try_settings(search, round, &trials[i]);
            if (status != 0)
                return status;
        }
        qsort(trials, trials_in[round], sizeof *trials, compare);
        if (trials[0].loss < best->loss) {
            *best = trials[0];
            *best_round = round;
        }
        if (!isfinite(trials[0].loss))
            return recur_failure(search->command, "no trial came to a model; recur train says why");
    }
    return 0;
}

/* Copies the best model to the output, and says which command makes it. */
static int end(const struct search *search, const struct trial *best, size_t round)
{
    char path[NAME_ROOM];
    recur_model *model;
    recur_error error;
    name_file(search, round, best->number, ".safetensors", path);
    if (recur_model_load(path, &model, &error) != RECUR_OK)
        return recur_library_failure(search->command, &error);
    enum recur_status status = recur_model_save(model, search->options.output, &error);
    if (status == RECUR_OK) {
        const recur_origin *origin = recur_model_origin(model);
        printf("perplexity %s\n%s\n", recur_perplexity(best->loss).text,
               origin && origin->command ? origin->command : "");
        fprintf(stderr,
                "The model is in %s, the trials are in %s: recur plot %s/*.jsonl -o "
                "trials.svg\n",
                recur_path(search->options.output).text, recur_path(search->folder).text,
                recur_path(search->folder).text);
    }
    recur_model_free(model);
    return status == RECUR_OK ? 0 : recur_library_failure(search->command, &error);
}

/* Says that the folder's trials are of another search than this one. More time is none of the
 * same: trials are compared after equal times. */
static int refuse(const struct search *search, const char *now, const char *then)
{
    const char *words = strchr(now, ','), *former = strchr(then, ',');
    recur_printable folder = recur_path(search->folder);
    if (words && former && strcmp(words, former) == 0)
        return recur_failure(search->command,
                             "the search in %s was begun with --time %.*s and cannot be given "
                             "another, because its trials are compared after equal times: train "
                             "the best settings with recur train --time, remove the folder, or "
                             "choose another --output",
                             folder.text, (int)strcspn(then, " ,"), then);
    return recur_failure(search->command,
                         "%s has the trials of another search (%s): remove it, or choose another "
                         "--output",
                         folder.text, recur_show(then, strlen(then), SIZE_MAX, NULL).text);
}

/* A folder's trials belong to one search: its time, its seed and its words, which a file in it
 * keeps. Returns 0 or the exit status. */
static int check_search(const struct search *search)
{
    char path[NAME_ROOM];
    struct grown_text now = {0};
    char *line = NULL;
    size_t room = 0;
    int status = 0;
    recur_need_word(search->command, &now, "%g s, seed %llu", search->options.time,
                    (unsigned long long)search->options.seed);
    for (size_t i = 0; i < search->arguments.count; i++)
        recur_need_word(search->command, &now, " %s",
                        recur_shell_word(search->arguments.operands[i], false).text);
    snprintf(path, sizeof path, "%s/search", search->folder);
    if (!has_finished_trial(search))
        clear(search);
    FILE *file = fopen(path, "r");
    if (file) {
        bool read = recur_need_line(search->command, &line, &room, file) > 0;
        const char *then = read ? line : "";
        fclose(file);
        if (strcmp(now.bytes, then) != 0)
            status = refuse(search, now.bytes, then);
    } else if (!recur_write_file(search->command, path, now.bytes, now.size)) {
        status = STATUS_FAILURE;
    }
    free(line);
    free(now.bytes);
    return status;
}

/* Refuses words with which trials could not each read the texts and leave results of their own. */
static int check_words(const struct search *search)
{
    static const char *const own[] = {"--time", "--output", "--log"};
    const struct arguments *words = &search->arguments;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (is_fixed(search, own[i]))
            return recur_usage_error(search->command,
                                     "%s cannot be given to the trials: the search gives each its "
                                     "own",
                                     own[i]);
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->operands[i];
        if (strcmp(word, "-") == 0)
            return recur_usage_error(search->command, "standard input, -, cannot be read once for "
                                                      "each trial: give the text's file");
        if (strncmp(word, "-o", 2) == 0)
            return recur_usage_error(search->command, "-o cannot be given to the trials: the "
                                                      "search gives each its own");
        if (recur_overwrites(search->options.output, word))
            return recur_usage_error(search->command, "--output would overwrite %s",
                                     recur_path(word).text);
    }
    return 0;
}

static const struct option_spec options[] = {
    {OPTION_FILE, 'o', "output", "FILE", offsetof(struct tune_options, output),
     .standard = STANDARD_MODEL,
     .help = "where the best model goes; the trials go into a folder "
             "beside it, FILE.tune"},
    {OPTION_TIME, 0, "time", "T", offsetof(struct tune_options, time), .low = 36, .high = 2592000,
     .standard = "1h", .help = "how long all trials take together, at least 36s"},
    {OPTION_COUNT, 0, "seed", "N", offsetof(struct tune_options, seed), .most = UINT64_MAX,
     .standard = "1", .help = "of what is tried, and of the trials themselves"},
    {.help = NULL},
};

static int tune(const struct command *command, int argc, char **argv)
{
    struct search search = {.command = command};
    struct trial best;
    struct interrupts before;
    size_t round = 0;
    int status;
    if (!recur_options_parse(command, argc, argv, &search.options, &search.arguments, &status))
        return status;
    if (search.arguments.count > WORDS - 16)
        return recur_usage_error(command, "at most %d words may follow", WORDS - 16);
    status = check_words(&search);
    if (status != 0)
        return status;
    status = recur_output_check(command, "output", search.options.output, OUTPUT_BESIDE);
    if (status != 0)
        return status;
    int length = snprintf(search.folder, sizeof search.folder, "%s.tune", search.options.output);
    if (length >= (int)sizeof search.folder)
        return recur_usage_error(command, "--output is too long a name");
    if (mkdir(search.folder, 0777) != 0 && errno != EEXIST)
        return recur_failure(command, "cannot make the folder %s: %s",
                             recur_path(search.folder).text, strerror(errno));
    status = check_search(&search);
    if (status != 0)
        return status;
    recur_interrupt_catch();
    recur_interrupt_begin(&before); /* unlike the former, cuts a wait short */
    status = run_rounds(&search, &best, &round);
    return status ? status : end(&search, &best, round);
}

const struct command recur_command_tune = {
    .name = "tune",
    .summary = "search for the settings that suit a text",
    .operands = "TEXT ... [-- OPTIONS]",
    .about =
        "Searches for the settings that suit a text: nine short runs of recur train --time, one "
        "with what recur chooses by itself and eight with other learning rates, dropouts, batches, "
        "networks and cells; the best three for three times as long; and the best of these for "
        "half of the time. The options of recur train that stand behind -- are given to all "
        "trials; --time, --output and --log are the search's own.\n\nEach trial leaves its model "
        "and its log in the folder FILE.tune. A trial that is there is not run again: a search "
        "that was stopped goes on with the same command. Its --time stays as it was, because "
        "trials are compared after equal times. At the end standard output gets the "
        "perplexity of the best model on its held-out text, and the command that makes this "
        "model.",
    .examples = "  recur tune book.txt --time 1h -o book.safetensors\n"
                "  recur tune book.txt --time 20m -- --tokens word\n"
                "  recur plot book.safetensors.tune/*.jsonl -o trials.svg\n",
    .options = options,
    .least = 1,
    .most = SIZE_MAX,
    .run = tune,
};
