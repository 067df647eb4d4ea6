#include "common/text_out.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <utf8proc.h>

#include "recur/status.h"

struct text_out recur_text_out(FILE *stream)
{
    return (struct text_out){.stream = stream, .terminal = isatty(fileno(stream)) == 1};
}

/* Could more bytes complete what is held? */
static bool may_go_on(const struct text_out *out)
{
    size_t whole = (size_t)utf8proc_utf8class[(unsigned char)*out->held];
    for (size_t i = 1; i < out->held_size; i++)
        if (((unsigned char)out->held[i] & 0xC0) != 0x80)
            return false;
    return out->held_size < whole || (out->held_size == 1 && *out->held == '\r');
}

/* Writes the held bytes first; returns how many bytes of the text this used. */
static size_t show_first(const struct text_out *out)
{
    utf8proc_int32_t code;
    const char *bytes = out->held;
    utf8proc_ssize_t length =
        utf8proc_iterate((const utf8proc_uint8_t *)bytes, (utf8proc_ssize_t)out->held_size, &code);
    if (length < 1) {
        fputs("\uFFFD", out->stream);
        return 1;
    }
    bool line_end = *bytes == '\r' && out->held_size > 1 && bytes[1] == '\n';
    if (*bytes == '\n' || *bytes == '\t' || line_end)
        putc(*bytes, out->stream);
    else
        fputs(recur_show(bytes, (size_t)length, SIZE_MAX, NULL).text, out->stream);
    return (size_t)length;
}

static void show_held(struct text_out *out, bool end)
{
    while (out->held_size > 0 && (end || !may_go_on(out))) {
        size_t shown = show_first(out);
        out->held_size -= shown;
        memmove(out->held, out->held + shown, out->held_size);
    }
}

bool recur_text_put(struct text_out *out, const char *bytes, size_t size)
{
    if (!out->terminal)
        return fwrite(bytes, 1, size, out->stream) == size;
    for (size_t i = 0; i < size; i++) {
        out->held[out->held_size++] = bytes[i];
        show_held(out, false);
    }
    return !ferror(out->stream);
}

bool recur_text_end(struct text_out *out)
{
    show_held(out, true);
    return !ferror(out->stream);
}

enum recur_status recur_text_sink_put(void *user, const char *bytes, size_t size,
                                      recur_error *error)
{
    struct text_sink *sink = user;
    (void)error; /* main reports that standard output failed */
    sink->failed = !recur_text_put(&sink->out, bytes, size) || fflush(sink->out.stream) != 0;
    if (size > 0)
        sink->last = bytes[size - 1];
    return sink->failed ? RECUR_STOP : RECUR_OK;
}

void recur_text_line(FILE *stream, const char *bytes, size_t size)
{
    struct text_out out = recur_text_out(stream);
    for (size_t at = 0, end; at < size; at = end + 1) {
        const char *feed = memchr(bytes + at, '\n', size - at);
        end = feed ? (size_t)(feed - bytes) : size;
        recur_text_put(&out, bytes + at, end - at);
        recur_text_end(&out);
        if (feed)
            fputs("\u21B5", stream);
    }
    putc('\n', stream);
}
