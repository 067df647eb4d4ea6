# each: openmpi mpich
# needs: command -v mpirun.$EACH && test -e "$(dirname "$(readlink -f "$(command -v recur)")")/librecur-$EACH.so" && recur --version | grep -q cuda
# Several processes that an MPI has started train on GPUs, which are the stand-in (tests/gpu).
$ printf 'abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc' > text; echo 'export RECUR_CUDA=$STANDIN' > gpu
$ cat > run.sh <<< 'export ASAN_OPTIONS=detect_leaks=0; test $EACH = mpich || set -- --allow-run-as-root --oversubscribe --bind-to none --mca btl self,vader "$@"; exec mpirun.$EACH "$@"'
$ echo 'exec recur train --quiet --hidden 12 --batch 4 --steps 3 --epochs 2 "$@" text' > train.sh; sh train.sh --blocks 4 --threads 1 -o cpu > log; tail -c 3600 cpu > cpu.end

# auto takes the GPUs, one for each rank of the machine; the bits are those of one process there.
$ . ./gpu; sh train.sh --blocks 4 -o one > log; tail -c 3600 one > end; cmp -s end cpu.end || for n in 2 3; do STANDIN_DEVICES=2 sh run.sh -n $n sh train.sh --report report$n -o many > log; tail -c 3600 many | cmp end; grep -o '"device": "cuda"' report$n; done
"device": "cuda"
"device": "cuda"
$ . ./gpu; STANDIN_DEVICES=2 sh run.sh -n 2 sh -c 'STANDIN_COUNTS=counts${PMI_RANK-$OMPI_COMM_WORLD_RANK} sh train.sh --device cuda --accumulate 2 -o many' > log; test -s counts0 && test -s counts1 && echo both; recur train --quiet --hidden 12 --batch 4 --steps 3 --epochs 2 --blocks 4 --accumulate 2 -o one text > log; tail -c 3600 one > end; tail -c 3600 many | cmp end
both
$ . ./gpu; for n in 1 2; do sh run.sh -n $n recur eval --threads 1 --device cuda -m one text --json > eval$n; done; recur eval --threads 1 --device cuda -m one text --json | cmp eval1; cmp eval1 eval2

# Where one has none all compute on the CPU, and the log says so; cuda insists.
$ sh run.sh -n 1 env RECUR_CUDA=$STANDIN recur train --hidden 12 --batch 4 --steps 3 --epochs 2 -o mixed text : -n 1 env RECUR_CUDA= recur train --hidden 12 --batch 4 --steps 3 --epochs 2 -o mixed text 2>&1 > log | grep ^device; tail -c 3600 mixed | cmp cpu.end
device cpu: rank 1 computes on the CPU
$ sh run.sh -n 1 env RECUR_CUDA=$STANDIN sh train.sh --device cuda : -n 1 env RECUR_CUDA= sh train.sh --device cuda 2>&1 | grep -o 'recur train: .*'
recur train: no GPU can be used, because RECUR_CUDA is empty
$ sh run.sh -n 1 env RECUR_CUDA=$STANDIN sh train.sh --device cuda : -n 1 env RECUR_CUDA=$STANDIN STANDIN_CAPABILITY=8.0 sh train.sh --device cuda 2>&1 | grep '^recur'
recur train: rank 1 has another device, the CPU or a GPU of some compute capability, than rank 0
