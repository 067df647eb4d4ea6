/* recur info --machine: what computes on this machine. */
#ifndef RECUR_CLI_COMMANDS_INFO_MACHINE_H
#define RECUR_CLI_COMMANDS_INFO_MACHINE_H

#include <stdbool.h>

#include "common/command.h"

/* Prints it, as one JSON object if that is wanted. Returns the exit status. */
int recur_info_machine(const struct command *command, bool json);

#endif
