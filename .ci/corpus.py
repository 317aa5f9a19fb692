#!/usr/bin/env python3
"""Holds what compare.py has counted against what is wanted, and against the differences that are meant.

usage: corpus.py COUNTS.json
"""
import json
import sys

# Of all: files that the peer reads, its findings that we find too, and those with the same severity.
WANTED = {"read": 0.98, "found": 0.97, "severity": 0.95}

EMPTY = "an empty file is a scanner that wrote nothing, not one that found nothing"
NO_REPORT = "rules and word lists that lie beside the reports"
# For each tool: files that we refuse, findings that we do not have, findings with another severity; and why.
MEANT = {
    "anchore_enterprise": (0, 0, 10, "the severity that a check's message begins with beats the policy's action"),
    "anchorectl_policies": (0, 0, 1, "the severity that a check's message begins with beats the policy's action"),
    "appspider": (0, 0, 1, "the score's own word (`2-Low`); the peer takes it a step higher"),
    "aqua": (1, 0, 0, "a list of results without `result` is no report"),
    "aws_inspector2": (0, 1, 1, "the peer writes `N/AN/A` for a file"),
    "aws_prowler": (1, 0, 1, EMPTY + "; Informational is Info"),
    "blackduck": (0, 8, 8, "the peer names all files of a component for each of its versions, we the version's own"),
    "blackduck_component_risk": (0, 12, 12, "licences and outdated packages are no weaknesses: the archive's vulnerabilities are read"),
    "burp_suite_dast": (1, 12, 12, "HTML for people; Burp's XML and its API are read"),
    "checkmarx": (0, 0, 186, "the peer writes `Information`, which is no severity of its own scale: Info"),
    "chefinspect": (0, 1, 1, "a control that passed is no finding"),
    "clamav": (1, 0, 0, NO_REPORT),
    "cred_scan": (0, 0, 4, "it rates nothing: credentials are High"),
    "dependency_track": (1, 1, 1, "an export without `findings` is no clean one; `unknown` is no place"),
    "drheader": (1, 0, 0, EMPTY),
    "dsop": (2, 4, 4, "workbooks of several scanners, no longer written: their own reports are read"),
    "github_secrets_detection_report": (0, 0, 1, "a secret that works is Critical"),
    "gitlab_dast": (0, 12, 12, "the peer's titles are the records' ids, which are others in each scan"),
    "gitlab_sast": (0, 5, 5, "the peer gives a finding's last line, we the first"),
    "gobuster": (3, 0, 0, NO_REPORT),
    "hcl_appscan": (0, 4, 4, "words that were made unreadable before the report was published"),
    "mozilla_observatory": (0, 30, 37, "tests that passed are no findings"),
    "ms_defender": (1, 1, 1, "a zip without vulnerabilities is no clean one"),
    "naabu": (1, 0, 0, EMPTY),
    "nexpose": (0, 1, 2, "a host that answers is no finding"),
    "npm_audit_7_plus": (0, 0, 1, "one finding for each advisory, with the advisory's severity"),
    "nuclei": (2, 0, 0, EMPTY),
    "osv_scanner": (1, 0, 0, EMPTY),
    "redhatsatellite": (0, 0, 1, "an erratum without a severity is a bug fix: Info"),
    "rusty_hog": (0, 1, 1, "a Jira issue is no file"),
    "sarif": (0, 0, 43, "a result's own word (`issue_severity: LOW`, Dependency-Check's `severity: low`) beats its level, which has no word for Low and Critical"),
    "skf": (1, 27, 27, "a questionnaire of requirements: no scanner's findings"),
    "sonarqube": (3, 13, 14, "HTML for people, and a zip with nothing in it; the API's Blocker is Critical"),
    "sonatype": (0, 1, 1, "a package of several files is one finding with several places"),
    "sslyze": (0, 0, 1, "it rates nothing: Medium"),
    "testssl": (0, 1, 1, "a clock is no weakness"),
    "twistlock": (1, 0, 0, "a text of one line is no table"),
    "veracode": (0, 7, 7, "a flaw's line is `line`; the peer adds `functionrelativelocation`, which is a percentage"),
    "wazuh": (0, 0, 1, "where there is no severity, the score counts"),
    "wfuzz": (0, 0, 2, "the code of an answer says nothing of how bad it is: Info"),
    "wizcli_iac": (0, 0, 1, "the peer writes `Informational`, which is no severity of its own scale: Info"),
    "yara": (2, 6, 6, NO_REPORT + "; " + EMPTY),
}

counts = {tool: entry["counts"] for tool, entry in json.load(open(sys.argv[1])).items()}
wrong = []
total = {"files": 0, "read": 0, "peer": 0, "found": 0, "severity": 0}
for tool, count in counts.items():
    get = lambda name: count.get(name, 0)
    unread, unfound, other, _ = MEANT.get(tool, (0, 0, 0, ""))
    got = (get("files") - get("read"), get("peer") - get("found"), get("peer") - get("severity"))
    for what, meant, now in zip(("files not read", "findings not found", "other severities"), (unread, unfound, other), got):
        if now > meant:
            wrong.append(f"{tool}: {now} {what}, {meant} are meant")
    # What is meant counts as it should be.
    total["files"] += get("files")
    total["read"] += get("read") + min(unread, got[0])
    total["peer"] += get("peer")
    total["found"] += get("found") + min(unfound, got[1])
    total["severity"] += get("severity") + min(other, got[2])
for name, of in (("read", "files"), ("found", "peer"), ("severity", "peer")):
    share = total[name] / max(1, total[of])
    print(f"{name}: {total[name]} of {total[of]} ({100 * share:.1f} %), with what is meant")
    if share < WANTED[name]:
        wrong.append(f"{name}: {100 * share:.1f} %, {100 * WANTED[name]:.0f} % are wanted")
raise SystemExit("\n".join(wrong) if wrong else 0)
