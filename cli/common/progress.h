/* Shows on stderr how far a command is that takes more than a second: on a terminal by a live line,
 * else by a plain line now and then. A thread of its own draws it, so that the work only says what
 * it is:
 *
 *     recur_progress_files("reading", paths, count);
 *     ... any calls that read these files ...
 *     recur_progress_count("evaluating", "tokens");
 *     recur_model_watch(model, recur_progress_at, NULL);
 *     ... calls that work with the model ...
 *     recur_progress_end();
 *
 * Each begins anew what is shown. Nothing else may be printed on the terminal until the end, except
 * by message.h. All of it is for the main thread. */
#ifndef RECUR_CLI_COMMON_PROGRESS_H
#define RECUR_CLI_COMMON_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "recur/model.h"

/* Files are read, one after the other. How far is seen from their descriptors. "-" is standard
 * input. The names must stay until the end. */
void recur_progress_files(const char *doing, const char *const *paths, size_t count);

/* A file is written, which is found among the descriptors; `path` names it. */
void recur_progress_write(const char *doing, const char *path);

/* Things are counted, "tokens" for example, or bytes (NULL): recur_progress_at says how many are
 * done, of how many (0: unknown). Its `user` is not used. */
void recur_progress_count(const char *doing, const char *unit);
recur_progress_fn recur_progress_at;

/* Takes away what is shown. May be called when nothing is. */
void recur_progress_end(void);

#endif
