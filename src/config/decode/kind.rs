//! What the container is made from. Several are no error: the reference takes the Dockerfile before the image, and the image
//! before the Compose project; what is passed over is said.

use super::super::jsonc::{Member, Node, pointer};
use super::super::model::{Build, Compose, DevContainer, Kind};
use super::{Decoder, members};
use crate::diagnostic::{self, Diagnostic, Level};
use crate::source::Spanned;

impl Decoder<'_> {
    pub(super) fn kind(&mut self, root: &Node, base: &str) -> Kind {
        let build = root.member("build").map(|member| &member.node);
        let nested = build.and_then(|node| node.member("dockerfile"));
        if let Some(older) = root.member("dockerFile") {
            self.passed_over(root, base, &["image", "dockerComposeFile", "service", "runServices"], "dockerFile");
            return self.build(
                &older.node,
                "/dockerFile",
                root.member("context").map(|member| (member, "/context")),
                build,
                base,
            );
        }
        if let Some(nested) = nested {
            self.passed_over(
                root,
                base,
                &["image", "dockerComposeFile", "service", "runServices", "context"],
                "build.dockerfile",
            );
            let context = build.and_then(|node| node.member("context")).map(|member| (member, "/build/context"));
            return self.build(&nested.node, "/build/dockerfile", context, build, base);
        }
        if let Some(image) = root.member("image") {
            self.passed_over(root, base, &["build", "dockerComposeFile", "service", "runServices", "context"], "image");
            return self.text(&image.node, &pointer(base, "image")).map_or(Kind::Default, Kind::Image);
        }
        if let Some(files) = root.member("dockerComposeFile") {
            self.passed_over(root, base, &["build", "context"], "dockerComposeFile");
            return Kind::Compose(self.compose(root, &files.node, base));
        }
        self.passed_over(root, base, &["build", "context", "service", "runServices"], "the default image");
        Kind::Default
    }

    fn build(
        &mut self,
        dockerfile: &Node,
        at: &str,
        context: Option<(&Member, &str)>,
        build: Option<&Node>,
        base: &str,
    ) -> Kind {
        let Some(dockerfile) = self.text(dockerfile, &format!("{base}{at}")) else { return Kind::Default };
        let context = context.and_then(|(member, at)| self.text(&member.node, &format!("{base}{at}")));
        let part = |key: &str| {
            build.and_then(|node| node.member(key)).map(|member| (&member.node, format!("{base}/build/{key}")))
        };
        let (args, target, cache_from, options) = (part("args"), part("target"), part("cacheFrom"), part("options"));
        Kind::Dockerfile(Box::new(Build {
            dockerfile,
            context,
            args: args.map(|(node, at)| self.environment(node, &at)).unwrap_or_default(),
            target: target.and_then(|(node, at)| self.text(node, &at)),
            cache_from: cache_from.map(|(node, at)| self.texts(node, &at)).unwrap_or_default(),
            options: options.map(|(node, at)| self.texts(node, &at)).unwrap_or_default(),
        }))
    }

    fn compose(&mut self, root: &Node, files: &Node, base: &str) -> Compose {
        let service = root.member("service");
        let run_services = root.member("runServices");
        Compose {
            files: self.texts(files, &pointer(base, "dockerComposeFile")),
            service: service.and_then(|member| self.text(&member.node, &pointer(base, "service"))),
            run_services: run_services.map(|member| self.texts(&member.node, &pointer(base, "runServices"))),
        }
    }

    /// Says which properties have no effect because another decides.
    fn passed_over(&mut self, root: &Node, base: &str, keys: &[&str], winner: &str) {
        for key in keys {
            let Some(member) = root.member(key) else { continue };
            let Some(location) = self.location(&member.key_span) else { continue };
            self.report(Diagnostic {
                level: Level::Warning,
                kind: diagnostic::Kind::UnusedProperty,
                pointer: pointer(base, key),
                message: format!("`{key}` is not used: the container is made from {winner}"),
                label: "not used".to_owned(),
                location,
                help: Some(
                    "a Dockerfile comes before an image, an image before a Compose project; keep one".to_owned(),
                ),
            });
        }
    }

    /// Keeps the keys of `build` that nobody knows; the others of these properties are in [`Kind`].
    pub(super) fn unknown_of_build(&self, config: &mut DevContainer, member: &Member, here: &str) {
        const KNOWN: [&str; 6] = ["dockerfile", "context", "args", "target", "cacheFrom", "options"];
        if member.key != "build" {
            return;
        }
        for part in members(&member.node).iter().filter(|part| !KNOWN.contains(&part.key.as_str())) {
            let origin = self.origin(&pointer(here, &part.key), &part.key_span);
            config.unknown.push(Spanned::new(format!("build.{}", part.key), origin));
        }
    }
}
