//! Where a group's page is: pages link to each other by it, and notifications to them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// RFC 3986's unreserved characters stay as they are.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The path of a group's page from the root of all pages, with no slash before it.
///
/// A name that would not survive as a part of a path stands in the query: browsers take `.` and `..`
/// away even when they are escaped, proxies join what lies around an empty part and unescape slashes.
pub fn group_page(cluster: &str, group: &str) -> String {
    let survives = |name: &str| !matches!(name, "" | "." | "..") && !name.contains(['/', '\\']);
    let (safe, cluster, group) = (
        survives(cluster) && survives(group),
        encoded(cluster),
        encoded(group),
    );
    if safe {
        format!("groups/{cluster}/{group}")
    } else {
        format!("groups?cluster={cluster}&group={group}")
    }
}

fn encoded(name: &str) -> PercentEncode<'_> {
    utf8_percent_encode(name, KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_page_that_a_browser_finds() {
        for (group, path) in [
            ("pay-1.x", "groups/eu/pay-1.x"),
            ("é\n<b>", "groups/eu/%C3%A9%0A%3Cb%3E"),
            ("", "groups?cluster=eu&group="),
            (".", "groups?cluster=eu&group=."),
            ("..", "groups?cluster=eu&group=.."),
            ("a/../b&c=d", "groups?cluster=eu&group=a%2F..%2Fb%26c%3Dd"),
        ] {
            assert_eq!(group_page("eu", group), path);
        }
        assert_eq!(group_page("..", "g"), "groups?cluster=..&group=g");
    }
}
