# Texts that cannot be trained on, and what is said about odd ones.

$ recur train missing.txt
! recur train: cannot read missing.txt: No such file or directory
[1]
$ recur train .
! recur train: cannot read .: it is a directory
[1]
$ : > empty.txt; recur train empty.txt
! recur train: empty.txt has no tokens (0 bytes were read)
[1]
$ recur train --clean letters - < /dev/null
! recur train: standard input has no tokens (0 bytes were read)
[1]
$ printf '123 456\n' > digits.txt; recur train --clean letters digits.txt
! recur train: digits.txt has no tokens (8 bytes were read); cleaning by letters keeps nothing but A-Z and a-z, and there are none
[1]
$ printf 'a short text' > short.txt; recur train short.txt
! recur train: the text has 12 tokens, 11 of them to train on, but one minibatch of 4 sequences x 35 steps needs 141; it takes a longer text, a smaller batch or fewer steps
[1]
$ recur train --batch 2 --steps 5 --validation 0.5 short.txt
! recur train: the text has 12 tokens, 6 of them to train on, but one minibatch of 2 sequences x 5 steps needs 11; it takes a longer text, a smaller batch or fewer steps
[1]
$ recur train --batch 1000000 --steps 1000000 short.txt
! recur train: the text has 12 tokens, 11 of them to train on, but one minibatch of 1000000 sequences x 1000000 steps needs 1000000000001; it takes a longer text, a smaller batch or fewer steps
[1]
$ recur train --max-tokens 100
! recur train: the text has 100 tokens, 90 of them to train on, but one minibatch of 4 sequences x 35 steps needs 141; it takes a longer text, a smaller batch or fewer steps
[1]
$ ls
digits.txt
empty.txt
short.txt

# Bytes that are not UTF-8.
$ printf 'ab\xff\xfecd\xe4%.0s' 1 2 3 4 5 > odd.txt; recur train odd.txt --quiet --hidden 2 --batch 2 --steps 3 --epochs 1 --validation 0 --predict a | wc -l
2
! recur train: warning: odd.txt: 15 byte sequences are not UTF-8 and were read as U+FFFD; if it is in another encoding, name that with --encoding
$ recur train --tokens byte odd.txt --quiet --hidden 2 --batch 2 --steps 3 --epochs 1 --validation 0 --predict a | wc -l
2
$ printf 'abc\xffabcabcabcabc' | recur train - --quiet --hidden 2 --batch 2 --steps 3 --epochs 1 --validation 0 --predict a | wc -l
2
! recur train: warning: standard input: 1 byte sequence is not UTF-8 and was read as U+FFFD; if it is in another encoding, name that with --encoding

# An output that is also the text.
$ cp odd.txt book.txt; recur train book.txt -o book.txt
! recur train: --output would overwrite the text book.txt
[2]
$ ln -s book.txt link.txt; recur train book.txt --report link.txt
! recur train: --report would overwrite the text book.txt
[2]
$ cmp odd.txt book.txt

# A dictionary of nothing.
$ recur train odd.txt --min-freq 100
! recur train: no token is met 100 times: the most frequent, "�", is met 15 times; choose a smaller number
[1]
$ printf 'baac' > few.txt; recur vocab few.txt --min-freq 3 --reserved x
! recur vocab: no token is met 3 times: the most frequent, "a", is met 2 times; choose a smaller number
[1]
$ printf 'ba' > few.txt; recur train few.txt --min-freq 2
! recur train: no token is met 2 times: the most frequent, "b", is met 1 time; choose a smaller number
[1]
$ recur train few.txt --min-freq 2 --tokens word
! recur train: no token is met 2 times: the most frequent, "ba", is met 1 time; choose a smaller number
[1]

# One of a thing is not many.
$ printf a > one.txt; recur train one.txt
! recur train: the text has 1 token, but one minibatch of 4 sequences x 35 steps needs 141
[1]
$ recur train one.txt --batch 1 --steps 1
! recur train: the text has 1 token, but one minibatch of 1 sequence x 1 step needs 2
[1]
$ recur train one.txt --batch 1 --steps 1 --validation 0
! recur train: the text has 1 token, but one minibatch of 1 sequence x 1 step needs 2
[1]
$ printf abc > three.txt; recur train three.txt --batch 1 --steps 1 --validation 0.9
! recur train: the text has 3 tokens, 1 of them to train on, but one minibatch of 1 sequence x 1 step needs 2; hold less of it out
[1]

# Lines that end in CR LF are lines; a byte is a byte.
$ printf 'ab\r\nba\r\n\rb' > crlf.txt; recur vocab crlf.txt
1. Lines: 3
     ab
     ba
2. Cleaned (none)
     ab
     ba
3. Tokens (char): 8
     ["a", "b", "\n"]
     ["b", "a", "\n"]
4. Counts, the largest first: 4 different tokens
     {"b": 3, "a": 2, "\n": 2, "\r": 1}
5. Dictionary: 5 entries
     {"<unk>": 0, "b": 1, "a": 2, "\n": 3, "\r": 4}
6. Ids
     2 1 3
     1 2 3
7. One-hot rows of the first line
     2: [0,0,1,0,0]
     1: [0,1,0,0,0]
     3: [0,0,0,1,0]
$ recur vocab --tokens byte crlf.txt | sed -n 7,9p
3. Tokens (byte): 10
     ["a", "b", "\r", "\n"]
     ["b", "a", "\r", "\n"]
$ recur vocab --tokens word --ids crlf.txt
2 1
3 1
4 5
$ for i in {1..20}; do printf 'tick\ntock\n'; done > lf.txt; sed 's/$/\r/' lf.txt > crlf.txt; for t in lf crlf; do mkdir -p $t.d; cp $t.txt $t.d/text; recur train $t.d/text --quiet --hidden 4 --batch 2 --steps 8 --epochs 2 -o $t > out; recur eval -m $t $t.txt; recur eval -m lf $t.txt; done | sort | uniq -c; cmp lf crlf
      4 bits per character  2.7513
      4 loss                1.9071 nats per token
      4 perplexity          6.7333
      4 tokens              199
$ printf 'tick\r\n' | recur generate -m lf -p - -n 0 | od -c | head -2
0000000   t   i   c   k  \n
0000005

# Prefixes that the vocabulary lacks, or that are not UTF-8.
$ recur train lf.txt --quiet --hidden 4 --batch 2 --steps 8 --epochs 1 -o m --report report --predict $'t\xffck' --predict 'über' | tail -n +2 | cut -c 1-4; grep -o '"predictions": \[".\{4\}' report
t�
übe
"predictions": ["t�ck
! recur train: warning: --predict: 1 byte sequence is not UTF-8 and was read as U+FFFD
! recur train: warning: the model's vocabulary lacks 5 of 8 tokens of --predict, read as <unk>
$ recur train lf.txt --quiet --hidden 4 --batch 2 --steps 8 --epochs 1 -o m --report report --tokens byte --predict $'t\xffck' | tail -n +2 | head -c 4 | od -An -tx1; grep -o '"predictions": \[".\{4\}' report
 74 ff 63 6b
"predictions": ["t�ck
! recur train: warning: the model's vocabulary lacks 1 of 4 tokens of --predict, read as <unk>

# Where all of a text is one token, as where all labels are one, there is nothing to learn; recur says so once, however many networks it tries.
$ printf 'a%.0s' $(seq 900) > same; recur train same --time 1 -o m 2>&1 | grep -c 'warning: every token of the text is "a": there is nothing to learn$'; printf 'x\tone two\n%.0s' $(seq 20) > same; recur train same --task classify --time 1 -o m 2>&1 | grep -c 'nothing to tell apart$'
1
1
