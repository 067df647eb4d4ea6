#include "output.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"

enum { PATH_ROOM = 4096 };

json_t *recur_json_number(double value, int digits)
{
    if (!isfinite(value))
        return json_null();
    char text[40];
    snprintf(text, sizeof text, "%.*g", digits, value);
    return json_real(strtod(text, NULL));
}

json_t *recur_json_epoch(const recur_epoch *epoch)
{
    /* lr comes out of a float: more digits than that has would be noise. */
    return json_pack(
        "{sI so so so so so so so so}", "epoch", (json_int_t)epoch->epoch, "loss",
        recur_json_number(epoch->loss, 12), "perplexity", recur_json_number(exp(epoch->loss), 12),
        "valid_loss", recur_json_number(epoch->valid_loss, 12), "valid_perplexity",
        recur_json_number(exp(epoch->valid_loss), 12), "tokens_per_second",
        recur_json_number(epoch->tokens_per_second, 7), "gradient_norm",
        recur_json_number(epoch->gradient_norm, 7), "lr", recur_json_number(epoch->lr, 7),
        "seconds", recur_json_number(epoch->seconds, 6));
}

void recur_json_add_scores(json_t *object, const recur_scores *scores, const char *prefix)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"accuracy", scores->accuracy},
                   {"precision", scores->precision},
                   {"recall", scores->recall},
                   {"f1", scores->f1}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%s", prefix, numbers[i].name);
        json_object_set_new(object, name, recur_json_number(numbers[i].value, 12));
    }
}

char *recur_json_text(json_t *object)
{
    char *text = json_dumps(object, JSON_REAL_PRECISION(12));
    json_decref(object);
    return text;
}

int recur_json_print(const struct command *command, json_t *object)
{
    char *text = recur_json_text(object);
    if (!text)
        return recur_failure(command, "out of memory while writing JSON");
    puts(text);
    free(text);
    return 0;
}

void recur_print_model(FILE *stream, const recur_model *model)
{
    const recur_model_config *config = recur_model_get_config(model);
    fputs(recur_cell_name(config->cell), stream);
    if (config->cell == RECUR_CELL_RNN)
        fprintf(stream, " %s", recur_activation_name(config->activation));
    for (size_t i = 0; i < config->layers; i++)
        fprintf(stream, "%s%zu", i ? "," : " ", config->hidden[i]);
    if (config->task == RECUR_TASK_FILL)
        fputs(", fills blanks", stream);
    if (config->task == RECUR_TASK_TAG)
        fprintf(stream, ", tags words with %zu labels (%s)", config->labels,
                recur_decoder_name(config->decoder));
    if (config->task == RECUR_TASK_CLASSIFY)
        fprintf(stream, ", classifies texts with %zu labels (pool %s)", config->labels,
                recur_pool_name(config->pool));
    if (config->bidirectional)
        fprintf(stream, ", both directions (%s)", recur_merge_name(config->merge));
    if (config->inputs > 0)
        fprintf(stream, ", reads %zu numbers", config->inputs);
    else if (config->embedding > 0)
        fprintf(stream, ", embedding %zu", config->embedding);
    else if (config->task != RECUR_TASK_TAG)
        fputs(", one-hot input", stream);
    if (config->characters > 0)
        fprintf(stream, ", characters %zu into %zu", config->character_embedding,
                config->character_hidden);
    if (config->dropout > 0)
        fprintf(stream, ", dropout %g", (double)config->dropout);
    fprintf(stream, ", %zu parameters\n", recur_model_parameters(model));
}

/* The folder of a path: what stands before the last slash. */
static void folder_of(const char *path, char *folder, size_t size)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(folder, size, ".");
    else if (slash == path)
        snprintf(folder, size, "/");
    else
        snprintf(folder, size, "%.*s", (int)(slash - path), path);
}

/* Longer by this than the file is the name of the temporary neighbour that becomes it. */
#define TEMPORARY_ROOM 20

bool recur_output_check(const struct command *command, const char *option, const char *path)
{
    struct stat info;
    char folder[PATH_ROOM];
    bool exists = stat(path, &info) == 0, replaced = !exists || S_ISREG(info.st_mode);
    const char *slash = strrchr(path, '/');
    bool too_long = strlen(slash ? slash + 1 : path) + TEMPORARY_ROOM > NAME_MAX;
    folder_of(path, folder, sizeof folder);
    if (exists && S_ISDIR(info.st_mode))
        recur_failure(command, "--%s: cannot write %s: it is a directory", option, path);
    else if (too_long && replaced)
        recur_failure(command, "--%s: cannot write %s: %s", option, path, strerror(ENAMETOOLONG));
    else if (exists && access(path, W_OK) != 0)
        recur_failure(command, "--%s: cannot write %s: %s", option, path, strerror(errno));
    else if (stat(folder, &info) != 0)
        recur_failure(command, "--%s: cannot write %s: %s: %s", option, path, folder,
                      strerror(errno));
    else if (!S_ISDIR(info.st_mode))
        recur_failure(command, "--%s: cannot write %s: %s is not a directory", option, path,
                      folder);
    else if (replaced && access(folder, W_OK | X_OK) != 0)
        recur_failure(command, "--%s: cannot write %s: %s: %s", option, path, folder,
                      strerror(errno));
    else
        return true;
    return false;
}

bool recur_same_file(const char *path, const char *text)
{
    struct stat first, second;
    int found = strcmp(text, "-") == 0 ? fstat(STDIN_FILENO, &second) : stat(text, &second);
    return stat(path, &first) == 0 && found == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static bool write_all(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool written = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && written;
}

bool recur_write_file(const struct command *command, const char *path, const void *bytes,
                      size_t size)
{
    char temporary[PATH_ROOM];
    struct stat info;
    bool direct = stat(path, &info) == 0 && !S_ISREG(info.st_mode);
    int length = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof temporary) {
        recur_failure(command, "cannot write %.60s...: the name is too long", path);
        return false;
    }
    if (direct ? write_all(path, bytes, size)
               : write_all(temporary, bytes, size) && rename(temporary, path) == 0)
        return true;
    recur_failure(command, "cannot write %s: %s", path, strerror(errno));
    if (!direct)
        unlink(temporary);
    return false;
}
