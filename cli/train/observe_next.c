/* Shows commands to copy that use the model. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "common/quote.h"
#include "train/observer.h"
#include "train/run.h"

static int end(struct run *run, void *state)
{
    (void)state;
    const struct train_options *options = &run->options;
    char path[sizeof(recur_printable)];
    const char *prefix = options->out.predict.count ? options->out.predict.items[0] : "";
    const recur_printable shown = recur_show(prefix, strlen(prefix), SIZE_MAX, NULL);
    snprintf(path, sizeof path, "%s%s", recur_run_no_option(options->out.output),
             options->out.output);
    const recur_printable name = recur_shell_word(path, false);
    fprintf(stderr, "\nThe model is in %s. Next:\n", recur_path(options->out.output).text);
    if (options->labels) {
        fprintf(stderr, "  recur predict -m %s TEXT\n", name.text);
    } else if (recur_task_serves(recur_train_task(options), RECUR_USE_FILL)) {
        fprintf(stderr, "  recur fill -m %s \"a text with bl_nks\"\n", name.text);
    } else if (strcmp(shown.text, prefix) != 0) { /* a shell would not pass on what is shown */
        fprintf(stderr, "  recur generate -m %s\n", name.text);
    } else {
        fprintf(stderr, "  recur generate -m %s -p %s\n", name.text,
                recur_shell_word(prefix, true).text);
    }
    fprintf(stderr, "  recur info %s\n  recur eval -m %s TEXT\n  recur train --help\n", name.text,
            name.text);
    return 0;
}

const struct observer recur_observe_next = {
    .loud = true,
    .at = {[MOMENT_END] = end},
};
