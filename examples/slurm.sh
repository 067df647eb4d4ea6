#!/bin/sh
# Slurm: sbatch examples/slurm.sh BOOK. One rank for each machine, a thread for each of its cores.
# Submitted again after its time limit, it goes on from the checkpoint to the same bits, also on
# another number of machines.
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=01:00:00
#SBATCH --signal=TERM@120
set -eu
book=$1
checkpoint=book.checkpoint.safetensors
if [ -e "$checkpoint" ]; then
    exec srun --mpi=pmix --cpu-bind=none recur train --resume "$checkpoint" "$book"
fi
exec srun --mpi=pmix --cpu-bind=none recur train "$book" -o book.safetensors \
    --batch 128 --blocks 16 --checkpoint-every 500
