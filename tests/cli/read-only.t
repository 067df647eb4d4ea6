# Folders and files that may not be written or read; nobody keeps root from anything.
# needs: test "$(id -u)" -ne 0 && recur --version | grep -q cairo

$ for i in {1..60}; do echo 'time and tide wait for no man'; done > text; recur train text --quiet --batch 2 --steps 8 --epochs 1 --hidden 2 -o lm > out; mkdir ro; cp lm text ro; chmod 444 ro/*; chmod 555 ro
$ recur train text -o ro/lm
! recur train: --output: cannot write ro/lm: Permission denied
[1]
$ recur train text -o ro/new
! recur train: --output: cannot write ro/new: ro: Permission denied
[1]
$ recur train text -o out --log ro/lm
! recur train: --log: cannot write ro/lm: Permission denied
[1]
$ recur train text -o out --report ro/new
! recur train: --report: cannot write ro/new: ro: Permission denied
[1]
$ recur train text -o out --plot ro/new.svg
! recur train: --plot: cannot write ro/new.svg: ro: Permission denied
[1]
$ recur features -m lm text -o ro/new.npy
! recur features: --output: cannot write ro/new.npy: ro: Permission denied
[1]
$ recur convert lm ro/new
! recur convert: cannot write ro/new: ro: Permission denied
[1]
$ recur convert lm ro/lm
! recur convert: cannot write ro/lm: Permission denied
[1]
$ RECUR_DATA=ro/data RECUR_MIRROR=file:///nosuch recur fetch time_machine
! recur fetch: cannot make the folder ro/data: Permission denied; set RECUR_DATA to another
[1]
$ cd ro; recur train text
! recur train: --output: cannot write model.safetensors: .: Permission denied
[1]
$ cmp lm ro/lm; ls ro; chmod 000 ro/lm ro/text
lm
text
$ recur info ro/lm
! recur info: cannot read ro/lm: Permission denied
[1]
$ recur eval -m ro/lm text
! recur eval: cannot read ro/lm: Permission denied
[1]
$ recur train ro/text
! recur train: cannot read ro/text: Permission denied
[1]
$ recur vocab ro/text
! recur vocab: cannot read ro/text: Permission denied
[1]
$ recur convert ro/lm new
! recur convert: cannot read ro/lm: Permission denied
[1]
$ recur convert lm new --vocab ro/text
! recur convert: cannot read ro/text: Permission denied
[1]
$ chmod 000 ro; recur train ro/text -o ro/new
! recur train: --output: cannot write ro/new: Permission denied
[1]
$ chmod -R u+rwX ro
