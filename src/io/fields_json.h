/* Writes and reads configurations, and the progress of a run, as JSON objects, using their tables
 * of fields. */
#ifndef RECUR_IO_FIELDS_JSON_H
#define RECUR_IO_FIELDS_JSON_H

#include "base/fields.h"
#include "recur/trainer.h"
#include "json/json.h"

/* Puts fields into an open object: those that were added in later versions, or those from before.
 * JSON has no number that is not finite; such a field is left out. */
void recur_fields_put(recur_json_writer *json, recur_fields *fields, const void *config,
                      bool later);

/* Reads the fields that are there into *config, which holds the defaults; leaves widths alone.
 * Sentences begin with `what`; where a name is not one of an enumeration's, with `blame`, or with
 * the field's name if `blame` is NULL. Errors: FORMAT, also where a required field is missing. */
enum recur_status recur_fields_get(const recur_json *json, const char *what, const char *blame,
                                   recur_fields *fields, void *config, recur_error *error);

/* Reads the object's `count` other members and refuses all that are neither these nor fields.
 * Errors: FORMAT. */
enum recur_status recur_fields_get_others(const recur_json *json, const char *what,
                                          recur_fields *fields,
                                          const struct recur_json_field *others, size_t count,
                                          recur_error *error);

void recur_trainer_config_to_json(const recur_trainer_config *config, recur_json_writer *json);
void recur_trainer_state_to_json(const recur_trainer_state *state, recur_json_writer *json);

/* Reads the settings of a run: every field must be there, and nothing else. Sentences begin with
 * `what`. The number of threads is not part of a run. Errors: FORMAT. */
enum recur_status recur_trainer_config_from_json(const recur_json *json, const char *what,
                                                 recur_trainer_config *config, recur_error *error);
enum recur_status recur_trainer_state_from_json(const recur_json *json, const char *what,
                                                recur_trainer_state *state, recur_error *error);

#endif
