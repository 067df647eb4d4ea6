#include "train/observer.h"

#include <stdlib.h>

#include "common/need.h"
#include "train/run.h"

#define ROW(name) &recur_observe_##name,
static const struct observer *const observers[] = {RECUR_OBSERVERS(ROW)};
enum { OBSERVERS = sizeof observers / sizeof *observers };

void recur_observers_start(struct run *run)
{
    const char *what = "what observes the run";
    run->observed = recur_need(run->command, OBSERVERS, sizeof *run->observed, what);
    for (size_t i = 0; i < OBSERVERS; i++)
        if (observers[i]->size > 0)
            run->observed[i] = recur_need(run->command, 1, observers[i]->size, what);
}

static int call(struct run *run, size_t index, enum moment moment)
{
    const struct observer *observer = observers[index];
    observer_hook *hook = observer->loud && run->options.out.quiet ? NULL : observer->at[moment];
    if (run->ranks.rank > 0 && !observer->all_ranks)
        return 0;
    return hook ? hook(run, run->observed[index]) : 0;
}

static int close_all(struct run *run)
{
    int status = 0;
    for (size_t i = OBSERVERS; run->observed && i-- > 0;) {
        int closed = call(run, i, MOMENT_CLOSE);
        status = closed ? closed : status;
        free(run->observed[i]);
    }
    free(run->observed);
    run->observed = NULL;
    return status;
}

int recur_observe(struct run *run, enum moment moment)
{
    int status = 0;
    if (moment == MOMENT_CLOSE)
        return close_all(run);
    for (size_t i = 0; i < OBSERVERS && status == 0; i++)
        status = call(run, i, moment);
    return status;
}
