# Models that end early or have a wrong byte, before every command that reads one.
# needs: recur --version | grep -q protobuf-c

$ for i in {1..60}; do echo 'time and tide wait for no man'; done > text; recur train text --quiet --batch 2 --steps 8 --epochs 1 --hidden 2 --task fill --bidirectional -o fill > out; recur train text --quiet --batch 2 --steps 8 --epochs 1 --hidden 2 -o lm > out
$ for m in fill lm; do for i in $(seq 0 179 $(($(stat -c %s $m) - 1))) $(($(stat -c %s $m) - 1)); do head -c $i $m > cut; for c in 'info cut' 'eval -m cut text' 'generate -m cut' 'fill -m cut t_me' 'features -m cut text -o f.npy' 'convert cut out.onnx'; do recur $c > stdout 2> stderr; echo "status $?, $(wc -l < stderr) line, $(wc -c < stdout) bytes"; done; done; done | sort -u
status 1, 1 line, 0 bytes
$ for m in fill lm; do for i in $(seq 0 61 $(stat -c %s $m)); do { head -c $i $m; printf '\xff'; tail -c +$((i + 2)) $m; } > flip; for c in 'info flip' 'convert flip back'; do recur $c > stdout 2> stderr; s=$?; [ $s -le 1 ] && [ $s -eq "$(wc -l < stderr)" ] || echo "$m $i: $s $(cat stderr)"; done; done; done
$ recur convert lm lm.onnx > out; for i in $(seq 0 89 $(($(stat -c %s lm.onnx) - 1))); do head -c $i lm.onnx > cut.onnx; recur convert cut.onnx back > stdout 2> stderr; echo "status $?, $(wc -l < stderr) line, $(wc -c < stdout) bytes"; done | sort -u
status 1, 1 line, 0 bytes
$ ls
back
cut
cut.onnx
fill
flip
lm
lm.onnx
out
stderr
stdout
text
