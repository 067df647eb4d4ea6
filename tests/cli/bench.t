# Speed has no expected value, only a form.

$ recur bench --preset d2l-rnn --seconds 0.02 --threads 1 | sed -E 's/[0-9]+\.?[0-9]*/N/g; s/^[a-zN]+, N/ISA, N/; s/ +/ /g'
ISA, N thread, measured peak N GFLOP/s
preset training of peak
dNl-rnn N tokens/s N GFLOP/s N %
 load N %, input N %, forward N %, head N %, backward N %, gradient N %, update N %
 one stream, tokens/s on one thread: fN N (N %), bfN N (N %), intN N (N %)
 one stream, tokens/s on all threads: fN N (N %), bfN N (N %), intN N (N %)
 sessions together, tokens/s: N N, N N, N N, N N
$ recur bench --preset d2l-rnn --seconds 0.02 --threads 1 --json | sed -E 's/: [0-9.e+]+/: N/g; s/"isa": "[a-z0-9]*"/"isa": "ISA"/'
{"isa": "ISA", "threads": N, "peak_gflops": N, "results": [{"preset": "d2l-rnn", "parameters": N, "train_tokens_per_second": N, "train_gflops": N, "train_share_of_peak": N, "train_phases": {"load": N, "input": N, "forward": N, "head": N, "backward": N, "gradient": N, "update": N}, "generate_tokens_per_second": {"f32": N, "bf16": N, "int8": N}, "generate_share_of_reading": {"f32": N, "bf16": N, "int8": N}, "generate_threads_tokens_per_second": {"f32": N, "bf16": N, "int8": N}, "generate_threads_share_of_reading": {"f32": N, "bf16": N, "int8": N}, "sessions": [{"streams": N, "tokens_per_second": N}, {"streams": N, "tokens_per_second": N}, {"streams": N, "tokens_per_second": N}, {"streams": N, "tokens_per_second": N}]}], "stacks": []}
$ recur bench --preset lstm-64 --seconds 0.02 --threads 1 | sed -E 's/[0-9]+\.?[0-9]*/N/g; s/^[a-zN]+, N/ISA, N/; s/ +/ /g'
ISA, N thread, measured peak N GFLOP/s
preset training of peak
lstm-N N tokens/s N GFLOP/s N %
 load N %, input N %, forward N %, head N %, backward N %, gradient N %, update N %
 one stream, tokens/s on one thread: fN N (N %), bfN N (N %), intN N (N %)
 one stream, tokens/s on all threads: fN N (N %), bfN N (N %), intN N (N %)
$ recur bench --preset lengths --seconds 0.02 --threads 1 | sed -E '1,2d; s/[0-9]+\.?[0-9]*/N/g; s/ +/ /g'
preset training of peak
lengths N tokens/s
 N % of N tokens/s at equal lengths
$ recur bench --preset lengths --seconds 0.02 --threads 2 --json | sed -E 's/: [0-9.e+]+/: N/g; s/"isa": "[a-z0-9]*"/"isa": "ISA"/'
{"isa": "ISA", "threads": N, "peak_gflops": N, "results": [], "stacks": [], "lengths": {"train_tokens_per_second": N, "equal_tokens_per_second": N, "share_of_equal": N}}
$ recur bench --preset footprint --seconds 0.02 --threads 1 | sed -E '1,2d; s/[0-9]+\.[0-9]/N/g'
preset                      training                  of peak
footprint
    N MB at most to train d2l-rnn-scratch
    N ms from the start of recur generate to the first token
$ mkdir scratch; TMPDIR=scratch recur bench --preset footprint --seconds 0.02 --json | sed -E 's/("threads"|"peak_gflops"|"first_token_seconds"): [0-9.]+/\1: N/g; s/[0-9]+, "first/BYTES, "first/; s/"isa": "[a-z0-9]*"/"isa": "ISA"/'; rmdir scratch
{"isa": "ISA", "threads": N, "peak_gflops": N, "results": [], "stacks": [], "footprint": {"train_peak_bytes": BYTES, "first_token_seconds": N}}
$ recur bench --preset footprint --training --seconds 0.02 --json | sed 's/.*: //; s/}}//' | awk '{ print ($1 > 2e6 && $1 < 2e9 ? "bytes" : $1) }'
bytes
$ recur bench --preset footprint --generation --seconds 0.02 --json | sed 's/.*: //; s/}}//' | awk '{ print ($1 > 1e-4 && $1 < 60 ? "seconds" : $1) }'
seconds
$ TMPDIR=gone recur bench --preset footprint
! recur bench: cannot make a folder in gone: No such file or directory; set TMPDIR to another one
[1]
$ recur bench --preset lstm-64 --training --seconds 0.02 | grep -c ' times as fast as one thread$' | sed "s/$(($(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc) > 1))/expected/"
expected
$ recur bench --preset lstm-64 --training --seconds 0.02 --json | grep -c '"train_one_thread_tokens_per_second": ' | sed "s/$(($(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc) > 1))/expected/"
expected
$ recur bench --preset stack-gru-256 --seconds 0.02 --threads 1 | sed -E '1,2d; s/[0-9]+\.?[0-9]*/N/g; s/ +/ /g'
preset training of peak
stack-gru-N N tokens/s N GFLOP/s N %
$ recur bench --preset stack-lstm-2x256 --seconds 0.02 --json | sed -E 's/: [0-9.e+]+/: N/g; s/"isa": "[a-z0-9]*"/"isa": "ISA"/'
{"isa": "ISA", "threads": N, "peak_gflops": N, "results": [], "stacks": [{"preset": "stack-lstm-2x256", "train_tokens_per_second": N, "train_gflops": N, "train_share_of_peak": N}]}
$ recur bench --preset lstm-64 --generation --seconds 0.01 --threads 2 | sed -E '1,2d; s/[0-9]+\.?[0-9]*/N/g; s/ +/ /g'
preset training of peak
lstm-N
 one stream, tokens/s on one thread: fN N (N %), bfN N (N %), intN N (N %)
 one stream, tokens/s on all threads: fN N (N %), bfN N (N %), intN N (N %)
$ recur bench --preset lengths --generation
! recur bench: lengths only trains: --generation has nothing to measure
[2]
$ recur bench --preset d2l-rnn --training --seconds 0.02 --threads 1 | sed -E '1,2d; s/[0-9]+\.?[0-9]*/N/g; s/ +/ /g'
preset training of peak
dNl-rnn N tokens/s N GFLOP/s N %
 load N %, input N %, forward N %, head N %, backward N %, gradient N %, update N %
$ recur bench --preset lstm-64 --training --seconds 0.02 --threads 2 --json | sed -E 's/: [0-9.e+]+/: N/g; s/"isa": "[a-z0-9]*"/"isa": "ISA"/'
{"isa": "ISA", "threads": N, "peak_gflops": N, "results": [{"preset": "lstm-64", "parameters": N, "train_tokens_per_second": N, "train_gflops": N, "train_share_of_peak": N, "train_phases": {"load": N, "input": N, "forward": N, "head": N, "backward": N, "gradient": N, "update": N}}], "stacks": []}
$ recur bench --training --generation
! recur bench: either --training or --generation, not both
[2]
$ recur bench --generation=1
! recur bench: --generation takes no value, got "1"
[2]
$ recur bench --preset mine
! recur bench: --preset must be one of d2l-rnn-scratch, d2l-rnn, d2l-gru, d2l-lstm, d2l-deep-lstm, rnn-512, gru-512, lstm-512, lstm-2x512, lstm-512-bf16, lstm-2x512-bf16, words-2x200, words-2x650, lstm-64, stack-rnn-256, stack-rnn-512, stack-gru-256, stack-lstm-256, stack-lstm-2x256, stack-lstm-2x512, lengths, footprint, got "mine"
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
