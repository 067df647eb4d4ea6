# Models of bytes write the bytes that they learnt, whatever those are; what is JSON has U+FFFD for what is no UTF-8.

# Russian in KOI8-R.
$ printf '\xd0\xd2\xc9\xd7\xc5\xd4\x20\xcd\xc9\xd2\x0a%.0s' $(seq 40) > koi8; recur train koi8 --tokens byte --quiet --hidden 16 --batch 4 --steps 11 --epochs 60 --lr 0.03 --predict $'\xd0\xd2' --report report -o m | tail -1 > line; head -c 11 line | od -An -tx1; grep -o '"predictions": \[".\{11\}' report
 d0 d2 c9 d7 c5 d4 20 cd c9 d2 e2
"predictions": ["������ ���\
$ recur generate -m m -p $'\xd0' -n 10 --temp 0 | od -An -tx1; recur generate -m m -p $'\xd0' -n 10 --temp 0 --no-display-prompt | od -An -tx1
 d0 d2 c9 d7 c5 d4 20 cd c9 d2 0a
 d2 c9 d7 c5 d4 20 cd c9 d2 0a
# A generation may end within a character.
$ printf 'ж%.0s' $(seq 400) | recur train - --tokens byte --quiet --hidden 8 --batch 4 --steps 10 --epochs 30 --lr 0.05 -o u > out; recur generate -m u -p $'\xd0' -n 3 --temp 0 | od -An -tx1; recur generate -m u -p $'\xd0' -n 4 --temp 0 | od -An -tx1
 d0 b6 d0 b6 0a
 d0 b6 d0 b6 d0 0a
# Samples while training.
$ recur train koi8 --tokens byte --hidden 16 --batch 4 --steps 11 --epochs 60 --lr 0.03 --predict $'\xd0\xd2' --predict-every 50 -o m 2>&1 > out | grep -a -A 1 '^epoch 50/60 ' | tail -1 | head -c 12 | od -An -tx1
 20 20 d0 d2 c9 d7 c5 d4 20 cd c9 d2
# Labels for texts of bytes; fillings.
$ for i in $(seq 20); do printf 'a\t\xd0\xd2\xc9\nb\t\xd7\xc5\xd4\n'; done > labelled; recur train labelled --task classify --tokens byte --quiet --hidden 4 --epochs 1 -o c > out; printf '\xd0\xd2\n' | recur predict -m c - --top 1 | cut -f 1
a
$ recur train koi8 --task fill --tokens byte --bidirectional --quiet --hidden 16 --batch 4 --steps 11 --epochs 60 --lr 0.03 -o f > out; recur fill -m f $'\xd0\xd2_\xd7' | od -An -tx1
 d0 d2 c9 d7 0a

# On a terminal they are characters, and what is none is U+FFFD.
$ $CASES/terminal recur generate -m m -p $'\xd0\xd2' -n 8 --temp 0
������ ���
$ $CASES/terminal recur generate -m u -p $'\xd0' -n 4 --temp 0
жж�

# A text's first words keep to their room, though a character comes whole.
$ printf '😀%.0s' $(seq 16) > faces; recur train faces --tokens byte --hidden 4 --epochs 1 --batch 1 --steps 9 --quiet -o faces.safetensors | tail -1 | head -c 64 | grep -ao 😀 | wc -l
15
