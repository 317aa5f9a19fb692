//! The seed mappings: what holds where a mapping says nothing.

use std::collections::BTreeMap;

use super::{
    Confidential, DecisionLabels, Mapping, OnManualClose, OnReturn, Project, SeverityMap, StatusMap, StatusValue,
    TrackerKind, UpdateRules,
};

impl Mapping {
    /// The mapping that holds where nothing but the project is said.
    #[must_use]
    pub fn seed(label: String, instance: usize, kind: TrackerKind, project: Project) -> Self {
        Self {
            label,
            instance,
            project,
            severity: SeverityMap::seed(kind),
            status: StatusMap::seed(kind),
            own_label: "findsync".to_owned(),
            source_label: None,
            shared: None,
            formerly: Vec::new(),
            labels: Vec::new(),
            decision_labels: DecisionLabels::default(),
            group_by: Vec::new(),
            fields: Vec::new(),
            due: BTreeMap::new(),
            update: UpdateRules::default(),
            on_return: OnReturn::default(),
            on_manual_close: OnManualClose::default(),
            record_decisions: false,
            public: None,
            confidential: Confidential::default(),
            title_template: None,
            body_template: None,
        }
    }
}

impl SeverityMap {
    /// The severity field and values that hold where the mapping says nothing.
    #[must_use]
    pub fn seed(kind: TrackerKind) -> Self {
        let (field, values) = match kind {
            TrackerKind::GitHub => ("Priority", ["P0", "P1", "P2", "P3", "P4"]),
            TrackerKind::GitLab => ("Priority", ["1", "2", "3", "4", "5"]),
            TrackerKind::AzureDevOps => ("/fields/Microsoft.VSTS.Common.Priority", ["4", "4", "3", "2", "1"]),
            TrackerKind::Local => ("severity", ["Info", "Low", "Medium", "High", "Critical"]),
        };
        Self { field: field.to_owned(), values: values.map(str::to_owned) }
    }
}

impl StatusMap {
    /// The status field and values that hold where the mapping says nothing.
    #[must_use]
    pub fn seed(kind: TrackerKind) -> Self {
        let (field, values) = match kind {
            TrackerKind::GitHub => ("Status", ["In Progress", "Done", "Done", "Done"]),
            TrackerKind::GitLab => ("Status", ["opened", "closed", "closed", "closed"]),
            TrackerKind::AzureDevOps => ("/fields/System.State", ["To Do", "Done", "Done", "Done"]),
            TrackerKind::Local => ("status", ["Active", "Closed", "False Positive", "Risk Accepted"]),
        };
        let [active, others @ ..] = values.map(|value| StatusValue { value: value.to_owned(), open: false });
        let [closed, false_positive, risk_accepted] = others;
        Self {
            field: field.to_owned(),
            values: [StatusValue { open: true, ..active }, closed, false_positive, risk_accepted],
        }
    }
}
