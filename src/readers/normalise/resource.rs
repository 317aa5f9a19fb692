//! The resource that reported lines declare, for tools of which one format names it and another does not.

use serde_json::Value;

use crate::readers::load::document;

/// Checkov's frameworks whose "resources" are steps by number, or instructions.
const COUNTED: &[&str] =
    &["dockerfile", "github_actions", "gitlab_ci", "circleci_pipelines", "azure_pipelines", "bitbucket_pipelines"];

/// Whether a framework's resources are told by their number: the lines tell them better.
pub(crate) fn is_counted(framework: &str) -> bool {
    COUNTED.contains(&framework)
}

/// The resource, as Checkov names it.
pub(crate) fn declared(path: &str, lines: &str) -> Option<String> {
    let ending = path.rsplit_once('.')?.1.to_ascii_lowercase();
    match ending.as_str() {
        "tf" | "tofu" => terraform(lines),
        "yaml" | "yml" | "json" | "template" => kubernetes(lines).or_else(|| cloud_formation(lines)),
        _ => None,
    }
}

/// `resource "aws_s3_bucket" "logs" {`
fn terraform(lines: &str) -> Option<String> {
    let head = lines.lines().find(|line| !line.trim().is_empty())?;
    let mut parts = head.split('"');
    let (block, first) = (parts.next()?.trim(), parts.next()?);
    match block {
        "resource" | "data" => Some(format!("{first}.{}", parts.nth(1)?)),
        "module" => Some(first.to_owned()),
        "provider" => Some(format!("{first}.default")),
        _ => None,
    }
}

/// A whole object of Kubernetes.
fn kubernetes(lines: &str) -> Option<String> {
    let object: Value = document::parse_yaml(lines).ok()?;
    object.get("apiVersion")?;
    let metadata = object.get("metadata")?;
    let namespace = metadata.get("namespace").and_then(Value::as_str).unwrap_or("default");
    Some(format!("{}.{namespace}.{}", object.get("kind")?.as_str()?, metadata.get("name")?.as_str()?))
}

/// A member of a template's `Resources`.
fn cloud_formation(lines: &str) -> Option<String> {
    let word =
        |text: &str| text.trim().trim_end_matches(['{', ',', ' ']).trim_end_matches(':').trim_matches('"').to_owned();
    let mut rows = lines.lines().filter(|line| !line.trim().is_empty());
    let name = word(rows.next()?.trim_end_matches(['{', ' ']));
    let kind = rows.find_map(|line| line.trim().trim_start_matches('"').strip_prefix("Type"))?;
    let kind = word(kind.trim_start_matches(['"', ':', ' ']));
    (kind.contains("::") && !name.is_empty() && !name.contains(char::is_whitespace)).then(|| format!("{kind}.{name}"))
}

#[cfg(test)]
mod tests {
    use super::declared;

    #[test]
    fn lines_tell_the_resource_that_they_declare() {
        for (path, lines, wanted) in [
            ("a.tf", "resource \"aws_s3_bucket\" \"logs\" {\n  bucket = \"x\"\n}", Some("aws_s3_bucket.logs")),
            ("a.tf", "data \"aws_iam_policy_document\" \"all\" {", Some("aws_iam_policy_document.all")),
            ("a.tf", "module \"vpc\" {", Some("vpc")),
            ("a.tf", "provider \"aws\" {", Some("aws.default")),
            ("a.tf", "locals {", None),
            (
                "pod.yml",
                "apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {a: b}\n  name: web\n",
                Some("Pod.default.web"),
            ),
            ("pod.yml", "  - name: web\n    image: x", None),
            ("c.yaml", "  Logs:\n    Type: AWS::S3::Bucket\n    Properties: {}", Some("AWS::S3::Bucket.Logs")),
            ("c.json", "    \"Logs\": {\n      \"Type\": \"AWS::S3::Bucket\",", Some("AWS::S3::Bucket.Logs")),
            ("Dockerfile", "USER root", None),
        ] {
            assert_eq!(declared(path, lines).as_deref(), wanted, "{lines}");
        }
    }
}
