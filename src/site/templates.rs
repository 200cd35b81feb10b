//! The templates of a folder, rendered by Tera.

use std::path::{Path, PathBuf};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use tera::{Context, Tera};

/// All templates of a site.
#[derive(Debug)]
pub struct Templates {
    tera: Tera,
}

/// Why the templates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read the templates at {}; start where settings.toml lies, or name it with --settings", path.display())]
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
    /// # Errors
    ///
    /// [`TemplateError`]: a file that cannot be read or parsed.
    pub fn load(folder: &Path) -> Result<Self, TemplateError> {
        let mut templates = Vec::new();
        collect(folder, "", &mut templates)?;
        let mut tera = Tera::new();
        tera.add_raw_templates(templates)?;
        Ok(Self { tera })
    }

    /// A page of status 200.
    ///
    /// # Errors
    ///
    /// [`TemplateError::Tera`] for a template that is not there, or fails.
    pub fn render(&self, name: &str, context: &Context) -> Result<HttpResponse, TemplateError> {
        self.render_with_status(StatusCode::OK, name, context)
    }

    /// A page of any status.
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
        let page = self.tera.render(name, context)?;
        Ok(HttpResponse::build(status).insert_header(ContentType::html()).body(page))
    }
}

fn collect(folder: &Path, prefix: &str, templates: &mut Vec<(String, String)>) -> Result<(), TemplateError> {
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
            templates.push((name, std::fs::read_to_string(&path).map_err(read_error(&path))?));
        }
    }
    Ok(())
}
