"""What Gradio's apps are made of: a form, an answer that streams, files both ways.

    gradio_app.py PORT
"""

import sys
import tempfile
import time

import gradio


def stream(words):
    said = ""
    for word in words.split():
        said += f"{word} "
        time.sleep(0.1)
        yield said


def measure(path):
    with open(path, "rb") as file:
        size = len(file.read())
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as out:
        out.write("x" * size)
    return f"{size} bytes", out.name


with gradio.Blocks(title="A form") as app:
    gradio.Markdown("# A form")
    words = gradio.Textbox(label="Words", elem_id="words")
    answer = gradio.Textbox(label="Answer", elem_id="answer")
    gradio.Button("Stream", elem_id="stream").click(stream, words, answer)
    file = gradio.File(label="A file", elem_id="file")
    size = gradio.Textbox(label="Its size", elem_id="size")
    back = gradio.File(label="As many x", elem_id="back")
    file.upload(measure, file, [size, back])

app.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), quiet=True, prevent_thread_lock=True)
print("listening", app.local_url.rstrip("/"), flush=True)
app.block_thread()
