/* What a network is trained for: one description for each task. What makes, trains, evaluates,
 * saves and runs models asks it, and never which task it is; docs/architecture.md says how a task
 * is added.
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

/* Why a model of a task does not do something; NULL: it does. A sentence, if not said otherwise. */
struct recur_task_refusals {
    const char *numbers;      /* read numbers in place of tokens; behind "a network that reads
                                 numbers" */
    const char *tokens;       /* predict tokens of a text: train on one, evaluate, give features */
    const char *session;      /* continue a text; of tasks that predict tokens */
    const char *fill;         /* fill blanks */
    const char *quantization; /* have weights of fewer bits */
    const char *format;       /* be written as another format than recur's own; before "... FORMAT
                                 does not express" */
};

struct recur_task_kind {
    struct recur_task_refusals refuses;

    /* What a configuration of the task cannot have, beside what none can; NULL: nothing. Errors:
     * ARGUMENT. */
    enum recur_status (*check)(const recur_model_config *config, recur_error *error);
    /* Adds the tensors and parts, in the order of the table, to a network whose settings are in
     * place (nn/network.h). Errors: ARGUMENT, MEMORY. */
    enum recur_status (*build)(struct recur_network *network, const recur_model_config *config,
                               recur_error *error);
    /* Releases `parts` of the network, also where building failed; NULL: there are none. */
    void (*release)(struct recur_network *network);

    /* Of a task that labels: */
    const char *labels; /* what, in words for sentences; NULL: it predicts tokens */
    bool each_word;     /* each word of a sentence has a label; else a text has one */

    /* Of a task that predicts tokens: */
    bool next;       /* each step predicts the token after its own; else its own, which it does not
                        see */
    bool perplexity; /* what people look at is e^loss, and no more the loss */
    /* Makes the inputs x and targets y of minibatch number `update`, `count` tokens each, of a
     * text's tokens x and those after them, y; NULL leaves them. */
    void (*mask)(const recur_trainer_config *config, uint64_t update, size_t count, int32_t *x,
                 int32_t *y);
};

/* Whether nothing good comes after such a loss: it, or the number that people look at, is as good
 * as infinite. */
bool recur_task_lost(const struct recur_task_kind *task, double loss);

/* What people look at, for sentences. */
const char *recur_task_measure(const struct recur_task_kind *task);

/* UNSUPPORTED with that sentence, one of a task's refusals; OK where it is NULL. */
enum recur_status recur_task_check_refusal(const char *refusal, recur_error *error);

/* The description; of a number that is no task's, which recur_task_check refuses, NULL. */
const struct recur_task_kind *recur_task_of(enum recur_task task);

#endif
