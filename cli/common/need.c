#include "common/need.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "common/progress.h"

/* Ends the command. What was begun, such as a file, appears whole or not at all (recur/file.h). */
static _Noreturn void end(const struct command *command, const char *what)
{
    recur_progress_end();
    exit(recur_failure(command, "out of memory for %s", what));
}

void *recur_need(const struct command *command, size_t count, size_t size, const char *what)
{
    void *block = recur_try(count, size);
    if (!block)
        end(command, what);
    return block;
}

void *recur_need_more(const struct command *command, void *block, size_t size, const char *what)
{
    void *larger = recur_try_more(block, size);
    if (!larger)
        end(command, what);
    return larger;
}

char *recur_need_text(const struct command *command, const char *text, const char *what)
{
    size_t size = strlen(text) + 1;
    return memcpy(recur_need(command, size, 1, what), text, size);
}

char *recur_need_path(const struct command *command, const char *path)
{
    char *real = realpath(path, NULL);
    if (!real && errno == ENOMEM)
        end(command, "a file's name");
    return real;
}

ssize_t recur_need_line(const struct command *command, char **line, size_t *room, FILE *stream)
{
    errno = 0;
    ssize_t size = getline(line, room, stream);
    if (size < 0 && errno == ENOMEM && !feof(stream) && !ferror(stream))
        end(command, "a line");
    return size;
}

void *recur_try(size_t count, size_t size)
{
    return calloc(count ? count : 1, size);
}

void *recur_try_more(void *block, size_t size)
{
    return realloc(block, size);
}

void recur_need_success(const struct command *command, enum recur_status status,
                        const recur_error *error)
{
    if (status == RECUR_ERROR_MEMORY)
        exit(recur_failure(command, "%s", error->message));
}

enum recur_status recur_grow_text(struct grown_text *text, const char *bytes, size_t size,
                                  const char *what, recur_error *error)
{
    if (size >= text->room - text->size) {
        size_t room = 2 * (text->size + size) + 64;
        char *larger = size < SIZE_MAX / 4 ? recur_try_more(text->bytes, room) : NULL;
        if (!larger) {
            if (error) {
                error->status = RECUR_ERROR_MEMORY;
                snprintf(error->message, sizeof error->message, "out of memory for %s", what);
            }
            return RECUR_ERROR_MEMORY;
        }
        text->bytes = larger;
        text->room = room;
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
    return RECUR_OK;
}

void recur_need_word(const struct command *command, struct grown_text *text, const char *format,
                     ...)
{
    char word[sizeof(recur_printable) + 80];
    recur_error error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(word, sizeof word, format, arguments);
    va_end(arguments);
    recur_need_success(command, recur_grow_text(text, word, strlen(word), "a text", &error),
                       &error);
}
