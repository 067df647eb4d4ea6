/* The options of recur train that its observers read: what a run writes and shows, and where. */
#ifndef RECUR_CLI_OPTIONS_OUTPUT_OPTIONS_H
#define RECUR_CLI_OPTIONS_OUTPUT_OPTIONS_H

#include "common/output.h"
#include "options/options.h"

struct output_options {
    const char *output, *log, *report, *plot, *tensorboard, *dashboard, *resume;
    uint64_t checkpoint_every; /* minibatches; 0: never */
    struct text_list predict;
    uint64_t predict_every; /* epochs; 0: only at the end */
    bool quiet;
};

/* Their rows, for a settings struct with a member `out`. */
/* clang-format off */
#define OUTPUT_OPTION_ROWS(settings)                                                               \
    {OPTION_FILE, 'o', "output", "FILE", offsetof(settings, out.output),                           \
     .standard = STANDARD_MODEL, .help = "where the model goes"},                                  \
    {OPTION_COUNT, 0, "checkpoint-every", "N", offsetof(settings, out.checkpoint_every),           \
     .least = 1, .most = 1000000000, .shown = "never",                                             \
     .help = "write the whole run to a file beside the model, model.checkpoint.safetensors beside "\
             "model.safetensors, every N minibatches and at the end, for --resume"},               \
    {OPTION_FILE, 0, "resume", "FILE", offsetof(settings, out.resume), .shown = "none",            \
     .help = "go on with the run in a checkpoint, with its text and its options, to the same bits "\
             "as if it had never stopped"},                                                        \
    {OPTION_TEXTS, 0, "predict", "TEXT", offsetof(settings, out.predict),                          \
     .shown = "the text's first words; presets \"time traveller\" and \"traveller\"",              \
     .help = "a prefix to continue by 50 tokens, repeatable"},                                     \
    {OPTION_COUNT, 0, "predict-every", "N", offsetof(settings, out.predict_every),                 \
     .most = 1000000000, .shown = "by time, the first within 15 seconds; presets 10",              \
     .help = "epochs between continuations while training; 0: only at the end"},                   \
    {OPTION_FILE, 0, "log", "FILE", offsetof(settings, out.log), .shown = "none",                  \
     .help = "JSON Lines, an object for each epoch"},                                              \
    {OPTION_FILE, 0, "report", "FILE", offsetof(settings, out.report), .shown = "none",            \
     .help = "one JSON object at the end"},                                                        \
    {OPTION_FILE, 0, "plot", "FILE", offsetof(settings, out.plot), .shown = "none",                \
     .help = "the curves as a picture, .svg or .png"},                                             \
    {OPTION_FILE, 0, "tensorboard", "FOLDER", offsetof(settings, out.tensorboard),                 \
     .shown = "none", .help = "a folder that gets the numbers of each epoch for TensorBoard"},     \
    {OPTION_TEXT, 0, "dashboard", "[PORT]", offsetof(settings, out.dashboard), .shown = "none",    \
     .alone = "8080",                                                                              \
     .help = "show the run, and all whose logs are in the folder of --log, on a page at this port "\
             "of 127.0.0.1 (8080 if no number follows; 0: one that is free, which is printed). "   \
             "Without --log the log goes beside the model: model.jsonl"},                          \
    {OPTION_FLAG, 0, "quiet", NULL, offsetof(settings, out.quiet),                                 \
     .help = "no progress on standard error"}
/* clang-format on */

#endif
