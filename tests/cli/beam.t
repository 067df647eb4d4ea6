# recur generate --beam, --stop and --typical-p.

$ printf 'the quick brown fox jumps over the lazy dog\n%.0s' $(seq 60) > text; recur train text --quiet --hidden 24 --epochs 12 --batch 4 --steps 9 --lr 0.01 > out
# A beam of one is greedy; it draws nothing, so there is no seed.
$ recur generate -p 'the ' -n 30 --temp 0 > greedy; recur generate -p 'the ' -n 30 --beam 1 | cmp - greedy; recur generate -p 'the ' -n 30 --beam 8 --threads 2 > beam; recur generate -p 'the ' -n 30 --beam 8 --threads 1 | cmp - beam; cat beam
the quick brown fox jumps over the
$ recur generate -p 'the quick' -n 30 --beam 4 --stop ' fo'; recur generate -p 'the quick' -n 30 --temp 0 --stop ' fo'; recur generate -p 'the quick' -n 3 --temp 0 --stop 'brown'
the quick brown
the quick brown
the quick br
$ recur generate -p 'the ' -n 30 --typical-p 0.4 -s 1 > a; recur generate -p 'the ' -n 30 --typical-p 0.4 -s 1 | cmp - a; recur generate -p 'the ' -n 30 --typical-p 1 -s 1 > b; recur generate -p 'the ' -n 30 -s 1 | cmp - b
# What does not go together.
$ recur generate --beam 4 --temp 0.5
! recur generate: --temp is about drawing tokens, and --beam draws none: it takes the most probable continuation that it finds
[2]
$ recur generate --beam 4 -s 5
! recur generate: --seed is about drawing tokens, and --beam draws none: it takes the most probable continuation that it finds
[2]
$ recur generate --length-penalty 1
! recur generate: --length-penalty needs --beam
[2]
$ recur generate --beam 0
! recur generate: --beam must be a whole number from 1 to 1024, got "0"
[2]
$ recur generate --beam 2 --length-penalty -1
! recur generate: --length-penalty must be a number from 0 to 100, got "-1"
[2]
$ recur generate --stop ''
! recur generate: --stop needs a text, got ""
[2]
$ recur generate -i --beam 2
! recur generate: --beam does not go with --interactive
[2]
$ recur generate -i --stop x
! recur generate: --stop does not go with --interactive
[2]
$ recur generate --typical-p 1.5
! recur generate: --typical-p must be a number from 0 to 1, got "1.5"
[2]
