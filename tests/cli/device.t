# What computes: the GPU is the stand-in (tests/gpu), which fails on request.
# needs: recur --version | grep -q cuda
$ printf 'abcabcabcabcabcabcabcabcabcabcabcabc' > text; recur train --quiet --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 -o cpu text > out; echo 'export RECUR_CUDA=$STANDIN' > gpu

# What does not ask for a GPU never opens the library; a training opens it once.
$ . ./gpu; export STANDIN_COUNTS=opened; recur eval -m cpu text > out; recur features -m cpu text -o states.npy 2> err; recur generate -m cpu -n 3 -s 1 > out; recur info cpu > out; recur vocab text > out; recur convert cpu other.safetensors 2> err > out; recur train --help > out; recur train --device cpu --quiet --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 -o again text > out; ls opened
! ls: cannot access 'opened': No such file or directory
[2]
$ cmp cpu again
$ . ./gpu; STANDIN_COUNTS=opened recur info --machine | tail -1; grep -c . opened
device       cuda: Stand-in for a GPU, capability 9.0, 132 multiprocessors, 64.0 GiB
14
$ . ./gpu; recur info --machine --json | grep -o '"device": .*'
"device": "cuda", "device_name": "Stand-in for a GPU", "capability": "9.0", "multiprocessors": 132, "device_memory_bytes": 68719476736}

# Without a GPU auto says nothing and computes the same as before; cuda says what is missing.
$ recur train --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 -o none text 2>&1 > out | grep -c ^device; cmp cpu none
0
$ RECUR_CUDA=missing.so recur train --device cuda
! recur train: no GPU can be used, because NVIDIA's driver is not here: missing.so: cannot open shared object file: No such file or directory
[1]
$ . ./gpu; STANDIN_DEVICES=0 recur train --device cuda 2>&1 | sed 's|/.*/lib|lib|'
recur train: there is no GPU: libcuda.so.1 finds none
$ . ./gpu; STANDIN_DEVICES=0 recur train --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 -o none text 2>&1 > out | grep -c ^device; cmp cpu none
0
$ . ./gpu; STANDIN_DEVICES=0 recur info --machine | tail -1
device       cpu: no GPU was found
$ RECUR_CUDA=libz.so.1 recur train --device cuda
! recur train: libz.so.1 lacks the function cuInit
[1]

# A GPU that cannot be used: auto says why and computes on the CPU, cuda refuses with the same words.
$ . ./gpu; for e in STANDIN_CAPABILITY=7.5 STANDIN_DRIVER=11040 STANDIN_LOSE_DEVICE=1 STANDIN_LOSE_DEVICE=6; do export $e; recur train --device cuda; echo $?; recur train --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 -o fallen text 2>&1 > out | grep ^device; cmp cpu fallen; recur info --machine | tail -1; unset ${e%=*}; done
1
device cpu: the GPU Stand-in for a GPU has compute capability 7.5, and recur needs 8.0 or more
device       cpu: the GPU Stand-in for a GPU has compute capability 7.5, and recur needs 8.0 or more
1
device cpu: NVIDIA's driver is too old: it serves CUDA 11.4, and recur needs 11.8
device       cpu: NVIDIA's driver is too old: it serves CUDA 11.4, and recur needs 11.8
1
device cpu: the GPU failed while its driver was made ready: CUDA_ERROR_UNKNOWN, unknown error
device       cpu: the GPU failed while its driver was made ready: CUDA_ERROR_UNKNOWN, unknown error
1
device cpu: the GPU failed while it was looked at: CUDA_ERROR_UNKNOWN, unknown error
device       cpu: the GPU failed while it was looked at: CUDA_ERROR_UNKNOWN, unknown error
! recur train: the GPU Stand-in for a GPU has compute capability 7.5, and recur needs 8.0 or more
! recur train: NVIDIA's driver is too old: it serves CUDA 11.4, and recur needs 11.8
! recur train: the GPU failed while its driver was made ready: CUDA_ERROR_UNKNOWN, unknown error
! recur train: the GPU failed while it was looked at: CUDA_ERROR_UNKNOWN, unknown error
$ . ./gpu; for e in STANDIN_REFUSE_PTX=1 STANDIN_MEMORY=20000 STANDIN_FAIL_ALLOCATION=6; do export $e; recur train --device cuda --hidden 3 --batch 2 --steps 3 text; echo $?; recur train --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 -o fallen text 2>&1 > out | grep ^device; cmp cpu fallen; unset ${e%=*}; done 2>&1 | sed -E 's/[0-9]+ (bytes|of|are)/N \1/g'
recur train: the GPU failed while its driver compiled the kernels: CUDA_ERROR_INVALID_PTX, a PTX JIT compilation failed (ptxas application ptx input, line 1; fatal: refused on request)
1
device cpu: the GPU failed while its driver compiled the kernels: CUDA_ERROR_INVALID_PTX, a PTX JIT compilation failed (ptxas application ptx input, line 1; fatal: refused on request)
recur train: the GPU has too little memory: N bytes for parameters, and N of N are free
1
device cpu: the GPU has too little memory: N bytes for parameters, and N of N are free
recur train: the GPU has too little memory: N bytes for the gradient's norm, and N of N are free
1
device cpu: the GPU has too little memory: N bytes for the gradient's norm, and N of N are free

# What a GPU does not compute goes on the CPU, or is refused where the GPU was asked for.
$ . ./gpu; recur train --cell ln-lstm --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 --report report -o normalised text > out 2>&1; grep -o '"device": "[a-z]*"' report; recur train --device cuda --cell ln-gru --hidden 3 --batch 2 --steps 3 --validation 0 text
"device": "cpu"
! recur train: layer normalisation does not run on a GPU yet
[1]

# Who trains where is said in the log, the result and the report; a checkpoint goes on elsewhere and says so.
$ . ./gpu; recur train --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 --checkpoint-every 1 --report report -o there text 2>&1 > out | grep ^run | sed 's/, [0-9]* thread.*//'; sed 's/, .*sec/, N tokens\/sec/; q' out; grep -o '"device.*compute' report
run    1 epoch, adam, Stand-in for a GPU (cuda 9.0)
perplexity 3.878, N tokens/sec on cuda:0 (training text, epoch 1)
"device": "cuda", "device_name": "Stand-in for a GPU", "compute
$ cp there.checkpoint.safetensors here.checkpoint.safetensors; recur train --resume here.checkpoint.safetensors -o here --report report --epochs 2 --quiet > out
! recur train: warning: the run began on cuda 9.0 and goes on with cpu: the model's last bits will be others
$ . ./gpu; recur train --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 --quiet -o whole text > out; recur train --resume there.checkpoint.safetensors --report report --epochs 2 --quiet > out; cmp there whole
$ . ./gpu; recur train --device cpu --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 --checkpoint-every 1 --quiet -o back text > out; recur train --resume back.checkpoint.safetensors --device cuda --epochs 2 --quiet > out
! recur train: warning: the run began on cpu and goes on with cuda 9.0: the model's last bits will be others

# A GPU that fails later, in a launch or as a whole, ends the run in one sentence; nothing is saved but the last checkpoint, which goes on.
$ . ./gpu; recur train --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 --checkpoint-every 1 --quiet -o whole text > out; for e in STANDIN_FAIL_LAUNCH=30 STANDIN_LOSE_DEVICE=250 STANDIN_LOSE_DEVICE=300 STANDIN_LOSE_DEVICE=350 STANDIN_LOSE_DEVICE=400; do export $e; rm -f lost*; recur train --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 --checkpoint-every 1 --quiet -o lost text 2> err > out; echo $? $(wc -l < err) $(grep -c 'the run up to its last checkpoint is in lost.checkpoint.safetensors' err) $(ls lost 2>/dev/null); unset ${e%=*}; recur train --resume lost.checkpoint.safetensors --quiet > out; cmp lost whole; done
1 1 1
1 1 1
1 1 1
1 1 1
1 1 1
$ . ./gpu; STANDIN_FAIL_LAUNCH=30 recur train --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 --quiet -o lost2 text 2>&1 | sed 's/while .*: CUDA/while it worked: CUDA/'; ls lost2
recur train: the GPU failed while it worked: CUDA_ERROR_LAUNCH_FAILED, unspecified launch failure; no model was saved
! ls: cannot access 'lost2': No such file or directory
[2]

# eval and features compute there when they are asked to.
$ . ./gpu; export STANDIN_COUNTS=counts; recur eval -m cpu --device cuda text | head -1; awk '/^launches/ { print ($2 > 0) }' counts; recur features -m cpu --device auto text -o states.npy; awk '/^launches/ { print ($2 > 0) }' counts
tokens              35
1
1
! 36 tokens x 3 numbers of layer 1 in states.npy

# So do fill and predict; a GPU that fails while they work ends them.
$ for i in 1 2 3 4 5 6 7 8 9; do printf 'a\tone two three\nb\tfour five six\n'; done > c.tsv; printf 'one B\ntwo O\n\nfour B\nsix O\n\n%.0s' 1 2 3 4 5 6 7 8 9 > w.txt; small="--quiet --device cpu --hidden 5 --epochs 20 --lr 0.05 --validation 0"; recur train text $small --task fill --bidirectional --batch 2 --steps 5 -o f > out; recur train c.tsv $small --task classify --batch 4 -o c > out; recur train w.txt $small --task tag --batch 4 -o w > out
$ . ./gpu; for run in "fill -m f abc_bcab_ab" "predict -m c --top 1 c.tsv" "predict -m w w.txt"; do recur $run | sed 's/0[.][0-9]*$/P/' > on-cpu; STANDIN_COUNTS=counts recur $run --device cuda | sed 's/0[.][0-9]*$/P/' > on-gpu; awk '/^launches/ { print ($2 > 0) }' counts; cmp on-cpu on-gpu; STANDIN_FAIL_LAUNCH=3 recur $run --device cuda > out; echo $?; done
1
1
1
1
1
1
! recur fill: the GPU failed while it was given sum_biases to run: CUDA_ERROR_LAUNCH_FAILED, unspecified launch failure
! recur predict: the GPU failed while it was given move_rows to run: CUDA_ERROR_LAUNCH_FAILED, unspecified launch failure
! recur predict: the GPU failed while its memory was cleared: CUDA_ERROR_LAUNCH_FAILED, unspecified launch failure

# A layer that is wider than the one below it reads what that one has written, though both share memory.
$ recur train --quiet --device cpu --hidden 5,40 --batch 2 --steps 3 --epochs 2 --validation 0 -o wide text > out; . ./gpu; for d in cpu cuda; do recur eval --device $d -m wide text | grep perplexity; done | uniq | wc -l
1

# What recur chooses by itself is what the GPU can train, unless an option keeps the run on the CPU. (No memory: the CPU takes over.)
$ . ./gpu; export STANDIN_FAIL_ALLOCATION=1; for o in "" "--dropout-kind standard --dropout 0.5" "--ar 1" "--dropout-kind locked --dropout 0.5" "--accumulate 2" "--device cpu"; do recur train --max-tokens 900 $o -o chosen 2>&1 | grep "^chose" | grep -c -- "--weight-drop"; done
0
0
1
1
0
1
