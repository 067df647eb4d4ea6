/* A libcurl that only tells of redirects: FAKE_REDIRECTS names the addresses, "https://a http://b",
 * each of which redirects to the next one. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

/* The one transfer; what it was told to fetch. */
struct fake {
    char url[256], next[256];
};

CURL *curl_easy_init(void)
{
    return calloc(1, sizeof(struct fake));
}

void curl_easy_cleanup(CURL *curl)
{
    free(curl);
}

CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
    struct fake *fake = curl;
    va_list arguments;
    va_start(arguments, option);
    if (option == CURLOPT_URL)
        snprintf(fake->url, sizeof fake->url, "%s", va_arg(arguments, const char *));
    va_end(arguments);
    return CURLE_OK;
}

CURLcode curl_easy_perform(CURL *curl)
{
    struct fake *fake = curl;
    char places[1024];
    snprintf(places, sizeof places, "%s", getenv("FAKE_REDIRECTS"));
    char *place = strtok(places, " ");
    while (place && strncmp(fake->url, place, strlen(place)) != 0)
        place = strtok(NULL, " ");
    place = strtok(NULL, " ");
    snprintf(fake->next, sizeof fake->next, "%s", place ? place : "");
    return CURLE_OK;
}

CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
    struct fake *fake = curl;
    va_list arguments;
    va_start(arguments, info);
    if (info == CURLINFO_REDIRECT_URL)
        *va_arg(arguments, char **) = *fake->next ? fake->next : NULL;
    va_end(arguments);
    return CURLE_OK;
}

const char *curl_easy_strerror(CURLcode code)
{
    (void)code;
    return "an error";
}
