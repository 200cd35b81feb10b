//! What a text has to be, where its type does not say it all.

use std::net::Ipv6Addr;

/// RFC 9110, section 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}

/// RFC 1123, section 2.1, with the underscore that some names have; a dot may stand in front, as in Django. Browsers
/// ignore a cookie whose Domain is anything else, so that every request would begin a new session.
pub(super) fn is_domain(text: &str) -> bool {
    let name = text.strip_prefix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// RFC 6265, section 4.1.1; browsers ignore a Path that does not begin with `/` (section 5.2.4).
pub(super) fn is_cookie_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains(|character: char| character == ';' || character.is_control())
}

/// What some `Host` header can match: Django's `validate_host` compares with anything else in vain.
pub(super) fn is_host_pattern(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => text == "*" || is_domain(text),
    }
}
