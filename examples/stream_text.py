"""Continues a prompt from Python, using only its standard library:

    python3 stream_text.py MODEL [PROMPT [TOKENS [SEED]]]

The shared library is found in the usual places; RECUR_LIBRARY names another file.
"""

import ctypes
import os
import sys

OK = 0


class Error(ctypes.Structure):
    """recur_error"""

    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 512)]


TEXT_FN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t,
    ctypes.POINTER(Error),
)


class SamplerConfig(ctypes.Structure):
    """recur_sampler_config; a library that knows more fields uses its defaults for them"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("temperature", ctypes.c_float),
        ("top_k", ctypes.c_size_t),
        ("top_p", ctypes.c_float),
        ("min_p", ctypes.c_float),
        ("seed", ctypes.c_uint64),
    ]


def load_library():
    """Loads the library and declares the functions that are used here."""
    library = ctypes.CDLL(os.environ.get("RECUR_LIBRARY", "librecur.so.0"))
    error = ctypes.POINTER(Error)
    config = ctypes.POINTER(SamplerConfig)
    library.recur_version.restype = ctypes.c_char_p
    library.recur_model_load.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p), error]
    library.recur_model_free.argtypes = [ctypes.c_void_p]
    library.recur_sampler_config_init.argtypes = [config, ctypes.c_size_t]
    library.recur_generate.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, config, TEXT_FN,
        ctypes.c_void_p, ctypes.c_void_p, error,
    ]
    return library


def generate(library, path, prompt, count, seed):
    """Prints the prompt and its continuation, each character as soon as it is generated."""

    def show(_user, text, size, _error):
        print(text[:size].decode(), end="", flush=True)
        return OK

    model, error, sampling = ctypes.c_void_p(), Error(), SamplerConfig()
    library.recur_sampler_config_init(sampling, ctypes.sizeof(sampling))
    sampling.temperature = 0.7
    sampling.seed = seed
    status = library.recur_model_load(os.fsencode(path), model, error)
    if status == OK:
        print(prompt, end="", flush=True)
        text = prompt.encode()
        status = library.recur_generate(
            model, text, len(text), count, sampling, TEXT_FN(show), None, None, error
        )
        print()
    library.recur_model_free(model)
    if status != OK:
        sys.exit(f"stream_text.py: {error.message.decode()}")


def main():
    if not 2 <= len(sys.argv) <= 5:
        sys.exit("usage: stream_text.py MODEL [PROMPT [TOKENS [SEED]]]")
    path, prompt, count, seed = [*sys.argv[1:], *[None, "", "200", "1"][len(sys.argv) - 1:]]
    library = load_library()
    print(f"recur {library.recur_version().decode()}", file=sys.stderr)
    generate(library, path, prompt, int(count), int(seed))


if __name__ == "__main__":
    main()
