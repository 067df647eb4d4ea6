/* Whether there is AMX, and whether this process may use it. */
#ifndef RECUR_BACKEND_CPU_KERNELS_AMX_PERMISSION_H
#define RECUR_BACKEND_CPU_KERNELS_AMX_PERMISSION_H

#include <stdbool.h>

/* Whether processor and system have AMX for bf16. */
bool recur_amx_present(void);

/* Asks the system to let the process use the tiles; repeated calls are harmless. False where the
 * system refuses, because a signal handler's own stack could not hold them. */
bool recur_amx_permit(void);

#endif
