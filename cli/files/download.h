/* Downloading (libcurl) and checksums (libmd). A build without one of these libraries lacks its
 * function. */
#ifndef RECUR_CLI_FILES_DOWNLOAD_H
#define RECUR_CLI_FILES_DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The default limit on the time of a download. */
#define DOWNLOAD_SECONDS 1200

struct download {
    const char *url;  /* http, https or file */
    FILE *file;       /* the result replaces what is in the file */
    uint64_t most;    /* most bytes that may come */
    uint64_t seconds; /* limit for the whole download */
};

/* Downloads. Follows at most five redirects, and from https only to https. Stops when there are too
 * many bytes, after half a minute of less than 1000 bytes a second, after all its seconds, or when
 * a signal arrives (interrupt.h). `why` then gives the reason in a few words. */
bool recur_download(const struct download *download, char *why, size_t size);

/* Computes the SHA-1 of a file in hexadecimal, 41 bytes. False where the file cannot be read; an
 * empty string where this build has no checksums. */
bool recur_file_sha1(const char *path, char *sha1);

#endif
