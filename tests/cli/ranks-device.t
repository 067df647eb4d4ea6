# each: openmpi mpich
# needs: command -v mpirun.$EACH && test -e "$(dirname "$(readlink -f "$(command -v recur)")")/librecur-$EACH.so" && recur --version | grep -q cuda
# One rank of two loses its GPU, the stand-in (tests/gpu), while the other waits for its share of an
# evaluation.
$ for i in $(seq 300); do echo "The Time Traveller said so"; done > lines; for i in $(seq 30); do echo "w$i A"; echo "w3 B"; echo; done > tagged
$ recur train lines --quiet --threads 1 --hidden 4 --epochs 1 -o text > log; recur train tagged --task tag --quiet --threads 1 --hidden 4 --embed 4 --epochs 1 -o tags > log
$ cat > run.sh <<< 'export RECUR_CUDA=$STANDIN ASAN_OPTIONS=detect_leaks=0; test $EACH = mpich || set -- --allow-run-as-root --oversubscribe --bind-to none --mca btl self,vader "$@"; exec mpirun.$EACH "$@"'
$ for of in "text lines" "tags tagged"; do sh run.sh -n 1 recur eval --device cuda -m $of : -n 1 env STANDIN_FAIL_LAUNCH=3 recur eval --device cuda -m $of 2>&1 | grep '^recur' | sed 's| while.*||'; done
recur eval: rank 1: the GPU failed
recur eval: rank 1: the GPU failed
