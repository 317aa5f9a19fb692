//! Finds public identifiers (CVE, GHSA, CWE …) in rule ids, tags and other short texts of a report.

use crate::finding::identifiers::rank;

/// The ids in a text, as they are written canonically, in its order.
pub(crate) fn find(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter_map(id)
}

/// The first id in a text that names a vulnerability.
pub(crate) fn vulnerability(text: &str) -> Option<String> {
    find(text).find(|id| !id.starts_with("CWE-"))
}

/// The CWEs in a text, or in a field that holds nothing else (`79`).
pub(crate) fn cwes(text: &str) -> impl Iterator<Item = String> {
    let bare = text.trim().parse::<u32>().ok().filter(|number| *number > 0).map(|number| format!("CWE-{number}"));
    let lower = text.to_ascii_lowercase();
    let is_word = |at: usize| !lower[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    let written = lower.match_indices("cwe").filter(|(at, _)| is_word(*at));
    let written: Vec<String> = written.filter_map(|(at, word)| cwe(&lower[at + word.len()..])).collect();
    bare.into_iter().chain(written)
}

/// The CWE whose number follows: `-79`, `_79`, ` ID 79`.
fn cwe(after: &str) -> Option<String> {
    const BETWEEN: [char; 7] = ['-', '_', ' ', ':', '=', '/', '#'];
    let rest = after.trim_start_matches(BETWEEN);
    let rest = rest.strip_prefix("id").unwrap_or(rest).trim_start_matches(BETWEEN);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest[..end].parse::<u32>().ok().filter(|number| *number > 0)?;
    Some(format!("CWE-{number}"))
}

/// Adds what is not there yet.
pub(crate) fn extend(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for one in more {
        if !list.contains(&one) {
            list.push(one);
        }
    }
}

fn id(token: &str) -> Option<String> {
    let (prefix, rest) = token.split_once('-').or_else(|| token.split_at_checked(3))?;
    let upper = prefix.to_ascii_uppercase();
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    match upper.as_str() {
        "CWE" => {
            let number = rest[..digits(rest)].parse::<u32>().ok().filter(|number| *number > 0)?;
            Some(format!("CWE-{number}"))
        }
        // Some tools append the package: `CVE-2008-0732-geronimo`.
        "CVE" => {
            let (year, number) = rest.split_once('-')?;
            let length = digits(number);
            (year.len() == 4 && digits(year) == 4 && length >= 4).then(|| format!("CVE-{year}-{}", &number[..length]))
        }
        "GHSA" => {
            let groups: Vec<_> = rest.splitn(4, '-').take(3).collect();
            let whole = groups.len() == 3 && groups.iter().all(|group| group.len() == 4);
            whole.then(|| format!("GHSA-{}", groups.join("-").to_ascii_lowercase()))
        }
        "RUSTSEC" | "PYSEC" | "GO" | "OSV" | "MAL" | "GSD" | "HSEC" | "RSEC" | "GMS" => {
            let (year, number) = rest.split_once('-')?;
            let length = digits(number);
            (year.len() == 4 && digits(year) == 4 && length > 0)
                .then(|| format!("{upper}-{year}-{}", &number[..length]))
        }
        "SNYK" => (rank(token).is_some() && rest.contains('-')).then(|| token.to_ascii_uppercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_ids_however_they_are_written() {
        for (text, ids) in [
            ("external/cwe/cwe-079", vec!["CWE-79"]),
            ("CWE-327: Use of a Broken Algorithm", vec!["CWE-327"]),
            ("CWE79, cwe-0", vec!["CWE-79"]),
            ("CVE-2008-0732-geronimo-j2ee_1.1", vec!["CVE-2008-0732"]),
            ("ghsa-35JH-r3h4-6jhm (cve-2021-23337)", vec!["GHSA-35jh-r3h4-6jhm", "CVE-2021-23337"]),
            ("RUSTSEC-2021-0003 SNYK-JS-LODASH-567746", vec!["RUSTSEC-2021-0003", "SNYK-JS-LODASH-567746"]),
            ("go-fuzz go-2 CVE-20-1 snyk-cli é-1 GO-to-church", vec![]),
        ] {
            assert_eq!(find(text).collect::<Vec<_>>(), ids, "{text}");
        }
        for (text, ids) in [
            ("79", vec!["CWE-79"]),
            ("CWE_89", vec!["CWE-89"]),
            ("CWE ID 259, CWE ID 798", vec!["CWE-259", "CWE-798"]),
            ("external/cwe/cwe-022", vec!["CWE-22"]),
            ("CWE-0 xcwe-1 cwe", vec![]),
        ] {
            assert_eq!(cwes(text).collect::<Vec<_>>(), ids, "{text}");
        }
        assert_eq!(vulnerability("CWE-1 CVE-2020-12345").as_deref(), Some("CVE-2020-12345"));
    }
}
