# needs: recur --version | grep -q protobuf-c
# Models of other programs, in a build that knows ONNX.

$ recur train --hidden 16 --epochs 1 --cell rnn --activation relu -o model.safetensors > /dev/null 2>&1
$ $EXAMPLES/convert_model model.safetensors same.safetensors model.onnx; cmp model.safetensors same.safetensors
$ $EXAMPLES/convert_model model.onnx again.safetensors again.onnx; recur info again.safetensors | head -3
again.safetensors: rnn relu 16, one-hot input, 1971 parameters
tensor                       shape                 count
$ recur convert --to pytorch-bare model.safetensors bare.safetensors
bare.safetensors (pytorch-bare): rnn relu 16, 1104 of the model's 1971 parameters
$ $EXAMPLES/convert_model bare.safetensors bare-model.safetensors bare.onnx
! convert_model: bare.safetensors: the activation of an rnn does not show in its tensors and must be given: activation tanh or relu
[1]
$ $EXAMPLES/convert_model bare.safetensors bare-model.safetensors bare.onnx relu
the file has no output layer: the model's is untrained
$ $EXAMPLES/convert_model bare.safetensors bare-model.safetensors bare.onnx softplus
! convert_model: unknown activation "softplus": expected tanh, relu or sigmoid
[1]
