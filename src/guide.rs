//! The guide: the pages of `docs/`, and what is promised for security.
//!
//! A page links to another by a reference, `[Engines][engines]`, and defines it at its end for those who read the file. Here
//! `docs/rustdoc/links.md` stands before each page, and the first definition of a reference counts (CommonMark 0.31, section 4.7).

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/commands.md")]
pub mod commands {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/settings.md")]
pub mod settings {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/engines.md")]
pub mod engines {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/deployment.md")]
pub mod deployment {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/scaling.md")]
pub mod scaling {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/performance.md")]
pub mod performance {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/coming-from-django.md")]
pub mod coming_from_django {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/sharing-with-django.md")]
pub mod sharing_with_django {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/django-differences.md")]
pub mod django_differences {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/django-tests.md")]
pub mod django_tests {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/actix-session.md")]
pub mod actix_session {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/comparison.md")]
pub mod comparison {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/architecture.md")]
pub mod architecture {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../docs/design.md")]
pub mod design {}

#[doc = include_str!("../docs/rustdoc/links.md")]
#[doc = include_str!("../SECURITY.md")]
pub mod security {}

/// Compiled with the pages, and no page itself.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
