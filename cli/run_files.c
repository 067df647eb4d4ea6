/* The files of a run that goes on. Whoever wrote a checkpoint says how the run computes, and that
 * is all: no file is written because a checkpoint names it, none outside of its folder is read, and
 * nothing is downloaded. The user's own words in this call say the rest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "message.h"
#include "quote.h"
#include "run.h"

/* The value of an option whose kind is OPTION_FILE. */
static const char *const *file_of(const struct option_spec *option,
                                  const struct train_options *options)
{
    return (const char *const *)(const void *)((const char *)options + option->at);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The path of a file that stands in the folder of `beside`, allocated. */
static char *path_beside(const char *beside, const char *name)
{
    size_t folder = *name == '/' ? 0 : (size_t)(base_name(beside) - beside);
    char *path = malloc(folder + strlen(name) + 1);
    if (!path)
        return NULL;
    memcpy(path, beside, folder);
    memcpy(path + folder, name, strlen(name) + 1);
    return path;
}

/* `*name` becomes what `path` is called from the folder of `beside`, NULL where it does not lie
 * there. Both without links: what lies in the folder is what really lies there. False where memory
 * is short. */
static bool name_within(const char *beside, const char *path, const char **name)
{
    *name = NULL;
    if (strcmp(beside, "-") == 0)
        return true;
    char *dot = path_beside(beside, "."), *folder = dot ? realpath(dot, NULL) : NULL;
    bool known = folder || (dot && errno != ENOMEM);
    size_t length = folder ? strlen(folder) : 0;
    if (length == 1) /* the root */
        *name = path + 1;
    else if (folder && strncmp(path, folder, length) == 0 && path[length] == '/')
        *name = path + length + 1;
    free(dot);
    free(folder);
    return known;
}

char *recur_run_text_name(const char *checkpoint, const struct dataset_paths *datasets,
                          const char *text)
{
    const char *dataset = recur_dataset_name_of(datasets, text), *within;
    if (dataset || strcmp(text, "-") == 0)
        return strdup(dataset ? dataset : text);
    char *path = realpath(text, NULL), *name = NULL;
    if (!path)
        return errno == ENOMEM ? NULL : strdup(text);
    if (name_within(checkpoint, path, &within)) /* a file called "-" is not standard input */
        name = strdup(!within ? path : strcmp(within, "-") == 0 ? "./-" : within);
    free(path);
    return name;
}

bool recur_run_text_within(const char *name)
{
    return *name != '/' && strcmp(name, "-") != 0;
}

/* Is the text that the checkpoint calls `name` at `path` one that may be read? Says why not. */
static bool check_text(const struct run *run, const char *name, const char *path)
{
    const char *again = "give the text again, after --resume FILE";
    struct stat info;
    char *real = realpath(path, NULL);
    const char *within = NULL;
    bool known = real && name_within(run->options.resume, real, &within);
    bool fine = within && stat(real, &info) == 0 && S_ISREG(info.st_mode);
    if (!real)
        recur_failure(run->command, "cannot read %s: %s; %s", recur_path(path).text,
                      strerror(errno), again);
    else if (!known)
        recur_failure(run->command, "out of memory for a file's name");
    else if (!within)
        recur_usage_error(run->command,
                          "the text %s is not in the checkpoint's folder, and a checkpoint does "
                          "not decide that other files are read; %s",
                          recur_path(name).text, again);
    else if (!fine)
        recur_usage_error(run->command, "the text %s is not a regular file; %s",
                          recur_path(name).text, again);
    free(real);
    return fine;
}

/* Finds text number `index`, which the checkpoint names and the user does not. */
static int find_text(struct run *run, size_t index, const char **text)
{
    const char *name = *text;
    if (strcmp(name, "-") == 0)
        return recur_usage_error(run->command, "the run read its text from standard input; give it "
                                               "again, after --resume FILE, as - or in a file");
    char *path = path_beside(run->options.resume, name);
    if (!path)
        return recur_failure(run->command, "out of memory for a file's name");
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
    run->text = calloc(texts->count + 1, sizeof *run->text);
    if (!run->text)
        return recur_failure(run->command, "out of memory for the texts' names");
    run->text_count = texts->count;
    for (size_t i = 0; i < texts->count && status == 0; i++)
        status = find_text(run, i, &texts->operands[i]);
    return status;
}

/* Does the file begin as a model does, or is there nothing to lose: none, or an empty one? A link
 * may lead anywhere. */
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

/* Beside X.checkpoint.safetensors stands the model X.safetensors, or X: both are the user's word,
 * and `then`, the output that the checkpoint names, says which. */
static int find_output(struct run *run, const char *then, const char **output)
{
    const char *resume = run->options.resume;
    size_t length = strlen(resume), end = strlen(CHECKPOINT_END);
    char *path = malloc(length + 1);
    if (!path)
        return recur_failure(run->command, "out of memory for a file's name");
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
        if (option->kind != OPTION_FILE || recur_option_in(given, i))
            continue;
        if (path == &then->output) {
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

void recur_run_print_resume(const struct run *run)
{
    const struct option_spec *option = run->command->options;
    fprintf(stderr, "recur train --resume %s", recur_shell_word(run->checkpoint, false).text);
    for (; option->help; option++) {
        if (option->kind != OPTION_FILE)
            continue;
        const char *path = *file_of(option, &run->options);
        /* The checkpoint's name says what the output's is. */
        if (path && path != run->options.resume && path != run->options.output)
            fprintf(stderr, " --%s %s", option->name, recur_shell_word(path, false).text);
    }
    for (size_t i = 0; run->texts_elsewhere && i < run->given->count; i++)
        fprintf(stderr, " %s", recur_shell_word(run->given->operands[i], false).text);
}
