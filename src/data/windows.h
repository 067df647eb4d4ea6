/* Overlapping windows of a text, for networks that read it in both directions. The tokens in a
 * window's middle are its own. Each side has MARGIN more tokens for context, as far as the text
 * goes. So the network reads each token with at least MARGIN tokens on either side, or with all
 * there are:
 *
 *     window 0   [own .........|margin]
 *     window 1          [margin|own .........|margin]
 *     window 2                        [margin|own .........] */
#ifndef RECUR_DATA_WINDOWS_H
#define RECUR_DATA_WINDOWS_H

#include <stddef.h>

#define RECUR_WINDOW_OWN 128
#define RECUR_WINDOW_MARGIN 64

struct recur_windows {
    size_t tokens; /* how many tokens the text has */
    size_t steps;  /* how many tokens every window has */
    size_t count;
};

static inline struct recur_windows recur_windows_over(size_t tokens)
{
    const size_t most = RECUR_WINDOW_OWN + 2 * RECUR_WINDOW_MARGIN;
    return (struct recur_windows){.tokens = tokens,
                                  .steps = tokens < most ? tokens : most,
                                  .count = (tokens + RECUR_WINDOW_OWN - 1) / RECUR_WINDOW_OWN};
}

/* How many windows one pass takes, if it has room for so many rows; at most `most`. */
static inline size_t recur_windows_together(const struct recur_windows *windows, size_t rows,
                                            size_t most)
{
    size_t count = windows->steps ? rows / windows->steps : 0;
    count = count < most ? count : most;
    count = count < windows->count ? count : windows->count;
    return count ? count : 1;
}

/* The first token of window w. */
static inline size_t recur_window_first(const struct recur_windows *windows, size_t w)
{
    size_t own = w * RECUR_WINDOW_OWN, last = windows->tokens - windows->steps;
    size_t first = own < RECUR_WINDOW_MARGIN ? 0 : own - RECUR_WINDOW_MARGIN;
    return first < last ? first : last;
}

/* The window that has `token` as its own. */
static inline size_t recur_window_of(size_t token)
{
    return token / RECUR_WINDOW_OWN;
}

#endif
