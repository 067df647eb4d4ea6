#include "task/task.h"

#include <math.h>

#include "base/names.h"

/* The tasks by name, in the order of their numbers. NAME.c defines recur_task_NAME. */
#define TASKS(X) X(lm) X(fill) X(tag) X(classify)

#define DECLARATION(name) extern const struct recur_task_kind recur_task_##name;
#define DESCRIPTION(name) &recur_task_##name,
#define NAME(name) #name,

TASKS(DECLARATION)
static const struct recur_task_kind *const kinds[] = {TASKS(DESCRIPTION)};
RECUR_NAMED_ENUM(task, "task", TASKS(NAME))

const struct recur_task_kind *recur_task_of(enum recur_task task)
{
    return (size_t)task < sizeof kinds / sizeof *kinds ? kinds[task] : NULL;
}

bool recur_task_lost(const struct recur_task_kind *task, double loss)
{
    return !isfinite(task->perplexity ? exp(loss) : loss);
}

const char *recur_task_measure(const struct recur_task_kind *task)
{
    return task->perplexity ? "perplexity" : "loss";
}

enum recur_status recur_task_check_refusal(const char *refusal, recur_error *error)
{
    return refusal ? recur_fail(error, RECUR_ERROR_UNSUPPORTED, "%s", refusal) : RECUR_OK;
}

bool recur_task_serves(enum recur_task task, enum recur_use use)
{
    const struct recur_task_kind *kind = recur_task_of(task);
    if (!kind)
        return false;
    switch (use) {
    case RECUR_USE_CONTINUE: return !kind->refuses.tokens && !kind->refuses.session;
    case RECUR_USE_FILL: return !kind->refuses.fill;
    case RECUR_USE_LABEL_WORDS: return kind->labels && kind->each_word;
    case RECUR_USE_LABEL_TEXTS: return kind->labels && !kind->each_word;
    }
    return false;
}
