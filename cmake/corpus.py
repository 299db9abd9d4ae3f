#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the text that the main job learns: corpus.py PACKAGES OUT.

PACKAGES holds what debian.cmake unpacked. OUT/<domain>/*.txt becomes prose of four domains, one
paragraph a line, passages (an entry, a chapter, a section) in an order that depends on nothing but
their text, so that the end of a file, which is held out, is like its beginning. Where there are no
such packages, the text is what every development machine has. The same input gives the same bytes.
"""
import ast
import collections
import gzip
import hashlib
import pathlib
import re
import shutil
import struct
import subprocess
import sys

domain_bytes = 3_000_000  # at most; the domains are to be of one size
least_bytes = 100_000     # a domain smaller than this is left out


# ---- prose ---------------------------------------------------------------------------------------

def is_prose(text):
    """A paragraph that a person would read: words, hardly any signs, a full stop."""
    letters = sum(c.isalpha() or c == " " for c in text)
    words = text.split()
    return (text.isprintable() and len(words) >= 7 and letters >= 0.9 * len(text)
            and text[-1] in ".!?:;)\"'" and max(map(len, words)) <= 30 and "  " not in text)


def one_line(text):
    return " ".join(text.split())


def paragraphs(text):
    return [p for p in re.split(r"\n[ \t]*\n", text) if p.strip()]


def passages_of(texts):
    """One passage a text: its prose paragraphs, cut where it grows longer than a chapter."""
    for text in texts:
        passage = []
        for line in text:
            if is_prose(line):
                passage.append(line)
            if sum(map(len, passage)) > 3000:
                yield "\n".join(passage)
                passage = []
        if passage:
            yield "\n".join(passage)


# ---- the dictionary: 128,000 entries, many labelled with their field -----------------------------

fields = {
    "biology": {
        "zoology": "Zool Ornith Paleon Entom Ichth Conch", "botany": "Bot Hort Agric Forestry",
        "medicine": "Med Surg Pathol Pharm Bact Immunology",
        "anatomy_and_physiology": "Anat Physiol Biol Biochem Microbiol Embryol Genetics"},
    "physical_science": {
        "chemistry": "Chem Alchem Metal", "earth_and_sky": "Min Geol Astron Crystallog Meteor "
        "Meteorol Geog Petrog", "mathematics": "Math Geom Alg Arith Trig Calculus Stat",
        "physics_and_machines": "Physics Phys Mech Elec Opt Mach Engin Surv Photom Hydraul Mining "
        "Thermodynamics Acoustics Photog Teleg Horol Steam"},
}
field_of = {label: (domain, name) for domain, names in fields.items()
            for name, labels in names.items() for label in labels.split()}
accents = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303",
           "=": "\u0304", ",": "\u0327"}
signs = {"ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "eth": "ð", "thorn": "þ", "deg": "°",
         "root": "√", "times": "×", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ",
         "theta": "θ", "pi": "π", "sect": "§", "min": "′", "sec": "″", "Delta": "Δ", "phi": "φ",
         "frac12": "½", "frac14": "¼", "frac34": "¾"}


def letters_of(text):
    """[ae] and ["o] as the letters they stand for."""
    import unicodedata
    text = re.sub(r"\[([A-Za-z0-9]+)\]", lambda m: signs.get(m[1], m[0]), text)
    return re.sub(r"\[(['`^\"~=,])([A-Za-z])\]",
                  lambda m: unicodedata.normalize("NFC", m[2] + accents[m[1]]), text)


def without_brackets(text):
    while (shorter := re.sub(r"\s*\[[^\[\]]*\]", "", text)) != text:
        text = shorter
    return text


def labels(text):
    """(position, behind, field) of every label such as (Bot.) or (Steam Engine)."""
    for found in re.finditer(r"\(([A-Z][^()]{1,30})\)", text):
        words = re.findall(r"[A-Za-z]+", found[1])
        known = [field_of[word] for word in words if word in field_of]
        if known or re.match(r"[A-Z][a-z]+\.", found[1]):
            yield found.start(), found.end(), known[0] if known else None


def definition(block, field):
    """(field, prose) of one block of an entry; the field is 'field' unless a label says another."""
    text = without_brackets(letters_of(one_line(block)))
    found = list(labels(text))
    if found:
        first, behind, field = found[0]
        collocation = re.match(r"\{([^{}]+)\}[^{}]*$", text[:first])
        stop = next((at for at, _, other in found if other != field), None)
        text = text[behind:stop]
        if collocation:
            text = collocation[1] + ", " + text.lstrip(" ,")
    elif "\\" in text or text.startswith("Syn:"):
        return field, None
    for _, _, label in found:
        text = re.sub(r"\([A-Z][^()]{1,30}\.\)", "", text) if label else text
    text = re.sub(r"^(Note|Defn):\s*", "", text.strip())
    text = re.sub(r"--\s?[A-Z][\w.'&() ]*(?=$|\s[A-Z(])", "", text)       # who said so
    text = re.sub(r"([;,]?) -- ", lambda m: (m[1] or ",") + " ", text)
    text = re.sub(r"\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"(^|[;.,:] *)(\([a-z]\)|\d+\.)\s*", r"\1", text)  # numbers of senses
    text = re.sub(r"\.,( [a-z]{1,3}\.)+( & [a-z]\.)*", ".", text)  # other parts of speech
    text = re.sub(r"(^|[.;,]\s+)(See|Cf\.|Same as)\b[^.;]*[.;]?(?=\s|$)", r"\1", text)
    text = one_line(text).strip(" ,.;:").replace(" ,", ",").replace(" ;", ";").replace(" .", ".")
    text = re.sub(r"(?<=\.) [A-Z][\w-]+$", "", text)                 # derived words
    if len(text) < 20 or re.search(r"[\[\]{}\\*|<>?]|--|\.\.", text):
        return field, None
    return field, text[0].upper() + text[1:] + "."


def dictionary(folder):
    """{(domain, name): [entry, ...]} of the labelled entries of GCIDE."""
    text = gzip.open(folder / "usr/share/dictd/gcide.dict.dz").read().decode("utf-8", "replace")
    found = collections.defaultdict(list)
    for entry in re.split(r"\n(?=\S)", text):
        head = re.match(r"([A-Za-z][A-Za-z' -]*) \\", entry)
        if not head or not any(field for _, _, field in labels(entry)):
            continue
        whole, last, kept = None, None, {}
        for number, block in enumerate(paragraphs(entry)):
            note = block.lstrip().startswith("Note:")
            last, prose = definition(block.strip(), last if note else whole)
            if number == 0 and " 1. " not in one_line(block):
                whole = last  # the label stands before the first sense: it holds for all of them
            if last and prose:
                kept.setdefault(last, []).append(prose)
        for field, lines in kept.items():
            name = head[1][0].upper() + head[1][1:].replace("E", "e", head[1].startswith("AE"))
            prose = f"{name}: {' '.join(lines)}"
            if is_prose(prose):
                found[field].append(prose)
    return found


# ---- the other sources ---------------------------------------------------------------------------

def computing_dictionary(folder):
    text = gzip.open(folder / "usr/share/dictd/foldoc.dict.dz").read().decode("utf-8", "replace")
    for entry in re.split(r"\n(?=\S)", text)[20:]:
        head, _, body = entry.partition("\n")
        lines = []
        for block in paragraphs(body):
            block = one_line(block)
            block = re.sub(r"\{([^{}()]*?)\s*\((?:https?|ftp|mailto)[^{}]*\}", r"\1", block)
            block = re.sub(r"[{}]", "", block)
            block = re.sub(r"^((<[^<>]*>|/[^/]*/|\([^()]*\))\s*)+", "", block)  # subject, sound
            block = re.sub(r"\s*\(\d{4}-\d\d-\d\d\)", "", block)
            if is_prose(block) and not re.search(r"[\[\]\\|<>_=@]", block):
                lines.append(block)
        if lines and re.fullmatch(r"[\w .'+/-]+", head):
            yield f"{head}: " + "\n".join(lines)


def git_manuals(folder):
    def lines(path):
        text = path.read_text("utf-8", "replace")
        text = re.sub(r"(?ms)^(-{4,}|\.{4,}|={4,}|\*{4,}|_{4,})$.*?^\1$", "\n", text)  # listings
        text = re.sub(r"(?m)^(\[.*\]|\+|ifn?def::.*|endif::.*|include::.*|//.*)$", "\n", text)
        text = re.sub(r"(?m)^.+\n[-=~^]{4,}$", "\n", text)                          # headings
        text = re.sub(r"(?m)^\s*(.*)::$", "\n", text)                               # terms
        for block in paragraphs(text):
            if re.match(r"[ \t]{2,}\S", block) and not re.match(r"[ \t]+[*.-] ", block):
                block = block if is_prose(one_line(block)) and "  " not in block.strip() else ""
            block = re.sub(r"^\s*(\*+|\.+|-|\d+\.)\s", "", block)
            block = re.sub(r"linkgit:([\w-]+)\[\d\]", r"\1", one_line(block))
            block = re.sub(r"\b(?:link|https?):\S+?\[([^\]]*)\]", r"\1", block)
            block = re.sub(r"\{[a-z]+\}|\+\+|<<[^>]*>>", "", block)
            block = re.sub(r"[`*]([^`*]+)[`*]", r"\1", block)
            block = re.sub(r"(?<!\w)[_']([^_' ][^_']*)[_'](?!\w)", r"\1", block)
            if block and not re.search(r"[{}|\\]|\[\[", block):
                yield block
    files = sorted((folder / "usr/share/doc/git/html").rglob("*.txt"))
    return passages_of(lines(path) for path in files)


def perl_manuals(folder):
    escapes = {"lt": "<", "gt": ">", "verbar": "|", "sol": "/"}

    def plain(text):
        text = re.sub(r"E<(\w+)>", lambda m: escapes.get(m[1], ""), text)
        while (simpler := re.sub(
                r"[A-Z](?:<<+ (.*?) >>+|<([^<>]*)>)",
                lambda m: re.sub(r"\|.*", "", m[1] or m[2] or ""), text)) != text:
            text = simpler
        return text

    def lines(path):
        text = path.read_text("utf-8", "replace")
        for block in paragraphs(re.sub(r"(?ms)^=(begin|for)\b.*?^(=end|$)", "", text)):
            if block[0] not in "= \t":
                block = one_line(plain(one_line(block)))
                if not re.search(r"[{}|\\<>$@%&;]{2}|[{}\\]", block):
                    yield block
    files = sorted((folder / "usr/share").glob("perl/*/pod/*.pod"))
    return passages_of(lines(path) for path in files
                       if not re.fullmatch(r"perl(5\d+delta|hist|modlib|toc|uniprops|.*api)",
                                           path.stem))


def king_james(folder):
    """The chapters. The text lies in windows, each an LZW stream behind one common header."""
    data = (folder / "usr/lib/bible.data").read_bytes()
    count, = struct.unpack_from(">I", data, 0x58)
    at = struct.unpack_from(f">{count + 1}I", data, 0x5C)
    text = b"".join(
        subprocess.run(["gzip", "-dc"], input=data[at[0] - 3:at[0]] + data[first:last], check=True,
                       stdout=subprocess.PIPE).stdout for first, last in zip(at, at[1:])).decode()
    chapters = collections.defaultdict(list)
    for line in text.splitlines()[1:]:
        reference, _, verse = line.partition(" ")
        chapters[reference.partition(":")[0]].append(verse.strip())
    return (" ".join(verses) for verses in chapters.values())


def sayings(folder):
    names = ("art cookie education food humorists kids law literature love magic medicine "
             "miscellaneous people pets platitudes politics riddles songs-poems sports tao wisdom "
             "work").split()
    for name in names:
        path = folder / "usr/share/games/fortunes" / name
        if path.exists():
            for saying in path.read_text("utf-8", "replace").split("\n%\n"):
                saying = re.sub(r"[ \t]+", " ", re.sub(r"[\x00-\x08\x0b-\x1f]", "", saying)).strip()
                text = re.sub(r"\n *", "\n", saying)
                if is_prose(one_line(text) + ".") and not re.search(r"[|\\{}<>_=~]", text):
                    yield text


def from_packages(folder):
    found = collections.defaultdict(dict)
    for (domain, name), entries in dictionary(folder).items():
        found[domain][name] = entries
    found["software"] = {"computing": list(computing_dictionary(folder)),
                         "git": list(git_manuals(folder)), "perl": list(perl_manuals(folder))}
    found["literature"] = {"bible": list(king_james(folder)), "sayings": list(sayings(folder))}
    return found


# ---- without the packages: what every development machine has ------------------------------------

def read(path):
    try:
        data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    except OSError:
        return ""
    return data.decode("utf-8", "replace")


def manual_page(path):
    text = re.sub(r"(?m)^\.\\\".*$|^[.'](?!B|I|BR|IR|RB|RI|BI|IB)\S*.*$", "\n", read(path))
    text = re.sub(r"(?m)^\.\w+ (.*)$", lambda m: m[1].replace('"', ""), text)
    text = re.sub(r"\\f\(?\w|\\f\[\w*\]|\\s[+-]?\d|\\[&/,|^]", "", text.replace("\\-", "-"))
    return [one_line(p) for p in paragraphs(text) if "\\" not in p]


def documentation(path):
    try:
        tree = ast.parse(read(path))
    except (SyntaxError, ValueError):
        return []
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    texts = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]
    return [one_line(p) for text in texts for p in paragraphs(text)]


def comments(path):
    blocks = re.findall(r"/\*.*?\*/|(?:^[ \t]*//.*\n)+", read(path), re.S | re.M)
    texts = [re.sub(r"(?m)^[ \t]*(/\*+|\*+/|\*|//[/!]*)|\*/", "", block) for block in blocks]
    return [one_line(p) for text in texts for p in paragraphs(text)]


def from_this_machine():
    def gathered(pattern, reader):
        files = sorted(pathlib.Path("/usr").glob(pattern))
        return {"text": list(dict.fromkeys(passages_of(reader(path) for path in files)))}
    return {
        "compiler_headers": gathered("include/**/*.h*", comments),
        "manual_pages": gathered("share/man/man[1-8]/*", manual_page),
        "licences": gathered("share/doc/*/copyright",
                             lambda path: [one_line(p) for p in paragraphs(read(path))]),
        "python_library": gathered("lib/python3*/**/*.py", documentation),
    }


# ---- writing -------------------------------------------------------------------------------------

def write(out, domains):
    """Cuts every file of a domain that is too big by one ratio; returns the bytes by domain."""
    sizes = {}
    for domain, files in sorted(domains.items()):
        total = sum(len(text.encode()) for texts in files.values() for text in texts)
        if total < least_bytes:
            continue
        (out / domain).mkdir(parents=True)
        for name, texts in sorted(files.items()):
            budget = sum(len(text.encode()) for text in texts) * min(1, domain_bytes / total)
            kept = []
            for text in sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest()):
                budget -= len(text.encode())
                if budget < 0:
                    break
                kept.append(text)
            (out / domain / f"{name}.txt").write_text("\n\n".join(kept) + "\n", "utf-8")
        sizes[domain] = sum(path.stat().st_size for path in (out / domain).iterdir())
    return sizes


def main():
    packages, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    shutil.rmtree(out, ignore_errors=True)
    try:
        domains, source = from_packages(packages), "packages of the distribution"
        notes = [f"==== {path.parent.name} ====\n{read(path)}"
                 for path in sorted((packages / "usr/share/doc").glob("*/copyright"))]
    except FileNotFoundError as missing:
        print(f"corpus: no {missing.filename}: taking what this machine has")
        domains, source = from_this_machine(), "documentation on this machine"
        notes = ["Comments, manuals and licences of the software installed on this machine; each "
                 "under the licence of its package (/usr/share/doc/*/copyright).\n"]
    sizes = write(out, domains)
    if not sizes:
        sys.exit("corpus: found no text: no package of the distribution, and nothing under /usr")
    (out / "LICENSES.md").write_text(
        f"The text beside this file was made from {source}. Their licences:\n\n"
        + "\n".join(notes), "utf-8")
    for domain, size in sizes.items():
        print(f"corpus: {domain:18} {size / 1e6:5.2f} MB")


if __name__ == "__main__":
    main()
