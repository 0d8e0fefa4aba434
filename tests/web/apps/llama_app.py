"""llama.cpp's server and its web UI, with a tiny model.

    llama_app.py MODEL.gguf PORT
"""

import sys
import threading

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path, params.port = sys.argv[1], int(sys.argv[2])
params.n_ctx, params.n_predict = 2048, 100
server = xllamacpp.Server(params)
print("listening", server.listening_address, flush=True)
threading.Event().wait()
