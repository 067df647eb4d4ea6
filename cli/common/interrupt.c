#include "common/interrupt.h"

#include <stddef.h>

/* A signal handler has no other way to tell: the program's only global state. */
static volatile sig_atomic_t caught;

static void remember(int number)
{
    caught = number;
}

void recur_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = remember, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* not under nohup */
        sigaction(SIGHUP, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is an error like a full disk */
    signal(SIGPIPE, SIG_IGN); /* nobody reads the progress any more: no reason to lose the run */
}

int recur_interrupt(void)
{
    return caught;
}

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

enum { NUMBERS = sizeof numbers / sizeof *numbers };

void recur_interrupt_begin(struct interrupts *interrupts)
{
    const struct sigaction action = {.sa_handler = remember, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < NUMBERS; i++) {
        sigaction(numbers[i], NULL, &interrupts->before[i]);
        if (interrupts->before[i].sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

void recur_interrupt_end(const struct interrupts *interrupts)
{
    for (size_t i = 0; i < NUMBERS; i++)
        sigaction(numbers[i], &interrupts->before[i], NULL);
    if (caught)
        raise(caught);
}
