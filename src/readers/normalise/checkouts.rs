//! Where CI systems and containers have a repository: what counts of an absolute path is what is below.

/// Folders of checkouts. `*` is any name, `=` the same name as the one before (`shop/shop`); drives are any letter.
const CHECKOUTS: &[&str] = &[
    // GitHub: runner images, container jobs and actions, self-hosted runners (`_work` below any folder).
    // https://docs.github.com/actions/reference/workflows-and-actions/variables (GITHUB_WORKSPACE)
    "/github/workspace",
    "/__w/*/=",
    "/home/runner/work/*/=",
    "/Users/runner/work/*/=",
    "C:/a/*/=",
    "**/_work/*/=",
    // Azure Pipelines: `s` below the job's number.
    // https://learn.microsoft.com/azure/devops/pipelines/build/variables (Build.SourcesDirectory)
    "C:/a/#/s",
    "/__w/#/s",
    "/home/vsts/work/#/s",
    "/Users/runner/work/#/s",
    "**/_work/#/s",
    // GitLab: CI_PROJECT_DIR; the shell executor has a token and a number before the project.
    // https://docs.gitlab.com/runner/configuration/advanced-configuration (builds_dir)
    "/home/gitlab-runner/builds/*/#/*/*",
    "/builds/*/*",
    "C:/GitLab-Runner/builds/*/#/*/*",
    // https://circleci.com/docs/configuration-reference (working_directory)
    "/home/circleci/project",
    "/root/project",
    // https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets (BITBUCKET_CLONE_DIR)
    "/opt/atlassian/pipelines/agent/build",
    // Jenkins: a folder for each job; parallel builds add `@2`. https://www.jenkins.io/doc/book/using/working-with-projects
    "**/jenkins_home/workspace/*",
    "/var/lib/jenkins/workspace/*",
    "/home/jenkins/workspace/*",
    "/home/jenkins/agent/workspace/*",
    "C:/Jenkins/workspace/*",
    // https://docs.drone.io/pipeline/docker/syntax/workspace, https://woodpecker-ci.org/docs/usage/workspace
    "/drone/src",
    "/woodpecker/src/*/*/*",
    // https://www.jetbrains.com/help/teamcity/build-checkout-directory.html
    "**/BuildAgent/work/*",
    "/opt/teamcity/work/*",
    // https://docs.travis-ci.com/user/environment-variables (TRAVIS_BUILD_DIR), AppVeyor, Buildkite, AWS CodeBuild
    "/home/travis/build/*/*",
    "C:/projects/*",
    "/var/lib/buildkite-agent/builds/*/*/*",
    "/codebuild/output/*/src/*/*/*",
    // KICS in a container writes paths relative to its own folder.
    "../../path",
];

/// Where scanners' documentation mounts the code. These names are also those of folders in repositories, whose files some
/// scanners write with a slash in front: only what is in the workspace tells which it is.
const MOUNTS: &[&str] = &[
    "/usr/src/app",
    "/usr/src",
    "/zap/wrk",
    "/tmp/lint",
    "/workspace",
    "/workdir",
    "/project",
    "/repo",
    "/scan",
    "/path",
    "/code",
    "/data",
    "/src",
    "/app",
    "/tf",
];

/// What is below the folder of a checkout, for each that a path may be in.
pub(crate) fn below_checkout(path: &str) -> impl Iterator<Item = &str> {
    CHECKOUTS.iter().filter_map(|pattern| strip(path, pattern)).filter(|rest| !rest.is_empty())
}

/// The same for folders that are perhaps the repository's own.
pub(crate) fn below_mount(path: &str) -> impl Iterator<Item = &str> {
    MOUNTS.iter().filter_map(|pattern| strip(path, pattern)).filter(|rest| !rest.is_empty())
}

fn strip<'p>(path: &'p str, pattern: &str) -> Option<&'p str> {
    if let Some(rest) = pattern.strip_prefix("**/") {
        // The checkout may be anywhere: the first folder of that name counts.
        let first = rest.split('/').next()?;
        let mut from = 0;
        return loop {
            let (name, at) = next(path, from)?;
            if name.eq_ignore_ascii_case(first)
                && let Some(found) = segments(&path[from + at - name.len()..], rest)
            {
                break Some(found);
            }
            from += at;
        };
    }
    segments(path, pattern)
}

/// The next name in a path, and where it ends.
fn next(path: &str, from: usize) -> Option<(&str, usize)> {
    let rest = path.get(from..)?;
    let start = rest.len() - rest.trim_start_matches('/').len();
    let end = rest[start..].find('/').map_or(rest.len(), |end| start + end);
    (start < end).then(|| (&rest[start..end], end))
}

fn segments<'p>(path: &'p str, pattern: &str) -> Option<&'p str> {
    let (mut rest, mut before) = (path, "");
    for wanted in pattern.split('/') {
        let (name, after) = rest.split_once('/')?;
        let is_drive = |name: &str| name.len() == 2 && name.ends_with(':');
        let fits = match wanted {
            "*" => !name.is_empty(),
            "#" => !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()),
            "=" => name == before,
            wanted => name.eq_ignore_ascii_case(wanted) || is_drive(wanted) && is_drive(name),
        };
        if !fits {
            return None;
        }
        (rest, before) = (after, name);
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::{below_checkout, below_mount};

    #[test]
    fn what_is_below_a_checkout_is_the_repositorys() {
        for path in [
            "/github/workspace/src/a.c",
            "/__w/shop/shop/src/a.c",
            "/home/runner/work/shop/shop/src/a.c",
            "/home/runner/_work/shop/shop/src/a.c",
            "/actions-runner/_work/shop/shop/src/a.c",
            "/Users/runner/work/shop/shop/src/a.c",
            "D:/a/shop/shop/src/a.c",
            "d:/a/1/s/src/a.c",
            "/__w/1/s/src/a.c",
            "/home/vsts/work/1/s/src/a.c",
            "C:/agent/_work/3/s/src/a.c",
            "/opt/azagent/_work/12/s/src/a.c",
            "/builds/acme/shop/src/a.c",
            "/home/gitlab-runner/builds/t3_abc/0/acme/shop/src/a.c",
            "/home/circleci/project/src/a.c",
            "/opt/atlassian/pipelines/agent/build/src/a.c",
            "/var/jenkins_home/workspace/shop@2/src/a.c",
            "C:/Jenkins/workspace/shop_main/src/a.c",
            "/drone/src/src/a.c",
            "C:/BuildAgent/work/0a1b/src/a.c",
            "/opt/buildAgent/work/0a1b/src/a.c",
            "../../path/src/a.c",
        ] {
            assert_eq!(below_checkout(path).next(), Some("src/a.c"), "{path}");
        }
        assert_eq!(below_mount("/path/src/a.c").next(), Some("src/a.c"));
        for path in ["/usr/lib/a.c", "src/a.c", "/home/runner/work/a/b/c.c", "/srcs/a.c", "/src", "/_work/x", "C:/a.c"]
        {
            assert_eq!(below_checkout(path).next(), None, "{path}");
        }
    }
}
