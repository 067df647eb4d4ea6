#include "download.h"

#include <string.h>
#include <sys/types.h>

#ifdef HAVE_CURL
#define CURL_DISABLE_TYPECHECK /* its macro would wrap the pointer's name */
#include <curl/curl.h>

#include "lazy.h"
#endif
#ifdef HAVE_LIBMD
#include <sha1.h>
#endif

#ifdef HAVE_CURL
#define CURL_FUNCTIONS(X)                                                                          \
    X(curl_easy_cleanup)                                                                           \
    X(curl_easy_init)                                                                              \
    X(curl_easy_perform)                                                                           \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_strerror)

struct curl_library {
    CURL_FUNCTIONS(LAZY_POINTER)
};

static const char *const curl_names[] = {CURL_FUNCTIONS(LAZY_NAME)};

bool recur_download(const char *url, FILE *file, char *why, size_t size)
{
    char detail[CURL_ERROR_SIZE] = "";
    struct curl_library lib;
    if (!recur_lazy_load("libcurl.so.4", curl_names, sizeof curl_names / sizeof *curl_names, &lib,
                         why, size))
        return false;
    CURL *curl = lib.curl_easy_init();
    if (!curl) {
        snprintf(why, size, "libcurl could not be started");
        return false;
    }
    lib.curl_easy_setopt(curl, CURLOPT_URL, url);
    lib.curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,file");
    lib.curl_easy_setopt(curl, CURLOPT_WRITEDATA, file); /* libcurl's own function is fwrite */
    lib.curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    lib.curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    lib.curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    lib.curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 15L);
    lib.curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L); /* give up after 30 silent seconds */
    lib.curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 30L);
    lib.curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    CURLcode code = lib.curl_easy_perform(curl);
    lib.curl_easy_cleanup(curl);
    if (code != CURLE_OK)
        snprintf(why, size, "%s", *detail ? detail : lib.curl_easy_strerror(code));
    return code == CURLE_OK;
}
#else
bool recur_download(const char *url, FILE *file, char *why, size_t size)
{
    (void)url;
    (void)file;
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
