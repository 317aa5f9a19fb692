//! HTML fragments in reports (ZAP, Nessus …) → plain text.

/// The text of an HTML fragment: paragraphs become lines, tags go, entities are resolved.
pub(super) fn to_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let tag = &rest[start + 1..];
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let end = tag.find('>').filter(|_| !name.is_empty());
        let Some(end) = end else {
            // A lone `<` is text.
            text.push_str(&rest[..=start]);
            rest = tag;
            continue;
        };
        text.push_str(&rest[..start]);
        if matches!(name.to_ascii_lowercase().as_str(), "p" | "br" | "li" | "div" | "tr" | "ul" | "ol" | "pre")
            && !text.ends_with('\n')
        {
            text.push('\n');
        }
        rest = &tag[end + 1..];
    }
    text.push_str(rest);
    let text = quick_xml::escape::unescape_with(&text, entity).map_or_else(|_| text.clone(), |text| text.into_owned());
    text.trim().to_owned()
}

fn entity(name: &str) -> Option<&'static str> {
    match name {
        "nbsp" => Some(" "),
        "ndash" => Some("–"),
        "mdash" => Some("—"),
        "hellip" => Some("…"),
        _ => quick_xml::escape::resolve_xml_entity(name),
    }
}

#[cfg(test)]
mod tests {
    use super::to_text;

    #[test]
    fn leaves_text() {
        assert_eq!(to_text("<p>a &lt;b&gt;</p><p>c<br/>d 1 < 2</p>"), "a <b>\nc\nd 1 < 2");
        assert_eq!(to_text("a & b"), "a & b");
    }
}
