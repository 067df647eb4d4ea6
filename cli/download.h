/* Downloading (libcurl) and checksums (libmd), each absent from builds without the library. */
#ifndef DOWNLOAD_H
#define DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Writes what `url` holds to `file`; on failure `why` says in a few words what went wrong. */
bool recur_download(const char *url, FILE *file, char *why, size_t size);

/* The SHA-1 of a file in hexadecimal, 41 bytes. False where it cannot be read; an empty string
 * where this build has no checksums. */
bool recur_file_sha1(const char *path, char *sha1);

#endif
