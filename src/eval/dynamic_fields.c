/* The settings of dynamic evaluation: names, defaults, ranges. To add a setting, add a field to
 * recur_dynamic_config and a row here. */
#include <math.h>

#include "base/config.h"
#include "base/fields.h"
#include "recur/evaluate.h"

RECUR_ENUM_NAMES(optimizer);

RECUR_CONFIG(dynamic, decay, .steps = 32, .optimizer = RECUR_OPTIMIZER_RMSPROP, .lr = 0.0005F,
             .clip = 1, .decay = 0.002F)

static const struct recur_field fields[] = {
    {RECUR_FIELD(dynamic, steps), .range = {.least = 1, .most = 1000000}, .option = "steps",
     .about = "of --dynamic and --learn: tokens between two updates"},
    {RECUR_FIELD(dynamic, optimizer), .names = &recur_optimizer_names, .option = "optimizer",
     .about = "of --dynamic and --learn: how gradients become steps"},
    {RECUR_FIELD(dynamic, lr), .words = "the learning rate",
     .range = {.high = (double)INFINITY, .above_low = true, .below_high = true}, .option = "lr",
     .about = "of --dynamic and --learn: learning rate"},
    {RECUR_FIELD(dynamic, clip), .words = "the clipping threshold",
     .range = {.high = (double)INFINITY, .below_high = true}, .option = "clip",
     .about = "of --dynamic and --learn: largest global norm of the gradient; 0: any"},
    {RECUR_FIELD(dynamic, decay), .words = "the decay", .range = {.high = 1, .below_high = true},
     .option = "decay",
     .about = "of --dynamic and --learn: how far each update takes the parameters back to where "
              "they began"},
};

RECUR_FIELDS(recur_dynamic_field, fields)
