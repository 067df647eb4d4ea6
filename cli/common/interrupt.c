#include "common/interrupt.h"

#include <stddef.h>

/* Global, since a signal handler has no other way to tell the program. */
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
    /* Under nohup SIGHUP is ignored and stays so. */
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* too large a file is an error like a full disk */
    signal(SIGPIPE, SIG_IGN); /* the run goes on when nobody reads its progress any more */
}

int recur_interrupt(void)
{
    return caught;
}

void recur_interrupt_hold(bool waits)
{
    const struct sigaction action = {.sa_handler = remember, .sa_flags = waits ? 0 : SA_RESTART};
    sigaction(SIGINT, &action, NULL);
}

int recur_interrupt_take(void)
{
    int number = caught;
    caught = 0;
    return number;
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
