# @title Set up: fetch musiclime at the release that this page shows. Torch stays as it is; no restart.
import importlib.util, os, runpy, subprocess

if not importlib.util.find_spec("musiclime") and not os.path.isdir("{folder}"):
    clone = ["git", "-c", "advice.detachedHead=false", "clone", "-q", "--depth", "1"]
    subprocess.run([*clone, "-b", "{tag}", "{url}", "{folder}"], check=True)
if os.path.isdir("{folder}"):  # after a restart, too: the chapters read data/ from here
    os.chdir("{folder}")
    runpy.run_path("tools/set_up_notebook.py")
print("musiclime", __import__("musiclime").__version__)
