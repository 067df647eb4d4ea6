/* All kernels of the CUDA backend, in one module. clang compiles this file to PTX when recur is
 * built, and the driver compiles that when a device is opened. */
#include "arguments.h"
#include "gpu.h"

#include "cells.h"
#include "loss.h"
#include "product.h"
#include "recurrence.h"
#include "rows.h"
#include "steps.h"
#include "update.h"
#include "wide.h"
