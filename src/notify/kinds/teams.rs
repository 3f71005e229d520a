//! A Teams workflow ("when a webhook request is received"): a message with one adaptive card.

use serde_json::{Value as Json, json};

use super::{Unmade, one_message};
use crate::notify::call::Call;
use crate::notify::letter::Letter;
use crate::notify::receiver::{Links, Receiver};
use crate::notify::text::{Form, Message, Story};

/// The most alerts of a card: Teams takes 28 KB.
const MOST: usize = 6;

pub(super) fn calls(
    receiver: &Receiver,
    letter: &Letter,
    links: &Links,
) -> Result<Vec<Call>, Unmade> {
    one_message(receiver, letter, &body(&Message::of(letter, links)))
}

pub(super) fn body(message: &Message) -> Json {
    let over = message.stories.iter().all(|s| s.is_over);
    let mut items = vec![json!({
        "type": "TextBlock", "text": plain(&message.title), "wrap": true, "size": "Large",
        "weight": "Bolder", "color": if over { "Good" } else { "Attention" },
    })];
    let mut actions = Vec::new();
    for story in message.stories.iter().take(MOST) {
        items.push(json!({
            "type": "TextBlock", "text": plain(&story.headline), "wrap": true,
            "weight": "Bolder", "separator": true,
        }));
        items.push(json!({ "type": "FactSet", "facts": facts(story) }));
        if actions.is_empty() {
            actions = links(story);
        }
    }
    let more = message.more + message.stories.len().saturating_sub(MOST) as u64;
    if more > 0 {
        let text = format!("and {more} more");
        items.push(json!({ "type": "TextBlock", "text": text, "isSubtle": true }));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": items,
                "actions": actions,
                "msteams": { "width": "Full" },
            },
        }],
    })
}

fn facts(story: &Story) -> Vec<Json> {
    let shown = story.lines.iter().filter(|l| l.form != Form::Link);
    shown
        .map(|l| json!({ "title": l.label, "value": plain(&l.text) }))
        .collect()
}

fn links(story: &Story) -> Vec<Json> {
    let opened = |l: &&crate::notify::text::Line| {
        l.form == Form::Link && (l.text.starts_with("http://") || l.text.starts_with("https://"))
    };
    let links = story.lines.iter().filter(opened);
    let action = |l: &crate::notify::text::Line| json!({ "type": "Action.OpenUrl", "title": l.label, "url": l.text });
    links.map(action).collect()
}

/// Cards read Markdown: names by others must not become links or lists.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '`' | '#' | '~') {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}
