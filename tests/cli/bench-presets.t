# The presets of recur bench whose networks are large. A sanitizer would measure them for minutes.
# needs: test -z "${RECUR_SANITIZED-}"
$ recur bench --preset lstm-64 --seconds 0.02 --threads 1 2>&1 | sed -Ef "$CASES/bench-text.sed"
recur bench: N measurements, about N:N
ISA, N thread; peaks at the start: fN N, bfN N, intN N GFLOP/s
lstm-N N tokens/s N GFLOP/s N % (N-N) of the fN peak
 load N %, input N %, forward N %, head N %, backward N %, gradient N %, update N %
 one stream, one thread fN N tokens/s N % (N-N) of reading
 bfN N tokens/s N % (N-N) of reading
 intN N tokens/s N % (N-N) of reading
 one stream, all threads fN N tokens/s N % (N-N) of reading
 bfN N tokens/s N % (N-N) of reading
 intN N tokens/s N % (N-N) of reading
$ recur bench --preset lstm-512-bf16 --training --seconds 0.02 --threads 1 2>&1 | sed -Ef "$CASES/bench-text.sed"
recur bench: N measurement, about N:N
ISA, N thread; peaks at the start: fN N, bfN N, intN N GFLOP/s
lstm-N-bfN N tokens/s N GFLOP/s N % (N-N) of the bfN peak
 load N %, input N %, forward N %, head N %, backward N %, gradient N %, update N %
$ recur bench --preset lstm-64 --training --precision bf16 --seconds 0.02 --threads 1 --json 2>&1 | sed -Ef "$CASES/bench-json.sed"
recur bench: N measurement, about N:N
{"isa": "ISA", "threads": N, "peak_gflops": N, "bf16_peak_gflops": N, "int8_peak_gflops": N, "results": [{"preset": "lstm-64", "parameters": N, "train_tokens_per_second": N, "train_gflops": N, "train_peak": "bf16", "train_peak_gflops": N, "train_share_of_peak": N, "train_share_of_peak_quartiles": [N, N], "train_share_of_peak_noisy": BOOL, "train_phases": {"load": N, "input": N, "forward": N, "head": N, "backward": N, "gradient": N, "update": N}}], "stacks": []}
$ recur bench --preset lengths --seconds 0.02 --threads 1 2>&1 | sed -Ef "$CASES/bench-text.sed"
recur bench: N measurement, about N:N
ISA, N thread; peaks at the start: fN N, bfN N, intN N GFLOP/s
lengths N tokens/s N GFLOP/s N % (N-N) of the fN peak
 N (N-N) times as fast as at equal lengths
$ recur bench --preset footprint --seconds 0.02 --threads 1 2>&1 | sed -Ef "$CASES/bench-text.sed"
recur bench: N measurement, about N:N
ISA, N thread; peaks at the start: fN N, bfN N, intN N GFLOP/s
footprint
 N MB at most to train dNl-rnn-scratch
 N ms from the start of recur generate to the first token
$ mkdir scratch; TMPDIR=scratch recur bench --preset footprint --seconds 0.02 --json 2>&1 | sed -Ef "$CASES/bench-json.sed"; rmdir scratch
recur bench: N measurement, about N:N
{"isa": "ISA", "threads": N, "peak_gflops": N, "bf16_peak_gflops": N, "int8_peak_gflops": N, "results": [], "stacks": [], "footprint": {"train_peak_bytes": N, "first_token_seconds": N}}
$ recur bench --preset footprint --training --seconds 0.02 --json 2>/dev/null | sed 's/.*: //; s/}}//' | awk '{ print ($1 > 2e6 && $1 < 2e9 ? "bytes" : $1) }'
bytes
$ recur bench --preset footprint --generation --seconds 0.02 --json 2>/dev/null | sed 's/.*: //; s/}}//' | awk '{ print ($1 > 1e-4 && $1 < 60 ? "seconds" : $1) }'
seconds
$ recur bench --preset lstm-64 --training --seconds 0.02 2>/dev/null | grep -Ec ' times as fast as one thread(, noisy)?$' | sed "s/$(($(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc) > 1))/expected/"
expected
$ recur bench --preset lstm-64 --training --seconds 0.02 --json 2>/dev/null | grep -c '"train_one_thread_tokens_per_second": ' | sed "s/$(($(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc) > 1))/expected/"
expected
$ recur bench --preset stack-gru-256 --seconds 0.02 --threads 1 2>&1 | sed -Ef "$CASES/bench-text.sed"
recur bench: N measurement, about N:N
ISA, N thread; peaks at the start: fN N, bfN N, intN N GFLOP/s
stack-gru-N N tokens/s N GFLOP/s N % (N-N) of the fN peak
$ recur bench --preset stack-lstm-2x256 --precision bf16 --seconds 0.02 --json 2>&1 | sed -Ef "$CASES/bench-json.sed"
recur bench: N measurement, about N:N
{"isa": "ISA", "threads": N, "peak_gflops": N, "bf16_peak_gflops": N, "int8_peak_gflops": N, "results": [], "stacks": [{"preset": "stack-lstm-2x256", "train_tokens_per_second": N, "train_gflops": N, "train_peak": "bf16", "train_peak_gflops": N, "train_share_of_peak": N, "train_share_of_peak_quartiles": [N, N], "train_share_of_peak_noisy": BOOL}]}
$ recur bench --preset lstm-64 --generation --seconds 0.01 --threads 2 2>&1 | sed -Ef "$CASES/bench-text.sed"
recur bench: N measurement, about N:N
ISA, N threads; peaks at the start: fN N, bfN N, intN N GFLOP/s
lstm-N
 one stream, one thread fN N tokens/s N % (N-N) of reading
 bfN N tokens/s N % (N-N) of reading
 intN N tokens/s N % (N-N) of reading
 one stream, all threads fN N tokens/s N % (N-N) of reading
 bfN N tokens/s N % (N-N) of reading
 intN N tokens/s N % (N-N) of reading
$ recur bench --preset lstm-64 --training --seconds 0.02 --threads 2 --json 2>&1 | sed -Ef "$CASES/bench-json.sed"
recur bench: N measurement, about N:N
{"isa": "ISA", "threads": N, "peak_gflops": N, "bf16_peak_gflops": N, "int8_peak_gflops": N, "results": [{"preset": "lstm-64", "parameters": N, "train_tokens_per_second": N, "train_gflops": N, "train_peak": "f32", "train_peak_gflops": N, "train_share_of_peak": N, "train_share_of_peak_quartiles": [N, N], "train_share_of_peak_noisy": BOOL, "train_phases": {"load": N, "input": N, "forward": N, "head": N, "backward": N, "gradient": N, "update": N}}], "stacks": []}
