# SPDX-License-Identifier: Apache-2.0
"""Every state of the lists, also with ten thousand rows, in a real Chromium against a core by itself."""

import re
import sqlite3

import pytest
from playwright.sync_api import expect

from core_alone import Core
from deskpage import browser, console, heading, looks, shot, signed_in, too_wide  # noqa: F401

MANY = 10_000


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    """With ten thousand accounts, and an administrator who has ten thousand workspaces."""
    c = Core(tmp_path_factory.mktemp("core")).start()
    admin = c.user()
    one = admin.workspace("first")
    c.stop()
    db = sqlite3.connect(c.dir / "db/carrel.db")
    me = db.execute("SELECT account_id FROM workspace").fetchone()[0]
    with db:
        db.execute("INSERT INTO account(id, email, name, created_us) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                   " SELECT printf('a_%026d', i), printf('p%05d@example.org', i), printf('Person %05d', i), i FROM n", (MANY,))
        columns = [r[1] for r in db.execute("PRAGMA table_info(volume)")]
        volume = db.execute("SELECT volume_id FROM workspace WHERE id = ?", (one["id"],)).fetchone()[0]
        picked = ",".join("printf('v_%026d', i)" if k == "id" else k for k in columns)
        db.execute(f"INSERT INTO volume({','.join(columns)}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                   f" SELECT {picked} FROM n, volume WHERE volume.id = ?", (MANY - 1, volume))
        columns = [r[1] for r in db.execute("PRAGMA table_info(workspace)") if r[1] != "seq"]
        own = {"id": "printf('w_%026d', i)", "name": "printf('w-%05d', i)", "label": "printf('%026d', i)", "volume_id": "printf('v_%026d', i)"}
        picked = ",".join(own.get(k, k) for k in columns)
        db.execute(f"INSERT INTO workspace({','.join(columns)}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                   f" SELECT {picked} FROM n, workspace WHERE workspace.id = ?", (MANY - 1, one["id"]))
    assert me
    db.close()
    c.start()
    yield c
    assert c.stop() == 0


@pytest.fixture
def page(browser, console, core):
    p = signed_in(browser, console, core, path="/workspaces")
    yield p
    assert p.said == []
    p.context.close()


def drawn(page):
    return page.locator("tbody tr[data-row]").count()


def foot(page, text):
    expect(page.locator(".table-foot")).to_contain_text(re.compile(text))


def test_ten_thousand_workspaces(page):
    foot(page, "1 to \\d+ of 10\\s000")
    assert drawn(page) < 80
    page.get_by_role("button", name="Name", exact=True).click()
    first = page.locator("tbody tr[data-row]").first
    expect(first).to_contain_text("first")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("w-00001")
    page.locator(".long-box").evaluate("b => b.scrollTop = 4210 * b.querySelector('tr[data-row]').offsetHeight")
    foot(page, "4.?2\\d\\d to 4.?2\\d\\d of 10\\s000")
    expect(page.get_by_role("link", name="w-04210", exact=True)).to_be_visible()
    assert drawn(page) < 80
    shot(page, "list-10000")
    page.keyboard.type("gg")
    expect(page.get_by_role("link", name="first", exact=True)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("w-0777")
    foot(page, "10 of 10\\s000")
    assert drawn(page) == 10
    page.keyboard.type("x")
    expect(page.get_by_role("heading", name="Nothing matches “w-0777x”")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    foot(page, "1 to \\d+ of 10\\s000")
    page.set_viewport_size({"width": 360, "height": 740})
    assert too_wide(page) == []
    assert drawn(page) < 80


def test_several_are_chosen_and_deleted(page):
    page.get_by_label("Filter workspaces").fill("w-0999")
    foot(page, "10 of 10\\s000")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("x")
    bar = page.locator(".chosen-bar")
    expect(bar).to_contain_text("One chosen")
    page.locator("tbody tr[data-row]").nth(2).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 chosen")
    expect(bar.get_by_role("button", name="Stop")).to_be_disabled()
    shot(page, "list-chosen")
    bar.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete 3 workspaces?")
    expect(dialog.get_by_role("button", name="Delete 3")).to_be_disabled()
    dialog.get_by_label("Type 3 to confirm").fill("3")
    dialog.get_by_role("button", name="Delete 3").dblclick()
    expect(dialog).to_have_count(0)
    foot(page, "7 of 9.?997")
    expect(page.get_by_text("3 workspaces were deleted.")).to_be_visible()


def test_ten_thousand_accounts_come_in_pages_and_are_filtered_by_the_server(page, console):
    asked = []
    page.on("request", lambda r: "/api/v1/admin/accounts" in r.url and asked.append(r.url))
    page.goto(console + "/admin/accounts")
    foot(page, "1 to \\d+ of 10\\s001")
    assert len(asked) == 1 and drawn(page) < 80
    page.locator(".long-box").evaluate("b => b.scrollTop = 300 * b.querySelector('tr[data-row]').offsetHeight")
    expect(page.get_by_text("p09700@example.org")).to_be_visible()
    assert 2 <= len(asked) <= 4
    page.keyboard.press("/")
    page.keyboard.type("person 0421")
    foot(page, "10 of 10")
    assert "q=person%200421" in asked[-1] or "q=person+0421" in asked[-1]
    page.keyboard.type("%")
    expect(page.get_by_role("heading", name="Nothing matches “person 0421%”")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    foot(page, "of 10\\s001")
    shot(page, "accounts-10000")


def test_a_list_that_fails_keeps_its_rows_and_tries_again(page, console):
    page.goto(console + "/admin/audit")
    expect(page.get_by_role("button", name="login", exact=False).first).to_be_visible()
    before = drawn(page)
    fail = [True]

    def answer(route):
        if fail[0]:
            route.fulfill(status=500, content_type="application/problem+json", body='{"title":"It broke.","status":500,"detail":"Try again.","request_id":"r_77"}')
        else:
            route.continue_()
    page.route("**/api/v1/audit**", answer)
    page.get_by_role("button", name="Read again").click()
    alert = page.get_by_role("alert").filter(has_text="The audit log did not load.")
    expect(alert).to_contain_text("r_77")
    expect(page.locator(".table-frame[data-faded=true]")).to_be_visible()
    assert drawn(page) == before
    shot(page, "audit-failed")
    fail[0] = False
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0)
    expect(page.locator(".table-frame[data-faded=true]")).to_have_count(0)


def test_who_did_what_is_found_and_read(page, console):
    page.goto(console + "/admin/audit")
    heading(page, "Audit")
    page.keyboard.press("/")
    page.keyboard.type("workspace.create")
    row = page.get_by_role("button", name="workspace.create").first
    row.click()
    panel = page.get_by_role("complementary", name="workspace.create")
    expect(panel).to_contain_text("admin@localhost")
    shot(page, "audit")
    page.goto(console + "/admin/health")
    heading(page, "Health")
    expect(page.get_by_text("Container engine")).to_be_visible()
    expect(page.get_by_text("default_image")).to_be_visible()
    shot(page, "health")


def test_rows_wait_in_a_skeleton_only_when_they_are_slow(page, console):
    held = []
    page.route("**/api/v1/admin/accounts**", lambda r: held.append(r))
    page.goto(console + "/admin/accounts")
    expect(page.locator(".skel-rows")).to_be_visible()
    for route in held:
        route.continue_()
    page.unroute("**/api/v1/admin/accounts**")
    foot(page, "of 10\\s001")
    expect(page.locator(".skel-rows")).to_have_count(0)


def test_an_answer_slower_than_the_clock_is_waited_for(page, console):
    held = []
    page.route("**/api/v1/admin/health", lambda r: held.append(r))
    page.clock.install()
    page.goto(console + "/admin/health")
    expect(page.locator(".skel-rows")).to_be_visible()
    for _ in range(3):  # less than the 20 s after which it is given up
        page.clock.run_for(5_000)
        page.wait_for_timeout(200)
    assert len(held) == 1
    held[0].continue_()
    page.unroute("**/api/v1/admin/health")
    expect(page.locator("#h-disk")).to_be_visible()


def test_what_comes_waits_above_the_list(browser, console, core):
    """A row that is looked at does not move for what somebody else, another tab or a program makes."""
    someone = core.user("looks@example.org")
    for name in ("one", "two"):
        someone.workspace(name)
    page = signed_in(browser, console, core, "looks@example.org", "/workspaces")
    foot(page, "2 of 2")
    names = page.locator("tbody tr[data-row] .name")
    where = page.locator("tbody tr[data-row]").first.bounding_box()
    someone.workspace("three")
    expect(page.get_by_role("button", name="One new")).to_be_visible()
    someone.workspace("four")
    new = page.get_by_role("button", name="2 new")
    expect(new).to_be_visible()
    expect(names).to_have_text(["two", "one"])
    assert page.locator("tbody tr[data-row]").first.bounding_box() == where
    shot(page, "list-arrived")
    # By hand or by keys; the first of them has the focus and is the one that keys go on from.
    new.focus()
    page.keyboard.press("Enter")
    expect(names).to_have_text(["four", "three", "two", "one"])
    expect(page.get_by_role("link", name="four", exact=True)).to_be_focused()
    expect(page.locator("tr[aria-selected=true] .name")).to_have_text(["four"])
    page.keyboard.press("j")
    expect(page.locator("tr[aria-selected=true] .name")).to_have_text(["three"])
    # What goes, goes at once, and leaves the others where they are. Another sort has everything.
    gone = next(w for w in someone.ok("GET", "/workspaces")["items"] if w["name"] == "three")
    someone.ok("DELETE", f"/workspaces/{gone['id']}", {"confirm": "three"})
    expect(names).to_have_text(["four", "two", "one"])
    someone.workspace("five")
    expect(page.get_by_role("button", name="One new")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    assert too_wide(page) == []
    shot(page, "list-arrived-phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Name", exact=True).click()
    expect(names).to_have_text(["five", "four", "one", "two"])
    expect(page.get_by_role("button", name="new", exact=False).filter(has_text=re.compile(r"^(One|\d+) new$"))).to_have_count(0)
    assert page.said == []
    page.context.close()


def test_a_deleted_workspace_comes_back(browser, console, core):
    someone = core.user("regrets@example.org")
    for name in ("keep", "oops"):
        someone.workspace(name)
    page = signed_in(browser, console, core, "regrets@example.org", "/workspaces")
    foot(page, "2 of 2")
    expect(page.get_by_text("can be brought back")).to_have_count(0)

    def delete(name):
        page.get_by_role("row").filter(has_text=name).get_by_role("button", name=re.compile("^More")).click()
        page.get_by_role("menuitem", name=re.compile("^Delete")).click()
        dialog = page.get_by_role("dialog", name=f"Delete {name}?")
        expect(dialog).to_contain_text("You can bring it back for 7 days.")
        dialog.get_by_role("textbox").fill(name)
        dialog.get_by_role("button", name="Delete workspace").click()
        expect(dialog).to_have_count(0)

    # At once, from the notice of the deletion.
    delete("oops")
    names = page.locator("tbody tr[data-row] .name")
    expect(names).to_have_text(["keep"])
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("oops is back, with its files.")).to_be_visible()
    expect(names).to_have_text(["oops", "keep"])
    # Later, from the list of what can be brought back; its name is somebody else's by then.
    delete("oops")
    link = page.get_by_role("link", name="One deleted workspace can be brought back")
    expect(link).to_be_visible()
    someone.workspace("oops")
    link.click()
    heading(page, "Deleted workspaces")
    expect(page.locator(".sub-line")).to_contain_text("Each is kept with its files for 7 days")
    looks(page, "deleted")
    assert too_wide(page) == []
    page.get_by_role("button", name="Bring back oops").click()
    expect(page.get_by_text("oops (2) is back, with its files.")).to_be_visible()
    expect(page.get_by_role("heading", name="There is nothing to bring back")).to_be_visible()
    assert sorted(w["name"] for w in someone.ok("GET", "/workspaces")["items"]) == ["keep", "oops", "oops (2)"]
    # For good, with a question.
    gone = next(w for w in someone.ok("GET", "/workspaces")["items"] if w["name"] == "keep")
    someone.ok("DELETE", f"/workspaces/{gone['id']}", {"confirm": "keep"})
    page.get_by_role("button", name="Delete keep for good").click()
    dialog = page.get_by_role("dialog", name="Delete keep for good?")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("keep is gone for good.")).to_be_visible()
    expect(page.get_by_role("heading", name="There is nothing to bring back")).to_be_visible()
    assert someone.ok("GET", "/workspaces?deleted=true")["items"] == []
    assert page.said == []
    page.context.close()
