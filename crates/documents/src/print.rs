//! Draws a composed document, with the tree that screen readers follow and what archives ask for.

use crate::{
    Error,
    compose::{Branch, Colour, Composition, Ink, Mark, Role, compose},
    sheet::Sheet,
    typeset::{Fonts, legible},
};
use chrono::{Datelike, NaiveDate};
use krilla::{
    Document, SerializeSettings,
    action::LinkAction,
    annotation::{Annotation, LinkAnnotation, Target},
    color::rgb,
    configure::{Accessibility, Archival, Configuration, ConfigurationBuilder},
    destination::XyzDestination,
    geom::{PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::Fill,
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, Tag, TagGroup, TagTree},
};

const HAIRLINE: f32 = 0.6;
const RULE: Colour = Colour(220, 224, 231);
const PROGRAM: &str = "Wise-Pay";

/// # Errors
/// The document is not as archives and screen readers want it.
pub(crate) fn print(sheet: &Sheet) -> Result<Vec<u8>, Error> {
    let fonts = Fonts::new();
    let composed = compose(&fonts, sheet);
    let settings = SerializeSettings { configuration: for_archives(), ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let mut read = vec![Vec::new(); composed.marks.len()];
    for page in 0..composed.pages {
        draw(&mut document, &fonts, &composed, page, &mut read)?;
    }
    let mut tree = TagTree::new();
    for branch in composed.tree {
        tree.push(node(branch, &read));
    }
    document.set_tag_tree(tree);
    let mut outline = Outline::new();
    outline.push_child(OutlineNode::new(sheet.title(), XyzDestination::new(0, Point::from_xy(0.0, 0.0))));
    document.set_outline(outline);
    document.set_metadata(metadata(sheet));
    document.finish().map_err(|cause| Error::Refused(format!("{cause:?}")))
}

fn for_archives() -> Configuration {
    let both = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1);
    both.finish().expect("both are of PDF 1.7")
}

/// One page. Of each mark on it, what it is called in the tree comes into `read`.
fn draw(
    document: &mut Document,
    fonts: &Fonts,
    composed: &Composition,
    number: usize,
    read: &mut [Vec<Identifier>],
) -> Result<(), Error> {
    let settings = PageSettings::from_wh(composed.size.0, composed.size.1);
    let settings = settings.ok_or_else(|| Error::Refused("a page has no size".to_owned()))?;
    let here: Vec<_> = composed.marks.iter().enumerate().filter(|(_, mark)| mark.page == number).collect();
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    for (place, mark) in &here {
        let called = surface.start_tagged(tag(mark.role));
        ink(&mut surface, fonts, mark);
        surface.end_tagged();
        if mark.role == Role::Content {
            read[*place].push(called);
        }
    }
    surface.finish();
    for (place, mark) in &here {
        if let Some(link) = link(mark) {
            // Before its words.
            read[*place].insert(0, page.add_tagged_annotation(link));
        }
    }
    page.finish();
    Ok(())
}

fn tag(role: Role) -> ContentTag<'static> {
    match role {
        Role::Content => ContentTag::Span(SpanTag::empty()),
        Role::Repeated => ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther)),
        Role::Ornament => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
    }
}

fn ink(surface: &mut Surface<'_>, fonts: &Fonts, mark: &Mark) {
    match &mark.ink {
        Ink::Words(run, style) => {
            surface.set_fill(Some(fill(style.colour)));
            let (at, font) = (Point::from_xy(mark.x, mark.y), fonts.of(style.weight).font.clone());
            surface.draw_glyphs(at, &run.glyphs, font, &run.text, style.size, false);
        }
        Ink::Rule(width) => {
            surface.set_fill(Some(fill(RULE)));
            let mut path = PathBuilder::new();
            if let Some(line) = Rect::from_xywh(mark.x, mark.y, *width, HAIRLINE) {
                path.push_rect(line);
            }
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
    }
}

fn fill(Colour(red, green, blue): Colour) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() }
}

/// What is pressed where these words stand.
fn link(mark: &Mark) -> Option<Annotation> {
    let (Some(address), Ink::Words(run, style)) = (&mark.link, &mark.ink) else { return None };
    let over = Rect::from_xywh(mark.x, mark.y - style.size, run.em * style.size, style.size * 1.3)?;
    let target = Target::Action(LinkAction::new(address.clone()).into());
    Some(Annotation::new_link(LinkAnnotation::new(over, target), Some(format!("Pay online at {address}"))))
}

fn node(branch: Branch, read: &[Vec<Identifier>]) -> Node {
    match branch {
        Branch::Group(tag, parts) => {
            let parts = parts.into_iter().map(|part| node(part, read)).collect();
            TagGroup::with_children(tag, parts).into()
        }
        Branch::Words(place) => match read[place].as_slice() {
            [words] => (*words).into(),
            linked => {
                let linked = linked.iter().map(|called| Node::from(*called)).collect();
                TagGroup::with_children(Tag::Link, linked).into()
            }
        },
    }
}

fn metadata(sheet: &Sheet) -> Metadata {
    let from = legible(&sheet.from.name);
    Metadata::new()
        .title(format!("{} – {from}", sheet.title()))
        .authors(vec![from])
        .language(sheet.locale.tag().to_owned())
        .creator(PROGRAM.to_owned())
        .producer(PROGRAM.to_owned())
        .creation_date(midnight(sheet.date))
}

fn midnight(date: NaiveDate) -> DateTime {
    let [month, day] = [date.month(), date.day()].map(|part| u8::try_from(part).unwrap_or_default());
    DateTime::new(u16::try_from(date.year()).unwrap_or_default()).month(month).day(day)
}
