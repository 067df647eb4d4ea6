# Speed has no expected value, only a form. A share may be noisy or have failed at any time; what is
# printed then is in the unit test bench_ratio.

$ recur bench --preset d2l-rnn --seconds 0.02 --threads 1 2>&1 | sed -Ef "$CASES/bench-text.sed"
recur bench: N measurements, about N:N
ISA, N thread; peaks at the start: fN N, bfN N, intN N GFLOP/s
dNl-rnn N tokens/s N GFLOP/s N % (N-N) of the fN peak
 load N %, input N %, forward N %, head N %, backward N %, gradient N %, update N %
 one stream, one thread fN N tokens/s N % (N-N) of reading
 bfN N tokens/s N % (N-N) of reading
 intN N tokens/s N % (N-N) of reading
 one stream, all threads fN N tokens/s N % (N-N) of reading
 bfN N tokens/s N % (N-N) of reading
 intN N tokens/s N % (N-N) of reading
 N session fN N tokens/s N % (N-N) of the fN peak
 bfN N tokens/s N % (N-N) of the bfN peak
 intN N tokens/s N % (N-N) of the intN peak
 N sessions fN N tokens/s N % (N-N) of the fN peak
 bfN N tokens/s N % (N-N) of the bfN peak
 intN N tokens/s N % (N-N) of the intN peak
 N sessions fN N tokens/s N % (N-N) of the fN peak
 bfN N tokens/s N % (N-N) of the bfN peak
 intN N tokens/s N % (N-N) of the intN peak
 N sessions fN N tokens/s N % (N-N) of the fN peak
 bfN N tokens/s N % (N-N) of the bfN peak
 intN N tokens/s N % (N-N) of the intN peak
$ recur bench --preset d2l-rnn --seconds 0.02 --threads 1 --json 2>&1 | sed -Ef "$CASES/bench-json.sed"
recur bench: N measurements, about N:N
{"isa": "ISA", "threads": N, "peak_gflops": N, "bf16_peak_gflops": N, "int8_peak_gflops": N, "results": [{"preset": "d2l-rnn", "parameters": N, "train_tokens_per_second": N, "train_gflops": N, "train_peak": "f32", "train_peak_gflops": N, "train_share_of_peak": N, "train_share_of_peak_quartiles": [N, N], "train_share_of_peak_noisy": BOOL, "train_phases": {"load": N, "input": N, "forward": N, "head": N, "backward": N, "gradient": N, "update": N}, "generate_tokens_per_second": {"f32": N, "bf16": N, "int8": N}, "generate_share_of_reading": {"f32": N, "bf16": N, "int8": N}, "generate_share_of_reading_quartiles": {"f32": [N, N], "bf16": [N, N], "int8": [N, N]}, "generate_share_of_reading_noisy": {"f32": BOOL, "bf16": BOOL, "int8": BOOL}, "generate_threads_tokens_per_second": {"f32": N, "bf16": N, "int8": N}, "generate_threads_share_of_reading": {"f32": N, "bf16": N, "int8": N}, "generate_threads_share_of_reading_quartiles": {"f32": [N, N], "bf16": [N, N], "int8": [N, N]}, "generate_threads_share_of_reading_noisy": {"f32": BOOL, "bf16": BOOL, "int8": BOOL}, "sessions": [{"streams": N, "tokens_per_second": {"f32": N, "bf16": N, "int8": N}, "share_of_peak": {"f32": N, "bf16": N, "int8": N}, "share_of_peak_quartiles": {"f32": [N, N], "bf16": [N, N], "int8": [N, N]}, "share_of_peak_noisy": {"f32": BOOL, "bf16": BOOL, "int8": BOOL}}, {"streams": N, "tokens_per_second": {"f32": N, "bf16": N, "int8": N}, "share_of_peak": {"f32": N, "bf16": N, "int8": N}, "share_of_peak_quartiles": {"f32": [N, N], "bf16": [N, N], "int8": [N, N]}, "share_of_peak_noisy": {"f32": BOOL, "bf16": BOOL, "int8": BOOL}}, {"streams": N, "tokens_per_second": {"f32": N, "bf16": N, "int8": N}, "share_of_peak": {"f32": N, "bf16": N, "int8": N}, "share_of_peak_quartiles": {"f32": [N, N], "bf16": [N, N], "int8": [N, N]}, "share_of_peak_noisy": {"f32": BOOL, "bf16": BOOL, "int8": BOOL}}, {"streams": N, "tokens_per_second": {"f32": N, "bf16": N, "int8": N}, "share_of_peak": {"f32": N, "bf16": N, "int8": N}, "share_of_peak_quartiles": {"f32": [N, N], "bf16": [N, N], "int8": [N, N]}, "share_of_peak_noisy": {"f32": BOOL, "bf16": BOOL, "int8": BOOL}}]}], "stacks": []}
$ recur bench --preset lengths --seconds 0.02 --threads 2 --json 2>&1 | sed -Ef "$CASES/bench-json.sed"
recur bench: N measurement, about N:N
{"isa": "ISA", "threads": N, "peak_gflops": N, "bf16_peak_gflops": N, "int8_peak_gflops": N, "results": [], "stacks": [], "lengths": {"train_tokens_per_second": N, "train_gflops": N, "train_peak": "f32", "train_peak_gflops": N, "train_share_of_peak": N, "train_share_of_peak_quartiles": [N, N], "train_share_of_peak_noisy": BOOL, "equal_tokens_per_second": N, "against_equal": N, "against_equal_quartiles": [N, N], "against_equal_noisy": BOOL}}
$ TMPDIR=gone recur bench --preset footprint 2>&1 | sed 's/about .*/about N/'; echo "status ${PIPESTATUS[0]}"
recur bench: 1 measurement, about N
recur bench: cannot make a folder in gone: No such file or directory; set TMPDIR to another one
status 1
$ recur bench --preset lengths --generation
! recur bench: lengths only trains: --generation has nothing to measure
[2]
$ TERM=xterm "$CASES"/terminal -2 sh -c 'recur bench --preset d2l-rnn --seconds 0.01 --threads 1 >results; cat results >&2' | sed 's/about .*/about N/; s/[0-9]:[0-9]* left/N left/g' | tr '\r' '\n' | head -7 | cat -v
recur bench: 6 measurements, about N
1/6  N left  d2l-rnn, training^[[K
2/6  N left  d2l-rnn, one stream^[[K
3/6  N left  d2l-rnn, 1 session^[[K
4/6  N left  d2l-rnn, 8 sessions together^[[K
5/6  N left  d2l-rnn, 64 sessions together^[[K
6/6  N left  d2l-rnn, 512 sessions together^[[K
$ recur bench --preset d2l-rnn --training --seconds 0.02 --threads 1 2>&1 | sed -Ef "$CASES/bench-text.sed"
recur bench: N measurement, about N:N
ISA, N thread; peaks at the start: fN N, bfN N, intN N GFLOP/s
dNl-rnn N tokens/s N GFLOP/s N % (N-N) of the fN peak
 load N %, input N %, forward N %, head N %, backward N %, gradient N %, update N %
$ recur bench --training --generation
! recur bench: either --training or --generation, not both
[2]
$ recur bench --generation=1
! recur bench: --generation takes no value, got "1"
[2]
$ recur bench --preset mine
! recur bench: --preset must be one of d2l-rnn-scratch, d2l-rnn, d2l-gru, d2l-lstm, d2l-deep-lstm, rnn-512, gru-512, lstm-512, lstm-2x512, gru-512-bf16, lstm-512-bf16, lstm-2x512-bf16, words-2x200, words-2x650, words-2x650-bf16, lstm-64, stack-rnn-256, stack-rnn-512, stack-gru-256, stack-gru-512, stack-lstm-256, stack-lstm-512, stack-lstm-2x256, stack-lstm-2x512, lengths, footprint, got "mine"
[2]
$ recur bench --seconds 0
! recur bench: --seconds must be a number above 0 and at most 3600, got "0"
[2]
$ recur bench --seconds 3601
! recur bench: --seconds must be a number above 0 and at most 3600, got "3601"
[2]
$ recur bench --threads 0
! recur bench: --threads must be a whole number from 1 to 1024, got "0"
[2]
$ recur bench --json=1
! recur bench: --json takes no value, got "1"
[2]
$ recur bench --second 1
! recur bench: unknown option --second; did you mean --seconds?
[2]
$ recur bench d2l-rnn
! recur bench: unexpected argument "d2l-rnn"; did you mean --preset "d2l-rnn"?
[2]
$ RECUR_ISA=sse9 recur bench 2>&1 | sed 's/has .*/has .../'; echo "status ${PIPESTATUS[0]}"
recur bench: RECUR_ISA is "sse9", but recur has ...
status 2
$ RECUR_ISA=sse9 recur train 2>&1 | sed 's/has .*/has .../'; echo "status ${PIPESTATUS[0]}"
recur train: RECUR_ISA is "sse9", but recur has ...
status 2
