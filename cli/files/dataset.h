/* Datasets are texts with names: where they are on this machine and where they come from. */
#ifndef RECUR_CLI_FILES_DATASET_H
#define RECUR_CLI_FILES_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/command.h"

struct dataset {
    const char *name, *file, *url;
    uint64_t size;    /* of the whole file in bytes */
    const char *sha1; /* of the whole file in hexadecimal */
    const char *about;
};

enum { DATASETS = 2, DATASET_PATH_ROOM = 4096 };

/* Room for the path of each dataset. */
struct dataset_paths {
    char path[DATASETS][DATASET_PATH_ROOM];
};

/* Dataset number `index`; NULL after the last. */
const struct dataset *recur_dataset(size_t index);
/* The dataset of that name; NULL where there is none. */
const struct dataset *recur_dataset_named(const char *name);

/* Puts the dataset's path into `path` (DATASET_PATH_ROOM bytes), downloads the dataset where it is
 * absent and checks it. On failure prints the reason and what to do, and returns false. */
bool recur_dataset_get(const struct command *command, const struct dataset *dataset, char *path);

/* The same, but never downloads: the dataset must be on this machine. The path is in `paths`. On
 * failure prints the reason and returns NULL. */
const char *recur_dataset_local(const struct command *command, const struct dataset *dataset,
                                struct dataset_paths *paths);

/* If the pointer is a dataset's path in `paths`, the dataset's name; otherwise NULL. */
const char *recur_dataset_name_of(const struct dataset_paths *paths, const char *path);

/* Downloads the dataset again if the file there is not it; takes at most so many seconds. */
bool recur_dataset_fetch(const struct command *command, const struct dataset *dataset,
                         uint64_t seconds, char *path);

/* The text to read for an operand: `operand` itself or, where no such file exists and it names a
 * dataset, the dataset's path, put into `paths`. NULL where the dataset cannot be had. */
const char *recur_dataset_resolve(const struct command *command, const char *operand,
                                  struct dataset_paths *paths);
/* The same for texts that are read as one, in place: at most one is standard input, "-". Returns 0
 * or, after printing what is wrong, the exit status. */
int recur_dataset_resolve_all(const struct command *command, const char **operands, size_t count,
                              struct dataset_paths *paths);

#endif
