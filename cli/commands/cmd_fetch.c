/* recur fetch: puts a dataset where `recur train` looks for it. */
#include <stdio.h>

#include "common/message.h"
#include "files/dataset.h"
#include "files/download.h"
#include "options/options.h"

static int list(void)
{
    for (size_t i = 0; recur_dataset(i); i++)
        printf("%-16s %s\n", recur_dataset(i)->name, recur_dataset(i)->about);
    return 0;
}

static int unknown(const struct command *command, const char *name)
{
    const char *names[16];
    size_t count = 0;
    for (; count < 16 && recur_dataset(count); count++)
        names[count] = recur_dataset(count)->name;
    const char *meant = recur_suggestion(name, names, count);
    return meant ? recur_usage_error(command, "unknown dataset \"%s\"; did you mean %s?",
                                     recur_word(name).text, meant)
                 : recur_usage_error(command, "unknown dataset \"%s\"; recur fetch lists them",
                                     recur_word(name).text);
}

struct fetch_options {
    uint64_t timeout;
};

static int fetch(const struct command *command, int argc, char **argv)
{
    struct fetch_options settings;
    struct arguments arguments;
    char path[DATASET_PATH_ROOM];
    int status;
    if (!recur_options_parse(command, argc, argv, &settings, &arguments, &status))
        return status;
    if (arguments.count == 0)
        return list();
    const struct dataset *dataset = recur_dataset_named(arguments.operands[0]);
    if (!dataset)
        return unknown(command, arguments.operands[0]);
    if (!recur_dataset_fetch(command, dataset, settings.timeout, path))
        return STATUS_FAILURE;
    printf("%s\n", path);
    return 0;
}

#define TEXT(number) #number
#define TEXT_OF(number) TEXT(number)

static const struct option_spec options[] = {
    {OPTION_COUNT, 0, "timeout", "SECONDS", offsetof(struct fetch_options, timeout), .least = 1,
     .most = 86400, .standard = TEXT_OF(DOWNLOAD_SECONDS), .help = "give up after so long"},
    {.help = NULL},
};

const struct command recur_command_fetch = {
    .name = "fetch",
    .summary = "download a dataset",
    .operands = "[NAME]",
    .about = "Downloads a dataset, checks its size and SHA-1 and prints where it is. Without NAME: "
             "lists the datasets.\n\nA download ends early with more bytes than the dataset has, "
             "with less than 1000 bytes a second for half a minute, and after five redirects; from "
             "https it goes to https alone. Ctrl-C leaves nothing behind.\n\nDatasets are kept in "
             "the folder $RECUR_DATA, by default recur/ in the "
             "user's cache folder. $RECUR_MIRROR is an address to use in place of the dataset's "
             "own.",
    .examples = "  recur fetch time_machine\n"
                "  RECUR_DATA=data recur fetch time_machine\n",
    .options = options,
    .most = 1,
    .run = fetch,
};
