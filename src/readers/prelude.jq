# Functions for scanner definitions, beside those of jq. Documented in docs/adding-a-scanner.md.

# The items of an array; nothing where it is null. Anything else is an error.
def list(f): f | if . == null then empty elif isarray then .[] else error("an array was expected, got \(type)") end;
# The values of an object; nothing where it is null. Anything else is an error.
def members(f): f | if . == null then empty elif isobject then .[] else error("an object was expected, got \(type)") end;
# XML: the elements of one name, none, one or many.
def each(f): f | if . == null or . == "" then empty elif isarray then .[] else . end;
# A container that must be there.
def must(f; $what): f | if . == null then error("`\($what)` is missing") else . end;
# XML: the text of an element that may have attributes.
def content: if isobject then .["#text"] else . end;
# The first output that says something.
def first_present(f): first(f | select(. != null and . != "" and . != [] and . != "N/A")) // null;
# What says something, joined.
def joined($by): map(select(. != null and . != "") | tostring) | join($by);
# `79`, `"79"`, `"CWE-79: …"` → `CWE-79`; nothing for 0 and the like.
def cwe: if . == null then empty else tostring | ascii_downcase | ltrimstr("cwe") | ltrimstr("-") | ltrimstr("_")
  | split(":")[0] // "" | split(" ")[0] // "" | trim | (tonumber? // empty) | select(. > 0) | "CWE-\(.)" end;
# The public identifiers in a text.
def ids: if isstring then [scan("(?:CVE-[0-9]{4}-[0-9]{4,}|GHSA(?:-[0-9a-zA-Z]{4}){3})")] | .[] else empty end;
# A package URL.
def purl($type; $name; $version): if ($type // "") == "" or ($name // "") == "" then null else
  "pkg:\($type)/" + ($name | if $type == "maven" then split(":") | join("/") else . end | split("/") | map(@uri) | join("/"))
  + (if ($version // "") == "" then "" else "@" + ($version | tostring | @uri) end) end;
# A number from a number or its text, else null.
def number: if isnumber then . elif isstring then (tonumber? // null) else null end;
