#!/usr/bin/python3
"""Uses a real web app through the page, in both browsers: see README.md."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(HERE, "..", "..", "e2e")]
from driver import DRIVEN  # noqa: E402
from harness import NODE, free_port  # noqa: E402
from link_rig import LinkRig  # noqa: E402

SIZES = {"desktop": (1280, 800), "phone": (360, 740)}
IN_FRAME = """
    const frame = document.getElementById("app").contentWindow;
    const page = frame.document;
    const find = (selector) => page.querySelector(selector);
    // As a framework sees it that listens to the element's own events.
    const type = (field, text) => {
        Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, text);
        field.dispatchEvent(new frame.Event("input", { bubbles: true }));
    };
    const give = (field, ...files) => {
        const list = new frame.DataTransfer();
        for (const [name, content] of files) list.items.add(new frame.File([content], name));
        field.files = list.files;
        field.dispatchEvent(new frame.Event("change", { bubbles: true }));
    };
"""


class App:
    """What is started, and what is done with it in a window."""

    def start(self, rig, folder):
        """The upstream's URL."""
        raise NotImplementedError

    def use(self, browser, page, link):
        raise NotImplementedError

    @staticmethod
    def do(page, code):
        return page.run(IN_FRAME + code)

    @staticmethod
    def wait(page, expression, deadline=60):
        page.wait(f"await (async () => {{ {IN_FRAME} return !!({expression}); }})().catch(() => false)",
                  deadline)


class Llama(App):
    def start(self, rig, folder):
        model = os.path.join(folder, "tiny.gguf")
        subprocess.run([sys.executable, os.path.join(HERE, "tiny_gguf.py"), model], check=True)
        llama = rig.run("llama", [sys.executable, os.path.join(HERE, "llama_app.py"), model,
                                  str(free_port())], is_product=False)
        return llama.wait_for(r"^listening (\S+)", deadline=60)[1]

    def use(self, browser, page, link):
        self.wait(page, "find('textarea')")
        self.do(page, """
            type(find("textarea"), "Once upon a time");
            find("textarea").dispatchEvent(new frame.KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
        """)
        self.wait(page, "/tokens|t\\/s/.test(page.body.innerText)")


class Gradio(App):
    def start(self, rig, folder):
        app = rig.run("gradio", [sys.executable, os.path.join(HERE, "gradio_app.py"),
                                 str(free_port())], is_product=False)
        return app.wait_for(r"^listening (\S+)", deadline=120)[1]

    def use(self, browser, page, link):
        self.wait(page, "find('#words textarea, #words input')")
        self.do(page, """
            type(find("#words textarea, #words input"), "one two three four");
            find("#stream").click();""")
        self.wait(page, """find("#answer textarea, #answer input").value.trim() === "one two three four" """)
        self.do(page, """give(find("#file input[type=file]"), ["a.txt", "y".repeat(100000)]);""")
        self.wait(page, """find("#size textarea, #size input").value === "100000 bytes" """)
        self.wait(page, """find("#back a[download]")""")
        name = self.do(page, """
            const link = find("#back a[download]");
            link.click();
            return link.download;""")
        assert len(browser.wait_file(name)) == 100000


class SocketIo(App):
    def start(self, rig, folder):
        app = rig.run("socket.io", [NODE, os.path.join(HERE, "socketio_app.cjs")], is_product=False)
        return app.wait_for(r"^listening (\S+)", deadline=30)[1]

    def use(self, browser, page, link):
        self.wait(page, """find("#how").textContent === "connected by websocket" """)
        self.do(page, """
            type(find("input"), "hello");
            find("form").requestSubmit();""")
        self.wait(page, """find("#said").textContent.includes("hello (true, 1000 bytes)")""")


APPS = {"llama": Llama, "gradio": Gradio, "socketio": SocketIo}


def look(app, name, browser_name, link, folder):
    browser = DRIVEN[browser_name]()
    try:
        page = browser.open(link)
        page.wait("document.getElementById('app') && !document.getElementById('app').hidden")
        for size, (width, height) in SIZES.items():
            page.resize(width, height)
            app.use(browser, page, link)
            picture = os.path.join(folder, f"{name}-{browser_name}-{size}.png")
            page.picture(picture)
            print("ok", picture, flush=True)
            app.do(page, "frame.isOld = true; frame.location.reload();")
            app.wait(page, "!frame.isOld && page.readyState === 'complete'")
    finally:
        browser.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("app", choices=APPS)
    parser.add_argument("--pictures", default=tempfile.gettempdir(), help="where to")
    parser.add_argument("--browser", choices=DRIVEN, action="append")
    args = parser.parse_args()
    app, rig = APPS[args.app](), LinkRig()
    folder = tempfile.mkdtemp()
    try:
        rig.upstream_url = app.start(rig, folder)
        rig.start_signal()
        rig.start_serve()
        link = rig.invite("phone")
        for name in args.browser or DRIVEN:
            look(app, args.app, name, link, args.pictures)
    except BaseException:
        print(rig.transcript(), file=sys.stderr)
        raise
    finally:
        rig.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
