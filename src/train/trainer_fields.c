/* The settings of a run: names, defaults, ranges. To add a setting, add a field to
 * recur_trainer_config and a row here. */
#include <math.h>

#include "base/config.h"
#include "base/fields.h"
#include "base/pairwise.h"
#include "train/trainer_object.h"

RECUR_ENUM_NAMES(sampling);
RECUR_ENUM_NAMES(optimizer);
RECUR_ENUM_NAMES(schedule);
RECUR_ENUM_NAMES(precision);
RECUR_ENUM_NAMES(device);
RECUR_ENUM_NAMES(average);
RECUR_ENUM_NAMES(reduce);

RECUR_CONFIG(trainer, sync_every, .batch = 32, .steps = 35, .sampling = RECUR_SAMPLING_SEQUENTIAL,
             .epochs = 10, .optimizer = RECUR_OPTIMIZER_ADAM, .lr = 0.002f, .beta1 = 0.9f,
             .beta2 = 0.999f, .alpha = 0.99f, .epsilon = 1e-8f, .clip = 1,
             .schedule = RECUR_SCHEDULE_CONSTANT, .warmup = 0.05f, .lr_floor = 0.1f, .factor = 0.5f,
             .patience = 2, .blanks = 0.1f, .validation = 0.1f, .seed = 1, .decay = 0.3f,
             .rank_seconds = 45, .average_decay = 0.99f, .average_start = 0.75, .accumulate = 1,
             .sync_every = 1)

#define SHARE                                                                                      \
    {                                                                                              \
        .high = 1, .below_high = true                                                              \
    }
#define FINITE                                                                                     \
    {                                                                                              \
        .high = (double)INFINITY, .below_high = true                                               \
    }
#define PART /* of a run: a share or, from 1 on, minibatches */                                    \
    {                                                                                              \
        .high = 1e9                                                                                \
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
    {RECUR_FIELD(trainer, warmup), .words = "the warm-up", .range = PART, .option = "warmup",
     .about = "share of the run or, from 1 on, minibatches in which cosine, wsd and onecycle rise "
              "to --lr"},
    {RECUR_FIELD(trainer, schedule), .names = &recur_schedule_names, .option = "schedule",
     .about = "course of the learning rate; plateau lowers it when the loss stops falling; wsd is "
              "warm-up, stable, decay"},
    {RECUR_FIELD(trainer, lr_floor), .words = "the learning rate's floor", .range = {.high = 1},
     .option = "lr-floor", .about = "share of --lr at which cosine, wsd and onecycle end"},
    {RECUR_FIELD(trainer, factor), .words = "the plateau's factor",
     .range = {.high = 1, .above_low = true, .below_high = true}, .option = "lr-factor",
     .about = "what plateau multiplies the rate by"},
    {RECUR_FIELD(trainer, patience), .range = {.least = 1, .most = 1000000},
     .option = "lr-patience", .about = "epochs that plateau waits for a lower loss"},
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
    {RECUR_FIELD(trainer, device), .names = &recur_device_names, .option = "device",
     .about =
         "what computes: auto is an NVIDIA GPU where there is one that can, on all ranks, else "
         "the cpu; cuda insists on the GPU. Ranks of one machine take its GPUs in turn",
     .file = RECUR_FILE_NEVER},
    {RECUR_FIELD(trainer, freeze), .range = {.most = 64}, .file = RECUR_FILE_LATER,
     .option = "freeze",
     .about = "of --init-from: the lowest N layers and the embedding keep the model's parameters"},
    {RECUR_FIELD(trainer, updates), .range = {.most = 1000000000}, .option = "updates",
     .about =
         "minibatches after which the run ends, also within an epoch, rather than after --epochs",
     .file = RECUR_FILE_LATER},
    {RECUR_FIELD(trainer, stable), .words = "the stable part", .range = PART, .option = "stable",
     .about = "of wsd: share of the run or, from 1 on, minibatches at --lr; 0: what warm-up and "
              "decay leave",
     .file = RECUR_FILE_LATER},
    {RECUR_FIELD(trainer, decay), .words = "the decay", .range = PART, .option = "decay",
     .about = "of wsd: share of the run or, from 1 on, minibatches in which the rate falls",
     .file = RECUR_FILE_LATER},
    {RECUR_FIELD(trainer, blocks), .range = {.most = RECUR_BLOCKS_MAX}, .option = "blocks",
     .about = "equal parts of a minibatch that are summed one by one, so that any number of "
              "processes, up to as many, computes the same bits",
     .file = RECUR_FILE_LATER},
    {RECUR_FIELD(trainer, rank_seconds), .range = {.least = 1, .most = 86400},
     .option = "rank-seconds",
     .about = "seconds after which a process that does not answer is given up",
     .file = RECUR_FILE_NEVER},
    {RECUR_FIELD(trainer, average), .names = &recur_average_names, .file = RECUR_FILE_LATER,
     .option = "average",
     .about = "what is validated and kept: the last parameters, their exponential moving average, "
              "or their mean since --average-start (swa) or since validation has stopped falling "
              "(asgd)"},
    {RECUR_FIELD(trainer, average_decay), .words = "the average's decay", .range = SHARE,
     .file = RECUR_FILE_LATER, .option = "average-decay",
     .about = "what ema keeps of the average at each minibatch"},
    {RECUR_FIELD(trainer, average_start), .words = "the average's start", .range = PART,
     .file = RECUR_FILE_LATER, .option = "average-start",
     .about = "share of the run or, from 1 on, minibatches after which swa begins to average"},
    {RECUR_FIELD(trainer, accumulate), .range = {.least = 1, .most = 65536},
     .file = RECUR_FILE_LATER, .option = "accumulate",
     .about =
         "minibatches whose gradients are added for one update, as of one minibatch of so many "
         "times the sequences; all that counts minibatches then counts updates"},
    {RECUR_FIELD(trainer, reduce), .names = &recur_reduce_names, .file = RECUR_FILE_LATER,
     .option = "reduce",
     .about = "how processes add gradients: exact has the same bits on any number of them, fast "
              "leaves the order to MPI"},
    {RECUR_FIELD(trainer, reduce_precision), .names = &recur_precision_names,
     .file = RECUR_FILE_LATER, .option = "reduce-precision",
     .about = "of gradients on their way between processes: bf16 halves the bytes and rounds each "
              "to 8 bits"},
    {RECUR_FIELD(trainer, sampled_softmax), .range = {.most = 1000000}, .file = RECUR_FILE_LATER,
     .option = "sampled-softmax",
     .about =
         "learn from the softmax over N drawn tokens and the minibatch's own, for vocabularies "
         "of tens of thousands; 0: over all tokens. Not with --accumulate"},
    {RECUR_FIELD(trainer, ar), .words = "the weight of the outputs' squares", .range = FINITE,
     .file = RECUR_FILE_LATER, .option = "ar",
     .about =
         "of the task lm: weight of the mean square of the top layer's outputs, which is added "
         "to the loss"},
    {RECUR_FIELD(trainer, sync_every), .range = {.least = 1, .most = 1000000},
     .file = RECUR_FILE_LATER, .option = "sync-every",
     .about = "updates that each process makes by itself before all take the mean of their "
              "parameters, for slow networks; other bits for each number of processes. Not with "
              "--reduce fast, --reduce-precision bf16 or --sampled-softmax; --blocks does nothing"},
};

RECUR_FIELDS(recur_trainer_field, fields)

enum recur_status recur_trainer_check(const recur_trainer_config *config, recur_error *error)
{
    return recur_fields_check(recur_trainer_field, config, error);
}
