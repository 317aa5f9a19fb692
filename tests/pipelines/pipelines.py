"""Checks the action, the workflows, the templates and the examples: linters, published schemas, and runs of the templates
against the fake trackers."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import yaml

from kit import ROOT, Fakes, Workspace, azure_step, binary, check, clean_env, document, finish, run, sarif, skip


def linters():
    """`actionlint` and `zizmor --pedantic` find nothing."""
    workflows = sorted(str(path) for path in (ROOT / ".github/workflows").glob("*.yml"))
    examples = sorted(str(path) for path in (ROOT / "examples/github").glob("*.yml"))
    for command in (["actionlint", *workflows, *examples], ["zizmor", "--offline", "--pedantic", str(ROOT), *examples]):
        if shutil.which(command[0]):
            done = run(command, cwd=ROOT)
            check(done.returncode == 0, f"{command[0]} finds nothing", done.stdout)
        else:
            skip(command[0], "not installed")


def rules_of_our_own():
    """What no linter looks at: commits with their tags as comments, nothing untrusted in scripts."""
    for path in [*(ROOT / ".github/workflows").glob("*.yml"), *(ROOT / "examples/github").glob("*.yml")]:
        text = path.read_text()
        used = re.findall(r"^\s*(?:- )?uses: (.+)$", text, re.M)
        loose = [use for use in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", use) and "OWNER/" not in use]
        check(not loose, f"{path.name}: every action is pinned by commit", loose)
        check(yaml.safe_load(text)["permissions"] == {}, f"{path.name}: no permissions but those of its jobs")
        scripts = [step.get("run", "") for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
        check("${{" not in "".join(scripts), f"{path.name}: no template in a script")
    action = document("action.yml")["runs"]
    check("${{" not in json.dumps(action), "action.yml: no input is part of a command", action)
    check("@sha256:" in action["image"], "action.yml: the image is pinned by digest", action)
    step = document("azure-pipelines-template.yml")["steps"][0]
    check("${{" not in step["bash"] and "$(" not in step["bash"].replace("$(id ", ""), "Azure: no template in the script")
    read = set(re.findall(r'env\("(\w+)"\)', (ROOT / "src/ci/azure.rs").read_text()))
    passed = set(run(["bash", "-c", 'docker() { printf "%s\\n" "$@"; }; exec() { "$@"; }; ' + step["bash"]],
                     env=clean_env(FINDSYNC_CONTAINER_JOB="False", FINDSYNC_IMAGE="x")).stdout.split("\n"))
    check(read <= passed, "Azure: the container gets every variable that findsync reads", read - passed)


def azure_schema():
    """The template, expanded, and the examples against the schema that Microsoft publishes (as check-jsonschema ships it)."""
    import check_jsonschema
    schemas = pathlib.Path(check_jsonschema.__file__).parent / "builtin_schemas/vendor"
    schema = json.loads((schemas / "azure-pipelines.json").read_text())
    validator = jsonschema.Draft7Validator(schema)

    def texts(value):
        # Azure reads every scalar as a text, and the schema says so.
        if isinstance(value, dict):
            return {name: texts(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [texts(inner) for inner in value]
        return {True: "true", False: "false", None: ""}.get(value, str(value)) if not isinstance(value, str) else value

    for path in ["azure-pipelines-template.yml", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("examples/azure/*.yml"))]:
        pipeline = texts(document(path))
        for step in pipeline.get("steps", []):
            if "bash" in step and "parameters" in pipeline:
                step["env"] = azure_step({})[1]
                step["name"] = "findsync"
        error = jsonschema.exceptions.best_match(validator.iter_errors(pipeline))
        check(error is None, f"{path} is what Azure Pipelines' schema wants", str(error))


def gitlab_component():
    """The component is the template's job, with inputs for its variables."""
    template = document(".gitlab-ci-template.yml")
    spec, component = yaml.safe_load_all((ROOT / "templates/findsync.yml").read_text())
    text = json.dumps(component)
    for name, about in spec["spec"]["inputs"].items():
        check(f"$[[ inputs.{name} ]]" in text, f"GitLab component: the input {name} is used")
        text = text.replace(f"$[[ inputs.{name} ]]", str(about["default"]).lower() if about.get("type") else about["default"])
    (name, job), = json.loads(text).items()
    ours = template[".findsync"] | template["findsync"]
    ours.pop("extends")
    ours["image"] = ours["image"] | {"name": template["variables"]["FINDSYNC_IMAGE"]}
    given = {name: value for name, value in job["variables"].items() if value and name not in ("FINDSYNC_MODE", "FINDSYNC_PARTIAL")}
    check(name == "findsync" and job | {"variables": given} == ours, "GitLab component: is the template's job", (job, ours))


def gitlab_run(fakes):
    """gitlab-ci-local reads the template and runs its job with a shell; then the example, its scanners replaced."""
    if not shutil.which("gitlab-ci-local"):
        skip("gitlab-ci-local", "not installed")
        return
    example = document("examples/gitlab/.gitlab-ci.yml")
    example["include"] = [{"local": "template.yml"}]
    report = "gl-sast-report.json"
    for job in ("semgrep-sast", "secret_detection"):
        example[job] |= {"script": ["true"], "artifacts": example[job]["artifacts"]}
    example["semgrep-sast"]["script"] = [f"cp sast.json {report}"]
    del example["secret_detection"], example["findsync"]["needs"][1]
    for name, pipeline in (("template", {"include": [{"local": "template.yml"}]}), ("example", example)):
        workspace = Workspace()
        workspace.write("probe.sarif", sarif("rule-a"))
        workspace.write("sast.json", gitlab_report())
        template = (ROOT / ".gitlab-ci-template.yml").read_text()
        workspace.write("template.yml", template)
        workspace.write(".gitlab-ci.yml", yaml.safe_dump(pipeline, sort_keys=False))
        branch = "a$(touch${IFS}pwned)'`b`"
        for command in (["init", "-q", "-b", "main"], ["remote", "add", "origin", "git@gitlab.example.com:acme/shop.git"],
                        ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "$(touch pwned)"]):
            run(["git", *command], cwd=workspace.path)
        before = len(fakes.open("gitlab"))
        variables = fakes.gitlab(CI_COMMIT_MESSAGE=branch, FINDSYNC_REPORTS="probe.sarif" if name == "template" else "gl-*-report.json",
                                 FINDSYNC_TARGET=branch)
        variables.pop("CI")
        flags = [flag for variable, value in variables.items() for flag in ("--variable", f"{variable}={value}")]
        path = f"{binary().parent}:{os.environ['PATH']}"
        done = run(["gitlab-ci-local", "--force-shell-executor", "--needs", "findsync", *flags],
                   cwd=workspace.path, env=clean_env(PATH=path))
        opened = len(fakes.open("gitlab")) - before
        # The example has a gate, and the finding trips it.
        code = 1 if name == "example" else 0
        check(done.returncode == code and opened == 1, f"gitlab-ci-local runs the {name}'s job", (opened, done.stdout))
        workspace.check_untouched(f"gitlab-ci-local, {name}", done.stdout)


def gitlab_report():
    return json.dumps({
        "version": "15.0.4",
        "scan": {"type": "sast", "status": "success", "start_time": "2026-01-01T00:00:00", "end_time": "2026-01-01T00:00:01",
                 "scanner": {"id": "semgrep", "name": "Semgrep", "version": "1.0.0", "vendor": {"name": "GitLab"}},
                 "analyzer": {"id": "semgrep", "name": "Semgrep", "version": "1.0.0", "vendor": {"name": "GitLab"}}},
        "vulnerabilities": [{
            "id": "9f", "category": "sast", "name": "Eval with expression", "description": "eval of user input",
            "severity": "High", "scanner": {"id": "semgrep", "name": "Semgrep"},
            "location": {"file": "src/eval.py", "start_line": 7},
            "identifiers": [{"type": "semgrep_id", "name": "eval", "value": "eval"}],
        }],
    })


def snippets(fakes):
    """The five lines of docs/ci.md: each is run as it stands there."""
    text = (ROOT / "docs/ci.md").read_text()
    found = dict(re.findall(r"^<!-- snippet: (\w+) -->\n```yaml\n(.*?)^```$", text, re.M | re.S))
    check(set(found) == {"github", "gitlab", "azure"}, "docs/ci.md has a snippet for each CI", found)
    readme = (ROOT / "README.md").read_text() if (ROOT / "README.md").exists() else ""
    for name, snippet in found.items():
        check(snippet in readme, f"README has the snippet for {name}, word for word")
        check(len(snippet.strip().splitlines()) <= 5, f"the snippet for {name} has five lines", snippet)

    step = yaml.safe_load(found["github"])[0]
    check(set(step["with"]) <= set(document("action.yml")["inputs"]), "the GitHub snippet's inputs exist", step)
    workspace = Workspace()
    workspace.write("reports/probe.sarif", sarif("snippet-rule"))
    inputs = {f"INPUT_{name.upper()}": str(value) for name, value in step["with"].items()} | {"INPUT_GITHUB-TOKEN": "ghs_workflow00"}
    event = workspace.write("event.json", json.dumps({"repository": {"default_branch": "main"}}))
    env = fakes.github(GITHUB_WORKSPACE=workspace.path, GITHUB_EVENT_PATH=event, **inputs)
    done = run([str(binary()), *document("action.yml")["runs"]["args"]], cwd=workspace.path, env=clean_env(**env))
    check(any("snippet-rule" in title for title in fakes.open("github")), "the GitHub snippet's step runs", done.stdout)

    gitlab = yaml.safe_load(found["gitlab"])
    check(gitlab["include"][0]["remote"].endswith("/.gitlab-ci-template.yml"), "the GitLab snippet includes the template", gitlab)
    variables = gitlab.get("variables", {})
    job = document(".gitlab-ci-template.yml")[".findsync"]
    env = fakes.gitlab(CI_PROJECT_DIR=workspace.path, PATH=f"{binary().parent}:{os.environ['PATH']}", **job["variables"], **variables)
    done = run(["sh", "-ec", "\n".join(job["script"])], cwd=workspace.path, env=clean_env(**env))
    check(any("snippet-rule" in title for title in fakes.open("gitlab")), "the GitLab snippet's job runs", done.stdout)

    azure = yaml.safe_load(found["azure"])[-1]
    declared = {parameter["name"] for parameter in document("azure-pipelines-template.yml")["parameters"]}
    check(set(azure["parameters"]) <= declared, "the Azure snippet's parameters exist", azure)
    script, given = azure_step({"FINDSYNC_TOKEN": "good-token"}, containerJob=True, **azure["parameters"])
    env = fakes.azure(BUILD_SOURCESDIRECTORY=workspace.path, PATH=f"{binary().parent}:{os.environ['PATH']}", **given)
    done = run(["bash", "-c", script], cwd=workspace.path, env=clean_env(**env))
    check(any("snippet-rule" in title for title in fakes.open("azure_devops")), "the Azure snippet's step runs", done.stdout)


def release_files():
    """What a release fills in: no OWNER is left, and every image is pinned."""
    with tempfile.TemporaryDirectory(prefix="findsync-release-") as copy:
        tracked = run(["git", "ls-files", "-z"], cwd=ROOT).stdout.split("\0")
        for name in filter(lambda name: name and (ROOT / name).is_file() and not name.startswith(("src/", "tests/")), tracked):
            target = pathlib.Path(copy) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
        tool = f"{copy}/.ci/release-files"
        version = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M)[1]
        changelog = pathlib.Path(copy) / "CHANGELOG.md"
        changelog.write_text(changelog.read_text().replace("## Unreleased", f"## {version}"))
        done = run([tool, "version", version])
        check(done.returncode == 0 and done.stdout == f"version={version}\n", "all files are at one version", done.stdout)
        digests = ["sha256:" + "a" * 64, "sha256:" + "b" * 64]
        steps = [[tool, "owner", "Acme/findsync"], [tool, "pin", version, *digests]]
        check(all(run(step).returncode == 0 for step in steps), "owner and digests are filled in")
        files = {name: (pathlib.Path(copy) / name).read_text() for name in
                 ("action.yml", ".gitlab-ci-template.yml", "azure-pipelines-template.yml", "templates/findsync.yml", "Cargo.toml")}
        left = [name for name, text in files.items() if "OWNER/findsync" in text or "ghcr.io/Acme" in text]
        check(not left, "no placeholder is left", left)
        check(f"docker://ghcr.io/acme/findsync:{version}@{digests[0]}" in files["action.yml"], "the action is pinned", files["action.yml"])
        check(f"ghcr.io/acme/findsync:{version}-ci@{digests[1]}" in files[".gitlab-ci-template.yml"], "the GitLab template is pinned")
        check(run([tool, "owner", "a/b; touch pwned"]).returncode != 0, "a hostile owner is refused")


def main():
    linters()
    rules_of_our_own()
    azure_schema()
    gitlab_component()
    release_files()
    with Fakes() as fakes:
        gitlab_run(fakes)
        snippets(fakes)
    finish()


if __name__ == "__main__":
    sys.exit(main())
