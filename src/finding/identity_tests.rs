use super::*;
use crate::finding::{Component, Location};

fn keys_of(findings: Vec<Finding>) -> Vec<Vec<Key>> {
    let mut scan = Scan { scanner: "S".into(), target: "shop".into(), findings, ..Scan::default() };
    assign_keys(&mut scan);
    scan.findings.into_iter().map(|finding| finding.keys).collect()
}

fn key_of(finding: Finding) -> Key {
    keys_of(vec![finding])[0][0]
}

fn code(path: &str, line: u32, lines: &str) -> Finding {
    Finding {
        kind: Kind::Code,
        title: "SQL injection".into(),
        rule: Some("py/sql".into()),
        location: Location { path: Some(path.into()), start_line: Some(line), ..Location::default() },
        evidence: Evidence {
            snippet: Some(Snippet { lines: lines.into(), ..Snippet::default() }),
            ..Evidence::default()
        },
        ..Finding::default()
    }
}

fn dependency(ids: &[&str], purl: &str) -> Finding {
    Finding {
        kind: Kind::Dependency,
        identifiers: ids.iter().map(|&id| id.into()).collect(),
        component: Some(Component { purl: Some(purl.into()), ..Component::default() }),
        location: Location { image: Some("acme/shop:1.0".into()), ..Location::default() },
        ..Finding::default()
    }
}

#[test]
fn code_keeps_its_key_when_lines_move_and_are_reformatted() {
    let key = key_of(code("a.py", 3, "db.run( x )"));
    assert_eq!(key, key_of(code("a.py", 90, "\tdb.run( x )  ")));
    assert_ne!(key, key_of(code("b.py", 3, "db.run( x )")));
    assert_ne!(key, key_of(code("a.py", 3, "db.run(y)")));
}

#[test]
fn no_key_holds_a_line_or_an_order() {
    let keys = keys_of(vec![code("a.py", 3, "x"), code("a.py", 9, "x")]);
    assert_eq!(keys[0], keys[1], "equal lines are told apart by place where a plan is made");
}

#[test]
fn messages_with_other_numbers_keep_the_key() {
    let with = |message: &str| {
        let evidence = Evidence { message: Some(message.into()), ..Evidence::default() };
        key_of(Finding { evidence, ..code("a.py", 1, "") })
    };
    assert_eq!(with("complexity 12 of `f` is too high"), with("complexity 31 of `g` is too high"));
    assert_ne!(with("complexity 12 is too high"), with("length 12 is too high"));
}

#[test]
fn trusted_fingerprints_go_before_content() {
    let with = |name: &str, value: &str, lines: &str| {
        let print = Fingerprint { name: name.into(), value: value.into() };
        let mut finding = code("a.py", 3, lines);
        finding.evidence.fingerprints = vec![print];
        key_of(finding)
    };
    assert_eq!(
        with("primaryLocationLineHash", "39fa2ee980eb94b0:1", "a"),
        with("primaryLocationLineHash", "39fa2ee980eb94b0:1", "b")
    );
    assert_eq!(with("unknown", "39fa2ee980eb94b0", "a"), with("unknown", "0123456789abcdef", "a"));
    assert_eq!(with("matchBasedId/v1", "requires login", "a"), with("matchBasedId/v1", "requires login too", "a"));
}

#[test]
fn the_ordinals_of_fingerprints_are_no_part_of_a_key() {
    let with = |name: &str, value: &str, line: u32| {
        let mut finding = code("a.py", line, "x");
        finding.evidence.fingerprints = vec![Fingerprint { name: name.into(), value: value.into() }];
        finding
    };
    for (name, first, second) in [
        ("primaryLocationLineHash", "39fa2ee980eb94b0:1", "39fa2ee980eb94b0:2"),
        ("matchBasedId/v1", "39fa2ee980eb94b0_0", "39fa2ee980eb94b0_1"),
    ] {
        let both = keys_of(vec![with(name, first, 1), with(name, second, 9)]);
        assert_eq!(both[0], both[1], "planning tells them apart by place");
    }
}

#[test]
fn unknown_fingerprints_count_only_where_they_are_steady() {
    let with = |value: &str, line: u32| {
        let print = Fingerprint { name: "x".into(), value: value.into() };
        let mut finding = code("a.py", line, "");
        finding.evidence = Evidence { fingerprints: vec![print], ..Evidence::default() };
        finding
    };
    assert_ne!(key_of(with("abcdefgh", 1)), key_of(with("ijklmnop", 1)));
    assert_eq!(key_of(with("a.py:17:sql", 17)), key_of(with("a.py:18:sql", 18)), "it spells out the line");
    let twice = keys_of(vec![with("abcdefgh", 1), with("abcdefgh", 5)]);
    let bare = keys_of(vec![Finding { evidence: Evidence::default(), ..with("", 1) }]);
    assert_eq!([&twice[0], &twice[1]], [&bare[0]; 2], "not unique: the title decides");
}

#[test]
fn a_dependency_keeps_its_key_when_versions_change() {
    let key = key_of(dependency(&["CVE-2021-23337"], "pkg:npm/lodash@4.17.20"));
    let mut bumped = dependency(&["CVE-2021-23337"], "pkg:npm/lodash@4.17.20-rc1?x=y");
    bumped.location.image = Some("docker.io/acme/shop@sha256:00".into());
    bumped.severity = crate::finding::Severity::Critical;
    bumped.title = "another title".into();
    assert_eq!(key, key_of(bumped));
}

#[test]
fn packages_of_an_image_are_told_apart_by_the_file_that_holds_them() {
    let at = |purl: &str, version: &str, path: Option<&str>| {
        let mut finding = dependency(&["CVE-2025-22871"], purl);
        finding.component = finding.component.map(|component| Component { version: Some(version.into()), ..component });
        finding.location.path = path.map(Into::into);
        key_of(finding)
    };
    let web = at("pkg:golang/stdlib", "v1.23.1", Some("usr/local/bin/web"));
    assert_ne!(web, at("pkg:golang/stdlib", "v1.23.1", Some("usr/local/bin/migrate")));
    assert_eq!(web, at("pkg:golang/stdlib", "v1.23.2", Some("usr/local/bin/web")));
    let jar = |version: &str| at("pkg:maven/a/b", version, Some(&format!("app/lib/b-{version}.jar")));
    assert_eq!(jar("2.14.1"), jar("2.15.0"), "a version in the path is still a version");
    let listed = at("pkg:deb/debian/libc6", "2.36", Some("var/lib/dpkg/status"));
    assert_eq!(listed, at("pkg:deb/debian/libc6", "2.36", None));
}

#[test]
fn a_distributions_package_is_the_same_without_its_package_url() {
    let bare = |name: &str| {
        let mut finding = dependency(&["CVE-2023-4911"], "");
        finding.component = Some(Component { name: name.into(), ..Component::default() });
        key_of(finding)
    };
    for purl in ["pkg:deb/debian/libc6@2.36?arch=amd64", "pkg:rpm/redhat/libc6", "pkg:apk/alpine/libc6"] {
        assert_eq!(bare("libc6"), key_of(dependency(&["CVE-2023-4911"], purl)), "{purl}");
    }
    assert_ne!(bare("libc6"), key_of(dependency(&["CVE-2023-4911"], "pkg:npm/libc6")));
}

#[test]
fn a_finding_is_named_by_its_cve_else_by_its_best_id() {
    let both = &keys_of(vec![dependency(&["GHSA-35JH-R3H4-6JHM", "CVE-2021-23337"], "pkg:npm/lodash")])[0];
    assert_eq!(both, &[key_of(dependency(&["CVE-2021-23337"], "pkg:npm/lodash@1"))]);
    let best = key_of(dependency(&["PYSEC-1", "ghsa-x", "RUSTSEC-1"], "pkg:npm/lodash"));
    assert_eq!(best, key_of(dependency(&["GHSA-X"], "pkg:npm/lodash")));
}

#[test]
fn a_bundle_speaks_for_each_of_its_cves_unless_its_rule_is_one() {
    let mut bundle = dependency(&["CVE-1-1", "CVE-1-2", "GHSA-X"], "pkg:npm/a");
    let each = [key_of(dependency(&["CVE-1-1"], "pkg:npm/a")), key_of(dependency(&["CVE-1-2"], "pkg:npm/a"))];
    assert_eq!(keys_of(vec![bundle.clone()])[0], each);
    bundle.rule = Some("GHSA-x".into());
    assert_eq!(keys_of(vec![bundle.clone()])[0], each);
    bundle.rule = Some("cve-1-2".into());
    assert_eq!(keys_of(vec![bundle])[0], each[1..]);
}

#[test]
fn what_has_no_place_is_in_the_target() {
    let placeless = |kind, target: &str| {
        let finding = Finding { kind, rule: Some("r".into()), title: "t".into(), ..Finding::default() };
        let mut scan = Scan { target: target.into(), findings: vec![finding], ..Scan::default() };
        assign_keys(&mut scan);
        scan.findings[0].keys[0]
    };
    for kind in [Kind::Code, Kind::Secret, Kind::Infrastructure, Kind::Other] {
        assert_eq!(placeless(kind, "acme/shop:1"), placeless(kind, "acme/shop:2"), "{kind}");
        assert_ne!(placeless(kind, "acme/shop"), placeless(kind, "acme/web"), "{kind}");
    }
}

#[test]
fn secrets_are_known_by_their_hash_and_masked_ones_by_their_place() {
    let secret = |path: &str, hash: Option<&str>, lines: &str| {
        let mut finding = Finding { kind: Kind::Secret, rule: Some("aws".into()), ..code(path, 1, lines) };
        finding.evidence.secret_hash = hash.map(Into::into);
        finding
    };
    assert_eq!(key_of(secret("a", Some("00"), "x")), key_of(secret("b", Some("00"), "y")));
    let masked = keys_of(vec![secret("a", None, "k = REDACTED"), secret("a", None, "k = REDACTED")]);
    assert_eq!(masked[0], masked[1], "planning tells them apart by place");
    assert_ne!(masked[0][0], key_of(secret("b", None, "k = REDACTED")));
}

#[test]
fn dynamic_findings_forget_queries_ids_and_schemes() {
    let place = |url: &str| Location { url: Some(url.into()), parameter: Some("q".into()), ..Location::default() };
    let all = |urls: &[&str], sitewide: bool| {
        let (location, locations) = (place(urls[0]), urls[1..].iter().map(|url| place(url)).collect());
        let evidence = Evidence { sitewide, ..Evidence::default() };
        let rule = Some("40012".into());
        keys_of(vec![Finding { kind: Kind::Dynamic, rule, location, locations, evidence, ..Finding::default() }])
            .remove(0)
    };
    let at = |url: &str| all(&[url], false)[0];
    assert_eq!(at("https://shop.example/users/42?a=1"), at("http://SHOP.example:80/users/7/#x"));
    assert_eq!(at("https://shop.example/a;jsessionid=0A1B/b"), at("https://shop.example/a/b;v=2"));
    assert_ne!(at("https://shop.example/users"), at("https://shop.example/posts"));
    let (users, posts) = ("https://shop.example/users", "https://shop.example/posts");
    assert_eq!(all(&[users], true), all(&[posts, users], true), "one alert, many pages");
    let both = all(&[posts, users], false);
    assert_eq!(both, all(&[users, posts], false), "whatever order the report has");
    assert!(both.contains(&at(users)) && both.contains(&at(posts)), "one more page is the same finding: {both:?}");
}

#[test]
fn infrastructure_is_known_by_its_resource() {
    let at = |line: u32, resource: Option<&str>| {
        let mut finding = Finding { kind: Kind::Infrastructure, ..code("main.tf", line, "x") };
        finding.location.resource = resource.map(Into::into);
        key_of(finding)
    };
    assert_eq!(at(1, Some("aws_s3_bucket.logs")), at(50, Some("aws_s3_bucket.logs")));
    assert_ne!(at(1, Some("aws_s3_bucket.logs")), at(1, Some("aws_s3_bucket.data")));
    assert_eq!(at(1, None), at(9, None));
}
