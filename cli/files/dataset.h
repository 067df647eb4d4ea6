/* Datasets, texts that have a name: where they are on this machine and where they come from. */
#ifndef RECUR_CLI_FILES_DATASET_H
#define RECUR_CLI_FILES_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/command.h"

struct dataset {
    const char *name, *file, *url;
    uint64_t size;    /* of the whole file, in bytes */
    const char *sha1; /* likewise, in hexadecimal */
    const char *about;
};

enum { DATASETS = 2, DATASET_PATH_ROOM = 4096 };

/* Room for the path of each. */
struct dataset_paths {
    char path[DATASETS][DATASET_PATH_ROOM];
};

/* Dataset number `index`, NULL past the last. */
const struct dataset *recur_dataset(size_t index);
/* NULL where there is none of that name. */
const struct dataset *recur_dataset_named(const char *name);

/* Puts the dataset's path into `path` (DATASET_PATH_ROOM bytes), downloads it where it is absent
 * and checks it. False where that fails; it has been said why and what can be done. */
bool recur_dataset_get(const struct command *command, const struct dataset *dataset, char *path);

/* The same where it is on this machine, and no download where it is not; the path stands in
 * `paths`. NULL where that fails, which is said. */
const char *recur_dataset_local(const struct command *command, const struct dataset *dataset,
                                struct dataset_paths *paths);

/* The name of the dataset whose path in `paths` this pointer is; NULL where it is none. */
const char *recur_dataset_name_of(const struct dataset_paths *paths, const char *path);

/* Downloads it again where what is there is not the dataset; it may take so many seconds. */
bool recur_dataset_fetch(const struct command *command, const struct dataset *dataset,
                         uint64_t seconds, char *path);

/* The text operand to read: `operand` itself, or, where no such file exists and it names a
 * dataset, that one's path, put into `paths`. NULL where the dataset cannot be had. */
const char *recur_dataset_resolve(const struct command *command, const char *operand,
                                  struct dataset_paths *paths);

#endif
