//! Reports in zips and workbooks.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use findsync::finding::{Severity, Status};
use findsync::readers::read_bytes;

fn fixture(path: &str) -> Vec<u8> {
    fs::read(format!("{}/tests/fixtures/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A zip, as a scanner or a CI writes it.
fn zip_of(files: &[(&str, &str)]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_fortify_archive_tells_what_people_suppressed() {
    let fvdl = String::from_utf8(fixture("fortify_fvdl/one.xml")).unwrap();
    let id = fvdl.split("<InstanceID>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let audit = format!(
        r#"<ns2:Audit xmlns:ns2="xmlns://www.fortify.com/schema/audit"><ns2:IssueList><ns2:Issue instanceId="{id}" suppressed="true"><ns2:ThreadedComments><ns2:Comment><ns2:Content>Handled by the proxy</ns2:Content></ns2:Comment></ns2:ThreadedComments></ns2:Issue></ns2:IssueList></ns2:Audit>"#
    );
    let alone = read_bytes("audit.fvdl", fvdl.clone().into_bytes(), None).unwrap();
    let files = [("audit.fvdl", fvdl.as_str()), ("audit.xml", &audit), ("src-archive/a.json", "no report")];
    let scans = read_bytes("shop.fpr", zip_of(&files), None).unwrap();
    let (archived, bare) = (&scans[0].findings[0], &alone[0].findings[0]);
    assert_eq!((archived.keys.clone(), archived.severity), (bare.keys.clone(), bare.severity));
    assert_eq!((archived.status, bare.status), (Status::RiskAccepted, Status::Active));
    assert_eq!(archived.justification.as_deref(), Some("Handled by the proxy"));
    assert!(read_bytes("shop.fpr", zip_of(&[("audit.xml", &audit)]), None).is_err(), "results are missing");
}

#[test]
fn a_workbook_is_read_as_its_sheets() {
    let sheet = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>CVE-2021-44228</t></is></c><c r="B2" t="inlineStr"><is><t>critical</t></is></c><c r="C2" t="inlineStr"><is><t>log4j-core:2.14.1</t></is></c><c r="D2" t="inlineStr"><is><t>web / ip-1</t></is></c></row></sheetData></worksheet>"#;
    let strings = r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>CVE ID</t></si><si><t>Severity</t></si><si><r><t xml:space="preserve">Caused By </t></r><r><t>Package</t></r></si><si><t>Node Name</t></si></sst>"#;
    let index = r#"<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    let links = r#"<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>"#;
    let files = [
        ("xl/workbook.xml", index),
        ("xl/_rels/workbook.xml.rels", links),
        ("xl/sharedStrings.xml", strings),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    let scans = read_bytes("report.xlsx", zip_of(&files), None).unwrap();
    let finding = &scans[0].findings[0];
    assert_eq!((scans[0].reader.as_str(), finding.severity), ("deepfence_threatmapper", Severity::Critical));
    assert_eq!(finding.component.as_ref().unwrap().version.as_deref(), Some("2.14.1"));
    assert!(read_bytes("report.xlsx", zip_of(&files[..3]), None).is_err(), "a sheet is missing");
}
