/* The settings of a run: names, defaults, ranges. A new one is a field of recur_trainer_config and
 * a row here. */
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

/* In the order of files. */
static const struct recur_field fields[] = {
    {RECUR_FIELD(trainer, batch), .range = {.least = 1, .most = 1000000}},
    {RECUR_FIELD(trainer, steps), .range = {.least = 1, .most = 1000000}},
    {RECUR_FIELD(trainer, sampling), .names = &recur_sampling_names},
    {RECUR_FIELD(trainer, epochs), .range = {.least = 1, .most = 1000000000}},
    {RECUR_FIELD(trainer, lr), .words = "the learning rate", .range = POSITIVE},
    {RECUR_FIELD(trainer, optimizer), .names = &recur_optimizer_names},
    {RECUR_FIELD(trainer, momentum), .range = SHARE},
    {RECUR_FIELD(trainer, beta1), .range = SHARE},
    {RECUR_FIELD(trainer, beta2), .range = SHARE},
    {RECUR_FIELD(trainer, alpha), .range = SHARE},
    {RECUR_FIELD(trainer, epsilon), .range = POSITIVE},
    {RECUR_FIELD(trainer, weight_decay), .words = "weight decay", .range = FINITE},
    {RECUR_FIELD(trainer, clip), .words = "the clipping threshold", .range = FINITE},
    {RECUR_FIELD(trainer, warmup), .words = "the warm-up share", .range = SHARE},
    {RECUR_FIELD(trainer, schedule), .names = &recur_schedule_names},
    {RECUR_FIELD(trainer, lr_floor), .words = "the learning rate's floor", .range = {.high = 1}},
    {RECUR_FIELD(trainer, factor), .words = "the plateau's factor",
     .range = {.high = 1, .above_low = true, .below_high = true}},
    {RECUR_FIELD(trainer, patience), .range = {.least = 1, .most = 1000000}},
    {RECUR_FIELD(trainer, blanks), .words = "the share of blanks", .range = SHARE},
    {RECUR_FIELD(trainer, validation), .words = "the validation share", .range = {.high = 0.9}},
    {RECUR_FIELD(trainer, precision), .names = &recur_precision_names},
    {RECUR_FIELD(trainer, seed), .range = {.most = UINT64_MAX}},
    {RECUR_FIELD(trainer, threads), .range = {.most = 1024}, .file = RECUR_FILE_NEVER},
};

RECUR_FIELDS(recur_trainer_field, fields)

enum recur_status recur_trainer_check(const recur_trainer_config *config, recur_error *error)
{
    return recur_fields_check(recur_trainer_field, config, error);
}
