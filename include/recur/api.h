/* recur/api.h - version and visibility; every other header includes it. */
#ifndef RECUR_API_H
#define RECUR_API_H

#define RECUR_VERSION_MAJOR 0
#define RECUR_VERSION_MINOR 1
#define RECUR_VERSION_PATCH 0
#define RECUR_VERSION "0.1.0"

#if defined(__GNUC__)
#define RECUR_API __attribute__((visibility("default")))
#else
#define RECUR_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is running, as "0.1.0"; static storage. */
RECUR_API const char *recur_version(void);

#ifdef __cplusplus
}
#endif

#endif
