/* The settings of how tokens are chosen: names, defaults, ranges. To add a setting, add a field to
 * recur_sampler_config and a row here. */
#include "base/config.h"
#include "base/fields.h"
#include "recur/session.h"

RECUR_CONFIG(sampler, typical_p, .temperature = 0.8F, .top_p = 1, .seed = 1,
             .repetition_penalty = 1, .typical_p = 1)

static const struct recur_field fields[] = {
    {RECUR_FIELD(sampler, temperature), .range = {.high = 1000}, .option = "temp",
     .about = "temperature: below 1 is more cautious, above 1 bolder, 0 always takes the most "
              "probable token"},
    {RECUR_FIELD(sampler, top_k), .range = {.most = INT32_MAX}, .option = "top-k",
     .about = "choose among the N most probable tokens; 0: among all"},
    {RECUR_FIELD(sampler, top_p), .range = {.high = 1, .above_low = true}, .option = "top-p",
     .about = "choose among the fewest tokens that together have the probability X"},
    {RECUR_FIELD(sampler, min_p), .range = {.high = 1}, .option = "min-p",
     .about = "choose among tokens with at least X times the best one's probability"},
    {RECUR_FIELD(sampler, seed), .range = {.most = UINT64_MAX}, .option = "seed",
     .about = "of the choice: the same seed gives the same text"},
    {RECUR_FIELD(sampler, repetition_penalty), .range = {.high = 1000},
     .option = "repetition-penalty",
     .about = "above 1 makes tokens of the prompt and of the text less probable: divides their "
              "positive logits and multiplies others; 0 and 1: none"},
    {RECUR_FIELD(sampler, frequency_penalty), .range = {.low = -100, .high = 100},
     .option = "frequency-penalty",
     .about = "taken from a token's logit for each time that it was chosen"},
    {RECUR_FIELD(sampler, presence_penalty), .range = {.low = -100, .high = 100},
     .option = "presence-penalty",
     .about = "taken once from the logit of each token that was chosen"},
    {RECUR_FIELD(sampler, typical_p), .range = {.high = 1}, .option = "typical-p",
     .about =
         "choose among the fewest tokens that together have the probability X and are about as "
         "surprising as the model expects, neither more nor less; 0 and 1: among all"},
};

RECUR_FIELDS(recur_sampler_field, fields)
