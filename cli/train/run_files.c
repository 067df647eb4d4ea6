/* The files of a run that is resumed. The writer of a checkpoint decides only how the run computes.
 * recur writes no file because a checkpoint names it, reads no file outside the checkpoint's
 * folder, and downloads nothing. The user decides the rest in the words of this call. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/message.h"
#include "common/need.h"
#include "common/quote.h"
#include "recur/store.h"
#include "train/run.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The path of a file in the folder of `beside`, allocated. */
static char *path_beside(const struct run *run, const char *beside, const char *name)
{
    size_t folder = *name == '/' ? 0 : (size_t)(base_name(beside) - beside);
    char *path = recur_need(run->command, folder + strlen(name) + 1, 1, "a file's name");
    memcpy(path, beside, folder);
    memcpy(path + folder, name, strlen(name) + 1);
    return path;
}

/* The path from the folder of `beside` to `path`; NULL where `path` is outside of that folder. Both
 * are compared without links, so a file counts as in the folder only if it really is. */
static const char *name_within(const struct run *run, const char *beside, const char *path)
{
    char *dot = strcmp(beside, "-") == 0 ? NULL : path_beside(run, beside, ".");
    char *folder = dot ? recur_need_path(run->command, dot) : NULL;
    size_t length = folder ? strlen(folder) : 0;
    bool root = length == 1, within = folder && strncmp(path, folder, length) == 0;
    free(dot);
    free(folder);
    return root ? path + 1 : within && path[length] == '/' ? path + length + 1 : NULL;
}

char *recur_run_text_name(const struct run *run, const char *text)
{
    const struct command *command = run->command;
    const char *dataset = recur_dataset_name_of(&run->datasets, text);
    bool file = !dataset && strcmp(text, "-") != 0;
    char *path = file ? recur_need_path(command, text) : NULL;
    if (!path)
        return recur_need_text(command, dataset ? dataset : text, "a file's name");
    const char *within = name_within(run, run->checkpoint.path, path);
    /* A file with the name "-" must not become standard input. */
    const char *name = !within ? path : strcmp(within, "-") == 0 ? "./-" : within;
    char *copy = recur_need_text(command, name, "a file's name");
    free(path);
    return copy;
}

bool recur_run_text_within(const char *name)
{
    return *name != '/' && strcmp(name, "-") != 0;
}

/* May the text at `path`, which the checkpoint calls `name`, be read? Prints the reason where it
 * may not. */
static bool check_text(const struct run *run, const char *name, const char *path)
{
    const char *again = "give the text again, after --resume FILE";
    struct stat info;
    char *real = recur_need_path(run->command, path);
    const char *within = real ? name_within(run, run->options.out.resume, real) : NULL;
    bool fine =
        within && ((stat(real, &info) == 0 && S_ISREG(info.st_mode)) || recur_store_is(real));
    if (!real)
        recur_failure(run->command, "cannot read %s: %s; %s", recur_path(path).text,
                      strerror(errno), again);
    else if (!within)
        recur_usage_error(run->command,
                          "the text %s is not in the checkpoint's folder, and a checkpoint does "
                          "not decide that other files are read; %s",
                          recur_path(name).text, again);
    else if (!fine)
        recur_usage_error(run->command, "the text %s is neither a regular file nor a store; %s",
                          recur_path(name).text, again);
    free(real);
    return fine;
}

/* Finds text number `index`, which the checkpoint names and the user did not. */
static int find_text(struct run *run, size_t index, const char **text)
{
    const char *name = *text;
    if (strcmp(name, "-") == 0)
        return recur_usage_error(run->command, "the run read its text from standard input; give it "
                                               "again, after --resume FILE, as - or in a file");
    char *path = path_beside(run, run->options.out.resume, name);
    run->text[index] = path;
    *text = path;
    struct stat info;
    const struct dataset *dataset = recur_dataset_named(name);
    if (dataset && lstat(path, &info) != 0) {
        *text = recur_dataset_local(run->command, dataset, &run->datasets);
        return *text ? 0 : STATUS_FAILURE;
    }
    return check_text(run, name, path) ? 0 : STATUS_FAILURE;
}

int recur_run_find_texts(struct run *run, struct arguments *texts)
{
    int status = 0;
    run->text = recur_need(run->command, texts->count, sizeof *run->text, "the texts' names");
    run->text_count = texts->count;
    for (size_t i = 0; i < texts->count && status == 0; i++)
        status = find_text(run, i, &texts->operands[i]);
    return status;
}

/* Can the file be replaced? It can if it begins as a model does, is empty or does not exist. A link
 * cannot, because it may point anywhere. */
static bool may_be_replaced(const char *path)
{
    unsigned char begin[9];
    struct stat info;
    if (lstat(path, &info) != 0 || (S_ISREG(info.st_mode) && info.st_size == 0))
        return true;
    FILE *file = S_ISREG(info.st_mode) ? fopen(path, "rb") : NULL;
    if (!file)
        return false;
    size_t size = fread(begin, 1, sizeof begin, file);
    fclose(file);
    return size == sizeof begin && begin[8] == '{' && !(begin[4] | begin[5] | begin[6] | begin[7]);
}

/* The model belongs beside X.checkpoint.safetensors, as X.safetensors or X. The user has named both
 * by naming the checkpoint; `then`, the output that the checkpoint names, only decides between
 * them. */
static int find_output(struct run *run, const char *then, const char **output)
{
    const char *resume = run->options.out.resume;
    size_t length = strlen(resume), end = strlen(CHECKPOINT_END);
    char *path = recur_need(run->command, length + 1, 1, "a file's name");
    run->output = path;
    *output = path;
    bool found = false;
    if (length > end && strcmp(resume + length - end, CHECKPOINT_END) == 0) {
        snprintf(path, length + 1, "%.*s" MODEL_END, (int)(length - end), resume);
        if (strcmp(base_name(path), base_name(then)) != 0)
            path[length - end] = '\0';
        found = strcmp(base_name(path), base_name(then)) == 0;
    }
    if (!found)
        return recur_usage_error(run->command,
                                 "--output is needed: the run began with %s, and a checkpoint does "
                                 "not decide what is written",
                                 recur_path(then).text);
    if (!may_be_replaced(path))
        return recur_usage_error(run->command,
                                 "--output is needed: %s is not a model but another file or a "
                                 "link, and a checkpoint does not decide that it is replaced",
                                 recur_path(path).text);
    return 0;
}

int recur_run_find_outputs(struct run *run, const struct option_set *given,
                           struct train_options *then, struct arguments *arguments)
{
    for (size_t i = 0; run->command->options[i].help; i++) {
        const struct option_spec *option = &run->command->options[i];
        const char **path = (const char **)(void *)((char *)then + option->at);
        bool outward = option->kind == OPTION_FILE ||
                       option->at == offsetof(struct train_options, out.dashboard);
        if (!outward || recur_option_in(given, i) ||
            option->at == offsetof(struct train_options, init_from)) /* it is not read again */
            continue;
        if (path == &then->out.output) {
            int status = find_output(run, *path, path);
            if (status != 0)
                return status;
        } else if (*path) {
            recur_warning(run->command,
                          "the run began with --%s %s; a checkpoint does not decide what is "
                          "written: give --%s again to have it",
                          option->name, recur_path(*path).text, option->name);
            *path = NULL;
            recur_option_remove(&arguments->given, i);
        }
    }
    return 0;
}

const char *recur_run_no_option(const char *text)
{
    return text[0] == '-' && text[1] ? "./" : "";
}

void recur_run_print_resume(const struct run *run)
{
    const struct option_spec *option = run->command->options;
    fprintf(stderr, "recur train --resume %s", recur_shell_word(run->checkpoint.path, false).text);
    for (; option->help; option++) {
        if (option->kind != OPTION_FILE)
            continue;
        const char *path = recur_run_file(option, &run->options);
        /* The output's name follows from the checkpoint's name. */
        if (path && path != run->options.out.resume && path != run->options.out.output &&
            path != run->options.init_from)
            fprintf(stderr, " --%s %s", option->name, recur_shell_word(path, false).text);
    }
    for (size_t i = 0; run->checkpoint.texts_elsewhere && i < run->texts.count; i++) {
        const char *text = run->texts.operands[i];
        fprintf(stderr, " %s%s", recur_run_no_option(text), recur_shell_word(text, false).text);
    }
}
