/* What a network is trained for: one description for each task. The rooms that make, train,
 * evaluate, save and run models read the description and never compare tasks.
 * docs/architecture.md says how to add a task.
 *
 * This is a contract: any room may include it. The descriptions stand in src/task/. */
#ifndef RECUR_TASK_TASK_H
#define RECUR_TASK_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "recur/model.h"
#include "recur/training.h"

struct recur_network;

/* Why models of the task do not do something: a sentence, or the part of a sentence that the
 * comment describes. NULL: they do it. */
struct recur_task_refusals {
    const char *numbers;      /* read numbers in place of tokens; follows "a network that reads
                                 numbers" */
    const char *tokens;       /* predict tokens of a text: train on one, evaluate, give features */
    const char *session;      /* continue a text; only of tasks that predict tokens */
    const char *fill;         /* fill blanks */
    const char *quantization; /* have weights of fewer bits */
    const char *format;       /* be written in a format other than recur's; stands before "FORMAT
                                 does not express" */
};

struct recur_task_kind {
    struct recur_task_refusals refuses;

    /* Checks the settings that matter to this task; NULL: no setting does. Errors: ARGUMENT. */
    enum recur_status (*check)(const recur_model_config *config, recur_error *error);
    /* Adds all tensors and parts to a network whose settings are filled in (nn/network.h). The
     * order of the tensors is that of files. Errors: ARGUMENT, MEMORY. */
    enum recur_status (*build)(struct recur_network *network, const recur_model_config *config,
                               recur_error *error);
    /* Releases the network's `parts`, also after `build` failed; NULL: there are none. */
    void (*release)(struct recur_network *network);

    /* Of a task with labels: */
    const char *labels; /* what has labels, as messages call it; NULL: the task predicts
                           tokens */
    bool each_word;     /* each word of a sentence has a label; else a text has one */

    /* Of a task that predicts tokens: */
    bool next;       /* a step predicts the token after its own; else its own token, which it never
                        sees */
    bool perplexity; /* its measure is e^loss; else the loss itself */
    /* Turns `count` tokens x of a text, and the tokens y after each of them, into the inputs x and
     * the targets y of minibatch number `update`; NULL: x and y are inputs and targets already. */
    void (*mask)(const recur_trainer_config *config, uint64_t update, size_t count, int32_t *x,
                 int32_t *y);
};

/* Whether training has failed with this loss: the task's measure is not finite. */
bool recur_task_lost(const struct recur_task_kind *task, double loss);

/* The name of the task's measure, "perplexity" or "loss". */
const char *recur_task_measure(const struct recur_task_kind *task);

/* Fails with UNSUPPORTED and `refusal`, one of a task's refusals; OK where `refusal` is NULL. */
enum recur_status recur_task_check_refusal(const char *refusal, recur_error *error);

/* The description of a task; NULL for a number that recur_task_check refuses. */
const struct recur_task_kind *recur_task_of(enum recur_task task);

#endif
