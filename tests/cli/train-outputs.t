# Places that cannot be written, found before any work is done; nothing is overwritten.

$ mkdir folder; echo old > file
$ recur train -o folder
! recur train: --output: cannot write folder: it is a directory
[1]
$ recur train -o missing/model.safetensors
! recur train: --output: cannot write missing/model.safetensors: missing: No such file or directory
[1]
$ recur train -o file/model.safetensors
! recur train: --output: cannot write file/model.safetensors: file: Not a directory
[1]
$ recur train --log folder
! recur train: --log: cannot write folder: it is a directory
[1]
$ recur train --log missing/log
! recur train: --log: cannot write missing/log: missing: No such file or directory
[1]
$ recur train --report folder
! recur train: --report: cannot write folder: it is a directory
[1]
$ recur train --report missing/report.json
! recur train: --report: cannot write missing/report.json: missing: No such file or directory
[1]
$ recur train missing.txt -o file --log file2 --report file3
! recur train: cannot read missing.txt: No such file or directory
[1]
$ cat file; ls
old
file
folder

# A file in the place of another stays as it was where training fails.
$ printf abc > short.txt; recur train short.txt -o file --log file
! recur train: --output and --log are one file, file
[2]
$ recur train short.txt -o file
! recur train: the text has 3 tokens, but one minibatch of 4 sequences x 35 steps needs 141; it takes a longer text, a smaller batch or fewer steps
[1]
$ cat file; ls
old
file
folder
short.txt

# Devices are written to, not replaced.
$ recur train -o /dev/null --quiet --hidden 2 --epochs 1 --predict a | wc -l; test -c /dev/null
2
$ recur train -o /dev/full --quiet --hidden 2 --epochs 1 --predict a
! recur train: cannot write /dev/full: No space left on device
[1]
# A log that is no more costs the run nothing but its status.
$ recur train -o log-lost --quiet --hidden 2 --epochs 2 --log /dev/full --predict a | wc -l; echo ${PIPESTATUS[0]}; recur info log-lost | head -1
2
1
log-lost: lstm 2, one-hot input, 593 parameters
! recur train: warning: --log: cannot write /dev/full: No space left on device; training goes on without it
! recur train: --log: /dev/full lacks epochs: it could not be written; the model is in log-lost
$ rm log-lost
$ recur train -o /dev/stdout --quiet --hidden 2 --epochs 1 --predict a | grep -ac '"recur.config"'
1
$ recur train -o m --quiet --hidden 2 --epochs 1 --report /dev/stdout | grep -c peak_rss_bytes
1
$ recur train -o m --quiet --hidden 2 --epochs 1 --predict a > /dev/full
! recur: cannot write standard output: No space left on device
[1]

# Standard input can be a file that would be overwritten; closed streams must not land in the files.
$ printf 'some text' > in.txt; recur train -o in.txt - < in.txt; cat in.txt
some text
! recur train: --output would overwrite the text standard input
$ recur train --quiet --hidden 2 --epochs 1 --report report -o out >&-
! recur: cannot write standard output: Bad file descriptor
[1]
$ recur train --quiet --hidden 2 --epochs 1 --report report -o out > /dev/full
! recur: cannot write standard output: No space left on device
[1]
$ recur train --quiet --hidden 4 --epochs 1 --log closed -o out >&-; wc -l < closed
1
! recur: cannot write standard output: Bad file descriptor
$ recur train --hidden 4 --epochs 1 --log closed -o out 2>&- > out.txt; wc -l < closed
1
$ recur train -o "$(printf 'x%.0s' $(seq 256))" 2>&1 | grep -o 'File name too long'
File name too long
