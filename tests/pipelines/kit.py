"""What the tests of images and pipelines share: the binary, the fake trackers, a workspace with a hostile report."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = "0123456789abcdef0123456789abcdef01234567"
# A title as a hostile scanner or committer would write it.
TITLE = "Injection $(touch pwned) `touch pwned` '\"; touch pwned # ##vso[task.setvariable variable=pwned]1"
# Ways to say something to a CI, at the start of a line or (##) anywhere in it.
COMMANDS = re.compile(r"(^\s*::(set-output|set-env|add-path|save-state|stop-commands)\b|##vso\[task\.setvariable variable=pwned)", re.M)

results = {"passed": 0, "failed": 0, "skipped": 0}


def check(condition, what, detail=""):
    """Counts one assertion, and goes on where it fails."""
    results["passed" if condition else "failed"] += 1
    print(f"{'ok' if condition else 'FAILED'}: {what}" + ("" if condition else f"\n{str(detail)[-3000:]}"), flush=True)
    return condition


def skip(what, why):
    results["skipped"] += 1
    print(f"skipped: {what}: {why}", flush=True)


def finish():
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**results))
    sys.exit(1 if results["failed"] else 0)


def run(command, **options):
    """Runs a command; its output, both streams in one, is for checks and is shown where they fail."""
    options.setdefault("env", clean_env())
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def clean_env(**more):
    """The environment without what a CI put there, so that tests mean the same everywhere."""
    foreign = ("GITHUB_", "INPUT_", "CI_", "GITLAB_", "SYSTEM_", "BUILD_", "TF_BUILD", "FINDSYNC_", "RUNNER_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign) and name != "CI"}
    return kept | {name: str(value) for name, value in more.items()}


def document(path):
    """A YAML file of the project."""
    return yaml.safe_load((ROOT / path).read_text())


def binary():
    """The binary to test: the one that FINDSYNC_BINARY names."""
    path = pathlib.Path(os.environ.get("FINDSYNC_BINARY", ROOT / "target/debug/findsync")).resolve()
    if not path.exists():
        sys.exit(f"no binary at {path}: `cargo build`, or set FINDSYNC_BINARY")
    return path


def sarif(*rules):
    """A report with one error for each rule."""
    result = [{
        "ruleId": rule, "level": "error", "message": {"text": TITLE},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": f"src/{rule}.py"}, "region": {"startLine": 3}}}],
        "partialFingerprints": {"primaryLocationLineHash": f"{rule}:1"},
    } for rule in rules]
    described = [{"id": rule, "shortDescription": {"text": f"{rule}: {TITLE}"}} for rule in rules]
    driver = {"name": "Probe", "version": "1.0.0", "rules": described}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": result}]})


class Workspace:
    """A checked-out repository with a report."""

    def __init__(self):
        self.held = tempfile.TemporaryDirectory(prefix="findsync-")
        self.path = pathlib.Path(self.held.name) / "work space"
        self.path.mkdir()
        self.path.chmod(0o777)
        pathlib.Path(self.held.name).chmod(0o755)

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def check_untouched(self, what, output):
        found = [str(path) for path in self.path.rglob("pwned*")]
        command = COMMANDS.search(output)
        check(not found and not command, f"{what}: hostile text executes nothing", f"{found} {command}\n{output}")


class Fakes:
    """The fake trackers, for as long as the block lasts."""

    def __enter__(self):
        built = subprocess.run(
            ["cargo", "test", "--quiet", "--test", "fake_trackers", "--no-run", "--message-format=json"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        messages = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
        program = next(m["executable"] for m in messages
                       if m.get("target", {}).get("name") == "fake_trackers" and m.get("executable"))
        self.process = subprocess.Popen([program, "--ignored", "--nocapture"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1, cwd=ROOT)
        self.at = self._answer()
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        check(self.process.wait(timeout=30) == 0, "the fake trackers had no objections", self.process.stdout.read())

    def _answer(self):
        for line in self.process.stdout:
            start = line.find("{")
            if start >= 0:
                return json.loads(line[start:])
        raise RuntimeError("the fake trackers are gone")

    def issues(self, tracker):
        """What a tracker holds, each with title, open and body."""
        self.process.stdin.write("state\n")
        return self._answer()[tracker]

    def open(self, tracker):
        return [issue["title"] for issue in self.issues(tracker) if issue["open"]]

    def github(self, **more):
        """The environment that GitHub Actions gives, with the fake for GitHub."""
        url = self.at["github"]
        return {
            "GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_SERVER_URL": url, "GITHUB_API_URL": f"{url}/api/v3",
            "GITHUB_GRAPHQL_URL": f"{url}/api/graphql", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": HEAD,
            "GITHUB_REF": "refs/heads/main", "GITHUB_REF_NAME": "main", "GITHUB_REF_TYPE": "branch",
            "GITHUB_EVENT_NAME": "push", "GITHUB_RUN_ID": "7", "GITHUB_WORKFLOW": "Security", **more,
        }

    def gitlab(self, **more):
        """The environment that GitLab CI gives, with the fake for GitLab."""
        url = self.at["gitlab"]
        return {
            "GITLAB_CI": "true", "CI": "true", "CI_SERVER_URL": url, "CI_API_V4_URL": f"{url}/api/v4",
            "CI_API_GRAPHQL_URL": f"{url}/api/graphql", "CI_PROJECT_PATH": "acme/backend/shop", "CI_PROJECT_ID": "42",
            "CI_COMMIT_SHA": HEAD, "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main",
            "CI_PIPELINE_SOURCE": "push", "CI_JOB_URL": f"{url}/acme/backend/shop/-/jobs/7",
            "FINDSYNC_TOKEN": "glpat-good", **more,
        }

    def azure(self, **more):
        """The environment that Azure Pipelines gives, with the fake for Azure DevOps."""
        return {
            "TF_BUILD": "True", "SYSTEM_COLLECTIONURI": self.at["azure_devops"] + "/", "SYSTEM_TEAMPROJECT": "Shop",
            "BUILD_SOURCEVERSION": HEAD, "BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_REASON": "IndividualCI",
            "BUILD_BUILDID": "7", "BUILD_REPOSITORY_NAME": "shop", "BUILD_REPOSITORY_PROVIDER": "TfsGit", **more,
        }


def azure_step(variables, **parameters):
    """The step of the Azure template as the agent gets it: its script, and its environment."""
    template = document("azure-pipelines-template.yml")
    values = {parameter["name"]: parameter["default"] for parameter in template["parameters"]} | parameters
    step = template["steps"][0]

    def evaluated(text):
        text = re.sub(r"\$\{\{ lower\(parameters\.(\w+)\) \}\}", lambda m: str(values[m[1]]).lower(), text)
        text = re.sub(r"\$\{\{ parameters\.(\w+) \}\}", lambda m: str(values[m[1]]), text)
        # What no variable stands for, the agent leaves as it is.
        return re.sub(r"\$\(([\w.]+)\)", lambda m: variables.get(m[1], m[0]), text)

    return step["bash"], {name: evaluated(value) for name, value in step["env"].items()}


def action_inputs(given, token):
    """The variables that the runner makes of an action's inputs."""
    declared = document("action.yml")["inputs"]
    unknown = set(given) - set(declared)
    assert not unknown, unknown
    values = {name: given.get(name, str(about.get("default", ""))) for name, about in declared.items()}
    return {f"INPUT_{name.upper().replace(' ', '_')}": value.replace("${{ github.token }}", token)
            for name, value in values.items()}


def outputs(text):
    """The outputs in a file that GITHUB_OUTPUT named."""
    found = dict(re.findall(r"^([\w-]+)=(.*)$", text, re.M))
    return found | {name: value.strip("\n") for name, _, value in
                    re.findall(r"^([\w-]+)<<(\S+)\n(.*?)^\2$", text, re.M | re.S)}
