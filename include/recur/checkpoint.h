/* recur/checkpoint.h - saves a training run to a file, to resume it later as if nothing had
 * happened.
 *
 *     while (status == RECUR_OK && recur_trainer_epochs(trainer) < epochs) {
 *         status = recur_trainer_epoch(trainer, NULL, error);
 *         if (status == RECUR_OK)
 *             status = recur_checkpoint_save(trainer, "", path, error);
 *     }
 *
 * and later
 *
 *     enum recur_status status = recur_checkpoint_load(path, &checkpoint, error);
 *     if (status == RECUR_ERROR_FILE)
 *         return begin(corpus, vocab, epochs, model, trainer, error);
 *     if (status != RECUR_OK)
 *         return status;
 *     recur_resume_config config = recur_resume_config_default();
 *     config.vocab = vocab;
 *     config.epochs = epochs;
 *     status = recur_checkpoint_resume(checkpoint, corpus, &config, model, trainer, error);
 *     recur_checkpoint_free(checkpoint);
 *
 * A resumed run ends with the same model, to the bit, as a run without interruption, on any number
 * of threads (and the same instruction set and device, recur/machine.h). One safetensors file holds
 * the model as recur_model_save writes it, with its vocabulary and history. It also holds the
 * optimiser's state, the best parameters so far, the carried states, the run's settings and its
 * place in the text (docs/formats.md#checkpoints). Random numbers follow from the seed and that
 * place. recur_model_load reads the file too, as the model that was being trained. */
#ifndef RECUR_CHECKPOINT_H
#define RECUR_CHECKPOINT_H

#include "recur/labels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes down where the run stands, between any two steps. `note` is a text of the caller's own,
 * UTF-8, that comes back with recur_checkpoint_note. The file appears whole or not at all: where
 * this fails, or the machine does, the old file is still there, and training can go on. Errors:
 * ARGUMENT once the run has ended (recur_trainer_get_state) or where the note is not UTF-8; else as
 * recur_model_save. */
RECUR_API enum recur_status recur_checkpoint_save(recur_trainer *trainer, const char *note,
                                                  const char *path, recur_error *error);

/* A checkpoint that was read; opaque. */
typedef struct recur_checkpoint recur_checkpoint;

/* Reads a checkpoint ("-" is standard input), which belongs to the caller: recur_checkpoint_free.
 * Errors: FILE, MEMORY, FORMAT (also for a model that is no checkpoint), UNSUPPORTED. */
RECUR_API enum recur_status recur_checkpoint_load(const char *path, recur_checkpoint **checkpoint,
                                                  recur_error *error);

/* Releases a checkpoint. NULL is fine. */
RECUR_API void recur_checkpoint_free(recur_checkpoint *checkpoint);

/* The text that recur_checkpoint_save was given; it belongs to the checkpoint. Whoever made the
 * file chose it: a program should not open what it names without asking. */
RECUR_API const char *recur_checkpoint_note(const recur_checkpoint *checkpoint);

/* Makes the model as it stands in the checkpoint, which is not changed. It belongs to the caller:
 * recur_model_free. Errors: FORMAT, MEMORY. */
RECUR_API enum recur_status recur_checkpoint_model(recur_checkpoint *checkpoint,
                                                   recur_model **model, recur_error *error);

/* The run's settings, but for the number of threads; they belong to the checkpoint. */
RECUR_API const recur_trainer_config *recur_checkpoint_config(const recur_checkpoint *checkpoint);

/* Where the run stands; it belongs to the checkpoint. */
RECUR_API const recur_trainer_state *recur_checkpoint_state(const recur_checkpoint *checkpoint);

/* What may be another than it was. */
typedef struct recur_resume_config {
    size_t size;              /* as recur_resume_config_default() sets it; leave it alone */
    const recur_vocab *vocab; /* the corpus's vocabulary, to be compared with the run's; default
                                 NULL: not compared */
    size_t epochs;            /* how long the run is to be now; default 0: as it was to be */
    size_t threads;           /* 0: as many as the process may use; default 0 */
    size_t device;       /* of enum recur_device: what computes from now on; default auto. A run
                            that goes on elsewhere ends with other last bits */
    size_t rank_seconds; /* as in recur_trainer_config; 0: as the run had it; default 0 */
    const recur_ranks
        *ranks; /* the communicator; default NULL: one rank goes on. Any number of
                   ranks goes on with the same bits, if it may share the run's blocks */
} recur_resume_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_resume_config_init(recur_resume_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_resume_config recur_resume_config_default(void)
{
    recur_resume_config config;
    recur_resume_config_init(&config, sizeof config);
    return config;
}

/* Makes the model and the trainer as they were. Both belong to the caller: recur_model_free,
 * recur_trainer_free. `corpus`, which must outlive them, holds the same text as the run's. `config`
 * may be NULL: the defaults. Everything in the file is checked. Errors: DATA where text or
 * vocabulary are others, or the run is one on labelled texts; ARGUMENT where the run is past
 * `epochs` and they are not what it began with, or its schedule is cosine, wsd or onecycle, whose
 * course depends on them; FORMAT; MEMORY. */
RECUR_API enum recur_status recur_checkpoint_resume(recur_checkpoint *checkpoint,
                                                    const recur_corpus *corpus,
                                                    const recur_resume_config *config,
                                                    recur_model **model, recur_trainer **trainer,
                                                    recur_error *error);

/* The same for a run on labelled texts (recur_trainer_create_labels): `train` and `valid`, which
 * may be NULL, are read and split as the run's were. */
RECUR_API enum recur_status
recur_checkpoint_resume_labels(recur_checkpoint *checkpoint, const recur_labels *train,
                               const recur_labels *valid, const recur_resume_config *config,
                               recur_model **model, recur_trainer **trainer, recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
