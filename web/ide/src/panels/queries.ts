/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a kernel is asked for its variables. Nothing is left behind in the user's namespace, no attribute of a user's own
 * class is touched, and no value is printed whole.
 */
import type { JsonObject } from "../model/types";

export interface Variable {
  name: string;
  type: string;
  shape: string; /* or the value, when it is short */
  bytes: number | null;
}

export interface Listing {
  variables: Variable[];
  more: number; /* not listed: there are too many */
  left: number; /* modules, functions, classes: never listed */
  ran: boolean | null; /* has a cell run? null: this kernel can't say */
}

const MAX = 500;

const PYTHON = `
import sys, types, json, builtins
KNOWN = {"numpy", "pandas", "torch", "polars", "xarray", "tensorflow", "jax", "jaxlib", "scipy", "pyarrow", "cupy", "dask", "PIL", "geopandas"}
SKIP = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)
def shape(v, known):
    if known:
        s = getattr(v, "shape", None)
        if isinstance(s, (tuple, list)) and all(isinstance(n, int) for n in s):
            return " × ".join(map(str, s)) or "scalar"
        if getattr(v, "size", None) is not None and isinstance(v.size, tuple):
            return " × ".join(map(str, v.size))
    if type(v) in (int, float, bool, complex, type(None)):
        t = repr(v) if not (type(v) is int and v.bit_length() > 200) else "%d bits" % v.bit_length()
        return t
    if type(v) is str:
        return json.dumps(v, ensure_ascii=False) if len(v) <= 40 else json.dumps(v[:39], ensure_ascii=False)[:-1] + "…\\""
    if type(v) in (list, tuple, dict, set, frozenset, bytes, bytearray, range):
        return str(len(v))
    return ""
def size(v, known):
    if known:
        n = getattr(v, "nbytes", None)
        if isinstance(n, int): return n
        m = getattr(v, "memory_usage", None)
        if callable(m) and type(v).__module__.split(".")[0] == "pandas":
            u = m(); return int(u if isinstance(u, int) else u.sum())
        if callable(getattr(v, "estimated_size", None)): return int(v.estimated_size())
        if callable(getattr(v, "element_size", None)): return int(v.element_size() * v.nelement())
    if getattr(builtins, type(v).__name__, None) is type(v): return sys.getsizeof(v)
    return None
def rows(ns, hidden, most):
    out, more, left = [], 0, 0
    for k in sorted((k for k in list(ns) if isinstance(k, str)), key=str.lower):
        if k.startswith("_") or k in hidden or k in ("In", "Out", "exit", "quit", "get_ipython", "open"): continue
        v = ns.get(k)
        if issubclass(type(v), SKIP):
            left += 1; continue
        if len(out) >= most:
            more += 1; continue
        known = type(v).__module__.split(".")[0] in KNOWN
        s, n = "", None
        try: s = shape(v, known)
        except Exception: pass
        try: n = size(v, known)
        except Exception: pass
        out.append([k, type(v).__name__, s[:80], n])
    return out, more, left
class Said:
    def __init__(self, t): self.t = t
    def __repr__(self): return self.t
def say(most):
    ip = __import__("IPython").get_ipython()
    out, more, left = rows(ip.user_ns, getattr(ip, "user_ns_hidden", ()), most)
    return Said(json.dumps({"v": out, "m": more, "l": left, "r": getattr(ip, "execution_count", 1) > 1}))
`;

const R = `local({
  n <- sort(ls(globalenv())); f <- function(s) gsub('(["\\\\\\\\])', '\\\\\\\\\\\\1', s)
  a <- length(n); n <- Filter(function(k) !is.function(get(k, globalenv())), n); a <- a - length(n); more <- max(0, length(n) - ${MAX}); n <- head(n, ${MAX})
  r <- vapply(n, function(k) { v <- get(k, globalenv()); d <- dim(v)
    s <- if (!is.null(d)) paste(d, collapse = " × ") else if (is.atomic(v) && length(v) == 1) substr(format(v), 1, 40) else as.character(length(v))
    sprintf('["%s","%s","%s",%.0f]', f(k), f(class(v)[1]), f(s), as.numeric(object.size(v))) }, "")
  cat(sprintf('{"v":[%s],"m":%d,"l":%d}', paste(r, collapse = ","), as.integer(more), as.integer(a)))
})`;

const JULIA = `let esc(s) = replace(string(s), "\\\\" => "\\\\\\\\", "\\"" => "\\\\\\"")
  rows = String[]; more = 0; left = 0
  for k in sort(filter(k -> k ∉ (:Base, :Core, :Main, :InteractiveUtils, :In, :Out, :ans), names(Main)))
    isdefined(Main, k) || continue; v = getfield(Main, k)
    if v isa Module || v isa Function || v isa Type; left += 1; continue; end
    if length(rows) >= ${MAX}; more += 1; continue; end
    s = v isa AbstractArray ? join(size(v), " × ") : v isa Union{Number,AbstractString} ? first(repr(v), 40) : ""
    push!(rows, "[\\"$(esc(k))\\",\\"$(esc(nameof(typeof(v))))\\",\\"$(esc(s))\\",$(Base.summarysize(v))]")
  end
  print("{\\"v\\":[", join(rows, ","), "],\\"m\\":", more, ",\\"l\\":", left, "}")
end`;

export interface Query {
  code: string;
  expressions: Record<string, string>;
}

const literal = (s: string): string => JSON.stringify(s);

/* null: this language's variables can't be listed. */
export function queryOf(language: string): Query | null {
  const l = language.toLowerCase();
  if (l === "python") {
    /* One expression, evaluated where an assignment would leave nothing: names live in a dictionary of their own. */
    return { code: "", expressions: { v: `(lambda d: (exec(${literal(PYTHON)}, d), d["say"](${MAX}))[1])({})` } };
  }
  if (l === "r") return { code: R, expressions: {} };
  if (l.startsWith("julia")) return { code: JULIA, expressions: {} };
  return null;
}

/* null: no such answer. */
export function listingOf(answer: JsonObject | null): Listing | null {
  const v = answer?.v as JsonObject | undefined;
  const data = v?.data as JsonObject | undefined;
  const text = v ? data?.["text/plain"] : answer?.stdout;
  if (typeof text !== "string") return null;
  try {
    const said = JSON.parse(text.slice(text.indexOf("{"))) as { v?: unknown; m?: unknown; l?: unknown; r?: unknown };
    if (!Array.isArray(said.v)) return null;
    const variables = said.v.slice(0, MAX).map((row) => {
      const [name, type, shape, bytes] = row as unknown[];
      return { name: String(name), type: String(type), shape: String(shape ?? ""), bytes: typeof bytes === "number" ? bytes : null };
    });
    return { variables, more: Number(said.m) || 0, left: Number(said.l) || 0, ran: typeof said.r === "boolean" ? said.r : null };
  } catch {
    return null;
  }
}
