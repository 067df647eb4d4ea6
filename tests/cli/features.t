# What a layer makes of each token.

$ recur train --quiet --task fill --bidirectional --hidden 5,3 --epochs 1 -o m > out; printf 'the ferry on the river' > text
$ recur features -m m text -o a.npy; head -c 75 a.npy | tail -c +11; wc -c < a.npy
{'descr': '<f4', 'fortran_order': False, 'shape': (22, 6), }     656
! 22 tokens x 6 numbers of layer 2 in a.npy
$ recur features -m m --layer 1 - -o b.safetensors < text; grep -ao '"shape":[^]]*]' b.safetensors
"shape":[22,10]
! 22 tokens x 10 numbers of layer 1 in b.safetensors
$ for t in 1 2 3; do recur features -m m text --threads $t -o $t.npy 2> err; cmp $t.npy a.npy; done
$ recur features -m - text -o c.npy < m; cmp a.npy c.npy
! 22 tokens x 6 numbers of layer 2 in c.npy
$ recur features -m m text
! recur features: --output is missing: a file that ends in .npy or .safetensors
[2]
$ recur features -m m -o a.npy
! recur features: TEXT is missing; usage: recur features [OPTIONS] TEXT
[2]
$ recur features -m m text -o a.txt
! recur features: features go to a file that ends in .npy or .safetensors, got "a.txt"
[2]
$ recur features -m m text --layer 3 -o d.npy; ls d.npy
! recur features: there is no layer 3, the model has 2
! ls: cannot access 'd.npy': No such file or directory
[2]
$ recur features -m m a.npy -o a.npy
! recur features: --output would overwrite a.npy
[2]
$ recur features -m m text -o no/where.npy
! recur features: --output: cannot write no/where.npy: no: No such file or directory
[1]
$ recur features -m m missing -o a.npy
! recur features: cannot read missing: No such file or directory
[1]
$ recur features -m missing text -o a.npy
! recur features: cannot read missing: No such file or directory
[1]
$ recur features -m - - -o a.npy < m
! recur features: the model and the text cannot both be standard input
[2]
$ recur features -m m text --layer 0 -o a.npy
! recur features: --layer must be a whole number from 1 to 64, got "0"
[2]
