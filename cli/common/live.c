#include "common/live.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "common/quote.h"
#include "common/terminal.h"
#include "common/timing.h"

enum { LIVE_ROOM = 1 << 14 };

/* A window that is made narrower is left alone for so many seconds, for it is still being made so.
 */
#define SETTLED 0.4

/* What is shown. There is one stderr, and whoever prints there must be able to clear it; a thread
 * may draw while another prints. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char text[LIVE_ROOM];
    size_t lines;   /* 0: nothing is shown */
    size_t columns; /* of the widest line */
    size_t width;   /* of the window when it was last looked at */
    double changed; /* when that became so, in recur_seconds() */
} shown;

/* Text on its way to the terminal, which gets it in one piece. */
struct sending {
    char bytes[2 * LIVE_ROOM];
    size_t size;
};

static void add(struct sending *sending, const char *bytes, size_t size)
{
    if (size > sizeof sending->bytes - sending->size)
        return;
    memcpy(sending->bytes + sending->size, bytes, size);
    sending->size += size;
}

static void add_text(struct sending *sending, const char *text)
{
    add(sending, text, strlen(text));
}

/* Goes back to the beginning of the first of so many lines. */
static void add_return(struct sending *sending, size_t lines)
{
    char up[24];
    add_text(sending, "\r");
    snprintf(up, sizeof up, "\033[%zuA", lines - 1);
    if (lines > 1)
        add_text(sending, up);
}

static void send(const struct sending *sending)
{
    fwrite(sending->bytes, 1, sending->size, stderr);
    fflush(stderr);
}

/* The columns of a line, which may have colours in it. */
static size_t columns_of(const char *line, size_t size)
{
    size_t columns = 0;
    for (size_t i = 0; i < size;) {
        utf8proc_int32_t code;
        utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)line + i,
                                                   (utf8proc_ssize_t)(size - i), &code);
        if (line[i] == '\033') {
            i += strcspn(line + i, "mK\n");
            i += i < size;
        } else {
            columns += length > 0 ? (size_t)utf8proc_charwidth(code) : 1;
            i += length > 0 ? (size_t)length : 1;
        }
    }
    return columns;
}

static const char *after(const char *line)
{
    const char *end = line + strcspn(line, "\n");
    return *end ? end + 1 : end;
}

static size_t count_lines(const char *text)
{
    size_t lines = 1;
    for (; (text = strchr(text, '\n')); text++)
        lines++;
    return lines;
}

/* Is the window narrower than what is shown? Then some terminals have wrapped the lines and others
 * have cut them, and nobody knows where the first one is. */
static bool narrowed(size_t width)
{
    return shown.lines > 0 && width <= shown.columns;
}

/* Leaves the lines where they are. */
static void leave(void)
{
    fputs("\r\n", stderr);
    shown.lines = 0;
}

static void clear(void)
{
    struct sending sending = {.size = 0};
    if (shown.lines == 0)
        return;
    if (narrowed(recur_terminal_width(stderr))) {
        leave();
        return;
    }
    add_return(&sending, shown.lines);
    add_text(&sending, "\033[K\033[J");
    send(&sending);
    shown.lines = 0;
}

void recur_live_clear(void)
{
    pthread_mutex_lock(&lock);
    clear();
    pthread_mutex_unlock(&lock);
}

/* Draws over the lines that are shown; those that stay the same are not sent again. */
static void draw_over(const char *text, size_t lines)
{
    struct sending sending = {.size = 0};
    const char *old = shown.text;
    if (shown.lines > 0)
        add_return(&sending, shown.lines);
    shown.columns = 0;
    for (size_t i = 0; i < lines;
         i++, text = after(text), old = i <= shown.lines ? after(old) : old) {
        size_t size = strcspn(text, "\n");
        bool same = i < shown.lines && strcspn(old, "\n") == size && memcmp(old, text, size) == 0;
        size_t columns = columns_of(text, size);
        if (i > 0)
            add_text(&sending, "\r\n");
        if (!same || i + 1 == lines) {
            add(&sending, text, size);
            add_text(&sending, "\033[K");
        }
        shown.columns = columns > shown.columns ? columns : shown.columns;
    }
    if (lines < shown.lines)
        add_text(&sending, "\033[J");
    send(&sending);
}

static void draw(const char *text)
{
    size_t width = recur_terminal_width(stderr), height = recur_terminal_height(stderr);
    double now = recur_seconds();
    if (width != shown.width) {
        shown.width = width;
        shown.changed = now;
    }
    if (narrowed(width)) {
        if (now - shown.changed < SETTLED)
            return;
        leave();
    }
    if (shown.lines > height) /* the first ones have left the window */
        clear();
    size_t lines = count_lines(text);
    for (; lines > 1 && (lines >= height || strlen(text) >= sizeof shown.text); lines--)
        text = after(text);
    if (strlen(text) >= sizeof shown.text)
        return;
    draw_over(text, lines);
    memcpy(shown.text, text, strlen(text) + 1);
    shown.lines = lines;
}

void recur_live_draw(const char *text)
{
    pthread_mutex_lock(&lock);
    draw(text);
    pthread_mutex_unlock(&lock);
}

enum { PARTS = 16 };

/* The form of each part: left out, brief or full. */
enum form { NONE, BRIEF, FULL };

static const char *form_of(const struct live_part *part, enum form form)
{
    return form == NONE ? "" : form == BRIEF && *part->brief ? part->brief : part->full;
}

static size_t length_of(const struct live_part *parts, const enum form *forms, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        size_t size = recur_columns(form_of(&parts[i], forms[i]));
        length += size > 0 ? size + (length > 0 ? 2 : 0) : 0;
    }
    return length;
}

static size_t find_rank(const struct live_part *parts, size_t count, size_t rank)
{
    size_t i = 0;
    while (i + 1 < count && parts[i].rank != (int)rank)
        i++;
    return i;
}

void recur_live_fit(const struct live_part *parts, size_t count, size_t width, char *line,
                    size_t size)
{
    enum form forms[PARTS];
    size_t room = width < size ? width : size, used = 0;
    for (size_t i = 0; i < PARTS; i++)
        forms[i] = FULL;
    for (size_t rank = count; rank-- > 0 && length_of(parts, forms, count) >= room;) {
        size_t i = find_rank(parts, count, rank);
        forms[i] = BRIEF;
        if (parts[i].minor && length_of(parts, forms, count) >= room)
            forms[i] = NONE;
    }
    for (size_t rank = count; rank-- > 1 && length_of(parts, forms, count) >= room;)
        forms[find_rank(parts, count, rank)] = NONE;
    if (length_of(parts, forms, count) < room)
        room = size; /* in bytes, of which a column may have several */
    *line = '\0';
    for (size_t i = 0; i < count && used + 1 < room; i++) {
        const char *text = form_of(&parts[i], forms[i]);
        if (*text)
            used += (size_t)snprintf(line + used, room - used, "%s%s", used ? "  " : "", text);
    }
}
