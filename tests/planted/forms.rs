//! Reports with a secret in each place that holds what was found, in each form in which the scanner can write them.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use quick_xml::events::{BytesCData, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use serde_json::Value;

use crate::secrets::Secret;

/// Scanners in whose reports secrets are planted: of secrets, code, infrastructure and running systems.
const REPORTS: [&str; 36] = [
    "gitleaks/one.json",
    "gitleaks/many.json",
    "trufflehog/one.json",
    "trufflehog3/one.json",
    "noseyparker/one.jsonl",
    "ggshield/one.json",
    "secretlint/many.json",
    "whispers/many.json",
    "rusty_hog/one.json",
    "talisman/many.json",
    "bandit/secret.json",
    "bandit/many.json",
    "eslint/secret.json",
    "horusec/secret.json",
    "horusec/many.json",
    "semgrep/many.json",
    "njsscan/one.json",
    "mobsfscan/one.json",
    "bearer_cli/one.json",
    "gosec/one.json",
    "brakeman/one.json",
    "sonarqube/one.json",
    "checkov/many.json",
    "kics/one.json",
    "kubehunter/one.json",
    "trivy/many.json",
    "dockle/many.json",
    "nuclei/one.jsonl",
    "zap/one.json",
    "wapiti/many.json",
    "stackhawk/one.json",
    "nettacker/one.json",
    "arachni/one.json",
    "sarif/many.sarif",
    "gitlab/many.json",
    "generic/many.json",
];

/// Reports in XML and CSV.
const XML: [&str; 9] = [
    "zap/one.xml",
    "burp/many.xml",
    "tenable/one.xml",
    "nikto/one.xml",
    "wapiti/one.xml",
    "acunetix/one.xml",
    "checkstyle/one.xml",
    "fortify_fvdl/one.xml",
    "openvas/one.xml",
];
const CSV: [&str; 5] = [
    "gitleaks_csv/one.csv",
    "tenable/many.csv",
    "deepfence_threatmapper/secrets.csv",
    "flawfinder/one.csv",
    "openvas/many.csv",
];

/// Tools of which the same is known in their own format.
const PAIRS: [&str; 8] = [
    "pairs/bandit/bandit.sarif",
    "pairs/checkov/checkov.sarif",
    "pairs/eslint/eslint.sarif",
    "pairs/gitleaks/gitleaks.sarif",
    "pairs/semgrep/semgrep.sarif",
    "pairs/trivy_manifest/trivy.sarif",
    "pairs/zizmor/zizmor.sarif",
    "pairs/ruff/ruff.sarif",
];

/// Tools that find secrets and write SARIF, with a rule of theirs.
const TOOLS: [(&str, &str); 10] = [
    ("gitleaks", "generic-api-key"),
    ("TruffleHog", "Github"),
    ("secretlint", "@secretlint/secretlint-rule-basicauth"),
    ("Yelp detect-secrets", "Secret Keyword"),
    ("CredentialScanner", "CSCAN-GENERAL0030"),
    ("Semgrep OSS", "generic.secrets.security.detected-generic-secret"),
    ("Kingfisher", "kingfisher.generic.1"),
    ("CodeQL", "py/hardcoded-credentials"),
    ("horusec", "HS-LEAKS-26"),
    ("Trivy", "generic-secret"),
];

/// Members that hold what was found, by parts of their names, and how it stands in them.
fn planted(name: &str, text: &str, secret: &Secret) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let is = |names: &[&str]| names.contains(&name.as_str());
    let Secret { whole, tells, .. } = secret;
    // What a tool that finds secrets quotes tells nothing by its name.
    if text == "SECRET" {
        return Some(format!("found {whole} here"));
    }
    if is(&["secret", "raw", "rawv2", "value", "match_content", "stringsfound"]) {
        return Some(whole.clone());
    }
    if is(&[
        "match",
        "code",
        "snippet",
        "line",
        "lines",
        "offender",
        "raw_source_code_extract",
        "sourcecontent",
        "match_string",
        "matching",
        "code_block",
        "diff",
        "content",
        "context",
    ]) {
        return Some(format!("api_password = \"{whole}\""));
    }
    if is(&["groups"]) {
        return Some(base64::engine::general_purpose::STANDARD.encode(whole));
    }
    let encoded = percent_encoding::utf8_percent_encode(whole, percent_encoding::NON_ALPHANUMERIC);
    if is(&["path"]) && text.starts_with('/') {
        return Some(format!("{text}?access_token={encoded}"));
    }
    if is(&["uri", "url", "matched-at", "matched_at"]) && text.starts_with("http") {
        return Some(format!("{}?access_token={encoded}", text.split('?').next().unwrap()));
    }
    let is_prose = [
        "description",
        "desc",
        "message",
        "text",
        "evidence",
        "otherinfo",
        "details",
        "issue_text",
        "event",
        "solution",
        "plugin_output",
        "attack",
        "issuedetail",
    ];
    let prose =
        if *tells { format!("{text} uses {whole} here") } else { format!("{text} uses password=\"{whole}\" here") };
    is(&is_prose).then_some(prose)
}

/// Plants a secret in a value and in all that it holds, whatever its name says it to be; how often.
fn plant(name: &str, value: &mut Value, secret: &Secret) -> usize {
    match value {
        Value::Array(items) => items.iter_mut().map(|item| plant(name, item, secret)).sum(),
        // What GitLab calls a value is an identifier's, or a message's of the scan itself.
        Value::Object(members)
            if members.contains_key("value") && (members.contains_key("type") || members.contains_key("level")) =>
        {
            0
        }
        Value::Object(members) => members.iter_mut().map(|(name, value)| plant(name, value, secret)).sum(),
        Value::String(text) => planted(name, text, secret).map_or(0, |planted| {
            *text = planted;
            1
        }),
        _ => 0,
    }
}

fn fixture(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)).unwrap()
}

/// A report with a secret in it.
pub(crate) struct Planted {
    pub(crate) report: String,
    pub(crate) reader: &'static str,
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Where a report begins, and how a file of it ends.
enum Form {
    Json,
    /// A value a line.
    Lines,
    Yaml,
    Xml,
    Csv,
}

/// A fixture, the reader of it, and what it is planted in beside the form that it has.
pub(crate) struct Report {
    path: String,
    reader: &'static str,
    form: Form,
    text: String,
}

/// All reports, in all of their forms.
pub(crate) fn reports() -> Vec<Report> {
    let mut all = Vec::new();
    for path in REPORTS {
        let (text, reader) = (fixture(path), path.split('/').next().unwrap());
        let mut add = |form| all.push(Report { path: path.to_owned(), reader, form, text: text.clone() });
        let Ok(value) = serde_json::from_str::<Value>(&text) else {
            add(Form::Lines);
            continue;
        };
        add(Form::Json);
        let input = input_of(reader);
        if input.contains("jsonl") && value.is_array() {
            add(Form::Lines);
        }
        if input.contains("yaml") {
            add(Form::Yaml);
        }
    }
    let xml = XML.into_iter().map(|path| (path, Form::Xml));
    all.extend(xml.chain(CSV.map(|path| (path, Form::Csv))).map(|(path, form)| Report {
        path: path.to_owned(),
        reader: path.split('/').next().unwrap(),
        form,
        text: fixture(path),
    }));
    let by_tool = TOOLS.into_iter().map(|(tool, rule)| Report {
        path: format!("SARIF of {tool}"),
        reader: "sarif",
        form: Form::Json,
        text: sarif(tool, rule),
    });
    let pairs =
        PAIRS.map(|path| Report { path: path.to_owned(), reader: "sarif", form: Form::Json, text: fixture(path) });
    all.extend(by_tool.chain(pairs));
    all
}

/// What a scanner definition says of how its reports are written.
fn input_of(reader: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scanners").join(format!("{reader}.yml"));
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("input:")).unwrap_or_default().to_owned()
}

/// SARIF as tools write it that find secrets: with the secret in the message, and beside it in a snippet.
fn sarif(tool: &str, rule: &str) -> String {
    let result = |line: u32, region: Value| {
        let mut region = region;
        region["startLine"] = line.into();
        serde_json::json!({
            "ruleId": rule,
            "message": { "text": "SECRET" },
            "locations": [{ "physicalLocation": { "artifactLocation": { "uri": "src/app.py" }, "region": region } }],
            "codeFlows": [{ "threadFlows": [{ "locations": [{ "location": {
                "message": { "text": "SECRET" },
                "physicalLocation": { "artifactLocation": { "uri": "src/app.py" }, "region": { "startLine": 1, "snippet": { "text": "SECRET" } } }
            } }] }] }]
        })
    };
    let results = [result(3, serde_json::json!({})), result(9, serde_json::json!({ "snippet": { "text": "SECRET" } }))];
    serde_json::json!({
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": { "name": tool, "rules": [{ "id": rule }] } }, "results": results }]
    })
    .to_string()
}

/// The report with a secret in all of its places, and how many these are.
fn written(report: &Report, secret: &Secret) -> (String, usize) {
    let text = &report.text;
    let mut count = 0;
    let text = match report.form {
        Form::Xml => return in_xml(text, secret),
        Form::Csv => return in_csv(text, secret),
        Form::Lines => {
            let lines: Vec<Value> = match serde_json::from_str(text) {
                Ok(Value::Array(items)) => items,
                _ => text
                    .lines()
                    .filter(|line| !line.trim().is_empty())
                    .map(|line| serde_json::from_str(line).unwrap())
                    .collect(),
            };
            let mut planted = String::new();
            for mut line in lines {
                count += plant("", &mut line, secret);
                planted += &format!("{line}\n");
            }
            planted
        }
        Form::Json | Form::Yaml => {
            let mut value: Value = serde_json::from_str(text).unwrap();
            count = plant("", &mut value, secret);
            if matches!(report.form, Form::Yaml) { serde_yaml::to_string(&value).unwrap() } else { value.to_string() }
        }
    };
    (text, count)
}

fn in_xml(text: &str, secret: &Secret) -> (String, usize) {
    let mut reader = Reader::from_str(text);
    let mut writer = Writer::new(Vec::new());
    let (mut stack, mut count): (Vec<String>, usize) = (Vec::new(), 0);
    let name_of = |start: &BytesStart<'_>| start.local_name().into_inner().to_owned();
    // The first text of an element takes the secret; what follows of it goes.
    let mut is_done = false;
    loop {
        let event = reader.read_event().unwrap();
        let planted_here = |text: &str| planted(stack.last().map_or("", String::as_str), text, secret);
        let event = match event {
            Event::Eof => break,
            Event::Start(start) => {
                stack.push(name_of(&start));
                is_done = false;
                Event::Start(attributes(&start, secret, &mut count))
            }
            Event::Empty(start) => Event::Empty(attributes(&start, secret, &mut count)),
            Event::End(end) => {
                stack.pop();
                is_done = false;
                Event::End(end)
            }
            Event::Text(_) | Event::GeneralRef(_) | Event::CData(_) if is_done => continue,
            Event::Text(inner) => {
                let plain = (*inner).to_owned();
                match planted_here(&plain).filter(|_| !plain.trim().is_empty()) {
                    Some(planted) => {
                        (is_done, count) = (true, count + 1);
                        Event::Text(BytesText::new(&planted).into_owned())
                    }
                    None => Event::Text(inner),
                }
            }
            Event::CData(inner) => match planted_here(&inner) {
                Some(planted) => {
                    (is_done, count) = (true, count + 1);
                    Event::CData(BytesCData::new(planted))
                }
                None => Event::CData(inner),
            },
            other => other,
        };
        writer.write_event(event).unwrap();
    }
    (String::from_utf8(writer.into_inner()).unwrap(), count)
}

fn attributes(start: &BytesStart<'_>, secret: &Secret, count: &mut usize) -> BytesStart<'static> {
    let mut written = BytesStart::new(start.name().into_inner().to_owned());
    for attribute in start.attributes().map(Result::unwrap) {
        let name = attribute.key.into_inner().to_owned();
        match planted(&name, &attribute.value, secret) {
            Some(planted) => {
                *count += 1;
                written.push_attribute((name.as_str(), planted.as_str()));
            }
            None => written.push_attribute(attribute),
        }
    }
    written
}

fn in_csv(text: &str, secret: &Secret) -> (String, usize) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let mut count = 0;
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let name = rows[0].get(at).unwrap_or_default().replace(' ', "_");
            let planted = planted(&name, cell, secret).filter(|_| number > 0 && !cell.is_empty());
            count += usize::from(planted.is_some());
            planted.unwrap_or_else(|| cell.to_owned())
        });
        writer.write_record(cells).unwrap();
    }
    (String::from_utf8(writer.into_inner().unwrap()).unwrap(), count)
}

/// All reports of a seed, each with some of its secrets.
pub(crate) fn plant_all(seed: u64, secrets: &[Secret], each: usize) -> Vec<Planted> {
    let mut planted = Vec::new();
    for (at, report) in reports().into_iter().enumerate() {
        let mut places = 0;
        for number in 0..each {
            // Every kind comes to every report in some seed.
            let which = (at * each + number * 7 + usize::try_from(seed).unwrap() * 11) % secrets.len();
            let (text, count) = written(&report, &secrets[which]);
            places += count;
            let extension = match report.form {
                Form::Json => "json",
                Form::Lines => "jsonl",
                Form::Yaml => "yaml",
                Form::Xml => "xml",
                Form::Csv => "csv",
            };
            let name = format!("{}-{at}-{number}.{extension}", report.reader);
            planted.push(Planted {
                report: format!("{} ({extension})", report.path),
                reader: report.reader,
                name,
                text,
            });
        }
        assert!(places >= each, "{} has no place for a secret", report.path);
    }
    planted
}
