//! Fields in which the service finds markup: a report's text stays text there, the mapping's own markup is meant.

use findsync::config::{FieldOn, FieldRule, UpdatePolicy};
use findsync::finding::Severity;

use crate::contract::{Bench, dependency, scan};
use crate::fake::Process;
use crate::keeps_contract::Project;

const HOSTILE: &str =
    "<img src=x onerror=alert(1)> @team <a href=\"#\" data-vss-mention=\"version:2.0,1\">x</a> &lt;b> #1";

#[tokio::test]
async fn a_reports_text_stays_text_and_the_mappings_own_markup_is_kept() {
    let world = Project::new(Process::Agile).await;
    let mut bench = Bench::new(&world);
    let rule = |field: &str, value: &str| FieldRule {
        field: field.into(),
        value: value.into(),
        on: FieldOn::Update,
        update: UpdatePolicy::Always,
    };
    bench.mapping.fields = vec![
        rule("Microsoft.VSTS.TCM.SystemInfo", "{{ component.name }}\n\n{{ component.version }}"),
        rule("System.Description", "<b>See the wiki</b>"),
    ];
    let mut finding = dependency("CVE-2026-0001", Severity::High);
    finding.component.as_mut().unwrap().name = HOSTILE.into();
    for severity in [Severity::High, Severity::Low] {
        finding.severity = severity;
        bench.sync(&[scan("Trivy", vec![finding.clone()])]).await;
        let item = &world.fake.items()[0];
        let told = item.text("Microsoft.VSTS.TCM.SystemInfo");
        assert!(told.contains("&lt;img src=x") && told.contains("4.17.20"), "{told}");
        assert!(!told.contains("<img") && !told.contains("<a ") && !told.contains("@team"), "{told}");
        assert_eq!(item.text("System.Description"), "<b>See the wiki</b>");
    }
}
