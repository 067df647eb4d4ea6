"""Proves that the tests can fail: breaks a copy of the tree, one place at a time, and expects red.

Every change below is made in a copy, must be caught by the named test or check, and is taken back.
"""

import concurrent.futures
import json
import os
import platform
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

DOES_NOT_BUILD = 125  # what `meson test` exits with then

# (what breaks, file, text, its replacement, the tests that must go red); the text stands once in its
# file (`checks.py breaks`); what breaks the kernels, which take longest to compile, stands side by side
MUTATIONS = [
    ("product", "src/backend/cpu/kernels/tiles.h", "a[r * STEPS] - ", "a[0] - ", "kernels"),
    ("bf16 as floats, rows behind the first 32", "src/backend/cpu/kernels/widened.h", "row * row_step", "0", "kernels"),
    ("AMX's lower rows", "src/backend/cpu/kernels/amx.h", "next.left + upper * AMX_WORDS", "next.left", "kernels"),
    ("panel few of whose columns count", "src/backend/cpu/kernels/tiles.h", "if (columns - i > LANES)\n            TILES(product_tile)",
     "if (0)\n            TILES(product_tile)", "kernels"),
    ("LSTM forward", "src/backend/cpu/kernels/lstm.h", "* vtanh(ct)", "* ct",
     "kernels golden"),
    ("softmax", "src/backend/cpu/kernels/softmax.h", "-= scale;", "-= scale / 2;", "golden"),
    ("SGD", "src/backend/cpu/kernels/optimizers.h", "- lr * (scale", "- lr * (1 + scale", "golden"),
    ("LSTM gradient", "src/backend/cpu/kernels/lstm.h", "(1 - gt * gt)", "(1 - gt)", "gradients"),
    ("GRU gradient", "src/backend/cpu/kernels/gru.h", "dn * load(m)", "dn", "golden"),
    ("layer normalisation's gradient", "src/backend/cpu/kernels/normalise.h", " - x * back->scale", "", "golden"),
    ("lanes that are not in use", "src/backend/cpu/kernels/normalise.h", "u < last ? x * x :", "true ? x * x :", "kernels"),
    ("gains of a block", "src/backend/cpu/normalise.c", "batch + sequences.row", "batch", "ranks"),
    ("recurrent gradient", "src/backend/cpu/backward.c", "t + 1 < partition", "t + 2 < partition", "gradients"),
    ("backward's own end", "src/backend/cpu/partition.h", "t + 1 < pass->batch.steps", "false", "lengths"),
    ("blocks of a batch", "src/backend/cpu/gradients.c", ".first = micro_batch * each", ".first = micro_batch * 0", "grid"),
    ("rows that are read", "src/backend/cpu/sparse_rows.c", "sparse->stale, sparse->stale_rows)",
     "sparse->stale + 1, sparse->stale_rows)", "sparse_rows"),
    ("states before each step", "src/backend/cpu/backward.c", "before * RECUR_LANES, gradient", "after * RECUR_LANES, gradient", "fill_task"),
    ("blanks of a minibatch", "src/task/fill.c", "x[i] = RECUR_UNKNOWN;", "(void)x;", "fill_task"),
    ("order of a batch", "src/backend/lengths.c", "return order;", "return 0;", "stack"),
    ("fragments of the stand-in", "tests/gpu/multiply.c", "turned[n][k]", "turned[n][k ^ 1]", "standin_warps"),
    ("memory that was never written", "tests/gpu/device_memory.c", "if (r->shadow[k] == SHADOW_WRITTEN)",
     "if (r->shadow[k] <= SHADOW_WRITTEN)", "standin_blocks"),
    ("barrier of a block", "tests/gpu/barriers.c", "gpu_wait(w, WAITS_FOR_BLOCK, (uint8_t)number);",
     "(void)number;", "standin"),
    ("sum over ranks", "src/backend/cpu/update.c", "return optimiser->summed == RECUR_OK;",
     "return true;", "backend"),
    ("what is gathered", "src/backend/cpu/gather.c", "[gathering->block] ? add : copy",
     "[gathering->block] ? copy : copy", "accumulate"),
    ("gradients on their way", "src/backend/cpu/engine_text.c", "gradients_from(pass, l, thread)", "gradients_from(pass, layers, thread)", "overlap"),
    ("mean of ranks", "src/backend/cpu/learner.c", "/= (real)ranks;", "/= 2;", "ranks"),
    ("messages of a lost run", "src/train/trainer.c", "recur_collective_let_go(trainer->collective);", "", "ranks"),
    ("a rank that fails alone", "src/ranks/collective.c", "if (x && x->ranks->count > 1 && !x->failed) {", "if (!x) {", "ranks_fail"),
    ("labels of other ranks", "src/eval/predict.c", "return recur_collective_parts(s->collective, s->label, s->at, error);",
     "return RECUR_OK;", "ranks"),
    ("mean over an update's tokens", "src/train/text_trainer.c", "source->steps * trainer->turns", "source->steps",
     "accumulate"),
    ("frozen layers", "src/backend/cpu/update.c", "frozen->run[i].end <= first", "true", "inherit"),
    ("clipping", "src/backend/cpu/update.c", "clip / norm", "clip", "golden"),
    ("order of equal counts", "src/data/vocab.c", "? -1 : a->index", "? 1 : a->index", "vocab"),
    ("shares of n-grams", "src/data/ngrams.c", "== share.number", "== 0", "ngrams"),
    ("skip of a store that goes on", "src/io/store_make.c", "place->skip -= skipped;", "", "tokenize"),
    ("checksum of a shard", "src/data/shard.c", "recur_checksum_end(&sum) == header->checksum", "true", "store"),
    ("marks where files were joined", "src/data/text_input.c", "+ !mark;", "+ 1;", "text"),
    ("shift by one", "src/data/batches.c", "batches->row[t + 1]", "batches->row[t]", "batches"),
    ("check for holes", "src/io/safetensors.c", "begin != place", "begin < place", "safetensors"),
    ("BF16", "src/base/bf16.h", "(uint32_t)half << 16", "(uint32_t)half << 15", "safetensors"),
    ("ONNX tensor's use", "src/io/onnx_index.c", "found->taken && ", "false && ", "onnx"),
    ("ONNX gate order", "src/io/onnx_graph.c", "\"GRU\", {1, 0, 2}, \"linear_before_reset\", 1",
     "\"GRU\", {0, 1, 2}, \"linear_before_reset\", 1", "interop_onnx"),
    ("ONNX steps of an own cell", "src/io/onnx_scan.c", "{\"Sub\", {\"h_before\", \"n\"}", "{\"Sub\", {\"n\", \"h_before\"}",
     "interop_onnx"),
    ("ONNX graph within a node", "src/io/onnx_scan_read.c", "if (!same)", "if (false)", "onnx_scan"),
    ("PyTorch import", "src/io/pytorch_read.c", "bias_hh ? 2 : 1", "1", "interop_pytorch"),
    ("older program", "src/base/config.c", "size - sizeof size);", "known - sizeof size);", "config"),
    ("zero point of bytes", "src/backend/cpu/int8.c", "pass->kernels->int8_zero_point * sum", "128 * sum",
     "quantize"),
    ("states of shared buffers", "src/backend/cpu/forward.c",
     "memcpy(stream->carried_h + to, stream->h + from, bytes);", "(void)to;", "shared"),
    ("memory of filling", "src/backend/cpu/engine.c", ".shares = !keeps_layers", ".shares = false",
     "bounds"),
    ("what a GPU's blocks tell each other", "src/backend/cuda/kernels/recurrence.h", "gpu_cluster_store(at, rank,",
     "gpu_cluster_store(at, rank / 2,", "gpu_steps"),
    ("barrier of a GPU's step", "src/backend/cuda/kernels/recurrence.h", "        gpu_barrier();\n        buffer ^= 1;",
     "        buffer ^= 1;", "gpu_steps"),
    ("fragments of mma", "src/backend/cuda/kernels/recurrence.h", "row + g + half * 8", "row + g + (1 - half) * 8",
     "gpu_steps"),
    ("offset of a GPU's product", "src/backend/cuda/kernels/product.h", "p->columns_c + tile->n + n;",
     "p->columns_c + tile->n;", "gpu_steps"),
    ("copies that are waited for", "src/backend/cuda/kernels/wide.h", "            gpu_wait_but_one();", "", "gpu_kernels"),
    ("parameters that only a GPU has", "src/nn/model.c", "recur_model_sync_all(model); /*", "/*", "gpu_counts"),
    ("PTX's roundings", "src/backend/cuda/ptx.py", "-ffp-contract=off", "-ffp-contract=fast", "ptx"),
    ("sessions together", "src/backend/cpu/engine_step.c", "there : here,", "here : here,",
     "session"),
    ("threads of a stream", "src/backend/cpu/engine_step.c",
     "        recur_partition_wait(&partition);\n", "", "session"),
    ("states that are held", "src/backend/cpu/engine_step.c",
     "session->holder == &engine->base", "true", "session"),
    ("share above the whole", "cli/bench/bench_ratio.c", "!(share->high <= 1)", "false", "bench_ratio"),
    ("noise of pairs", "cli/bench/bench_ratio.c", "ratio.high > NOISY * ratio.low", "ratio.high < 0", "bench_ratio"),
    ("turn of a limit", "cli/bench/bench_turns.c", "turn[i].run(turn[i].user, slice,", "turn[0].run(turn[0].user, slice,",
     "bench_turns"),
    ("neighbour in a pair", "cli/bench/bench_turns.c", "factor / turns->rate[b][i]", "factor / turns->rate[b][0]",
     "bench_turns"),
    ("share in a comparison", "bench/pairs.py", "if not high <= 1:", "if False:", "pairs"),
    ("waits of a model of ranks", "bench/scaling_model.py", "1 + math.ceil(", "math.ceil(", "scaling"),
    ("overlap of a model of ranks", "bench/scaling_model.py", "recurrent if fills(point) else 0", "0", "scaling"),
    ("relay of a model of ranks", "bench/scaling_model.py", "max(link, relay)", "(link + relay)", "scaling"),
    ("shared cores of a model of ranks", "bench/scaling_model.py", "or crowd(point) > 1", "", "scaling"),
    ("inputs that are dropped", "src/backend/cpu/gradients.c", "if (pass->dropout.inputs)", "if (false)", "gradients"),
    ("bytes of a model of ranks", "bench/scaling_model.py", "sent = 2 * (ranks - 1)", "sent = (ranks - 1)", "scaling"),
    ("trying threads", "src/backend/cpu/tuner.c", "THRIFT * tuner->debt", "0", "tuner"),
    ("an example", "examples/stream_text.c", "sampling.seed = seed", "sampling.seed = 0", "examples"),
    ("subproject", "meson.build", "override_dependency('recur'", "override_dependency('r'", "install"),
    ("carried state", "src/backend/cpu/engine_text.c", "= *values++", "= 0", "checkpoint"),
    ("place in the text", "src/data/batches.c", "batches->next += ", "batches->next = ", "batches"),
    ("mean of a resumed run", "src/train/trainer_state.c", "trainer->averaged = state->averaged",
     "trainer->averaged = 0", "checkpoint"),
    ("chances of candidates", "src/backend/cpu/candidates.c", "bias[i] -= candidates->chance",
     "bias[i] += candidates->chance", "candidates"),
    ("targets of other rows", "src/backend/cpu/candidates.c", "before ? -(real)INFINITY : 0",
     "before ? 0 : 0", "candidates"),
    ("columns of candidates", "src/backend/cpu/candidates.c", "to[row * RECUR_LANES] = from[row * RECUR_LANES + i];",
     "to[row * RECUR_LANES] = from[row * RECUR_LANES];", "candidates"),
    ("gradients of a tied head", "src/backend/cpu/tied.c", "kernels->add(to, to, turned, BLOCK);", "(void)to;",
     "tied"),
    ("squares of outputs", "src/backend/cpu/backward.c", "dy[j] += scale * y[j];", "dy[j] += scale;", "penalty"),
    ("mask of a sequence", "src/backend/cpu/forward.c", "step / pass->batch.steps * each + row % each", "row",
     "stack"),
    ("a run's new length", "src/train/trainer.c", "config.stable = (float)stable;", "config.stable = 0;", "trainer"),
    ("plateau", "src/train/trainer_state.c", "= state->plateau_best", "= 0", "checkpoint"),
    ("matrices of one column", "src/nn/params.c", "entry->rank == 1 ?", "deep == 1 ?", "smallest"),
    ("range of a setting", "src/base/fields.c", "value < r->high", "value <= r->high", "fields"),
    ("setting that is as always", "src/io/fields_json.c", "(field->applies || !is",
     "(true || !is", "model_file"),
    ("leftover tensor", "src/io/checkpoint.c", "recur_safetensors_check_taken(file, error)",
     "RECUR_OK", "checkpoint"),
    ("place in labelled texts", "src/data/label_source.c", "while (count-- > 0)",
     "while (0 && count-- > 0)", "checkpoint_labels"),
    ("held-out end", "src/data/text_source.c", ".first = train,", ".first = 0,", "source"),
    ("spaces that tokens imply", "src/data/unicode_cut.c", "!cutter->spaced && ", "", "unicode_words"),
    ("pairs of the lowest id", "src/data/pairs_divide.c", "at = low < best ? block : at;", "at = block;", "pairs"),
    ("pairs of another order", "src/data/pairs_divide.c", "if (tokens[left].ascending && tokens[right].ascending)",
     "if (tokens)", "pairs"),
    ("places of a pair alone", "src/data/pairs_learn.c", "l->places_count <= l->places_most", "!l->places_count",
     "pairs"),
    ("words that a block cuts", "src/data/token_kind.c", "word ? (size_t)(end - word) : 0", "0", "text"),
    ("sum over labels", "src/data/labels.c", "recur_labels_label(labels, i, t));",
     "(recur_token){0});", "checkpoint_labels"),
    ("epoch's scores", "src/io/model_save.c", '"valid_recall", offsetof(recur_epoch, valid_recall)',
     '"valid_recall", offsetof(recur_epoch, valid_f1)', "model_file"),
    ("story", "src/base/sample_text.c", "sizeof story - 1", "sizeof story", "sample_text"),
    ("error path of safetensors", "src/io/safetensors.c",
     "failed:\n    recur_safetensors_free(&read);", "failed:", "replay_safetensors"),
    ("error path of checkpoints", "src/io/checkpoint.c", "        recur_model_free(made);",
     "        (void)made;", "replay_checkpoint"),
    ("end of a run on labels", "src/train/label_trainer.c", "recur_labeller_free(&run->labeller);",
     "(void)0;", "replay_checkpoint"),
    ("end of reading columns", "src/data/labels.c", "    free(bytes);\n", "", "replay_columns"),
    ("softmax of labels", "src/eval/predict.c", "/ sum);", ");", "replay_columns"),
    ("width of labels", "src/data/labels_doubts.c", "UTF8PROC_COMPAT | ", "", "labels_read"),
    ("white space of columns", "src/data/labels_columns.c", "recur_trim(column, false)", "column",
     "labels_read"),
    ("parts of BILOU", "src/eval/spans.c", '"BILU", "BIES"', '"BILU", "BIEI"', "scores"),
    ("tokens that stand twice", "src/data/vocab.c", "if (found != RECUR_TOKEN_NONE)\n"
     "        return recur_fail", "if (0)\n        return recur_fail", "replay_vocab"),
    ("salted words", "src/data/token_table.c", "!old_count && getentropy", "0 && getentropy",
     "vocab"),
    ("options as words", "cli/options/option_values.c", 'i ? ",%zu" : "%zu"', 'i ? ";%zu" : "%zu"',
     "replay_options"),
    ("a stop while a network is tried", "cli/train/pace.c", "return stretch->took - stretch->longest;", "return stretch->took;", "pace"),
    ("a stop within a run", "cli/train/pace.c", "fmin(seconds, tempo->most)", "seconds", "pace fit"),
    ("epochs that a text is worth", "cli/train/fit.c", "run->fit.most * minibatches_in_epoch(run)", "0 * run->fit.most", "fit"),
    ("a run of one minibatch", "cli/train/fit.c", "now < fit->end ? 2 : 1", "1", "fit"),
    ("schedules that follow each other", "cli/train/fit.c", "run->spliced || begins_anew(run)", "run->spliced && begins_anew(run)", "fit"),
    ("noise that is no trend", "cli/train/trend.c", "#define ERRORS 3", "#define ERRORS 0", "trend"),
    ("kept epoch of an origin", "src/train/trainer.c", "note_origin(trainer, best);",
     "note_origin(trainer, 0);", "kept"),
    ("held-out tokens of an origin", "src/io/model_load.c", "true, &valid_tokens}",
     "true, &train_tokens}", "model_file"),
    ("short memory in JSON", "src/json/json_write.c", "writer->status = RECUR_ERROR_MEMORY;", "",
     "json"),
    ("keys that stand twice", "src/json/json_read.c", "keys[k - 1], keys[k]) == 0)",
     "keys[k - 1], keys[k]) == 2)", "json"),
    ("short memory in the command", "cli/common/need.c", "exit(recur_failure(command, \"out",
     "exit(0 * recur_failure(command, \"out", "allocations"),
    ("a server's GPU that failed", "cli/serve/answer_models.c", "if (!recur_models_check(", "if (recur_models_check(", "serve_device"),
]

# (file, place of the byte: from its end where negative, the test that must go red)
BYTES = [
    ("tests/golden/lstm-1.safetensors", 4, "golden"),
    ("tests/golden/lstm-1.safetensors", -1, "golden"),
]

# (check of scripts/checks.py, file that gets the text, the text, what the complaint must say)
PLANTS = [
    ("format", "src/base/error.c", "static  int  crooked;", "should be clang-formatted"),
    ("includes", "src/base/error.c", '#include "nn/params.h"', "not to the left of base"),
    ("includes", "cli/main.c", '#include "base/error.h"', "not to the left of cli"),
    ("includes", "src/other.c", '#include "train/run.h"', "its folder is no room"),
    ("includes", "src/backend/cpu/pass.h", '#include "recur/trainer.h"', "not to the left of backend/cpu"),
    ("includes", "include/recur/model.h", '#include "recur/trainer.h"', "stands behind it in PUBLIC"),
    ("includes", "src/task/task.h", '#include "nn/network.h"', "not to the left of task"),
    ("circles", "src/base/error.h", '#include "io/safetensors.h"', "include each other across rooms"),
    ("circles", "src/data/token_table.h", '#include "data/vocab_make.h"',
     "src/data/token_table, src/data/vocab_make: include each other"),
    ("rules", "src/base/error.c", "\n" * 600, "lines, at most 600"),
    ("rules", "src/base/error.c", "{\n" + "\n" * 81 + "}", "in one function, at most 80"),
    ("rules", "cli/error.c", "/* src/base/ has one too */", "has the same file name"),
    ("rules", "src/base/error.c", "task == RECUR_TASK_TAG", "asks which task it is"),
    ("rules", "README.md", "see /" + "home/somebody/recur", "a path of one machine"),
    ("rules", "README.md", "white space ", "white space at the end of the line"),
    ("version", "include/recur/api.h", "#define RECUR_VERSION_MINOR 2", "versions differ"),
    ("links", "README.md", "[the moon](docs/moon.md)", "nothing at docs/moon.md"),
    ("links", "src/base/error.c", "/* docs/formats.md#moon */", "nothing at docs/formats.md#moon"),
    ("breaks", "src/base/bf16.h", "/* (uint32_t)half << 16 */", "src/base/bf16.h has its text 2 times"),
    ("readmes", "README.md", "```sh\nrecur moon\n```", "shows '```sh' where README.zh-CN.md"),
    ("readmes", "README.zh-CN.md", "训练,采样", "a punctuation mark of English in Chinese"),
    ("readmes", "README.zh-CN.md", "用Python打开", "lacks a space between Chinese and Latin"),
    ("headers", "include/recur/text.h", "void recur_f(FILE *x);", "does not compile alone with gcc"),
    ("headers", "include/recur/text.h", "int class;", "does not compile alone with g++"),
    ("examples", "include/recur/text.h", "/*\n *     for (;;)\n *         recur_g();\n */",
     "no example has 'for (;;) recur_g();"),
    ("symbols", "src/librecur.symbols", "recur_gone", "librecur.symbols but not exported: recur_gone"),
    ("symbols", "src/base/error.c", "RECUR_API int recur_f(void);\nint recur_f(void)\n{\n"
     "    return 0;\n}", "exported but not declared in include/: recur_f"),
    ("symbols", "include/recur/api.h", "RECUR_API void recur_undefined(void);",
     "declared in include/ but not exported: recur_undefined"),
    ("symbols", "src/base/error.c", "void stray(void);\nvoid stray(void)\n{\n}",
     "stray does not start with recur_"),
    ("symbols", "src/base/error.c", "int recur_counter;", "global mutable state"),
    ("symbols", "cli/main.c", "void recur_rng_seed(void);\nvoid (*seed)(void) = recur_rng_seed;",
     "recur_rng_seed, which is not public"),
    ("tidy", "src/base/error.c", "int recur_f(int x);\nint recur_f(int x)\n{\n"
     "    return x ? x : 1 / x;\n}", "core.DivideZero"),
]


def run(folder, *command):
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
    )


def copy_tree(target):
    listed = run(ROOT, "git", "ls-files", "-co", "--exclude-standard").stdout.split("\n")
    for name in listed:
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    modules = Path("tests/interop/node_modules")  # what git ignores and a test needs
    if (ROOT / modules).is_dir():
        (target / modules).symlink_to(ROOT / modules)
    run(target, "git", "init", "--quiet")


class Tree:
    """The copy, its build and the score."""

    def __init__(self, folder):
        self.folder = folder
        self.passed = self.failed = 0
        copy_tree(folder)
        options = ["-Doptimization=1", "-Dtests=enabled"]
        if platform.machine() == "x86_64":
            options.append("-Disas=avx2,amx")
        setup = run(folder, "meson", "setup", "build", *options)
        if setup.returncode or not self.build("all"):
            sys.exit(f"selftest: the tree does not build as it is\n{setup.stdout}")

    def build(self, *names):
        return run(self.folder, "ninja", "-C", "build", "--quiet", *names).returncode == 0

    def score(self, good, sentence):
        self.passed += good
        self.failed += not good
        sys.stdout.write(f"{'ok' if good else 'not ok'} - {sentence}\n")
        sys.stdout.flush()

    def try_tests(self, names):
        """Scores each of the tests while nothing is broken."""
        log = self.folder / "build/meson-logs/testlog-quick.json"
        run(self.folder, "meson", "test", "-C", "build", "--setup", "quick", "--no-rebuild", *names)
        entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        result = {entry["name"].split(" / ")[-1]: entry["result"] for entry in entries}
        for name in names:
            self.score(result.get(name) in ("OK", "SKIP"), f"{name} passes while nothing is broken")

    def test(self, name):
        """What Meson, which builds that test and nothing else, exits with."""
        return run(self.folder, "meson", "test", "-C", "build", name).returncode

    def fail(self, *names):
        """Whether each of the tests, once it is built, does."""
        return self.build("build.ninja") and all(self.test(name) not in (0, DOES_NOT_BUILD) for name in names)

    def alone(self, name):
        """A folder that says how the build compiles one file, and nothing of the others."""
        build, alone = self.folder / "build", self.folder / "build/alone"
        entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
        kept = [entry for entry in entries if entry["file"].endswith(name)]
        alone.mkdir(exist_ok=True)
        (alone / "compile_commands.json").write_text(json.dumps(kept), encoding="utf-8")
        return alone

    def complains(self, check, name, sentence):
        library = (self.folder / "build/librecur.so").resolve().name
        if check == "symbols" and not self.build("recur", "librecur.a", library):
            return False
        build = self.alone(name) if check == "tidy" else "build"
        result = run(self.folder, sys.executable, "scripts/checks.py", "--build", build, check)
        return result.returncode == 1 and sentence in result.stdout

    def broken(self, name, change, is_red, sentence):
        """Scores `is_red()` once the file's bytes went through `change`."""
        path = self.folder / name
        before = path.read_bytes() if path.exists() else None
        after = change(before or b"")
        if after == before:
            self.score(False, f"{sentence}: the place to break is gone")
            return
        path.write_bytes(after)
        self.score(is_red(), sentence)
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)


def flip(data, place):
    data = bytearray(data)
    data[place] ^= 0xFF
    return bytes(data)


def mutations():
    """The rows of MUTATIONS that can be red on this machine."""
    # Without the runtime that reads ONNX files that test is skipped.
    reads_onnx = (ROOT / "tests/interop/node_modules").is_dir()
    # AMX is not emulated on a processor without the rest of what its table needs.
    has_bf16 = "avx512_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    for row in MUTATIONS:
        if (reads_onnx or row[-1] != "interop_onnx") and (has_bf16 or not row[1].endswith("/amx.h")):
            yield row


def jobs():
    """What is to be scored, each a function of a tree: first the tests as they are, then every row."""
    names = sorted({name for row in [*mutations(), *BYTES] for name in row[-1].split()})
    yield lambda tree: tree.try_tests(names)
    for what, name, old, new, tests in mutations():
        yield lambda tree, name=name, old=old, new=new, tests=tests, what=what: tree.broken(
            name,
            lambda data: data.replace(old.encode(), new.encode(), 1),
            lambda: tree.fail(*tests.split()),
            f"a broken {what} fails {tests.replace(' ', ' and ')}",
        )
    for name, place, test in BYTES:
        yield lambda tree, name=name, place=place, test=test: tree.broken(
            name,
            lambda data: flip(data, place),
            lambda: tree.fail(test),
            f"{test} sees byte {place} of {name} change",
        )
    for check, name, text, sentence in PLANTS:
        yield lambda tree, check=check, name=name, text=text, sentence=sentence: tree.broken(
            name,
            lambda data: data + text.encode() + b"\n",
            lambda: tree.complains(check, name, sentence),
            f"{check} on {name}: {sentence}",
        )


def work(folder, waiting, building):
    """Does what is waiting, in a tree of its own; returns the tree. The trees are built one after the
    other: ccache, where it is installed, compiles for the first alone."""
    folder.mkdir()
    with building:
        tree = Tree(folder)
    for job in iter(waiting.get, None):
        job(tree)
    return tree


def main():
    os.environ["CMOCKA_TEST_ABORT"] = "1"  # one failed case is enough
    workers = min(4, len(os.sched_getaffinity(0)))
    waiting, building = queue.SimpleQueue(), threading.Lock()
    for job in jobs():
        waiting.put(job)
    for _ in range(workers):
        waiting.put(None)
    with (
        tempfile.TemporaryDirectory(prefix="recur-selftest-") as folder,
        concurrent.futures.ThreadPoolExecutor(workers) as pool,
    ):
        begun = [pool.submit(work, Path(folder, str(k)), waiting, building) for k in range(workers)]
        trees = [each.result() for each in begun]
    passed, failed = sum(tree.passed for tree in trees), sum(tree.failed for tree in trees)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
