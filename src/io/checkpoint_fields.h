/* A run's settings and its place as JSON objects: one table of fields each for writing and reading.
 */
#ifndef RECUR_IO_CHECKPOINT_FIELDS_H
#define RECUR_IO_CHECKPOINT_FIELDS_H

#include "recur/trainer.h"
#include "json/json.h"

void recur_trainer_config_to_json(const recur_trainer_config *config, recur_json_writer *json);
void recur_trainer_state_to_json(const recur_trainer_state *state, recur_json_writer *json);

/* Every field must be there and no other; `what` opens the sentences. The number of threads is no
 * part of a run. Errors: FORMAT. */
enum recur_status recur_trainer_config_from_json(const recur_json *json, const char *what,
                                                 recur_trainer_config *config, recur_error *error);
enum recur_status recur_trainer_state_from_json(const recur_json *json, const char *what,
                                                recur_trainer_state *state, recur_error *error);

#endif
