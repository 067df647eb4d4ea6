#include "base/unpack.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_ZLIB
#define ZLIB_CONST /* what it reads stays as it is */
#include <zlib.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "base/memory.h"

/* The functions of one library. A library is loaded for a file that needs it and not linked: three
 * more libraries would make every start of a program longer, and few texts are packed. */
struct format {
    const char *name;    /* "gzip" */
    const char *library; /* its file; NULL: this build has it not */
    size_t size;         /* of its state, which begins with pointers to */
    const char *const *functions;
    size_t count; /* so many functions */
    bool (*open)(void *state);
    enum recur_status (*step)(void *state, struct recur_unpack_step *step, bool *end,
                              recur_error *error);
    void (*close)(void *state); /* what open() gave */
};

struct recur_unpacker {
    const struct format *format;
    void *library, *state;
    bool open;
};

#define POINTER(name) __typeof__(name) *(name);
#define NAME(name) #name,

/* A build without any of the libraries calls none of these. */
#define SPARE __attribute__((unused))

SPARE static enum recur_status fail_damaged(const char *name, const char *why, recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_FORMAT, "it is compressed (%s) and damaged: %s", name,
                      why);
}

SPARE static enum recur_status fail_cut(const char *name, recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_FORMAT,
                      "it is compressed (%s) and cut off: its end is missing", name);
}

SPARE static enum recur_status fail_large(const char *name, recur_error *error)
{
    return recur_fail(
        error, RECUR_ERROR_UNSUPPORTED,
        "it is compressed (%s) so that unpacking it takes more than %zu MiB of memory: "
        "unpack it first",
        name, RECUR_UNPACK_MEMORY >> 20);
}

/* Where all input was read the end must have come, unless the output is full, which may hold it
 * back. */
SPARE static enum recur_status see_end(const char *name, const struct recur_unpack_step *step,
                                       bool within, bool *end, recur_error *error)
{
    bool read = step->in_end && step->in_size == 0;
    *end = read && !within;
    return read && within && step->out_size > 0 ? fail_cut(name, error) : RECUR_OK;
}

#ifdef HAVE_ZLIB
#define ZLIB(f) f(inflateInit2_) f(inflate) f(inflateReset) f(inflateEnd)
struct zlib {
    ZLIB(POINTER)
    z_stream stream;
    bool within; /* a member */
};
static const char *const zlib_names[] = {ZLIB(NAME)};

static bool open_zlib(void *state)
{
    struct zlib *z = state;
    return z->inflateInit2_(&z->stream, 16 + MAX_WBITS, ZLIB_VERSION, (int)sizeof z->stream) ==
           Z_OK;
}

static void close_zlib(void *state)
{
    struct zlib *z = state;
    z->inflateEnd(&z->stream);
}

static uInt at_once(size_t size)
{
    return size < INT_MAX ? (uInt)size : INT_MAX;
}

/* Members follow one another; zeros may fill up the last block. */
static enum recur_status step_zlib(void *state, struct recur_unpack_step *step, bool *end,
                                   recur_error *error)
{
    struct zlib *z = state;
    int result = Z_OK;
    while (result != Z_BUF_ERROR && step->out_size > 0 && (step->in_size > 0 || z->within)) {
        if (!z->within && *step->in == 0) {
            step->in++;
            step->in_size--;
            continue;
        }
        z->within = true;
        z->stream.next_in = step->in;
        z->stream.avail_in = at_once(step->in_size);
        z->stream.next_out = step->out;
        z->stream.avail_out = at_once(step->out_size);
        result = z->inflate(&z->stream, Z_NO_FLUSH);
        step->in_size -= (size_t)(z->stream.next_in - step->in);
        step->in = z->stream.next_in;
        step->out_size -= (size_t)(z->stream.next_out - step->out);
        step->out = z->stream.next_out;
        if (result == Z_MEM_ERROR)
            return recur_fail_memory(error, (size_t)1 << MAX_WBITS, "unpacking gzip");
        if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END)
            return fail_damaged("gzip", z->stream.msg ? z->stream.msg : "it is no gzip", error);
        if (result == Z_STREAM_END)
            z->within = z->inflateReset(&z->stream) != Z_OK;
    }
    return see_end("gzip", step, z->within, end, error);
}
#endif

#ifdef HAVE_LZMA
#define LZMA(f) f(lzma_stream_decoder) f(lzma_code) f(lzma_end)
struct lzma {
    LZMA(POINTER)
    lzma_stream stream;
};
static const char *const lzma_names[] = {LZMA(NAME)};

static bool open_lzma(void *state)
{
    struct lzma *l = state;
    l->stream = (lzma_stream)LZMA_STREAM_INIT;
    return l->lzma_stream_decoder(&l->stream, RECUR_UNPACK_MEMORY, LZMA_CONCATENATED) == LZMA_OK;
}

static void close_lzma(void *state)
{
    struct lzma *l = state;
    l->lzma_end(&l->stream);
}

static enum recur_status step_lzma(void *state, struct recur_unpack_step *step, bool *end,
                                   recur_error *error)
{
    struct lzma *l = state;
    lzma_ret result = LZMA_OK;
    l->stream.next_in = step->in;
    l->stream.avail_in = step->in_size;
    l->stream.next_out = step->out;
    l->stream.avail_out = step->out_size;
    while (result == LZMA_OK && l->stream.avail_out > 0 && (l->stream.avail_in > 0 || step->in_end))
        result = l->lzma_code(&l->stream, step->in_end ? LZMA_FINISH : LZMA_RUN);
    step->in = l->stream.next_in;
    step->in_size = l->stream.avail_in;
    step->out = l->stream.next_out;
    step->out_size = l->stream.avail_out;
    *end = result == LZMA_STREAM_END;
    if (result == LZMA_OK || *end)
        return RECUR_OK;
    if (result == LZMA_BUF_ERROR)
        return fail_cut("xz", error);
    if (result == LZMA_MEMLIMIT_ERROR)
        return fail_large("xz", error);
    if (result == LZMA_MEM_ERROR)
        return recur_fail_memory(error, RECUR_UNPACK_MEMORY, "unpacking xz");
    return fail_damaged("xz",
                        result == LZMA_OPTIONS_ERROR ? "it asks for what this version cannot do"
                                                     : "its data are not what was packed",
                        error);
}
#endif

#ifdef HAVE_ZSTD
#define ZSTD(f)                                                                                    \
    f(ZSTD_createDStream) f(ZSTD_decompressStream) f(ZSTD_freeDStream) f(ZSTD_isError)             \
        f(ZSTD_getErrorName)
struct zstd {
    ZSTD(POINTER)
    ZSTD_DStream *stream;
    bool within; /* a frame */
};
static const char *const zstd_names[] = {ZSTD(NAME)};

static bool open_zstd(void *state)
{
    struct zstd *z = state;
    z->stream = z->ZSTD_createDStream();
    return z->stream;
}

static void close_zstd(void *state)
{
    struct zstd *z = state;
    z->ZSTD_freeDStream(z->stream);
}

/* Frames follow one another. */
static enum recur_status step_zstd(void *state, struct recur_unpack_step *step, bool *end,
                                   recur_error *error)
{
    struct zstd *z = state;
    ZSTD_inBuffer in = {step->in, step->in_size, 0};
    ZSTD_outBuffer out = {step->out, step->out_size, 0};
    size_t left = 0, before = SIZE_MAX;
    while (!z->ZSTD_isError(left) && out.pos < out.size && in.pos + out.pos != before &&
           (in.pos < in.size || z->within)) {
        before = in.pos + out.pos;
        left = z->ZSTD_decompressStream(z->stream, &out, &in);
        z->within = left != 0;
    }
    step->in += in.pos;
    step->in_size -= in.pos;
    step->out += out.pos;
    step->out_size -= out.pos;
    if (!z->ZSTD_isError(left))
        return see_end("zstd", step, z->within, end, error);
    const char *why = z->ZSTD_getErrorName(left);
    if (strstr(why, "too much memory"))
        return fail_large("zstd", error);
    if (strstr(why, "not enough memory"))
        return recur_fail_memory(error, RECUR_UNPACK_MEMORY, "unpacking zstd");
    return fail_damaged("zstd", why, error);
}
#endif

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct format formats[] = {
    [RECUR_PACKING_GZIP] = {.name = "gzip",
#ifdef HAVE_ZLIB
                            "libz.so.1",
                            sizeof(struct zlib),
                            zlib_names,
                            COUNT(zlib_names),
                            open_zlib,
                            step_zlib,
                            close_zlib
#endif
    },
    [RECUR_PACKING_XZ] = {.name = "xz",
#ifdef HAVE_LZMA
                          "liblzma.so.5",
                          sizeof(struct lzma),
                          lzma_names,
                          COUNT(lzma_names),
                          open_lzma,
                          step_lzma,
                          close_lzma
#endif
    },
    [RECUR_PACKING_ZSTD] = {.name = "zstd",
#ifdef HAVE_ZSTD
                            "libzstd.so.1",
                            sizeof(struct zstd),
                            zstd_names,
                            COUNT(zstd_names),
                            open_zstd,
                            step_zstd,
                            close_zstd
#endif
    },
};

static enum recur_status load(struct recur_unpacker *u, recur_error *error)
{
    const struct format *format = u->format;
    if (!format->library)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "it is compressed (%s), which this build does not read: unpack it first",
                          format->name);
    RECUR_TRY(recur_alloc(1, format->size, "unpacking a file", &u->state, error));
    u->library = dlopen(format->library, RTLD_NOW | RTLD_LOCAL);
    void *function = u->library;
    for (size_t i = 0; function && i < format->count; i++) {
        function = dlsym(u->library, format->functions[i]);
        memcpy((char *)u->state + i * sizeof function, &function, sizeof function);
    }
    if (!function)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "it is compressed (%s): unpack it first, for here %.200s", format->name,
                          dlerror());
    u->open = format->open(u->state);
    return u->open ? RECUR_OK : recur_fail_memory(error, format->size, "unpacking a file");
}

enum recur_status recur_unpacker_create(enum recur_packing packing,
                                        struct recur_unpacker **unpacker, recur_error *error)
{
    struct recur_unpacker *made;
    RECUR_TRY(recur_alloc(1, sizeof *made, "unpacking a file", &made, error));
    made->format = &formats[packing];
    enum recur_status status = load(made, error);
    if (status == RECUR_OK)
        *unpacker = made;
    else
        recur_unpacker_free(made);
    return status;
}

void recur_unpacker_free(struct recur_unpacker *u)
{
    if (!u)
        return;
    if (u->open)
        u->format->close(u->state);
    if (u->library)
        dlclose(u->library);
    free(u->state);
    free(u);
}

enum recur_status recur_unpacker_step(struct recur_unpacker *u, struct recur_unpack_step *step,
                                      bool *end, recur_error *error)
{
    *end = false;
    return u->format->step(u->state, step, end, error);
}
