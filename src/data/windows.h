/* A text in overlapping windows, for networks that read it from both ends. What stands in a
 * window's middle is its own; at each side there are MARGIN tokens for context, as far as the text
 * goes, so that every token is met with at least MARGIN tokens on either side or all there are:
 *
 *     window 0   [own .........|margin]
 *     window 1          [margin|own .........|margin]
 *     window 2                        [margin|own .........]                                     */
#ifndef RECUR_DATA_WINDOWS_H
#define RECUR_DATA_WINDOWS_H

#include <stddef.h>

#define RECUR_WINDOW_OWN 128
#define RECUR_WINDOW_MARGIN 64

struct recur_windows {
    size_t tokens; /* of the text */
    size_t steps;  /* of every window */
    size_t count;
};

static inline struct recur_windows recur_windows_over(size_t tokens)
{
    const size_t most = RECUR_WINDOW_OWN + 2 * RECUR_WINDOW_MARGIN;
    return (struct recur_windows){.tokens = tokens,
                                  .steps = tokens < most ? tokens : most,
                                  .count = (tokens + RECUR_WINDOW_OWN - 1) / RECUR_WINDOW_OWN};
}

/* How many of them a pass takes at once that may have so many rows, at most `most`. */
static inline size_t recur_windows_together(const struct recur_windows *windows, size_t rows,
                                            size_t most)
{
    size_t count = windows->steps ? rows / windows->steps : 0;
    count = count < most ? count : most;
    count = count < windows->count ? count : windows->count;
    return count ? count : 1;
}

/* The token that window w begins with. */
static inline size_t recur_window_first(const struct recur_windows *windows, size_t w)
{
    size_t own = w * RECUR_WINDOW_OWN, last = windows->tokens - windows->steps;
    size_t first = own < RECUR_WINDOW_MARGIN ? 0 : own - RECUR_WINDOW_MARGIN;
    return first < last ? first : last;
}

/* The window whose own `token` is. */
static inline size_t recur_window_of(size_t token)
{
    return token / RECUR_WINDOW_OWN;
}

#endif
