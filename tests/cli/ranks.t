# each: openmpi mpich
# needs: command -v mpirun.$EACH && test -e "$(dirname "$(readlink -f "$(command -v recur)")")/librecur-$EACH.so"
# Several processes that an MPI has started train one model: the bits of one process, whatever
# their number, and one sentence where they cannot go on.

$ recur train --blocks 4 --quiet --threads 1 --hidden 16 --epochs 2 -o one.safetensors | cut -d, -f1 | head -1; tail -c 9000 one.safetensors > end
perplexity 37.10
# Libraries of MPI keep memory at their end.
$ cat > run.sh <<< 'export ASAN_OPTIONS=detect_leaks=0; test $EACH = mpich || set -- --allow-run-as-root --oversubscribe --bind-to none --mca btl self,vader "$@"; exec mpirun.$EACH "$@"'
$ for n in 2 3; do sh run.sh -n $n recur train --quiet --hidden 16 --epochs 2 -o $n.safetensors | cut -d, -f1 | head -1; tail -c 9000 $n.safetensors | cmp end; done
perplexity 37.10
perplexity 37.10
$ sh run.sh -n 2 recur train --quiet --hidden 16 --epochs 1 -o part.safetensors --checkpoint-every 7 > log; sh run.sh -n 3 recur train --quiet --resume part.checkpoint.safetensors --epochs 2 > log; tail -c 9000 part.safetensors | cmp end
# Several parcels of gradients, which travel while back-propagation goes on.
$ recur train --blocks 4 --quiet --threads 1 --hidden 192,96 --updates 4 -o wide.safetensors | cut -d, -f1 | head -1; tail -c 900000 wide.safetensors > end
perplexity 40.96
$ for n in 2 3; do sh run.sh -n $n recur train --quiet --hidden 192,96 --updates 4 -o $n.safetensors > log; tail -c 900000 $n.safetensors | cmp end; done
# Other sums: near, and not the same.
$ for reduce in '--reduce fast' '--reduce-precision bf16'; do sh run.sh -n 2 recur train --quiet --hidden 192,96 --updates 4 $reduce -o 2.safetensors | cut -c1-13 | head -1; tail -c 900000 2.safetensors | cmp -s end || echo other bits; recur info --json 2.safetensors | grep -o '"reduce.*bf16"\|"reduce": "fast"'; done
perplexity 40
"reduce": "fast"
perplexity 40
other bits
"reduce": "exact", "reduce_precision": "bf16"
$ sh run.sh -n 2 recur train --quiet --reduce fast --reduce-precision bf16 2>&1 | grep '^recur'
recur train: --reduce fast sums floats: it does not go with --reduce-precision bf16
$ for i in $(seq 300); do echo "The Time Traveller said so"; done > lines; for n in 1 2 3; do sh run.sh -n $n recur eval -m one.safetensors lines --json > eval$n; done; recur eval -m one.safetensors lines --json > eval; for n in 1 2 3; do cmp eval eval$n; done
$ recur train --blocks 4 --accumulate 3 --quiet --threads 1 --hidden 16 --epochs 2 -o k.safetensors > log; tail -c 9000 k.safetensors > k; cmp -s k end || for n in 2 3; do sh run.sh -n $n recur train --accumulate 3 --quiet --hidden 16 --epochs 2 -o k$n.safetensors > log; tail -c 9000 k$n.safetensors | cmp k; done
# Ranks that learn by themselves; a run that goes on has the same bits.
$ sh run.sh -n 2 recur train --sync-every 3 --quiet --hidden 16 --epochs 2 -o s.safetensors > log; tail -c 9000 s.safetensors > s; cmp -s s end || sh run.sh -n 2 recur train --sync-every 3 --quiet --hidden 16 --epochs 1 -o part.safetensors --checkpoint-every 4 > log; sh run.sh -n 2 recur train --quiet --resume part.checkpoint.safetensors --epochs 2 > log; tail -c 9000 part.safetensors | cmp s
# Labels too, of words and of texts.
$ for i in $(seq 90); do for j in $(seq $((i % 7 + 1))); do echo "w$((i * j % 13)) L$((i * j % 3))"; done; echo; done > tagged; for i in $(seq 90); do echo "L$((i % 3))	w$((i % 3)) w$((i % 11)) w$((i % 5))"; done > labelled
$ for k in "tagged --task tag --crf" "labelled --task classify"; do recur train $k --blocks 4 --quiet --threads 1 --hidden 8 --embed 4 --bidirectional --epochs 2 -o one.safetensors --log one | grep -o '^accuracy.* data' > said; tail -c 2000 one.safetensors > end; for n in 2 3; do sh run.sh -n $n recur train $k --quiet --hidden 8 --embed 4 --bidirectional --epochs 2 -o l.safetensors --log l | grep -o '^accuracy.* data' | cmp said; tail -c 2000 l.safetensors | cmp end; grep -o '"valid_loss": [0-9.]*' l > a; grep -o '"valid_loss": [0-9.]*' one | cmp a; done; for n in 1 2 3; do sh run.sh -n $n recur eval -m one.safetensors ${k%% *} --json > eval$n; done; recur eval -m one.safetensors ${k%% *} --json > eval; for n in 1 2 3; do cmp eval eval$n; done; done
$ sh run.sh -n 2 recur train missing.txt 2>&1 | grep '^recur'
recur train: cannot read missing.txt: No such file or directory
$ sh run.sh -n 1 recur train --quiet --epochs 1 : -n 1 recur train --quiet --epochs 1 --lr 0.1 2>&1 | grep '^recur'
recur train: rank 1 has another --lr than rank 0
$ sh run.sh -n 2 sh -c 'test ${PMI_RANK-$OMPI_COMM_WORLD_RANK} = 0 || (until test -s stopped; do sleep 0.1; done; kill -STOP $$) & exec recur train --quiet --epochs 100000 --rank-seconds 8 --log stopped' 2>&1 | grep '^recur'
recur train: rank 1 has not answered rank 0 for 8 seconds: it hangs, was stopped, or its machine cannot be reached
# MPI itself waits without a limit.
$ sh run.sh -n 2 sh -c 'test ${PMI_RANK-$OMPI_COMM_WORLD_RANK} = 0 || kill -STOP $$; exec recur train --quiet --epochs 1 --rank-seconds 2' 2>&1 | grep '^recur'
recur train: MPI has not started on all ranks for 2 seconds: one hangs, was stopped, or its machine cannot be reached
$ sh run.sh -n 2 sh -c 'test ${PMI_RANK-$OMPI_COMM_WORLD_RANK} = 1 || kill -STOP $$; exec recur train --quiet --epochs 1 --rank-seconds 2' 2>&1 | grep '^recur\|^rank'
rank 1: recur train: MPI has not started on all ranks for 2 seconds: one hangs, was stopped, or its machine cannot be reached
