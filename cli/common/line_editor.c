#include "common/line_editor.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/interrupt.h"
#include "common/need.h"
#include "common/terminal.h"

#define PROMPT "> "

#ifdef HAVE_LIBEDIT
#include <histedit.h>

#include "common/lazy.h"

#define EDIT_FUNCTIONS(X)                                                                          \
    X(el_end)                                                                                      \
    X(el_gets)                                                                                     \
    X(el_init)                                                                                     \
    X(el_set)                                                                                      \
    X(history)                                                                                     \
    X(history_end)                                                                                 \
    X(history_init)

struct edit_library {
    EDIT_FUNCTIONS(LAZY_POINTER)
};

static const char *const edit_names[] = {EDIT_FUNCTIONS(LAZY_NAME)};

enum { HISTORY = 500 };
#endif

struct line_editor {
    const struct command *command;
    FILE *screen; /* where a person sees the prompt; NULL: nobody types */
    char *line;   /* plain lines */
    size_t room;
#ifdef HAVE_LIBEDIT
    struct edit_library lib;
    EditLine *edit; /* NULL: lines are plain */
    History *history;
#endif
};

#ifdef HAVE_LIBEDIT
static char *ask_prompt(EditLine *edit)
{
    static char prompt[] = PROMPT; /* the library's type has no const */
    (void)edit;
    return prompt;
}

/* Ctrl-C is a key while a line is edited, since the library goes on reading after a signal. */
static unsigned char abandon(EditLine *edit, int key)
{
    (void)edit;
    (void)key;
    raise(SIGINT);
    return CC_EOF;
}

/* The terminal's settings while no line is edited. Global, as a signal handler needs them. */
static struct termios settings;

/* Gives the terminal back before the signal ends the program. */
static void give_back(int number)
{
    if (tcgetpgrp(STDIN_FILENO) == getpgrp())
        tcsetattr(STDIN_FILENO, TCSANOW, &settings);
    raise(number); /* its action is the usual one again */
}

static void give_back_at(int number)
{
    const struct sigaction action = {.sa_handler = give_back, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before;
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        sigaction(number, &action, NULL);
}

static void open_library(struct line_editor *editor)
{
    char why[200];
    HistEvent event;
    const struct edit_library *lib = &editor->lib;
    /* In a locale of single bytes the library would drop the bytes of other characters. */
    if (!editor->screen || !setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1 ||
        tcgetattr(STDIN_FILENO, &settings) != 0 ||
        !recur_lazy_load("libedit.so.2", edit_names, sizeof edit_names / sizeof *edit_names,
                         &editor->lib, why, sizeof why))
        return;
    editor->edit = lib->el_init("recur", stdin, editor->screen, stderr);
    if (!editor->edit)
        return;
    give_back_at(SIGTERM);
    give_back_at(SIGHUP);
    lib->el_set(editor->edit, EL_PROMPT, ask_prompt);
    lib->el_set(editor->edit, EL_EDITOR, "emacs");
    lib->el_set(editor->edit, EL_SETTY, "-d", "-isig", NULL);
    lib->el_set(editor->edit, EL_ADDFN, "abandon-line", "abandons the line", abandon);
    lib->el_set(editor->edit, EL_BIND, "^C", "abandon-line", NULL);
    editor->history = lib->history_init();
    if (!editor->history)
        return;
    lib->history(editor->history, &event, H_SETSIZE, HISTORY);
    lib->el_set(editor->edit, EL_HIST, lib->history, editor->history);
}

static void close_library(struct line_editor *editor)
{
    if (editor->history)
        editor->lib.history_end(editor->history);
    if (editor->edit)
        editor->lib.el_end(editor->edit);
}

/* Reads a line with the library. */
static const char *edit_line(struct line_editor *editor, ssize_t *size)
{
    int count = 0;
    HistEvent event;
    const char *line = editor->lib.el_gets(editor->edit, &count);
    *size = line ? count : -1;
    if (line && count > 1 && editor->history)
        editor->lib.history(editor->history, &event, H_ENTER, line);
    return line;
}
#endif

struct line_editor *recur_line_editor(const struct command *command)
{
    struct line_editor *editor = recur_need(command, 1, sizeof *editor, "a line");
    FILE *screen = recur_terminal_redraws(stdout)   ? stdout
                   : recur_terminal_redraws(stderr) ? stderr
                                                    : NULL;
    editor->command = command;
    editor->screen = isatty(STDIN_FILENO) == 1 ? screen : NULL;
    recur_interrupt_hold(false);
#ifdef HAVE_LIBEDIT
    open_library(editor);
#endif
    return editor;
}

void recur_line_editor_free(struct line_editor *editor)
{
    if (!editor)
        return;
#ifdef HAVE_LIBEDIT
    close_library(editor);
#endif
    free(editor->line);
    free(editor);
}

bool recur_line_editor_is_terminal(const struct line_editor *editor)
{
    return editor->screen;
}

static const char *read_plain(struct line_editor *editor, ssize_t *size)
{
    if (editor->screen) {
        fputs(PROMPT, editor->screen);
        fflush(editor->screen);
    }
    *size = recur_need_line(editor->command, &editor->line, &editor->room, stdin);
    return editor->line;
}

static const char *read_line(struct line_editor *editor, ssize_t *size)
{
#ifdef HAVE_LIBEDIT
    if (editor->edit)
        return edit_line(editor, size);
#endif
    return read_plain(editor, size);
}

enum line_kind recur_line_read(struct line_editor *editor, const char **line, size_t *size)
{
    ssize_t count;
    recur_interrupt_take(); /* it came too late for what was done before */
    recur_interrupt_hold(true);
    errno = 0;
    *line = read_line(editor, &count);
    int why = errno;
    recur_interrupt_hold(false);
    bool abandoned = recur_interrupt_take() != 0;
    if (count < 0 && editor->screen)
        fputc('\n', editor->screen);
    if (abandoned) {
        clearerr(stdin);
        return LINE_ABANDONED;
    }
    if (count < 0) {
        errno = why;
        return ferror(stdin) ? LINE_FAILED : LINE_END;
    }
    *size = (size_t)count;
    if (*size > 0 && (*line)[*size - 1] == '\n')
        *size -= *size > 1 && (*line)[*size - 2] == '\r' ? 2 : 1;
    return LINE_READ;
}
