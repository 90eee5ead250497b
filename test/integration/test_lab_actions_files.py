# SPDX-License-Identifier: Apache-2.0
"""Files in the unmodified JupyterLab: the file browser, the viewers, the text editor, going up and down."""

import hashlib
import os
import re
import struct
import zlib
from pathlib import Path

from playwright.sync_api import expect

from labdesk import browser, context, desk, lab, server  # noqa: F401  (fixtures)

MIB = 1 << 20


def png(width, height, rgb):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(rgb) * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def pdf(words):
    page = f"BT /F1 24 Tf 20 100 Td ({words}) Tj ET".encode()
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
               b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
               b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    out, at = b"%PDF-1.4\n", []
    for i, o in enumerate(objects, 1):
        at.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (i, o)
    table = b"".join(b"%010d 00000 n \n" % a for a in at)
    return out + (b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
                  % (table, len(out)))


# ---------------------------------------------------------------------------- the file browser

def test_a_new_folder_gets_its_name_in_place(lab):
    lab.tool("new-directory")
    box = lab.page.locator(".jp-DirListing-editor")
    expect(box).to_be_focused()
    box.fill("results é")
    lab.page.keyboard.press("Enter")
    expect(lab.item("results é")).to_be_visible()
    lab.wait_for("folder", lambda: (lab.dir / "results é").is_dir())
    lab.enter("results é")


def test_f2_renames_a_file(lab):
    lab.put("draft.txt", "words")
    lab.rename("draft.txt", "final.txt")
    expect(lab.item("final.txt")).to_be_visible()
    expect(lab.item("draft.txt")).to_have_count(0)
    assert lab.text("final.txt") == "words"


def test_files_are_dragged_between_folders(lab):
    lab.put("to/keep.txt", "")
    lab.put("a.txt", "a")
    lab.drag(lab.item("a.txt"), lab.item("to"))
    expect(lab.item("a.txt")).to_have_count(0)
    lab.wait_for("moved file", lambda: (lab.dir / "to/a.txt").exists())
    lab.enter("to")
    lab.drag(lab.item("a.txt"), lab.crumb(lab.folder))
    expect(lab.item("a.txt")).to_have_count(0)
    lab.wait_for("file moved back", lambda: lab.text("a.txt") == "a")


def test_cut_copy_and_paste_work_across_folders(lab):
    lab.put("b/keep.txt", "")
    lab.put("cut.txt", "1")
    lab.put("copied.txt", "2")
    for name, command in (("cut.txt", "Cut"), ("copied.txt", "Copy")):
        lab.context(lab.item(name), command)
        lab.enter("b")
        lab.context(lab.page.locator(".jp-DirListing-content"), "Paste", position={"x": 100, "y": 250})
        expect(lab.item(name)).to_be_visible()
        lab.crumb(lab.folder).click()
        expect(lab.item("b")).to_be_visible()
    assert lab.items() == ["b", "copied.txt"]
    assert lab.text("b/cut.txt") == "1" and lab.text("b/copied.txt") == "2"


def test_the_filter_shows_what_fits(lab):
    for name in ("alpha.txt", "beta.py", "gamma.txt"):
        lab.put(name, "")
    box = lab.page.locator(".jp-FileBrowser-filterBox input")
    if not box.is_visible():
        lab.tool("toggle-file-filter")
    box.fill("bet")
    expect(lab.item("alpha.txt")).to_have_count(0)
    assert lab.items() == ["beta.py"]
    box.fill("")
    expect(lab.item("gamma.txt")).to_be_visible()


def test_several_files_are_deleted_at_once_after_a_question(lab):
    for name in ("one.txt", "two.txt", "stays.txt"):
        lab.put(name, name)
    lab.item("one.txt").click()
    lab.item("two.txt").click(modifiers=["Control"])
    lab.page.keyboard.press("Delete")
    lab.dialog("move to trash the 2 selected items")
    lab.accept()
    expect(lab.item("two.txt")).to_have_count(0)
    expect(lab.item("one.txt")).to_have_count(0)
    assert [p.name for p in lab.dir.iterdir()] == ["stays.txt"]
    kept = sorted(p.name for p in (lab.server.home / ".local/share/Trash/files").iterdir())
    assert {"one.txt", "two.txt"} <= set(kept), kept


def test_duplicate_makes_a_second_one(lab):
    lab.put("plan.md", "# Plan")
    lab.context(lab.item("plan.md"), "Duplicate")
    expect(lab.item("plan-Copy1.md")).to_be_visible()
    assert lab.text("plan-Copy1.md") == "# Plan"


def test_a_name_that_is_taken_is_told_and_nothing_is_lost(lab):
    lab.put("mine.txt", "mine")
    lab.put("yours.txt", "yours")
    lab.allow("PATCH", 409, "/mine.txt$")
    lab.rename("mine.txt", "yours.txt")
    lab.dialog()
    lab.accept("Cancel")
    assert (lab.text("mine.txt"), lab.text("yours.txt")) == ("mine", "yours")


# ---------------------------------------------------------------------------- viewers

def test_open_with_offers_the_factories_of_a_type(lab):
    lab.put("page.md", "# A heading\n\nand *words*")
    lab.context(lab.item("page.md"), "Open With", "Markdown Preview")
    preview = lab.page.locator(".jp-MarkdownViewer")
    expect(preview.locator("h1")).to_contain_text("A heading")
    expect(preview.locator("em")).to_have_text("words")
    lab.context(lab.item("page.md"), "Open With", "Editor")
    lab.page.locator(".jp-FileEditor:visible .cm-content").click()
    lab.page.keyboard.press("Control+End")
    lab.page.keyboard.insert_text(" and **more**")
    # The preview follows the editor: both show one model.
    lab.tab("page.md").first.click()
    expect(preview.locator("strong")).to_have_text("more")


def test_a_table_of_100000_rows_opens_and_its_last_row_is_there(lab):
    lab.put("rows.csv", "number,square,name\n" + "".join(f"{i},{i * i},row {i}\n" for i in range(1, 100_001)))
    lab.open("rows.csv")
    grid = lab.page.locator(".jp-CSVViewer .lm-DataGrid:visible")
    expect(grid).to_be_visible()
    grid.click(position={"x": 200, "y": 60})

    def last_row():
        lab.page.keyboard.press("Control+ArrowDown")
        lab.page.keyboard.press("Control+C")
        return lab.page.evaluate("navigator.clipboard.readText()").split("\n")[-1].split("\t")

    # A long table is read piece by piece after the first rows are shown.
    lab.wait_for("last row", lambda: last_row() in (["100000", "100000"], ["100000", "10000000000"]))


def test_an_image_is_shown_and_turned(lab):
    lab.put("red.png", png(64, 32, (255, 0, 0)))
    lab.open("red.png")
    image = lab.page.locator(".jp-ImageViewer img:visible")
    expect(image).to_be_visible()
    assert image.evaluate("i => i.decode().then(() => [i.naturalWidth, i.naturalHeight])") == [64, 32]
    lab.page.locator(".jp-ImageViewer").click()
    lab.page.keyboard.press("]")
    expect(image).to_have_attribute("style", re.compile("matrix"))


def test_a_pdf_is_handed_to_the_browser_whole(lab):
    data = pdf("Hello from Carrel")
    lab.put("paper.pdf", data)
    lab.open("paper.pdf")
    shown = lab.page.frame_locator(".jp-PDFContainer iframe").locator("object")
    expect(shown).to_have_attribute("data", re.compile("^blob:"))
    got = shown.evaluate("o => fetch(o.data).then(r => r.arrayBuffer()).then(b => Array.from(new Uint8Array(b)))")
    assert shown.get_attribute("type") == "application/pdf" and bytes(got) == data


def test_json_and_html_have_their_viewers(lab):
    lab.put("tree.json", '{"answer": 42, "list": [1, 2, 3]}')
    lab.open("tree.json")
    expect(lab.page.locator(".jp-RenderedJSON:visible")).to_contain_text("answer")
    lab.put("page.html", "<h1>In a frame</h1>")
    lab.open("page.html")
    expect(lab.page.frame_locator(".jp-HTMLViewer iframe").locator("h1")).to_have_text("In a frame")


# ---------------------------------------------------------------------------- the text editor

def test_the_text_editor_saves_and_marks_what_is_not_saved(lab):
    lab.put("notes.txt", "first\n")
    lab.open("notes.txt")
    lab.page.locator(".jp-FileEditor:visible .cm-content").click()
    lab.page.keyboard.press("Control+End")
    lab.page.keyboard.type("zweite Zeile ü €")
    expect(lab.page.locator(".lm-TabBar-tab.jp-mod-dirty:visible").first).to_be_visible()
    lab.save()
    expect(lab.page.locator(".lm-TabBar-tab.jp-mod-dirty:visible")).to_have_count(0)
    assert lab.text("notes.txt") == "first\nzweite Zeile ü €"


def test_a_new_text_file_is_named_at_its_first_save(lab):
    lab.menu("File", "New", "Text File")
    expect(lab.tab("untitled.txt")).to_be_visible()
    lab.page.locator(".jp-FileEditor:visible .cm-content").click()
    lab.page.keyboard.type("hello")
    lab.save()
    lab.dialog().locator("input[type=text]").fill("greeting.txt")
    lab.accept()
    expect(lab.tab("greeting.txt")).to_be_visible()
    lab.wait_for("named file", lambda: lab.text("greeting.txt") == "hello")


def test_find_and_replace_in_the_editor(lab):
    lab.put("story.txt", "the cat and the dog\nthe end\n")
    lab.open("story.txt")
    lab.page.locator(".jp-FileEditor:visible .cm-content").click()
    lab.page.keyboard.press("Control+h")
    box = lab.page.locator(".jp-DocumentSearch-overlay")
    box.get_by_placeholder("Find").fill("the")
    expect(box.locator(".jp-DocumentSearch-index-counter")).to_have_text("1/3")
    box.get_by_placeholder("Replace").fill("a")
    box.locator('button:has-text("Replace All")').click()
    lab.save()
    lab.wait_for("replaced text", lambda: lab.text("story.txt") == "a cat and a dog\na end\n")


def test_undo_and_redo_in_the_editor(lab):
    lab.put("undo.py", "x = 1\n")
    lab.open("undo.py")
    editor = lab.page.locator(".jp-FileEditor:visible .cm-content")
    editor.click()
    lab.page.keyboard.press("Control+End")
    lab.page.keyboard.type("y = 2")
    expect(editor).to_contain_text("y = 2")
    lab.menu("Edit", "Undo")
    expect(editor).not_to_contain_text("y = 2")
    lab.menu("Edit", "Redo")
    expect(editor).to_contain_text("y = 2")


# ---------------------------------------------------------------------------- up and down

def test_200_mb_go_up_in_pieces_and_the_agent_stays_small(lab, server, tmp_path):
    up = tmp_path / "big.bin"
    piece = os.urandom(MIB)
    want = hashlib.sha256()
    with up.open("wb") as f:
        for i in range(200):
            f.write(piece[i:] + piece[:i])
            want.update(piece[i:] + piece[:i])
    Path(f"/proc/{server.proc.pid}/clear_refs").write_text("5")  # the peak is counted from here
    with lab.page.expect_file_chooser() as chooser:
        lab.tool("uploader")
    chooser.value.set_files(str(up))
    lab.dialog("The file size is 200 MB")
    lab.accept()
    expect(lab.item("big.bin")).to_be_visible(timeout=300_000)
    lab.wait_for("whole file", lambda: (lab.dir / "big.bin").stat().st_size == 200 * MIB)
    with (lab.dir / "big.bin").open("rb") as f:
        assert hashlib.file_digest(f, "sha256").digest() == want.digest()
    (lab.dir / "big.bin").unlink()
    assert server.peak_kb() <= 16 * 1024, f"the agent took {server.peak_kb()} KiB"


def test_a_download_is_the_file(lab):
    data = os.urandom(20 * MIB)
    lab.put("data é.bin", data)
    with lab.page.expect_download() as download:
        lab.context(lab.item("data é.bin"), "Download")
    assert download.value.suggested_filename == "data é.bin"
    assert Path(download.value.path()).read_bytes() == data


def test_open_from_path_opens_a_file_further_down(lab):
    lab.put("deep/er/x.py", "found = True\n")
    lab.menu("File", "Open from Path…")
    lab.dialog().locator("input").fill(f"{lab.folder}/deep/er/x.py")
    lab.accept()
    expect(lab.tab("x.py")).to_be_visible()
    expect(lab.page.locator(".jp-FileEditor:visible .cm-content")).to_contain_text("found = True")
