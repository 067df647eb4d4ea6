/* Live lines: the last lines on stderr's terminal, which are drawn over in place. Whatever else is
 * printed there takes them away first; messages (message.h) do so by themselves. */
#ifndef RECUR_CLI_COMMON_LIVE_H
#define RECUR_CLI_COMMON_LIVE_H

#include <stdbool.h>
#include <stddef.h>

/* Draws text in place of the live lines that are shown. Lines have a line feed between them and
 * none at the end, and are narrower than the window (recur_terminal_width); where the window has
 * fewer lines, the first ones are left out. stderr is a terminal that redraws. */
void recur_live_draw(const char *text);

/* Takes the live lines away, if any are shown. */
void recur_live_clear(void);

/* A part of a line that is to fit a window. */
struct live_part {
    char full[96], brief[40]; /* "": none */
    int rank;                 /* 0 is the most important; no two have the same */
    bool minor;               /* left out before more important parts are shortened */
};
#define LIVE_FULL(part, ...) snprintf((part).full, sizeof(part).full, __VA_ARGS__)
#define LIVE_BRIEF(part, ...) snprintf((part).brief, sizeof(part).brief, __VA_ARGS__)

/* Joins the parts by two spaces into a line of less than `width` columns: shortens the less
 * important ones and then leaves them out. The parts are as recur_show makes texts. */
void recur_live_fit(const struct live_part *parts, size_t count, size_t width, char *line,
                    size_t size);

#endif
