# SPDX-License-Identifier: Apache-2.0
"""What JupyterLab reads from what pip installs and administrators write: languages, extensions, page configuration."""

import json
import os
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from kernelsocket import Agent
from product import BUILD

LAB = Path(os.environ.get("CARREL_LAB", BUILD / "lib/session/lab"))

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    """With a Python prefix of its own, as an image has in /opt/venv."""
    top = tmp_path_factory.mktemp("lab")
    prefix = top / "venv"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "python3").symlink_to(sys.executable)
    lab = top / "lab"
    (lab / "static").mkdir(parents=True)
    (lab / "index.html").write_text('<script type="application/json">@CONFIG@</script>')
    a = Agent(top / "root", base="/a%40b/", python=str(prefix / "bin" / "python3"), lab=lab)
    a.prefix, a.home = prefix, top
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(data))


def page_config(agent):
    html = agent.call("GET", "lab", 200).text
    return json.loads(html.split('type="application/json">')[1].split("</script>")[0])


# --------------------------------------------------------------------------- languages

def catalogue(version, **messages):
    return {"": {"domain": "jupyterlab", "language": "fr_FR", "plural_forms": "nplurals=2; plural=(n > 1);", "version": version},
            **{k: [v] for k, v in messages.items()}}


def install_pack(site, locale, files):
    """As jupyterlab-language-pack-* lie on disk."""
    module = f"jupyterlab_language_pack_{locale}"
    write(site / f"{module.lower()}-4.5.post3.dist-info" / "entry_points.txt",
          f"[jupyterlab.languagepack]\r\n{locale} = {module}\r\n")
    write(site / module / "__init__.py", "")
    for name, data in files.items():
        write(site / module / "locale" / locale / "LC_MESSAGES" / name, data)


def translation(agent, locale):
    return agent.call("GET", f"lab/api/translations/{locale}", 200).json()


def test_language_packs_come_and_go(agent):
    languages = agent.call("GET", "lab/api/translations", 200).json()
    assert languages == {"data": {"en": {"displayName": "English", "nativeName": "English"}}, "message": ""}
    assert translation(agent, "fr_FR") == {"data": {}, "message": "Language pack 'fr_FR' not installed!"}
    site = agent.prefix / "lib" / VERSION / "site-packages"
    big = {f"message {i}": [f"Nachricht {i} " + "ü" * 50] for i in range(6000)}
    install_pack(site, "fr_FR", {"jupyterlab.json": catalogue("4.5", Edit="Éditer", File="Fichier"), "README.txt": "no",
                                 "jupyterlab_git.json": catalogue("0.5", Push="Pousser"), "broken.json": "{"})
    install_pack(agent.home / ".local" / "lib" / VERSION / "site-packages", "de_DE", {
        "jupyterlab.json": {**catalogue("4.5"), **big}})
    languages = agent.call("GET", "lab/api/translations", 200).json()["data"]
    assert languages["fr_FR"] == {"displayName": "French (France)", "nativeName": "Français (France)"}
    assert set(languages) == {"en", "fr_FR", "de_DE"}
    fr = translation(agent, "fr_FR")
    assert fr["message"] == "" and set(fr["data"]) == {"jupyterlab", "jupyterlab_git"}
    assert fr["data"]["jupyterlab"]["Edit"] == ["Éditer"] and fr["data"]["jupyterlab"][""]["domain"] == "jupyterlab"
    assert translation(agent, "de_DE")["data"]["jupyterlab"]["message 5999"] == big["message 5999"]
    for good in ("zh_CN", "zu", "pt_BR", "sr", "vi_VN", "tt", "zh-Hans"):
        assert "not installed" in translation(agent, good)["message"]
    assert translation(agent, "en")["data"] == {} == translation(agent, "default")["data"]
    assert "not valid" in translation(agent, "xx_YY")["message"] and "not valid" in translation(agent, "de_")["message"]
    # Extensions bring catalogues of their own: new ones, and newer ones.
    for name, version in (("jupyterlab_git", "0.6"), ("jupyterlab", "4.4"), ("mine", "1")):
        write(site / f"{name}_x-1.dist-info" / "entry_points.txt", f"[console_scripts]\na = b:c\n\n[jupyterlab.locale]\n{name} = {name}_x\n")
        write(site / f"{name}_x" / "locale" / "FR_fr" / "LC_MESSAGES" / f"{name}.json",
              catalogue(version, Push="Pousser !", Edit="older", Mine="Le mien"))
    fr = translation(agent, "fr_FR")["data"]
    assert fr["jupyterlab_git"]["Push"] == ["Pousser !"] and fr["jupyterlab"]["Edit"] == ["Éditer"] and fr["mine"]["Mine"] == ["Le mien"]
    (site / "jupyterlab_language_pack_fr_fr-4.5.post3.dist-info" / "entry_points.txt").unlink()
    assert set(agent.call("GET", "lab/api/translations", 200).json()["data"]) == {"en", "de_DE"}
    write(site / "evil-1.dist-info" / "entry_points.txt", "[jupyterlab.languagepack]\nes_ES = ../../../../etc\n../x = y\nit_IT\n= a\n")
    assert set(agent.call("GET", "lab/api/translations", 200).json()["data"]) == {"en", "de_DE"}


# ------------------------------------------------------- configuration of all levels

def test_page_config_of_all_levels(agent):
    levels = {"image": agent.prefix / "etc/jupyter", "pip": agent.home / ".local/etc/jupyter", "user": agent.home / ".jupyter"}
    write(levels["image"] / "labconfig/page_config.json", {"a": "image", "b": "image", "c": "image", "disabledExtensions": {
        "@x/one": True, "@x/two": True}, "lockedExtensions": {"@x/locked": True, "@y/part:plugin": True}})
    write(levels["pip"] / "labconfig/page_config.d/20.json", {"b": "pip", "disabledExtensions": ["@x/three"]})
    write(levels["pip"] / "labconfig/page_config.d/10.json", {"b": "earlier", "d": {"e": 1}})
    write(levels["pip"] / "labconfig/page_config.d/broken.json", "{")
    write(levels["user"] / "labconfig/page_config.json", {"c": "user", "disabledExtensions": {"@x/two": False}})
    c = page_config(agent)
    assert (c["a"], c["b"], c["c"], c["d"]) == ("image", "pip", "user", {"e": 1})
    assert set(c["disabledExtensions"]) == {"@x/one", "@x/three"} and set(c["lockedExtensions"]) == {"@x/locked", "@y/part:plugin"}
    # Sections of the front end's own configuration are read the same way.
    write(levels["pip"] / "serverconfig/some.d/a.json", {"x": 1, "y": {"z": 1}})
    write(levels["pip"] / "serverconfig/some.json", {"x": 2})
    assert agent.call("GET", "api/config/some", 200).json() == {"x": 2, "y": {"z": 1}}
    agent.call("PATCH", "api/config/some", 200, json={"y": {"z": 3}})
    assert agent.call("GET", "api/config/some", 200).json() == {"x": 2, "y": {"z": 3}}
    # An extension of the image switches another off, unless a file says otherwise.
    ext = agent.prefix / "share/jupyter/labextensions/@x/ext"
    write(ext / "package.json", {"name": "@x/ext", "version": "1.0.0", "author": {"name": "A"}, "license": "MIT", "jupyterlab": {
        "disabledExtensions": ["@x/two", "@x/four"], "_build": {"load": "static/a.js", "extension": "./extension"}}})
    write(ext / "install.json", {"packageManager": "python", "packageName": "x-ext"})
    c = page_config(agent)
    assert set(c["disabledExtensions"]) == {"@x/one", "@x/three", "@x/four"}
    assert [e["name"] for e in c["federated_extensions"]] == ["@x/ext"]


def test_plugins_are_switched_unless_locked(agent):
    assert set(agent.call("GET", "lab/api/plugins", 200).json()["lockRules"]) == {"@x/locked", "@y/part:plugin"}

    def switch(cmd, name, expect, what="plugins", key="plugin_name"):
        return agent.call("POST", f"lab/api/{what}", expect, json={"cmd": cmd, key: name}).json()

    assert switch("disable", "@x/ext:it", 201) == {"status": "ok", "message": None, "needs_restart": ["frontend"]}
    assert "@x/ext:it" in page_config(agent)["disabledExtensions"]
    switch("enable", "@x/ext:it", 201)
    switch("enable", "@x/one", 201)
    assert "@x/one" not in page_config(agent)["disabledExtensions"] and page_config(agent)["c"] == "user"
    for name in ("@x/locked:a", "@x/locked", "@y/part:plugin", "@y/part"):
        r = switch("disable", name, 500)
        assert r["status"] == "error" and "locked" in r["message"]
    switch("disable", "@y/part:other", 201)
    switch("explode", "@x/one", 422)
    switch("disable", "", 422)
    # The extension manager lists and switches; pip installs.
    e, how = agent.call("GET", "lab/api/extensions", 200).json()
    assert "pip install" in how["description"]
    assert "pip install" in switch("disable", how["name"], 422, "extensions", "extension_name")["message"]
    assert (e["name"], e["installed_version"], e["author"], e["enabled"], e["install"]["packageName"]) == (
        "@x/ext", "1.0.0", "A", True, "x-ext")
    switch("disable", "@x/ext", 201, "extensions", "extension_name")
    assert agent.call("GET", "lab/api/extensions", 200).json()[0]["enabled"] is False
    assert "pip install" in switch("install", "jupyterlab-git", 422, "extensions", "extension_name")["message"]
    found, = agent.call("GET", "lab/api/extensions", 200, params={"query": "git"}).json()
    assert "pip install" in found["description"]
    own = agent.home / ".jupyter/labconfig/page_config.json"
    own.write_text("{ broken")
    assert "not JSON" in switch("disable", "@x/one", 500)["message"] and own.read_text() == "{ broken"
    own.unlink()


def test_themes_of_extensions(agent):
    """A federated theme brings its files below themes/."""
    for top, text in ((agent.prefix / "share/jupyter/labextensions/@z/theme", "image"),
                      (agent.home / ".local/share/jupyter/labextensions/@z/theme", "user")):
        write(top / "package.json", {"name": "@z/theme", "version": "1", "jupyterlab": {"_build": {"load": "static/a.js"}}})
        write(top / "themes/@z/theme/index.css", f"body {{ background: url('{text}.png'); src: url(\"/x.png\") }}")
        write(top / "themes/@z/theme/font.woff2", text)
    r = agent.call("GET", "lab/api/themes/@z/theme/index.css", 200)
    assert r.headers["Content-Type"] == "text/css"
    assert r.text == "body { background: url('/a%40b/lab/api/themes/@z/theme/user.png'); src: url(\"/x.png\") }"
    assert agent.call("GET", "lab/api/themes/@z/theme/font.woff2", 200).text == "user"
    agent.call("GET", "lab/api/themes/@z/theme/none.css", 404)
    agent.call("GET", "lab/api/themes/@z/theme/../../../package.json", 404)


def test_an_empty_put_on_a_folder_makes_a_file(agent):
    (agent.root / "folder").mkdir()
    for data in (None, b"{}"):
        made = agent.call("PUT", "api/contents/folder", 201, data=data).json()
        assert made["path"].startswith("folder/untitled") and (agent.root / made["path"]).read_bytes() == b""


def test_settings_in_the_chosen_language(agent):
    """Titles, descriptions and labels come translated; what programs read does not change."""
    schemas = agent.home / "lab/schemas"
    write(schemas / "@jupyterlab/translation-extension/plugin.json", {"title": "Language", "type": "object", "properties": {
        "locale": {"type": "string", "default": "default", "title": "Locale"}}})
    write(schemas / "@z/menus/plugin.json", {
        "title": "Language", "description": "none", "type": "object", "jupyter.lab.menus": {"main": [
            {"id": "m", "label": "Edit", "items": [{"command": "Edit", "label": "Copy"}]}]},
        "jupyter.lab.internationalization": {"selectors": ["properties/special/values/.*"], "domain": "jupyterlab"},
        "properties": {"title": {"type": "string", "title": "Edit"}, "special": {"values": {"a": "Copy", "b": "Other"}},
                       "deep": {"properties": {"x": {"description": "Copy", "default": "Copy"}}}}})
    site = agent.home / ".local" / "lib" / VERSION / "site-packages"
    install_pack(site, "it_IT", {"jupyterlab.json": catalogue("4.5", **{
        "schema\4Language": "Lingua", "menu\4Edit": "Modifica", "menu\4Copy": "Copia", "settings\4Edit": "Modificare",
        "settings\4Copy": "Copiare", "schema\4Copy": "Copia!", "schema\4none": "", "Edit": "NO"})})
    pid = "@jupyterlab/translation-extension:plugin"

    def schema():
        all_ = {e["id"]: e["schema"] for e in agent.call("GET", "lab/api/settings", 200).json()["settings"]}
        assert all_["@z/menus:plugin"] == agent.call("GET", "lab/api/settings/@z/menus:plugin", 200).json()["schema"]
        return all_["@z/menus:plugin"]

    plain = json.loads((schemas / "@z/menus/plugin.json").read_text())
    assert schema() == plain
    agent.call("PUT", f"lab/api/settings/{pid}", 204, json={"raw": "{locale: 'it_IT'}"})
    s = schema()
    assert (s["title"], s["description"]) == ("Lingua", "none")
    assert s["jupyter.lab.menus"]["main"] == [{"id": "m", "label": "Modifica", "items": [{"command": "Edit", "label": "Copia"}]}]
    assert s["properties"]["title"] == {"type": "string", "title": "Modificare"}
    assert s["properties"]["deep"]["properties"]["x"] == {"description": "Copiare", "default": "Copy"}
    assert s["properties"]["special"]["values"] == {"a": "Copia!", "b": "Other"}
    agent.call("PUT", f"lab/api/settings/{pid}", 204, json={"raw": "{locale: 'default'}"})
    assert schema() == plain


# ----------------------------------------------------------------- in a real JupyterLab

def test_jupyterlab_speaks_the_language_of_a_new_pack(tmp_path):
    """The unmodified JupyterLab shows menus in a language that was installed after the session began, and says how
    extensions are installed."""
    a = Agent(tmp_path / "root", lab=LAB).start()
    try:
        with sync_playwright() as p:
            browser = launch(p)
            page = browser.new_page()
            url = f"http://127.0.0.1:{a.port}{a.base}lab"
            page.goto(f"{url}?token={a.token}")
            expect(page.get_by_role("menuitem", name="File", exact=True)).to_be_visible(timeout=60_000)
            install_pack(tmp_path / ".local" / "lib" / VERSION / "site-packages", "fr_FR", {"jupyterlab.json": catalogue(
                "4.5", **{"menu\4File": "Fichier", "menu\4Edit": "Édition", "File": "Fichier"})})
            a.call("PUT", "lab/api/settings/@jupyterlab/translation-extension:plugin", 204, json={"raw": '{"locale": "fr_FR"}'})
            page.goto(url)
            expect(page.get_by_role("menuitem", name="Fichier", exact=True)).to_be_visible(timeout=60_000)
            expect(page.get_by_role("menuitem", name="Édition", exact=True)).to_be_visible()
            page.locator('li[data-id="extensionmanager.main-view"]').click()
            page.locator(".jp-extensionmanager-disclaimer-enable").click()
            expect(page.locator(".jp-extensionmanager-view")).to_contain_text("pip install NAME", timeout=30_000)
            browser.close()
    finally:
        assert a.stop() == 0
