# Texts that cannot be trained on, and what is said about odd ones.

$ recur train missing.txt
! recur train: cannot read missing.txt: No such file or directory
[1]
$ recur train .
! recur train: cannot read .: it is a directory
[1]
$ : > empty.txt; recur train empty.txt
! recur train: empty.txt has no tokens (0 bytes were read); at least 1 is needed
[1]
$ recur train --clean letters - < /dev/null
! recur train: standard input has no tokens (0 bytes were read); at least 1 is needed
[1]
$ printf '123 456\n' > digits.txt; recur train --clean letters digits.txt
! recur train: digits.txt has no tokens (8 bytes were read); at least 1 is needed
[1]
$ printf 'a short text' > short.txt; recur train short.txt
! recur train: the text has 12 tokens, 11 of them to train on, but one minibatch of 32 sequences x 35 steps needs 1121; choose a smaller batch or fewer steps
[1]
$ recur train --batch 2 --steps 5 --validation 0.5 short.txt
! recur train: the text has 12 tokens, 6 of them to train on, but one minibatch of 2 sequences x 5 steps needs 11; choose a smaller batch or fewer steps
[1]
$ recur train --batch 1000000 --steps 1000000 short.txt
! recur train: the text has 12 tokens, 11 of them to train on, but one minibatch of 1000000 sequences x 1000000 steps needs 1000000000001; choose a smaller batch or fewer steps
[1]
$ recur train --max-tokens 100
! recur train: the text has 100 tokens, 90 of them to train on, but one minibatch of 32 sequences x 35 steps needs 1121; choose a smaller batch or fewer steps
[1]
$ ls
digits.txt
empty.txt
short.txt

# Bytes that are not UTF-8.
$ printf 'ab\xff\xfecd\xe4%.0s' 1 2 3 4 5 > odd.txt; recur train odd.txt --quiet --hidden 2 --batch 2 --steps 3 --epochs 1 --validation 0 --predict a | wc -l
2
! recur train: warning: odd.txt: 15 byte sequences are not UTF-8 and were read as U+FFFD
$ recur train --tokens byte odd.txt --quiet --hidden 2 --batch 2 --steps 3 --epochs 1 --validation 0 --predict a | wc -l
2
$ printf 'abc\xffabcabcabcabc' | recur train - --quiet --hidden 2 --batch 2 --steps 3 --epochs 1 --validation 0 --predict a | wc -l
2
! recur train: warning: standard input: 1 byte sequence is not UTF-8 and was read as U+FFFD

# An output that is also the text.
$ cp odd.txt book.txt; recur train book.txt -o book.txt
! recur train: --output would overwrite the text book.txt
[2]
$ ln -s book.txt link.txt; recur train book.txt --report link.txt
! recur train: --report would overwrite the text book.txt
[2]
$ cmp odd.txt book.txt
