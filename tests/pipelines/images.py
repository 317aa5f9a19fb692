"""Builds the images without a Docker daemon, and runs them as GitHub, GitLab and Azure Pipelines do."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from kit import (ROOT, TITLE, Fakes, Workspace, action_inputs, azure_step, binary, check, clean_env, document, finish,
                 outputs, run, sarif, skip)

PODMAN = ["podman", "--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]
LIMITS = ["--network", "host", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
BUILDAH = ["buildah", "--storage-driver", "vfs"]
MINIMAL, CI, BASE = "localhost/findsync:test", "localhost/findsync:test-ci", "localhost/findsync-base"


def base():
    """The base of the `ci` image, as nothing can be pulled here: Debian by debootstrap, kept between runs."""
    kept = run([*BUILDAH, "inspect", "--type", "image", BASE])
    if kept.returncode == 0:
        return
    with tempfile.TemporaryDirectory(prefix="findsync-base-") as root:
        given = os.environ.get("FINDSYNC_TEST_ROOTFS")
        if not given:
            made = run(["debootstrap", "--variant=minbase", "--include=ca-certificates,git", "trixie", root])
            check(made.returncode == 0, "debootstrap makes the base", made.stdout)
        container = run([*BUILDAH, "from", "scratch"]).stdout.strip()
        run([*BUILDAH, "add", container, given or root, "/"])
        made = run([*BUILDAH, "commit", "--rm", container, BASE])
        check(made.returncode == 0, "the base is an image", made.stdout)


def build(target, tag, binaries):
    made = run([*BUILDAH, "bud", "--isolation", "chroot", "--target", target, "--tag", tag, "--layers=false",
                "--build-context", f"base=container-image://{BASE}", "--build-context", f"binaries={binaries}",
                "--build-arg", "VERSION=0.1.0", "--build-arg", "REVISION=abc", str(ROOT)])
    return check(made.returncode == 0, f"the image `{target}` is built", made.stdout)


def minimal_is_minimal():
    """One binary and the CA file, small, and quick to start."""
    container = run([*BUILDAH, "from", MINIMAL]).stdout.strip()
    root = pathlib.Path(run([*BUILDAH, "mount", container]).stdout.strip())
    files = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() or path.is_symlink())
    check(files == ["etc/ssl/certs/ca-certificates.crt", "findsync", "licences/LICENSE", "licences/THIRD-PARTY-LICENCES.txt"],
          "one binary, the CA file and the licences", files)
    size = sum((root / name).stat().st_size for name in files)
    if os.environ.get("FINDSYNC_BINARY_IS_RELEASE") == "1":
        check(size < 15_000_000, f"the image is under 15 MB ({size / 1e6:.1f} MB)")
    else:
        skip("the size of the image", f"{size / 1e6:.1f} MB of an unoptimised build")
    run([*BUILDAH, "rm", container])
    # What the container runtime takes is not ours: the difference to the quickest of several plain runs of the binary.
    times = []
    for _ in range(10):
        begun = time.perf_counter()
        subprocess.run([binary(), "--version"], check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - begun) * 1000)
    check(min(times) < 20, f"`--version` takes under 20 ms ({min(times):.1f} ms, median {sorted(times)[5]:.1f} ms)")
    said = run([*PODMAN, "run", "--rm", *LIMITS, MINIMAL, "--version"])
    check(said.stdout.startswith("findsync "), "the image says its version", said.stdout)
    labels = json.loads(run([*PODMAN, "inspect", MINIMAL]).stdout)[0]["Labels"]
    check(labels.get("org.opencontainers.image.version") == "0.1.0", "the image has its labels", labels)


def github_step(workspace, env, event, **given):
    """A step of GitHub Actions with our action: exit code, log, outputs and summary."""
    action = document("action.yml")
    with tempfile.TemporaryDirectory(prefix="findsync-runner-") as runner:
        runner = pathlib.Path(runner)
        for name in ("output", "summary"):
            (runner / name).touch()
        (runner / "event.json").write_text(json.dumps(event))
        token = given.pop("github_token", "ghs_workflow00")
        inputs = {name.replace("_", "-"): value for name, value in given.items()}
        env = env | action_inputs(inputs, token) | {
            "HOME": "/github/home", "GITHUB_WORKSPACE": "/github/workspace", "GITHUB_OUTPUT": "/github/commands/output",
            "GITHUB_STEP_SUMMARY": "/github/commands/summary", "GITHUB_EVENT_PATH": "/github/commands/event.json",
        }
        names = [flag for name in env for flag in ("-e", name)]
        mounts = ["-v", f"{runner}:/github/commands", "-v", f"{workspace.path}:/github/workspace"]
        done = run([*PODMAN, "run", "--rm", "--workdir", "/github/workspace", *LIMITS, *names, *mounts, MINIMAL,
                    *action["runs"]["args"]], env=clean_env() | env)
        return done, outputs((runner / "output").read_text()), (runner / "summary").read_text()


def github(fakes):
    """GitHub Actions: root, no shell, INPUT_*; open, again, close; a fork; hostile names."""
    workspace, push = Workspace(), {"repository": {"default_branch": "main", "full_name": "acme/shop"}}
    workspace.write("reports/probe.sarif", sarif("rule-a", "rule-b"))
    done, said, summary = github_step(workspace, fakes.github(), push, reports="\nreports/*.sarif\n", fail_on="critical")
    check(done.returncode == 0 and len(fakes.open("github")) == 2, "GitHub: two findings, two issues", done.stdout)
    check((said.get("opened"), said.get("exit-reason")) == ("2", "done"), "GitHub: outputs tell it", said)
    check(said.get("plan") == "findsync-plan.json" and (workspace.path / "findsync-plan.json").exists(),
          "GitHub: the plan lies where the output says", said)
    check("rule-a" in summary, "GitHub: the summary tells it", summary)
    declared = set(document("action.yml")["outputs"])
    check(set(said) == declared, "GitHub: the outputs are those of action.yml", set(said) ^ declared)
    workspace.check_untouched("GitHub", done.stdout)

    done, said, _ = github_step(workspace, fakes.github(), push, reports="reports/*.sarif")
    check((said.get("opened"), said.get("unchanged")) == ("0", "2"), "GitHub: a second run changes nothing", done.stdout)

    done, said, _ = github_step(workspace, fakes.github(), push, reports="reports/*.sarif", mode="plan", fail_on="high")
    check(done.returncode == 1 and said.get("exit-reason") == "gate", "GitHub: the gate trips", (done.stdout, said))

    workspace.write("reports/probe.sarif", sarif("rule-a"))
    done, said, _ = github_step(workspace, fakes.github(), push, reports="reports/*.sarif")
    check(said.get("closed") == "1" and len(fakes.open("github")) == 1, "GitHub: what is fixed is closed", done.stdout)

    head, full = {"repo": {"full_name": "mallory/shop", "fork": True}}, {"repo": {"full_name": "acme/shop"}}
    fork = push | {"number": 3, "pull_request": {"number": 3, "head": head, "base": full}}
    env = fakes.github(GITHUB_EVENT_NAME="pull_request", GITHUB_REF="refs/pull/3/merge",
                       GITHUB_HEAD_REF='x"$(touch pwned)\n::set-output name=opened::9', GITHUB_BASE_REF="main")
    workspace.write("reports/probe.sarif", sarif("rule-a", "rule-c"))
    done, said, summary = github_step(workspace, env, fork, reports="reports/*.sarif", github_token="")
    check(done.returncode == 0 and len(fakes.open("github")) == 1, "GitHub: a fork only plans", done.stdout)
    check("no token" in done.stdout + summary, "GitHub: and is told what could not be seen", done.stdout + summary)
    workspace.check_untouched("GitHub: a fork's branch", done.stdout)

    name = "$(touch pwned) `touch pwned` \"'; ::set-output name=opened::9.sarif"
    workspace.write(name, sarif("rule-a"))
    done, said, _ = github_step(workspace, fakes.github(), push, reports=name, target="a\"$(touch pwned)'")
    check(done.returncode == 0, "GitHub: a report with a hostile name is read", done.stdout)
    workspace.check_untouched("GitHub: a report's name", done.stdout)
    for inputs in ({"config": "x\n::set-output name=opened::9"}, {"fail_on": "$(touch pwned)"},
                   {"mode": "apply\n::set-env name=A::b"}, {"reports": "--config=pwned\n$(touch pwned)"},
                   {"working_directory": "::set-output name=a::b"}):
        done, said, _ = github_step(workspace, fakes.github(), push, **inputs)
        check(done.returncode == 2, f"GitHub: {inputs} is refused", done.stdout)
        workspace.check_untouched(f"GitHub: {inputs}", done.stdout)


def gitlab(fakes):
    """GitLab CI: a shell in the `ci` image runs the job's script, as a user without rights."""
    workspace, template = Workspace(), document(".gitlab-ci-template.yml")
    job = template[".findsync"]
    workspace.write("gl.sarif", sarif("rule-a", "rule-b"))
    env = fakes.gitlab(CI_PROJECT_DIR="/builds/shop", FINDSYNC_REPORTS="*.sarif", **job["variables"])
    env["CI_COMMIT_MESSAGE"] = env["CI_COMMIT_TITLE"] = "$(touch pwned)\n::set-output name=a::b"
    command = [*PODMAN, "run", "--rm", "-i", *LIMITS, "--user", job["image"]["docker"]["user"], "--workdir", "/builds/shop",
               "-v", f"{workspace.path}:/builds/shop", *[flag for name in env for flag in ("-e", name)], CI, "sh"]
    done = run(command, env=clean_env() | env, input="set -e\n" + "\n".join(job["script"]) + "\n")
    check(done.returncode == 0 and len(fakes.open("gitlab")) == 2, "GitLab: two findings, two issues", done.stdout)
    for path in job["artifacts"]["paths"]:
        check((workspace.path / path).exists(), f"GitLab: the artifact {path} is there", done.stdout)
    workspace.check_untouched("GitLab", done.stdout)
    tools = run([*PODMAN, "run", "--rm", *LIMITS, CI, "bash", "-c", "git --version && command -v useradd groupadd"])
    check(tools.returncode == 0, "GitLab, Azure: bash, git, useradd and no entrypoint", tools.stdout)


def azure(fakes):
    """Azure Pipelines: the step template with Docker, and in a container job."""
    workspace = Workspace()
    workspace.write("reports/probe.sarif", sarif("rule-a", "rule-b"))
    shims = workspace.write("bin/docker", "#!/bin/sh\n" + f'shift; exec {" ".join(PODMAN)} run {" ".join(LIMITS)} "$@"\n')
    shims.chmod(0o755)
    hostile = {"target": "a\"$(touch pwned)'`touch pwned`", "reports": "reports/*.sarif"}
    script, given = azure_step({"FINDSYNC_TOKEN": "good-token"}, image=MINIMAL, **hostile)
    env = fakes.azure(BUILD_SOURCESDIRECTORY=workspace.path) | given
    env |= {"PATH": f"{shims.parent}:{os.environ['PATH']}", "BUILD_SOURCEVERSIONMESSAGE": "$(touch pwned)"}
    done = run(["bash", "-c", script], cwd=workspace.path, env=clean_env(**env))
    check(done.returncode == 0 and len(fakes.open("azure_devops")) == 2, "Azure: two findings, two items", done.stdout)
    summary = f"##vso[task.uploadsummary]{workspace.path}/findsync-plan.md"
    check(summary in done.stdout and (workspace.path / "findsync-plan.md").exists(), "Azure: the summary", done.stdout)
    workspace.check_untouched("Azure", done.stdout)

    # The agent makes a user of its own number in the container, and runs the steps as that one.
    workspace.write("reports/probe.sarif", sarif("rule-a"))
    shutil.rmtree(shims.parent)
    script, given = azure_step({"FINDSYNC_TOKEN": "good-token"}, containerJob=True, **hostile)
    workspace.write("step.sh", script)
    for path in workspace.path.glob("findsync-plan.*"):
        path.unlink()
    env = fakes.azure(BUILD_SOURCESDIRECTORY="/__w/1/s") | given
    begin = "useradd -m -u 1001 vsts_azpcontainer && exec setpriv --reuid 1001 --regid 1001 --clear-groups bash step.sh"
    done = run([*PODMAN, "run", "--rm", *LIMITS, "--workdir", "/__w/1/s", "-v", f"{workspace.path}:/__w/1/s",
                *[flag for name in env for flag in ("-e", name)], CI, "bash", "-c", begin], env=clean_env(**env))
    check(done.returncode == 0 and len(fakes.open("azure_devops")) == 1, "Azure: a container job closes", done.stdout)
    workspace.check_untouched("Azure: a container job", done.stdout)


def main():
    missing = [tool for tool in ("buildah", "podman", "runc", "debootstrap") if not shutil.which(tool)]
    if missing:
        skip("images", f"no {', '.join(missing)} on this machine")
        finish()
    if "static" not in run(["ldd", str(binary())]).stdout + run(["file", "-L", str(binary())]).stdout:
        skip("images", f"{binary()} is not static, and nothing else runs in an empty image")
        finish()
    base()
    with tempfile.TemporaryDirectory(prefix="findsync-binaries-") as binaries:
        (pathlib.Path(binaries) / "amd64").mkdir()
        shutil.copy(binary(), f"{binaries}/amd64/findsync")
        shutil.copy(pathlib.Path(binary()).parent / "THIRD-PARTY-LICENCES.txt", f"{binaries}/amd64/")
        if not (build("minimal", MINIMAL, binaries) and build("ci", CI, binaries)):
            finish()
    minimal_is_minimal()
    with Fakes() as fakes:
        github(fakes)
        gitlab(fakes)
        azure(fakes)
    finish()


if __name__ == "__main__":
    sys.exit(main())
