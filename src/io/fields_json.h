/* Configurations, and the progress of a run, as JSON objects, by their tables of fields. */
#ifndef RECUR_IO_FIELDS_JSON_H
#define RECUR_IO_FIELDS_JSON_H

#include "base/fields.h"
#include "recur/trainer.h"
#include "json/json.h"

/* The members of an open object: the fields that came later, or those before. One that is not
 * finite, which JSON cannot say, is left out. */
void recur_fields_put(recur_json_writer *json, recur_fields *fields, const void *config,
                      bool later);

/* Reads the fields that are there into *config, which holds the defaults; widths are left alone.
 * `what` opens the sentences; `blame` does where a name is none of an enumeration's, NULL standing
 * for the field itself. Errors: FORMAT, also where one is missing that must not be. */
enum recur_status recur_fields_get(const recur_json *json, const char *what, const char *blame,
                                   recur_fields *fields, void *config, recur_error *error);

/* Reads what stands beside them, `count` others, and refuses what is neither. Errors: FORMAT. */
enum recur_status recur_fields_get_others(const recur_json *json, const char *what,
                                          recur_fields *fields,
                                          const struct recur_json_field *others, size_t count,
                                          recur_error *error);

void recur_trainer_config_to_json(const recur_trainer_config *config, recur_json_writer *json);
void recur_trainer_state_to_json(const recur_trainer_state *state, recur_json_writer *json);

/* Every field must be there and no other; `what` opens the sentences. The number of threads is no
 * part of a run. Errors: FORMAT. */
enum recur_status recur_trainer_config_from_json(const recur_json *json, const char *what,
                                                 recur_trainer_config *config, recur_error *error);
enum recur_status recur_trainer_state_from_json(const recur_json *json, const char *what,
                                                recur_trainer_state *state, recur_error *error);

#endif
