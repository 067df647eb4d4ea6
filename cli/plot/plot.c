#include "plot/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/message.h"
#include "common/need.h"
#include "common/output.h"
#include "plot/chart.h"

static const struct point sheet = {720, 420};

bool recur_plot_check(const struct command *command, const char *path)
{
    if (!recur_ends_in(path, ".svg") && !recur_ends_in(path, ".png"))
        recur_usage_error(command, "--plot must end in .svg or .png, got \"%s\"", path);
    else if (!recur_ends_in(path, ".svg") && !recur_pen_has_png())
        recur_usage_error(command, "--plot: this build has no cairo, so it draws .svg alone");
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

static bool draw(struct chart *chart, pen_maker *make_pen, struct picture *picture,
                 struct reason *why)
{
    struct pen *pen = make_pen(sheet, chart->title, why->text, sizeof why->text);
    if (!pen)
        return false;
    recur_chart_draw(chart, pen, sheet);
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
static void draw_and_exit(struct chart *chart, int to)
{
    struct reason why = {"out of memory"};
    struct picture picture = {0};
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO); /* where libraries speak for themselves */
    signal(SIGALRM, SIG_DFL);
    alarm(PATIENCE);
    bool drawn = draw(chart, recur_pen_png, &picture, &why);
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
static bool draw_apart(struct chart *chart, struct picture *picture, struct reason *why)
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
        draw_and_exit(chart, ends[1]);
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

static bool write_chart(const struct command *command, const char *path, struct chart *chart)
{
    struct reason why = {"out of memory"};
    struct picture picture = {0};
    bool drawn = recur_ends_in(path, ".svg") ? draw(chart, recur_pen_svg, &picture, &why)
                                             : draw_apart(chart, &picture, &why);
    if (!drawn)
        recur_failure(command, "%s could not be drawn: %s", recur_path(path).text, why.text);
    bool written = drawn && recur_write_file(command, path, picture.bytes, picture.size);
    free(picture.bytes);
    return written;
}

/* Adds the series; `points` has room for all curves. */
static void add_series(const struct plot *plot, struct chart *chart, struct point *points)
{
    const struct measure *measure = &plot->measure;
    for (size_t c = 0; c < measure->curves; c++, points += plot->count) {
        for (size_t i = 0; i < plot->count; i++)
            points[i] =
                (struct point){(double)plot->epochs[i].epoch, measure->value[c](&plot->epochs[i])};
        chart->series[chart->series_count++] =
            (struct chart_series){measure->curve[c], points, plot->count};
    }
}

static void add_mark(const struct plot *plot, struct chart *chart, char *text, size_t size)
{
    const struct measure *measure = &plot->measure;
    for (size_t i = 0; i < plot->count; i++) {
        double value = measure->value[measure->judged](&plot->epochs[i]);
        if (plot->epochs[i].epoch != plot->kept || !isfinite(value))
            continue;
        snprintf(text, size, "kept: epoch %llu, %.4g", (unsigned long long)plot->kept, value);
        chart->marks[chart->mark_count++] =
            (struct chart_mark){measure->judged, {(double)plot->kept, value}, text};
        return;
    }
}

bool recur_plot_write(const struct command *command, const char *path, const struct plot *plot)
{
    char text[80];
    struct point *points =
        recur_need(command, plot->count * plot->measure.curves, sizeof *points, "the picture");
    struct chart chart = {.title = plot->title,
                          .subtitle = plot->subtitle,
                          .x_name = "epoch",
                          .y_name = plot->measure.name,
                          .logarithmic = plot->measure.logarithmic};
    add_series(plot, &chart, points);
    add_mark(plot, &chart, text, sizeof text);
    bool written = write_chart(command, path, &chart);
    free(points);
    return written;
}
