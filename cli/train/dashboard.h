/* What the page of --dashboard asks: the logs of the runs in a folder, as JSON. */
#ifndef RECUR_CLI_TRAIN_DASHBOARD_H
#define RECUR_CLI_TRAIN_DASHBOARD_H

#include "common/need.h"
#include "recur/status.h"

/* A log's name ends in the first of these. Beside a log that was written with --dashboard stands a
 * file of notes, NAME.dashboard.jsonl, with a line for each epoch. */
#define LOG_END ".jsonl"
#define NOTES_END ".dashboard.jsonl"

/* A number that changes whenever a log or notes in the folder do. */
uint64_t recur_dashboard_version(const char *folder);

/* Is it a line of a log or of notes? Then *epoch is its epoch. */
bool recur_dashboard_epoch(const char *line, size_t size, uint64_t *epoch);

/* Adds {"runs": [{"name", "epochs": [...], "notes": [...]}, ...]}: of each log its lines as they
 * stand there, those that are whole; the logs by name. Of many logs some are left out, but never
 * `own`. Errors: MEMORY. */
enum recur_status recur_dashboard_put_runs(struct grown_text *json, const char *folder,
                                           const char *own, recur_error *error);

#endif
