#include "http/guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

bool recur_http_key_fits(const struct http_keys *keys, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    char given[HTTP_KEY_ROOM] = {0};
    unsigned fits = 0;
    if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *key = authorization + sizeof scheme - 1;
    size_t size = strlen(key);
    if (size == 0 || size >= sizeof given)
        return false;
    memcpy(given, key, size);
    for (size_t k = 0; k < keys->count; k++) {
        unsigned different = 0;
        for (size_t i = 0; i < HTTP_KEY_ROOM; i++)
            different |= (unsigned char)given[i] ^ (unsigned char)keys->key[k][i];
        fits |= (different - 1) >> 31; /* 1 where nothing differs */
    }
    return fits;
}

/* Copies the name of "NAME" or "NAME:PORT" without brackets; false where it is neither. */
static bool name_of(const char *host, char *name, size_t room)
{
    const char *end = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":");
    if (!end)
        return false;
    const char *port = *host == '[' ? end + 1 : end;
    host += *host == '[';
    size_t size = (size_t)(end - host);
    if (size == 0 || size >= room)
        return false;
    if (*port == ':')
        port += 1 + strspn(port + 1, "0123456789");
    memcpy(name, host, size);
    name[size] = '\0';
    return *port == '\0';
}

bool recur_http_host_allowed(const char *host, const char *const *names, size_t count)
{
    char name[256];
    unsigned char address[16];
    if (!name_of(host, name, sizeof name))
        return false;
    if (inet_pton(*host == '[' ? AF_INET6 : AF_INET, name, address) == 1)
        return true;
    bool allowed = strcasecmp(name, "localhost") == 0;
    for (size_t i = 0; i < count; i++)
        allowed |= strcasecmp(name, names[i]) == 0;
    return allowed;
}

bool recur_http_origin_allowed(const char *origin, const char *host)
{
    const char *place = strstr(origin, "://");
    return place && strcasecmp(place + 3, host) == 0;
}

bool recur_http_is_json(const char *type)
{
    static const char json[] = "application/json";
    if (!type || strncasecmp(type, json, sizeof json - 1) != 0)
        return false;
    type += sizeof json - 1;
    return *type == '\0' || *type == ';' || isspace((unsigned char)*type);
}
