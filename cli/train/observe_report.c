/* --report: writes one object about the whole run. */
#include <sys/resource.h>

#include "common/message.h"
#include "common/output.h"
#include "recur/machine.h"
#include "train/observer.h"
#include "train/run.h"

static void put_report(recur_json_writer *report, const struct run *run)
{
    const char *isa = "";
    struct rusage usage;
    recur_device_use use = recur_model_device(run->model);
    recur_machine_isa(&isa, NULL);
    getrusage(RUSAGE_SELF, &usage);
    recur_json_open(report, NULL, '{');
    recur_json_put_epoch(report, &run->epoch);
    recur_json_put_u64(report, "parameters", recur_model_parameters(run->model));
    recur_json_put_u64(report, "tokens", recur_run_tokens(run));
    recur_json_put_u64(report, "epochs", recur_trainer_epochs(run->trainer));
    recur_json_put_u64(report, "best_epoch", recur_trainer_best_epoch(run->trainer));
    recur_json_put_u64(report, "threads", recur_trainer_threads(run->trainer));
    recur_json_put_text(report, "device", recur_device_name(use.device));
    if (use.device != RECUR_DEVICE_CPU)
        recur_json_put_text(report, "device_name", use.info.name);
    recur_json_put_text(report, "compute_precision", recur_precision_name(run->config.precision));
    recur_json_put_text(report, "isa", isa);
    recur_json_put_u64(report, "peak_rss_bytes", (uint64_t)usage.ru_maxrss * 1024);
    recur_json_put_written(report, "predictions", &run->predictions);
    if (run->options.labels)
        recur_json_put_scores(report, &run->scores, "");
    recur_json_close(report, '}');
}

static int end(struct run *run, void *state)
{
    (void)state;
    recur_json_writer report = RECUR_JSON_SHOWN;
    recur_error error;
    if (!run->options.out.report)
        return 0;
    put_report(&report, run);
    bool written = recur_json_check(&report, "the report", &error) == RECUR_OK;
    if (written) {
        report.text[report.size] = '\n'; /* replaces the terminator, which is not written */
        written =
            recur_write_file(run->command, run->options.out.report, report.text, report.size + 1);
    } else {
        recur_library_failure(run->command, &error);
    }
    recur_json_writer_free(&report);
    return written ? 0 : STATUS_FAILURE;
}

const struct observer recur_observe_report = {
    .at = {[MOMENT_END] = end},
};
