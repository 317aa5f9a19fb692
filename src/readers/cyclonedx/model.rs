//! The parts of a CycloneDX document that we read. JSON and XML have one model: see `xml`.
//! <https://cyclonedx.org/docs/1.6/json/>

use serde::Deserialize;

use crate::readers::leaf::{List, Number, Object, Text, Texts};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Bom<'a> {
    #[serde(borrow)]
    pub(crate) bom_format: Text<'a>,
    #[serde(borrow)]
    pub(crate) metadata: Object<Metadata<'a>>,
    #[serde(borrow)]
    pub(crate) components: List<Object<Component<'a>>>,
    #[serde(borrow)]
    pub(crate) services: List<Object<Component<'a>>>,
    #[serde(borrow)]
    pub(crate) vulnerabilities: Option<List<Object<Vulnerability<'a>>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Metadata<'a> {
    #[serde(borrow)]
    pub(crate) component: Object<Component<'a>>,
    #[serde(borrow)]
    pub(crate) tools: Tools<'a>,
}

/// Since 1.5 `tools` is an object with components and services; before it was a list of tools.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Tools<'a> {
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
pub(crate) struct ToolComponents<'a> {
    #[serde(borrow, default)]
    pub(crate) components: List<Named<'a>>,
    #[serde(borrow, default)]
    pub(crate) services: List<Named<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Named<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
}

/// A component or a service, with those inside it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Component<'a> {
    #[serde(borrow, rename = "bom-ref")]
    pub(crate) bom_ref: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) group: Text<'a>,
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) version: Text<'a>,
    #[serde(borrow)]
    pub(crate) purl: Text<'a>,
    #[serde(borrow)]
    pub(crate) components: List<Object<Component<'a>>>,
    #[serde(borrow)]
    pub(crate) services: List<Object<Component<'a>>>,
    #[serde(borrow)]
    pub(crate) evidence: Object<Evidence<'a>>,
    #[serde(borrow)]
    pub(crate) properties: List<Object<Property<'a>>>,
    /// The vulnerability extension of 1.2 and 1.3, XML only.
    #[serde(borrow)]
    pub(crate) vulnerabilities: Option<List<Object<Vulnerability<'a>>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Evidence<'a> {
    #[serde(borrow)]
    pub(crate) occurrences: List<Object<Occurrence<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Occurrence<'a> {
    #[serde(borrow)]
    pub(crate) location: Text<'a>,
    pub(crate) line: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Property<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) value: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Vulnerability<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) source: Object<Source<'a>>,
    #[serde(borrow)]
    pub(crate) references: List<Object<Reference<'a>>>,
    #[serde(borrow)]
    pub(crate) ratings: List<Object<Rating<'a>>>,
    #[serde(borrow)]
    pub(crate) cwes: Texts<'a>,
    #[serde(borrow)]
    pub(crate) description: Text<'a>,
    #[serde(borrow)]
    pub(crate) detail: Text<'a>,
    #[serde(borrow)]
    pub(crate) recommendation: Text<'a>,
    /// The extension's.
    #[serde(borrow)]
    pub(crate) recommendations: Texts<'a>,
    #[serde(borrow)]
    pub(crate) workaround: Text<'a>,
    #[serde(borrow)]
    pub(crate) advisories: List<Advisory<'a>>,
    #[serde(borrow)]
    pub(crate) created: Text<'a>,
    #[serde(borrow)]
    pub(crate) tools: Tools<'a>,
    #[serde(borrow)]
    pub(crate) analysis: Object<Analysis<'a>>,
    #[serde(borrow)]
    pub(crate) affects: List<Object<Affect<'a>>>,
    /// The extension's reference to a component.
    #[serde(borrow, rename = "ref")]
    pub(crate) component: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Source<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reference<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Rating<'a> {
    #[serde(borrow)]
    pub(crate) source: Object<Source<'a>>,
    pub(crate) score: Score,
    #[serde(borrow)]
    pub(crate) severity: Text<'a>,
    #[serde(borrow)]
    pub(crate) method: Text<'a>,
    #[serde(borrow)]
    pub(crate) vector: Text<'a>,
}

/// A number; in the extension an object whose `base` is what counts.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Score {
    Parts { base: Number },
    Whole(Number),
}

impl Default for Score {
    fn default() -> Self {
        Self::Whole(Number::default())
    }
}

impl Score {
    pub(crate) fn get(&self) -> Option<f64> {
        let (Self::Parts { base: score } | Self::Whole(score)) = self;
        score.0.filter(|score| (0.0..=10.0).contains(score))
    }
}

/// An object; in the extension only the address.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Advisory<'a> {
    Object {
        #[serde(borrow)]
        url: Text<'a>,
    },
    #[serde(borrow)]
    Url(Text<'a>),
}

impl Advisory<'_> {
    pub(crate) fn url(&self) -> Option<&str> {
        let (Self::Object { url } | Self::Url(url)) = self;
        url.get()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Analysis<'a> {
    #[serde(borrow)]
    pub(crate) state: Text<'a>,
    #[serde(borrow)]
    pub(crate) justification: Text<'a>,
    #[serde(borrow, alias = "responses")]
    pub(crate) response: Texts<'a>,
    #[serde(borrow)]
    pub(crate) detail: Text<'a>,
    #[serde(borrow, rename = "firstIssued")]
    pub(crate) first_issued: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Affect<'a> {
    #[serde(borrow, rename = "ref")]
    pub(crate) component: Text<'a>,
    #[serde(borrow)]
    pub(crate) versions: List<Object<AffectedVersion<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct AffectedVersion<'a> {
    #[serde(borrow)]
    pub(crate) version: Text<'a>,
    #[serde(borrow)]
    pub(crate) status: Text<'a>,
}
