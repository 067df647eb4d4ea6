# "-" as an output is standard output where one result goes there, and nowhere a file's name.

$ printf 'a b c d e f g h\n%.0s' $(seq 40) > text; recur train text --quiet --hidden 4 --batch 4 --steps 5 --epochs 1 --threads 1 -o m.safetensors > out; recur features -m m.safetensors text -o whole.npy; recur features -m m.safetensors text -o - | cmp - whole.npy
! 640 tokens x 4 numbers of layer 1 in whole.npy
! 640 tokens x 4 numbers of layer 1 in standard output
$ for to in recur pytorch; do recur convert --to $to m.safetensors whole.safetensors > out; recur convert --to $to m.safetensors - 2>said | cmp - whole.safetensors; sed 's/: .*//' said; done; recur convert m.safetensors - 2>said | recur info - | head -1; ls
standard output (recur)
standard output (pytorch)
standard input: lstm 4, one-hot input, 327 parameters
m.safetensors
out
said
text
whole.npy
whole.safetensors
# It goes on where standard output stands.
$ (echo head; recur convert m.safetensors - 2>said) > joined; tail -c +6 joined | cmp - m.safetensors; echo head > joined; recur features -m m.safetensors text -o - >> joined 2>said; tail -c +6 joined | cmp - whole.npy
# A terminal takes no such file, and a closed standard output nothing.
$ $CASES/terminal recur features -m m.safetensors text -o -
! recur features: --output: standard output is a terminal, which cannot show such a file; send it to a file or a pipe
[2]
$ $CASES/terminal recur convert m.safetensors -
! recur convert: OUT: standard output is a terminal, which cannot show such a file; send it to a file or a pipe
[2]
$ recur convert m.safetensors - >&-
! recur convert: cannot write standard output: Bad file descriptor
[1]
$ recur features -m m.safetensors text -o - > /dev/full
! recur features: cannot write standard output: No space left on device
[1]
# What is read is no output.
$ recur convert m.safetensors - >> m.safetensors
! recur convert: OUT would overwrite m.safetensors
[2]
$ recur features -m m.safetensors text -o - >> text
! recur features: --output would overwrite text
[2]
# Training has results of its own for standard output.
$ for o in output log report plot; do recur train text --$o -; done
! recur train: --output: other results go to standard output; give the name of a file
! recur train: --log: other results go to standard output; give the name of a file
! recur train: --report: other results go to standard output; give the name of a file
! recur train: --plot: other results go to standard output; give the name of a file
[2]
$ recur train text --checkpoint-every 9 -o -
! recur train: --output: other results go to standard output; give the name of a file
[2]
$ recur train text --log - --report - --quiet
! recur train: --log: other results go to standard output; give the name of a file
[2]
$ ls
joined
m.safetensors
out
said
text
whole.npy
whole.safetensors
# A file of that name has a folder.
$ recur convert m.safetensors ./- | sed 's/:.*//'; cmp ./- m.safetensors
./- (recur)
