//! The templates of a folder, rendered by Tera.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use tera::{Context, Tera};

use super::built_in;

/// All templates of a site.
///
/// ```
/// use sessionid::site::Templates;
/// use tera::context;
///
/// let templates = Templates::load("templates".as_ref())?;
/// let page = templates.render("helloworld.html", &context! { counter => &3 })?;
/// assert_eq!(page.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Templates {
    tera: Tera,
}

/// Why the templates cannot be used.
///
/// ```
/// use sessionid::site::{TemplateError, Templates};
///
/// let refused = Templates::load("no/such/folder".as_ref());
/// assert!(matches!(refused, Err(TemplateError::Read { .. })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read the templates at {}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Tera refuses one.
    #[error("a template cannot be used")]
    Tera(#[from] tera::Error),
}

impl Templates {
    /// Reads every `.html` file below `folder`, under its path from there.
    ///
    /// ```
    /// # use sessionid::site::Templates;
    /// # let folder = tempfile::tempdir()?;
    /// std::fs::create_dir(folder.path().join("mail"))?;
    /// std::fs::write(folder.path().join("mail/hello.html"), "Hello {{ name }}")?;
    /// let templates = Templates::load(folder.path())?;
    /// assert!(templates.render("mail/hello.html", &tera::context! { name => &"Ada" }).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TemplateError`]: a file that cannot be read or parsed.
    pub fn load(folder: &Path) -> Result<Self, TemplateError> {
        let mut templates = BTreeMap::new();
        collect(folder, "", &mut templates)?;
        Self::parse(templates)
    }

    /// Those that are built in, and in place of them those of `folder`, if it is there.
    pub(crate) fn load_over_built_in(folder: &Path) -> Result<Self, TemplateError> {
        let mut templates = built_in::templates().collect();
        if folder.exists() {
            collect(folder, "", &mut templates)?;
        }
        Self::parse(templates)
    }

    fn parse(templates: BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut tera = Tera::new();
        tera.add_raw_templates(templates)?;
        Ok(Self { tera })
    }

    /// A page of status 200.
    ///
    /// ```
    /// # use sessionid::site::Templates;
    /// let templates = Templates::load("templates".as_ref())?;
    /// assert!(templates.render("plain.html", &tera::Context::new()).is_ok());
    /// assert!(templates.render("missing.html", &tera::Context::new()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TemplateError::Tera`] for a template that is not there, or fails.
    pub fn render(&self, name: &str, context: &Context) -> Result<HttpResponse, TemplateError> {
        self.render_with_status(StatusCode::OK, name, context)
    }

    /// A page of any status.
    ///
    /// ```
    /// use actix_web::http::StatusCode;
    /// # use sessionid::site::Templates;
    ///
    /// let templates = Templates::load("templates".as_ref())?;
    /// let page = templates.render_with_status(StatusCode::IM_A_TEAPOT, "plain.html", &tera::Context::new())?;
    /// assert_eq!(page.status(), 418);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`render`](Self::render).
    pub fn render_with_status(
        &self,
        status: StatusCode,
        name: &str,
        context: &Context,
    ) -> Result<HttpResponse, TemplateError> {
        let page = self.render_to_string(name, context)?;
        Ok(HttpResponse::build(status).insert_header(ContentType::html()).body(page))
    }

    /// A part of a page.
    pub(crate) fn render_to_string(&self, name: &str, context: &Context) -> Result<String, TemplateError> {
        Ok(self.tera.render(name, context)?)
    }

    /// One block of a page.
    pub(crate) fn render_block_to_string(
        &self,
        name: &str,
        block: &str,
        context: &Context,
    ) -> Result<String, TemplateError> {
        Ok(self.tera.render_block(name, block, context)?)
    }
}

fn collect(
    folder: &Path,
    prefix: &str,
    templates: &mut BTreeMap<String, String>,
) -> Result<(), TemplateError> {
    let read_error = |path: &Path| {
        let path = path.to_owned();
        move |source| TemplateError::Read { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(read_error(folder))? {
        let path = entry.map_err(read_error(folder))?.path();
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), templates)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            templates.insert(name, std::fs::read_to_string(&path).map_err(read_error(&path))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_built_in() {
        let mut shipped = BTreeMap::new();
        collect("templates".as_ref(), "", &mut shipped).unwrap();
        assert_eq!(built_in::templates().collect::<BTreeMap<_, _>>(), shipped);
    }

    #[test]
    fn a_template_of_the_folder_wins() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plain.html"), "Mine").unwrap();
        let text = |templates: &Templates, name| templates.render_to_string(name, &Context::new()).unwrap();
        let templates = Templates::load_over_built_in(folder.path()).unwrap();
        assert_eq!(text(&templates, "plain.html"), "Mine");
        assert!(text(&templates, "poke.html").contains("session"));
        let templates = Templates::load_over_built_in(&folder.path().join("nowhere")).unwrap();
        assert!(text(&templates, "plain.html").contains("session"));
    }
}
