# Functions for scanner definitions, beside those of jq and these of functions.rs:
# `items`: of an array; `present`: the value, if it says something; `[…] | joined(" ")`: what says something, joined;
# `first_present(f)`: the first output that says something, else null;
# `cwe`: `79`, `"79"`, `"CWE-79: …"` → `CWE-79`; `ids`: the vulnerability ids in a text; `html_text`: HTML as plain text;
# `without_checkout`: a dotted name without the folders of a machine's checkout (`builds.acme.shop.rules.eval` → `rules.eval`);
# `cvss_score`: the base score of a CVSS vector.

# The items of an array; nothing where it is null. Anything else is an error.
def list(f): f | items;
# The values of an object; nothing where it is null. Anything else is an error.
def members(f): f | if . == null then empty elif isobject then .[] else error("an object was expected, got \(type)") end;
# XML: the elements of one name, none, one or many.
def each(f): f | if . == null or . == "" then empty elif isarray then .[] else . end;
# A container that must be there.
def must(f; $what): f | if . == null then error("`\($what)` is missing") else . end;
# XML: the text of an element that may have attributes.
def content: if isobject then .["#text"] else . end;
# A package URL.
def purl($type; $name; $version): if ($type // "") == "" or ($name // "") == "" then null else
  "pkg:\($type)/" + ($name | if $type == "maven" then split(":") | join("/") else . end | split("/") | map(@uri) | join("/"))
  + (if ($version // "") == "" then "" else "@" + ($version | tostring | @uri) end) end;
# A number from a number or its text, else null.
def number: if isnumber then . elif isstring then (tonumber? // null) else null end;
# HTML, in JSON or as an element's text, as plain text; else null.
def html: content | if isstring then html_text else null end;
# null in place of words that say nothing: `null_if("None", "-")`.
def null_if(f): . as $word | if any(f; . == $word) then null else . end;
# The items of an array, or of a text that lists them.
def words($by): if isarray then .[] elif isstring then split($by)[] | trim else empty end | select(. != "");
# `12: let x = 1` and `12 let x = 1`, line by line, as numbers and texts.
def numbered_lines: split("\n") | map(capture("^(?<n>[0-9]+):? ?(?<text>.*)$") | .n |= tonumber);
# An archive's name changes with its version: a place, but none to know a finding by.
def is_archive: . // "" | test("\\.(jar|war|ear|aar|hpi|zip|dll|exe|nupkg|tgz|gz|whl|egg|gem|so)$"; "i");
# The version with which a range of vulnerable ones (`>=4.0.0 <4.17.21`) ends; of several ranges null, as only the installed
# version tells which counts.
def end_of_range: [strings | scan("< *v?([0-9][^ ,|]*)") | .[0]] | if length == 1 then .[0] else null end;
# `Cross_Site_Scripting` as people read it.
def spaced: . // "" | gsub("_"; " ");
