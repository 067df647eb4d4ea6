/* Who may ask: keys, and the headers by which browsers say for whom they do. */
#ifndef RECUR_CLI_HTTP_GUARD_H
#define RECUR_CLI_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_KEY_ROOM = 256 };

/* Keys, each filled up with zero bytes. */
struct http_keys {
    char (*key)[HTTP_KEY_ROOM]; /* allocated */
    size_t count;
};

/* Is "Bearer KEY" one of the keys? Takes as long for any value. `authorization` may be NULL. */
bool recur_http_key_fits(const struct http_keys *keys, const char *authorization);

/* May a client call this machine what `host`, "NAME" or "NAME:PORT", says? An address, localhost or
 * one of the names. A page of somebody else's, whose name was made to lead here (DNS rebinding),
 * has another name. */
bool recur_http_host_allowed(const char *host, const char *const *names, size_t count);

/* Is a page of `origin`, "SCHEME://NAME:PORT", one that came from `host`? */
bool recur_http_origin_allowed(const char *origin, const char *host);

/* Is a media type, "application/json; charset=utf-8", JSON? NULL is not. */
bool recur_http_is_json(const char *type);

#endif
