//! The parts of a CycloneDX document that we read. JSON and XML have one model: see `xml`.
//! <https://cyclonedx.org/docs/1.6/json/>

use serde::Deserialize;

use crate::readers::standards::lenient::{List, Number, Object, Text, Texts};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Bom<'a> {
    #[serde(borrow)]
    pub(super) bom_format: Text<'a>,
    #[serde(borrow)]
    pub(super) serial_number: Text<'a>,
    /// Of the document, from 1.
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) metadata: Object<Metadata<'a>>,
    #[serde(borrow)]
    pub(super) components: List<Object<Component<'a>>>,
    #[serde(borrow)]
    pub(super) services: List<Object<Component<'a>>>,
    #[serde(borrow)]
    pub(super) dependencies: List<Object<Dependency<'a>>>,
    #[serde(borrow)]
    pub(super) vulnerabilities: Option<List<Object<Vulnerability<'a>>>>,
}

/// What a component needs. XML nests the elements instead; those are left out.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Dependency<'a> {
    #[serde(borrow, rename = "ref")]
    pub(super) component: Text<'a>,
    #[serde(borrow)]
    pub(super) depends_on: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) component: Object<Component<'a>>,
    #[serde(borrow)]
    pub(super) tools: Tools<'a>,
}

/// Since 1.5 `tools` is an object with components and services; before it was a list of tools.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Tools<'a> {
    #[serde(borrow)]
    List(Vec<Named<'a>>),
    #[serde(borrow)]
    Object(ToolComponents<'a>),
    None(()),
}

impl Default for Tools<'_> {
    fn default() -> Self {
        Self::None(())
    }
}

#[derive(Deserialize)]
pub(super) struct ToolComponents<'a> {
    #[serde(borrow, default)]
    pub(super) components: List<Named<'a>>,
    #[serde(borrow, default)]
    pub(super) services: List<Named<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Named<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
}

/// A component or a service, with those inside it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Component<'a> {
    #[serde(borrow, rename = "bom-ref")]
    pub(super) bom_ref: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) group: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) purl: Text<'a>,
    #[serde(borrow)]
    pub(super) cpe: Text<'a>,
    #[serde(borrow)]
    pub(super) hashes: List<Object<Hash<'a>>>,
    #[serde(borrow)]
    pub(super) components: List<Object<Component<'a>>>,
    #[serde(borrow)]
    pub(super) services: List<Object<Component<'a>>>,
    #[serde(borrow)]
    pub(super) evidence: Object<Evidence<'a>>,
    #[serde(borrow)]
    pub(super) properties: List<Object<Property<'a>>>,
    /// The vulnerability extension of 1.2 and 1.3, XML only.
    #[serde(borrow)]
    pub(super) vulnerabilities: Option<List<Object<Vulnerability<'a>>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Hash<'a> {
    #[serde(borrow, alias = "value")]
    pub(super) content: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Evidence<'a> {
    #[serde(borrow)]
    pub(super) occurrences: List<Object<Occurrence<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Occurrence<'a> {
    #[serde(borrow)]
    pub(super) location: Text<'a>,
    pub(super) line: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Property<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) source: Object<Source<'a>>,
    #[serde(borrow)]
    pub(super) references: List<Object<Reference<'a>>>,
    #[serde(borrow)]
    pub(super) ratings: List<Object<Rating<'a>>>,
    #[serde(borrow)]
    pub(super) cwes: Texts<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow)]
    pub(super) detail: Text<'a>,
    #[serde(borrow)]
    pub(super) recommendation: Text<'a>,
    /// The extension's.
    #[serde(borrow)]
    pub(super) recommendations: Texts<'a>,
    #[serde(borrow)]
    pub(super) workaround: Text<'a>,
    #[serde(borrow)]
    pub(super) advisories: List<Advisory<'a>>,
    #[serde(borrow)]
    pub(super) created: Text<'a>,
    #[serde(borrow)]
    pub(super) tools: Tools<'a>,
    #[serde(borrow)]
    pub(super) analysis: Object<Analysis<'a>>,
    #[serde(borrow)]
    pub(super) affects: List<Object<Affect<'a>>>,
    /// The extension's reference to a component.
    #[serde(borrow, rename = "ref")]
    pub(super) component: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Source<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Rating<'a> {
    #[serde(borrow)]
    pub(super) source: Object<Source<'a>>,
    pub(super) score: Score,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) method: Text<'a>,
    #[serde(borrow)]
    pub(super) vector: Text<'a>,
}

/// A number; in the extension an object whose `base` is what counts.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Score {
    Parts { base: Number },
    Whole(Number),
}

impl Default for Score {
    fn default() -> Self {
        Self::Whole(Number::default())
    }
}

impl Score {
    pub(super) fn get(&self) -> Option<f64> {
        let (Self::Parts { base: score } | Self::Whole(score)) = self;
        score.0.filter(|score| (0.0..=10.0).contains(score))
    }
}

/// An object; in the extension only the address.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Advisory<'a> {
    Object {
        #[serde(borrow)]
        url: Text<'a>,
    },
    #[serde(borrow)]
    Url(Text<'a>),
}

impl Advisory<'_> {
    pub(super) fn url(&self) -> Option<&str> {
        let (Self::Object { url } | Self::Url(url)) = self;
        url.get()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Analysis<'a> {
    #[serde(borrow)]
    pub(super) state: Text<'a>,
    #[serde(borrow)]
    pub(super) justification: Text<'a>,
    #[serde(borrow, alias = "responses")]
    pub(super) response: Texts<'a>,
    #[serde(borrow)]
    pub(super) detail: Text<'a>,
    #[serde(borrow, rename = "firstIssued")]
    pub(super) first_issued: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Affect<'a> {
    #[serde(borrow, rename = "ref")]
    pub(super) component: Text<'a>,
    #[serde(borrow)]
    pub(super) versions: List<Object<AffectedVersion<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AffectedVersion<'a> {
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) range: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
}
