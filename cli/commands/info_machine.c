#include "commands/info_machine.h"

#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "common/output.h"
#include "recur/machine.h"

struct machine {
    recur_printable processor; /* as the system calls it; "": it does not say */
    const char *isa;
    size_t threads;
    recur_device_info device;
    recur_error unusable; /* why there is a GPU that cannot be used; its message is "": it can */
};

/* The processor's name, of the first line "model name : ..." of Linux's list. */
static recur_printable find_processor(void)
{
    char line[400], *end = NULL;
    FILE *file = fopen("/proc/cpuinfo", "r");
    recur_printable name = {""};
    while (file && !end && fgets(line, sizeof line, file)) {
        char *value = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        end = value ? value + 1 + strspn(value + 1, " \t") : NULL;
    }
    if (end) {
        end[strcspn(end, "\n")] = '\0';
        name = recur_show(end, strlen(end), SIZE_MAX, NULL);
    }
    if (file)
        fclose(file);
    return name;
}

static void print_device(const struct machine *machine)
{
    const recur_device_info *device = &machine->device;
    if (*machine->unusable.message)
        printf("device       cpu: %s\n", machine->unusable.message);
    else if (!*device->name)
        printf("device       cpu: no GPU was found\n");
    else
        printf("device       cuda: %s, capability %d.%d, %zu multiprocessors, %.1f GiB\n",
               device->name, device->capability_major, device->capability_minor,
               device->multiprocessors, (double)device->memory / (1 << 30));
}

static int print_json(const struct command *command, const struct machine *machine)
{
    const recur_device_info *device = &machine->device;
    recur_json_writer json = RECUR_JSON_SHOWN;
    recur_json_open(&json, NULL, '{');
    recur_json_put_text(&json, "processor", machine->processor.text);
    recur_json_put_text(&json, "isa", machine->isa);
    recur_json_put_u64(&json, "threads", machine->threads);
    recur_json_put_text(&json, "device", *device->name ? "cuda" : "cpu");
    if (*machine->unusable.message)
        recur_json_put_text(&json, "device_unusable", machine->unusable.message);
    if (*device->name) {
        char capability[40];
        snprintf(capability, sizeof capability, "%d.%d", device->capability_major,
                 device->capability_minor);
        recur_json_put_text(&json, "device_name", device->name);
        recur_json_put_text(&json, "capability", capability);
        recur_json_put_u64(&json, "multiprocessors", device->multiprocessors);
        recur_json_put_u64(&json, "device_memory_bytes", device->memory);
    }
    recur_json_close(&json, '}');
    return recur_json_print(command, &json);
}

int recur_info_machine(const struct command *command, bool json)
{
    recur_error error;
    struct machine machine = {.processor = find_processor(), .threads = recur_machine_threads()};
    if (recur_machine_isa(&machine.isa, &error) != RECUR_OK)
        return recur_library_failure(command, &error);
    if (recur_machine_device(&machine.device, &machine.unusable) != RECUR_OK)
        machine.device = (recur_device_info){0};
    if (json)
        return print_json(command, &machine);
    printf("processor    %s\n", *machine.processor.text ? machine.processor.text : "unknown");
    printf("instructions %s\n", machine.isa);
    printf("threads      %zu\n", machine.threads);
    print_device(&machine);
    return 0;
}
