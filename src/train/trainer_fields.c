/* The settings of a run: names, defaults, ranges. To add a setting, add a field to
 * recur_trainer_config and a row here. */
#include <math.h>

#include "base/config.h"
#include "base/fields.h"
#include "train/trainer_object.h"

RECUR_ENUM_NAMES(sampling);
RECUR_ENUM_NAMES(optimizer);
RECUR_ENUM_NAMES(schedule);
RECUR_ENUM_NAMES(precision);

RECUR_CONFIG(trainer, threads, .batch = 32, .steps = 35, .sampling = RECUR_SAMPLING_SEQUENTIAL,
             .epochs = 10, .optimizer = RECUR_OPTIMIZER_ADAM, .lr = 0.002f, .beta1 = 0.9f,
             .beta2 = 0.999f, .alpha = 0.99f, .epsilon = 1e-8f, .clip = 1,
             .schedule = RECUR_SCHEDULE_CONSTANT, .warmup = 0.05f, .lr_floor = 0.1f, .factor = 0.5f,
             .patience = 2, .blanks = 0.1f, .validation = 0.1f, .seed = 1)

#define SHARE                                                                                      \
    {                                                                                              \
        .high = 1, .below_high = true                                                              \
    }
#define FINITE                                                                                     \
    {                                                                                              \
        .high = (double)INFINITY, .below_high = true                                               \
    }
#define POSITIVE                                                                                   \
    {                                                                                              \
        .high = (double)INFINITY, .above_low = true, .below_high = true                            \
    }

/* In the order in which files have them. */
static const struct recur_field fields[] = {
    {RECUR_FIELD(trainer, batch), .range = {.least = 1, .most = 1000000}, .option = "batch",
     .about = "sequences in a minibatch; of the tasks tag and classify sentences or texts"},
    {RECUR_FIELD(trainer, steps), .range = {.least = 1, .most = 1000000}, .option = "steps",
     .about = "time steps of a sequence, after which the gradient is cut"},
    {RECUR_FIELD(trainer, sampling), .names = &recur_sampling_names, .option = "sampling",
     .about = "sequential carries the state from minibatch to minibatch, random resets it"},
    {RECUR_FIELD(trainer, epochs), .range = {.least = 1, .most = 1000000000}, .option = "epochs",
     .about = "passes over the text"},
    {RECUR_FIELD(trainer, lr), .words = "the learning rate", .range = POSITIVE, .option = "lr",
     .about = "learning rate"},
    {RECUR_FIELD(trainer, optimizer), .names = &recur_optimizer_names, .option = "optimizer",
     .about = "how gradients become steps"},
    {RECUR_FIELD(trainer, momentum), .range = SHARE, .option = "momentum",
     .about = "of sgd and rmsprop"},
    {RECUR_FIELD(trainer, beta1), .range = SHARE},
    {RECUR_FIELD(trainer, beta2), .range = SHARE},
    {RECUR_FIELD(trainer, alpha), .range = SHARE},
    {RECUR_FIELD(trainer, epsilon), .range = POSITIVE},
    {RECUR_FIELD(trainer, weight_decay), .words = "weight decay", .range = FINITE,
     .option = "weight-decay", .about = "pull of the parameters towards zero"},
    {RECUR_FIELD(trainer, clip), .words = "the clipping threshold", .range = FINITE,
     .option = "clip", .about = "largest global norm of the gradient; 0: any"},
    {RECUR_FIELD(trainer, warmup), .words = "the warm-up share", .range = SHARE, .option = "warmup",
     .about = "share of the run in which cosine rises to --lr"},
    {RECUR_FIELD(trainer, schedule), .names = &recur_schedule_names, .option = "schedule",
     .about = "course of the learning rate; plateau lowers it when the loss stops falling"},
    {RECUR_FIELD(trainer, lr_floor), .words = "the learning rate's floor", .range = {.high = 1},
     .option = "lr-floor", .about = "share of --lr at which cosine ends"},
    {RECUR_FIELD(trainer, factor), .words = "the plateau's factor",
     .range = {.high = 1, .above_low = true, .below_high = true}, .option = "lr-factor",
     .about = "what plateau multiplies the rate by"},
    {RECUR_FIELD(trainer, patience), .range = {.least = 1, .most = 1000000}, .option = "patience",
     .about = "epochs that plateau waits for a lower loss"},
    {RECUR_FIELD(trainer, blanks), .words = "the share of blanks", .range = SHARE,
     .option = "blanks",
     .about = "of the task fill: share of the tokens that are blank for the others while training, "
              "so that the model learns to step over blanks"},
    {RECUR_FIELD(trainer, validation), .words = "the validation share", .range = {.high = 0.9},
     .option = "validation",
     .about = "share of the text's end, or of labelled texts any, held out to validate with; the "
              "epoch that does best there is what is kept"},
    {RECUR_FIELD(trainer, precision), .names = &recur_precision_names, .option = "precision",
     .about = "of what is multiplied: bf16 is faster where the processor multiplies it fast, "
              "slower elsewhere; the model is f32 either way"},
    {RECUR_FIELD(trainer, seed), .range = {.most = UINT64_MAX}, .option = "seed",
     .about = "of the first parameters, the order of the data and dropout"},
    {RECUR_FIELD(trainer, threads), .range = {.most = 1024}, .file = RECUR_FILE_NEVER},
};

RECUR_FIELDS(recur_trainer_field, fields)

enum recur_status recur_trainer_check(const recur_trainer_config *config, recur_error *error)
{
    return recur_fields_check(recur_trainer_field, config, error);
}
