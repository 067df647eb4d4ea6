# A build without protobuf-c says so.
# needs: ! recur --version | grep -q protobuf-c

$ printf 'abcabcabcabcabc' > text; recur train text --quiet --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o model > out
$ recur convert model model.onnx
! recur convert: this build of recur has no ONNX: it was made without protobuf-c
[1]
$ recur convert model.onnx back
! recur convert: this build of recur has no ONNX: it was made without protobuf-c
[1]
