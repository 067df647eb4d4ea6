/* Downloading (libcurl) and checksums (libmd), each absent from builds without the library. */
#ifndef RECUR_CLI_FILES_DOWNLOAD_H
#define RECUR_CLI_FILES_DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How long a download may take where nobody says anything else. */
#define DOWNLOAD_SECONDS 1200

struct download {
    const char *url;  /* http, https or file */
    FILE *file;       /* where it goes, in place of what is there */
    uint64_t most;    /* bytes that may come */
    uint64_t seconds; /* that all of it may take */
};

/* Downloads. It follows five redirects at most, from https to https alone, and ends early with too
 * many bytes, after half a minute of less than 1000 bytes a second, after all its seconds, or when
 * a signal comes (interrupt.h). `why` then says in a few words what went wrong. */
bool recur_download(const struct download *download, char *why, size_t size);

/* The SHA-1 of a file in hexadecimal, 41 bytes. False where it cannot be read; an empty string
 * where this build has no checksums. */
bool recur_file_sha1(const char *path, char *sha1);

#endif
