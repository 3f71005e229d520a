//! Slack's incoming webhook: a text for the notification, blocks for the channel.

use serde_json::{Value as Json, json};

use super::{Unmade, one_message};
use crate::notify::call::Call;
use crate::notify::letter::Letter;
use crate::notify::receiver::{Links, Receiver};
use crate::notify::text::{Form, Line, Message, Story};

/// The most characters of a section: Slack's limit is 3,000.
const MOST: usize = 2_900;

pub(super) fn calls(
    receiver: &Receiver,
    letter: &Letter,
    links: &Links,
) -> Result<Vec<Call>, Unmade> {
    one_message(receiver, letter, &body(&Message::of(letter, links)))
}

pub(super) fn body(message: &Message) -> Json {
    let mut blocks = vec![section(&format!("*{}*", escaped(&message.title)))];
    blocks.extend(message.stories.iter().map(|s| section(&story(s))));
    if let Some(more) = message.and_more() {
        blocks.push(json!({ "type": "context", "elements": [mrkdwn(&more)] }));
    }
    json!({ "text": escaped(&message.title), "blocks": blocks })
}

fn section(text: &str) -> Json {
    json!({ "type": "section", "text": mrkdwn(text) })
}

fn mrkdwn(text: &str) -> Json {
    let text: String = text.chars().take(MOST).collect();
    json!({ "type": "mrkdwn", "text": text })
}

fn story(story: &Story) -> String {
    let mark = if story.is_over {
        ":white_check_mark:"
    } else {
        ":rotating_light:"
    };
    let mut text = format!("{mark} *{}*", escaped(&story.headline));
    for line in &story.lines {
        text.push('\n');
        text.push_str(&shown(line));
    }
    text
}

fn shown(line: &Line) -> String {
    let text = escaped(&line.text);
    match line.form {
        // Only an address may be a link: anything else could be one that lies about where it leads.
        Form::Link if line.text.starts_with("http") && !line.text.contains(['|', '>', ' ']) => {
            format!("*{}*: <{text}>", line.label)
        }
        Form::Command => format!("*{}*: `{}`", line.label, text.replace('`', "'")),
        Form::Prose | Form::Link => format!("*{}*: {text}", line.label),
    }
}

/// The three characters that Slack gives a meaning.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
