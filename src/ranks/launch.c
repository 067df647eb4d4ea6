/* Opens the plug-in for the MPI that runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "ranks/plugin.h"

enum { PATH = 4096 };

/* A communicator that was opened, behind which the plug-in stands. */
struct opened {
    recur_ranks ranks; /* the first member: it is what the caller has */
    void *library;
    void (*close)(void *user, int failed);
};

const char *recur_ranks_launcher(void)
{
    /* mpirun of Open MPI; srun with PMIx, which Open MPI needs; mpirun of MPICH and its relatives,
     * and srun with PMI. */
    if (getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK"))
        return "openmpi";
    return getenv("PMI_RANK") || getenv("PMI_SIZE") ? "mpich" : NULL;
}

/* Opens the plug-in in a folder; NULL where it is not there or cannot be opened. Open MPI looks for
 * its own symbols among the global ones. */
static void *open_in(const char *folder, size_t length, const char *mpi, char *why, size_t size)
{
    char path[PATH];
    int written = snprintf(path, sizeof path, "%.*s/librecur-%s.so", (int)length, folder, mpi);
    if (written < 0 || (size_t)written >= sizeof path || access(path, R_OK) != 0)
        return NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!library)
        snprintf(why, size, "%s", dlerror());
    return library;
}

/* Looks beside the program, in ../lib/recur of it, and where the library was to be installed. */
static void *find(const char *mpi, char *why, size_t size)
{
    char program[PATH];
    void *library = NULL;
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 32);
    while (length > 0 && program[length - 1] != '/')
        length--;
    if (length > 0) {
        library = open_in(program, (size_t)length - 1, mpi, why, size);
        size_t folder = (size_t)length;
        memcpy(program + folder, "../lib/recur", sizeof "../lib/recur");
        if (!library)
            library = open_in(program, strlen(program), mpi, why, size);
    }
    return library ? library : open_in(RECUR_PLUGINS, strlen(RECUR_PLUGINS), mpi, why, size);
}

static enum recur_status load(struct opened *opened, const char *mpi, const void *communicator,
                              recur_error *error)
{
    char why[256] = "";
    opened->library =
        strchr(mpi, '/') ? dlopen(mpi, RTLD_NOW | RTLD_GLOBAL) : find(mpi, why, sizeof why);
    if (!opened->library && strchr(mpi, '/'))
        snprintf(why, sizeof why, "%s", dlerror());
    if (!opened->library && *why)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "the plug-in for %s cannot be opened: %s",
                          mpi, why);
    if (!opened->library)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "there is no plug-in for %s, librecur-%s.so, beside the program or in "
                          "%s: this build did not find that MPI",
                          mpi, mpi, RECUR_PLUGINS);
    recur_plugin_open_fn *open;
    *(void **)&open = dlsym(opened->library, RECUR_PLUGIN_OPEN);
    if (!open)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "%s is no plug-in of recur",
                          recur_show_name(mpi).text);
    recur_error own = {0};
    return recur_called_back(open(communicator, &opened->ranks, &opened->close, &own), &own, error);
}

enum recur_status recur_ranks_open(const char *mpi, const void *communicator, recur_ranks **ranks,
                                   recur_error *error)
{
    struct opened *opened;
    mpi = mpi ? mpi : recur_ranks_launcher();
    if (!mpi)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "no launcher of MPI has started this process: start it with mpirun or "
                          "srun --mpi=pmix");
    RECUR_TRY(recur_alloc(1, sizeof *opened, "the ranks", &opened, error));
    enum recur_status status = load(opened, mpi, communicator, error);
    if (status != RECUR_OK) { /* what MPI has started cannot be unloaded */
        free(opened);
        return status;
    }
    *ranks = &opened->ranks;
    return RECUR_OK;
}

void recur_ranks_close(recur_ranks *ranks, int failed)
{
    struct opened *opened = (struct opened *)ranks;
    if (!opened)
        return;
    opened->close(opened->ranks.user, failed);
    free(opened);
}
