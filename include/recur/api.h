/* recur/api.h - the version, and what is exported; every other header includes it.
 *
 *     printf("compiled for recur %s, running recur %s\n", RECUR_VERSION, recur_version());
 *     if (recur_version_number() < RECUR_VERSION_NUMBER)
 *         fputs("the library is older than the headers\n", stderr);
 *
 * recur/recur.h says what a version promises. */
#ifndef RECUR_API_H
#define RECUR_API_H

#define RECUR_VERSION_MAJOR 0 /* rises with what breaks programs */
#define RECUR_VERSION_MINOR 1 /* rises with what is added */
#define RECUR_VERSION_PATCH 0 /* rises with what is mended */

/* The version of the headers. */
#define RECUR_VERSION "0.1.0"

/* A version as one number: versions compare as their numbers do. */
#define RECUR_VERSION_OF(major, minor, patch) ((major)*1000000 + (minor)*1000 + (patch))

/* The version of the headers as one number, for #if. */
#define RECUR_VERSION_NUMBER                                                                       \
    RECUR_VERSION_OF(RECUR_VERSION_MAJOR, RECUR_VERSION_MINOR, RECUR_VERSION_PATCH)

/* Marks what the shared library exports. */
#if defined(__GNUC__)
#define RECUR_API __attribute__((visibility("default")))
#else
#define RECUR_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is running, as "0.1.0"; static storage. Any thread. */
RECUR_API const char *recur_version(void);

/* The same as one number, to compare with RECUR_VERSION_NUMBER or RECUR_VERSION_OF(1, 2, 0). */
RECUR_API int recur_version_number(void);

#ifdef __cplusplus
}
#endif

#endif
