/* recur explain: takes a text through all stages of the tutorial, from its lines to a prediction,
 * and keeps the numbers of each stage. The library computes them: its stack one step, one window or
 * one minibatch at a time, its trainer, its generation. */
#ifndef RECUR_CLI_EXPLAIN_EXPLAIN_H
#define RECUR_CLI_EXPLAIN_EXPLAIN_H

#include "common/need.h"
#include "json.h"
#include "recur/corpus.h"
#include "recur/model.h"
#include "recur/trainer.h"

enum {
    EXPLAIN_TEXT = 1 << 22,  /* bytes of a text that are read */
    EXPLAIN_LINES = 2,       /* how many of its lines are kept, */
    EXPLAIN_LINE = 600,      /* and bytes of each */
    EXPLAIN_ENTRIES = 1000,  /* entries of the dictionary in JSON */
    EXPLAIN_MINIBATCHES = 2, /* of each sampling */
    EXPLAIN_BATCH = 16,      /* the largest settings: */
    EXPLAIN_STEPS = 64,      /* their numbers are all kept, and shown in part */
    EXPLAIN_HIDDEN = 256,    /* */
    EXPLAIN_LAYERS = 4,      /* */
    EXPLAIN_UPDATES = 10000, /* */
    EXPLAIN_UPDATES_STANDARD = 500,
    EXPLAIN_HIDDEN_STANDARD = 16,
    EXPLAIN_NUMBERS = 1 << 20, /* of logits, and of parameters, at most */
    EXPLAIN_GATES = 4,         /* of a cell, at most */
    EXPLAIN_TOP = 5,           /* tokens of a prediction */
    EXPLAIN_PREFIX = 64,       /* bytes of the text that is continued */
    EXPLAIN_SAMPLINGS = 2,     /* enum recur_sampling */
};

/* Where a text comes from. */
enum explain_origin { EXPLAIN_STORY, EXPLAIN_SENTENCE, EXPLAIN_FILE, EXPLAIN_STREAM };

struct explain_settings {
    const recur_corpus_config *corpus; /* its text's and vocabulary's settings are set */
    recur_model_config model;          /* its vocabulary is taken from the text */
    recur_trainer_config trainer;      /* batch or steps 0: as many as suit the text */
    size_t updates;                    /* of the stage training */
    double work;                       /* multiply-adds that it may take, about; 0: any number */
};

/* The settings of a small network that learns as the book's does. `corpus` and `model.hidden` are
 * left to the caller. */
struct explain_settings explain_settings_default(void);

/* The first sentence of the built-in story, static storage. */
const char *explain_story(size_t *size);

/* A line of the text: what it is, and what becomes of it. */
struct explain_line {
    char text[EXPLAIN_LINE], cleaned[EXPLAIN_LINE];
    size_t text_size, cleaned_size;
    bool cut;                  /* the line is longer */
    char bytes[EXPLAIN_LINE];  /* of its tokens, one after the other */
    size_t ends[EXPLAIN_LINE]; /* where each token ends */
    int32_t ids[EXPLAIN_LINE];
    size_t tokens;
};

/* The first minibatches of an epoch, each (T, B). */
struct explain_batches {
    size_t count; /* of the epoch */
    size_t kept;
    int32_t *x, *y;    /* (kept, T, B) */
    int32_t *position; /* of x: where in the text each token stands, from 0 */
};

/* A tensor of the model. */
struct explain_tensor {
    recur_tensor_info info;
    float *before, *gradient, *after; /* row-major; `after` one update */
    double norm;                      /* of the gradient */
};

/* Norms of the gradients of the states of one layer, (T): [t] is of the state that step t reads, so
 * that [0] is of the initial one. */
struct explain_norms {
    double *h, *c; /* c is 0 but for lstm */
};

/* The step of each token of sequence 0 through layer 1, with G gates of H numbers: (T, G, H) all.
 * The sums are of W x + b and W h' + b, of which `recurrent` is the second part. Of rnn the one
 * gate is the state itself. */
struct explain_trace {
    size_t gates, width;
    float *recurrent, *sum, *gate;
};

struct explain_guess {
    int32_t id[EXPLAIN_TOP];
    double probability[EXPLAIN_TOP];
    size_t count;
};

struct explain {
    struct explain_settings settings;

    enum explain_origin origin;
    const char *name; /* of a file; NULL: none */
    bool cut;         /* the text is longer than EXPLAIN_TEXT */
    size_t bytes;
    recur_text_stats stats;
    struct explain_line line[EXPLAIN_LINES];
    size_t lines;
    recur_corpus *corpus;
    recur_vocab *vocab;
    struct explain_batches batches[EXPLAIN_SAMPLINGS];

    size_t B, T, V, L, S, W; /* S: states of a sequence, W: numbers of one output */
    const int32_t *x, *y;    /* the minibatch that the network reads, (T, B) */
    recur_model *model;      /* after one update */
    struct explain_tensor *tensor;
    size_t tensors;
    float *h, *c;        /* (T + 1, layer, B, H): before each step and after the last */
    float *output;       /* (T, B, W) */
    float *logits;       /* (T, B, V) */
    double *probability; /* (T, B, V): their softmax */
    struct explain_trace trace;
    double loss;
    struct explain_norms all[EXPLAIN_LAYERS];  /* of the minibatch's loss */
    struct explain_norms last[EXPLAIN_LAYERS]; /* of the loss of the last step alone */

    double norm;  /* of all gradients together, before clipping */
    double scale; /* what clipping multiplies them by */
    double loss_after;

    double *losses; /* of each minibatch that was trained on */
    size_t updates;
    bool diverged; /* training ended there */

    char prefix[EXPLAIN_PREFIX];
    struct grown_text continued[2]; /* untrained, trained: the prefix goes on */
    struct explain_guess guess[2];  /* of the token after the minibatch's sequence 0, likewise */
};

/* Takes a text of `size` bytes through all stages; `settings` is copied, and what it points to must
 * outlive *explain. Call explain_free in any case. Errors: as of the library, of which DATA says
 * that the text is too short; ARGUMENT where there would be more numbers than EXPLAIN_NUMBERS. */
enum recur_status explain_make(struct explain *explain, const struct explain_settings *settings,
                               const char *bytes, size_t size, recur_error *error);
void explain_free(struct explain *explain);

/* Puts everything as one JSON object (docs/formats.md#explanations). */
void explain_put(recur_json_writer *json, const struct explain *explain);

/* Adds a page of HTML that shows everything and needs no other file. Errors: MEMORY. */
enum recur_status explain_html(struct grown_text *page, const struct explain *explain,
                               recur_error *error);

/* Answers a question in JSON: the settings that the explanation's own `settings` have, under the
 * same names, and `text`; all of them may be absent or null, and the question empty. The
 * explanation is written to `json`. Errors: FORMAT (no JSON), UNSUPPORTED (a member that there is
 * not), ARGUMENT and DATA where the question is at fault otherwise, MEMORY, DIVERGED. */
enum recur_status explain_answer(const char *question, size_t size, recur_json_writer *json,
                                 recur_error *error);

/* Prints the stages that `name` says, NULL: all. */
void explain_print(const struct explain *explain, const char *name);

/* The name of stage number `index`, from 0 up; NULL after the last. */
const char *explain_stage_name(size_t index);

#endif
