#include "plot/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/message.h"
#include "common/need.h"
#include "common/output.h"

bool recur_plot_check(const struct command *command, const char *option, const char *path)
{
    if (!recur_ends_in(path, ".svg") && !recur_ends_in(path, ".png"))
        recur_usage_error(command, "--%s must end in .svg or .png, got \"%s\"", option, path);
    else if (!recur_ends_in(path, ".svg") && !recur_pen_has_png())
        recur_usage_error(command, "--%s: this build has no cairo, so it draws .svg alone", option);
    else
        return true;
    return false;
}

/* A picture takes a tenth of a second. After so many seconds it is given up. */
enum { PATIENCE = 20 };

/* The reason why there is no picture. */
struct reason {
    char text[300];
};

/* A picture, and room for the points of its curves. */
struct drawing {
    const struct plot *plot;
    struct point *room;
};

static bool draw(const struct drawing *drawing, pen_maker *make_pen, struct picture *picture,
                 struct reason *why)
{
    const struct plot *plot = drawing->plot;
    struct pen *pen = make_pen(recur_figure_sheet(plot), plot->title, why->text, sizeof why->text);
    if (!pen)
        return false;
    recur_figure_draw(plot, pen, drawing->room);
    bool drawn = pen->kind->finish(pen, picture);
    pen->kind->free(pen);
    return drawn;
}

static void write_whole(int to, const void *bytes, size_t size)
{
    for (ssize_t some; size > 0; size -= (size_t)some) {
        some = write(to, bytes, size);
        if (some <= 0 && errno != EINTR)
            return;
        some = some < 0 ? 0 : some;
        bytes = (const char *)bytes + some;
    }
}

/* Runs in the process that draws. It reports whether it succeeded, then the picture or the
 * reason. */
static void draw_and_exit(const struct drawing *drawing, int to)
{
    struct reason why = {"out of memory"};
    struct picture picture = {0};
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO); /* where libraries speak for themselves */
    signal(SIGALRM, SIG_DFL);
    alarm(PATIENCE);
    bool drawn = draw(drawing, recur_pen_png, &picture, &why);
    write_whole(to, drawn ? "+" : "-", 1);
    write_whole(to, drawn ? (void *)picture.bytes : why.text,
                drawn ? picture.size : strlen(why.text));
    _exit(0);
}

/* Reads all that the process reports. False where memory is short. */
static bool read_whole(int from, struct grown_text *said)
{
    char piece[16384];
    for (ssize_t some;;) {
        some = read(from, piece, sizeof piece);
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            return some == 0 && said->size > 0;
        if (recur_grow_text(said, piece, (size_t)some, "the picture", NULL) != RECUR_OK)
            return false;
    }
}

/* Draws in a separate process, because cairo and fontconfig crash, or wait for ever, where memory
 * is short. */
static bool draw_apart(const struct drawing *drawing, struct picture *picture, struct reason *why)
{
    int ends[2], status = 0;
    struct grown_text said = {0};
    if (pipe(ends) != 0) {
        snprintf(why->text, sizeof why->text, "%s", strerror(errno));
        return false;
    }
    pid_t child = fork();
    if (child < 0)
        snprintf(why->text, sizeof why->text, "no process to draw in: %s", strerror(errno));
    if (child == 0)
        draw_and_exit(drawing, ends[1]);
    close(ends[1]);
    bool heard = child > 0 && read_whole(ends[0], &said);
    close(ends[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    bool drawn = heard && status == 0 && said.bytes[0] == '+';
    if (drawn)
        *picture = (struct picture){(unsigned char *)said.bytes, said.size - 1, said.room};
    else if (WIFSIGNALED(status))
        snprintf(why->text, sizeof why->text,
                 "cairo ended by signal %d, as it may where memory is short", WTERMSIG(status));
    else if (heard && status == 0)
        snprintf(why->text, sizeof why->text, "%s", said.bytes + 1);
    if (drawn)
        memmove(picture->bytes, picture->bytes + 1, picture->size);
    else
        free(said.bytes);
    return drawn;
}

bool recur_plot_write(const struct command *command, const char *path, const struct plot *plot)
{
    struct reason why = {"out of memory"};
    struct picture picture = {0};
    const struct drawing drawing = {
        plot, recur_need(command, recur_figure_points(plot), sizeof *drawing.room, "the picture")};
    bool drawn = recur_ends_in(path, ".svg") ? draw(&drawing, recur_pen_svg, &picture, &why)
                                             : draw_apart(&drawing, &picture, &why);
    if (!drawn)
        recur_failure(command, "%s could not be drawn: %s", recur_path(path).text, why.text);
    bool written = drawn && recur_write_file(command, path, picture.bytes, picture.size);
    free(picture.bytes);
    free(drawing.room);
    return written;
}
