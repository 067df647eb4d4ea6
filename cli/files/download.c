#include "files/download.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_CURL
#define CURL_DISABLE_TYPECHECK /* its macro would wrap the name of our pointer */
#include <curl/curl.h>

#include "common/interrupt.h"
#include "common/lazy.h"
#include "common/progress.h"
#endif
#ifdef HAVE_LIBMD
#include <sha1.h>
#endif

#ifdef HAVE_CURL
#define CURL_FUNCTIONS(X)                                                                          \
    X(curl_easy_cleanup)                                                                           \
    X(curl_easy_getinfo)                                                                           \
    X(curl_easy_init)                                                                              \
    X(curl_easy_perform)                                                                           \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_strerror)

struct curl_library {
    CURL_FUNCTIONS(LAZY_POINTER)
};

static const char *const curl_names[] = {CURL_FUNCTIONS(LAZY_NAME)};

enum { REDIRECTS = 5, SLOW_SECONDS = 30, SLOW_BYTES = 1000 };

/* A download that is under way. */
struct transfer {
    struct curl_library lib;
    CURL *curl;
    const struct download *download;
    uint64_t received;
    struct timespec begin;
    bool secure; /* all addresses so far were https */
    char *why;   /* empty until the reason is known */
    size_t size;
};

static size_t receive(char *bytes, size_t one, size_t count, void *user)
{
    struct transfer *t = user;
    size_t size = one * count;
    if (size > t->download->most - t->received)
        snprintf(t->why, t->size, "it has more than %" PRIu64 " bytes", t->download->most);
    else if (fwrite(bytes, 1, size, t->download->file) != size)
        snprintf(t->why, t->size, "cannot write it down: %s", strerror(errno));
    if (*t->why)
        return CURL_WRITEFUNC_ERROR;
    t->received += size;
    return size;
}

static int ends(void *user, curl_off_t total, curl_off_t now, curl_off_t sent, curl_off_t to_send)
{
    struct transfer *t = user;
    recur_progress_at(NULL, (uint64_t)now, (uint64_t)total);
    (void)sent;
    (void)to_send;
    if (recur_interrupt())
        snprintf(t->why, t->size, "interrupted");
    return *t->why != '\0';
}

/* The milliseconds left for the download, but at least one: curl takes 0 as no limit. */
static long milliseconds_left(const struct transfer *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double spent = (double)(now.tv_sec - t->begin.tv_sec) * 1000 +
                   (double)(now.tv_nsec - t->begin.tv_nsec) / 1e6;
    double left = (double)t->download->seconds * 1000 - spent;
    return left > 1 ? (long)left : 1;
}

static void prepare(struct transfer *t, char detail[CURL_ERROR_SIZE])
{
    t->lib.curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https,file");
    t->lib.curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, receive);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_XFERINFOFUNCTION, ends);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_XFERINFODATA, t);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_NOPROGRESS, 0L);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_FAILONERROR, 1L);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT, 15L);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, detail);
}

/* Compares without regard to capitals, which a scheme may have. */
static bool begins_with(const char *text, const char *start)
{
    return strncasecmp(text, start, strlen(start)) == 0;
}

/* Requests one address. `*next` becomes the address that it redirects to, or NULL where all was
 * received. */
static bool go_to(struct transfer *t, const char *url, char **next)
{
    char detail[CURL_ERROR_SIZE] = "";
    rewind(t->download->file); /* removes what came with a redirect */
    if (ftruncate(fileno(t->download->file), 0) != 0) {
        snprintf(t->why, t->size, "cannot write it down: %s", strerror(errno));
        return false;
    }
    t->received = 0;
    prepare(t, detail);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_URL, url);
    t->lib.curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, milliseconds_left(t));
    t->secure = begins_with(url, "https:");
    CURLcode code = t->lib.curl_easy_perform(t->curl);
    if (code != CURLE_OK && !*t->why)
        snprintf(t->why, t->size, "%s", *detail ? detail : t->lib.curl_easy_strerror(code));
    *next = NULL;
    if (code == CURLE_OK)
        t->lib.curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, next);
    return code == CURLE_OK;
}

static bool follow(struct transfer *t, const char *url)
{
    for (int redirects = 0;; redirects++) {
        char *next;
        if (!go_to(t, url, &next))
            return false;
        if (!next)
            return true;
        if (redirects == REDIRECTS)
            snprintf(t->why, t->size, "it redirects more than %d times", REDIRECTS);
        else if (!begins_with(next, "https:") && (t->secure || !begins_with(next, "http:")))
            snprintf(t->why, t->size, "it redirects to %s, which is not %s", next,
                     t->secure ? "https" : "http");
        if (*t->why)
            return false;
        url = next; /* belongs to curl, which copies it before it frees it */
    }
}

bool recur_download(const struct download *download, char *why, size_t size)
{
    struct transfer t = {.download = download, .why = why, .size = size};
    *why = '\0';
    if (!recur_lazy_load("libcurl.so.4", curl_names, sizeof curl_names / sizeof *curl_names, &t.lib,
                         why, size))
        return false;
    t.curl = t.lib.curl_easy_init();
    if (!t.curl) {
        snprintf(why, size, "libcurl could not be started");
        return false;
    }
    clock_gettime(CLOCK_MONOTONIC, &t.begin);
    recur_progress_count("downloading", NULL);
    bool done = follow(&t, download->url);
    recur_progress_end();
    t.lib.curl_easy_cleanup(t.curl);
    return done;
}
#else
bool recur_download(const struct download *download, char *why, size_t size)
{
    (void)download;
    snprintf(why, size, "this build has no libcurl");
    return false;
}
#endif

bool recur_file_sha1(const char *path, char *sha1)
{
#ifdef HAVE_LIBMD
    return SHA1File(path, sha1) != NULL;
#else
    *sha1 = '\0';
    FILE *file = fopen(path, "rb");
    return file && fclose(file) == 0;
#endif
}
