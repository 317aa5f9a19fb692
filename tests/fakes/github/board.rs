//! The fake's GraphQL API: the Project, its items, and its fields.

use apollo_compiler::resolvers::{ObjectValue, ResolveInfo, ResolvedValue};
use serde_json::{Value, json};

use super::graphql::{Kind, Object, Resolved, arguments, leaf};
use super::world::{Field, Role};

impl<'c> Object<'c> {
    pub(super) fn project<'a>(&self, info: &ResolveInfo<'_>) -> Resolved<'a>
    where
        'c: 'a,
    {
        let world = self.context.world();
        let project = world.project.as_ref().expect("a Project");
        match info.field_name() {
            "id" => leaf("PVT_7"),
            "number" => leaf(project.number),
            "closed" => leaf(project.closed),
            "viewerCanUpdate" => leaf(self.context.account.role >= Role::Write),
            "fields" => self.page(
                "ProjectV2FieldConfigurationConnection",
                project.fields.iter().cloned().map(Kind::FieldOf).collect(),
                info,
            ),
            _ => Err(self.unknown_field_error(info)),
        }
    }

    pub(super) fn item<'a>(&self, index: usize, info: &ResolveInfo<'_>) -> Resolved<'a>
    where
        'c: 'a,
    {
        let world = self.context.world();
        let project = world.project.as_ref().expect("a Project");
        let item = &project.items[index];
        match info.field_name() {
            "id" => leaf(&item.id),
            "isArchived" => leaf(item.archived),
            "project" => self.object(Kind::Project),
            "fieldValueByName" => {
                let arguments = arguments(info);
                let name = arguments["name"].as_str().unwrap_or_default();
                let Some(field) = project.fields.iter().find(|field| field.name == name) else {
                    return Ok(ResolvedValue::null());
                };
                let Some(value) = item.values.get(&field.id) else { return Ok(ResolvedValue::null()) };
                let option = |key: &str| {
                    let id = value[key].as_str();
                    field.options.iter().find(|(known, ..)| Some(known.as_str()) == id).map(|(_, name, _)| name.clone())
                };
                self.object(match field.kind {
                    "SINGLE_SELECT" => Kind::Plain(
                        "ProjectV2ItemFieldSingleSelectValue",
                        json!({ "name": option("singleSelectOptionId") }),
                    ),
                    "ITERATION" => {
                        Kind::Plain("ProjectV2ItemFieldIterationValue", json!({ "title": option("iterationId") }))
                    }
                    "NUMBER" => Kind::Plain("ProjectV2ItemFieldNumberValue", value.clone()),
                    "DATE" => Kind::Plain("ProjectV2ItemFieldDateValue", value.clone()),
                    _ => Kind::Plain("ProjectV2ItemFieldTextValue", value.clone()),
                })
            }
            _ => Err(self.unknown_field_error(info)),
        }
    }

    pub(super) fn field<'a>(&self, field: &Field, info: &ResolveInfo<'_>) -> Resolved<'a>
    where
        'c: 'a,
    {
        let plain = |kind, value: Value| Object { context: self.context, kind: Kind::Plain(kind, value) };
        let options = |kind: &'static str, key: &'static str| {
            field.options.clone().into_iter().map(move |(id, name, color)| {
                let value = json!({ "id": id, key: name, "color": color, "description": "" });
                Ok(ResolvedValue::object(plain(kind, value)))
            })
        };
        match info.field_name() {
            "id" => leaf(&field.id),
            "name" => leaf(&field.name),
            "dataType" => leaf(field.kind),
            "options" => {
                let all: Vec<_> = options("ProjectV2SingleSelectFieldOption", "name").collect();
                Ok(ResolvedValue::List(Box::new(all.into_iter())))
            }
            "configuration" => self.object(Kind::Iterations(field.clone())),
            "iterations" => {
                let all: Vec<_> = options("ProjectV2IterationFieldIteration", "title").collect();
                Ok(ResolvedValue::List(Box::new(all.into_iter())))
            }
            "completedIterations" => Ok(ResolvedValue::List(Box::new(std::iter::empty()))),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
