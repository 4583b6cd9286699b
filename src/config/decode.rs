//! A tree that the schema has accepted becomes the typed model; every string is kept before and after substitution.
//!
//! Invariant: a value that does not have its property's type is left out, never guessed.

mod command;
mod kind;
mod legacy;
mod value;

use std::ops::Range;

use super::DIAGNOSTIC_LIMIT;
use super::jsonc::{Data, Member, Node, pointer};
use super::locate::Locator;
use super::model::{DevContainer, FeatureRequest, MountRequest, Text, Variable};
use super::substitute::{Denied, Variables, substitute};
use crate::diagnostic::{Diagnostic, Kind, Level};
use crate::source::{Location, Origin, Spanned};

/// Where the tree stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// In a text.
    Text(&'a Locator<'a>),
    /// In an image label, whose pointers begin with `label:`.
    Label,
}

/// The walk over one configuration.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    variables: &'a Variables,
    place: Place<'a>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) denied: Vec<Denied>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(variables: &'a Variables, place: Place<'a>) -> Self {
        Self { variables, place, diagnostics: Vec::new(), denied: Vec::new() }
    }

    /// Decodes the object at `root`, whose own pointer is `base`.
    pub(super) fn decode(&mut self, root: &Node, base: &str) -> DevContainer {
        let mut config = DevContainer { kind: self.kind(root, base), ..DevContainer::default() };
        let Data::Object(members) = &root.data else { return config };
        for member in members {
            let here = pointer(base, &member.key);
            self.property(&mut config, member, &here);
        }
        self.legacy(&mut config, root, base);
        config
    }

    fn property(&mut self, config: &mut DevContainer, member: &Member, here: &str) {
        let node = &member.node;
        match member.key.as_str() {
            // `kind` has read these, and says so where one of them is not used.
            "image" | "build" | "dockerFile" | "context" | "dockerComposeFile" | "service" | "runServices" => {
                self.unknown_of_build(config, member, here);
            }
            "$schema" => {}
            "name" => config.name = self.text(node, here),
            "features" => config.features = self.features(node, here),
            "overrideFeatureInstallOrder" => config.override_feature_install_order = self.texts(node, here),
            "appPort" => config.app_port = self.texts(node, here),
            "forwardPorts" => config.forward_ports = self.texts(node, here),
            "portsAttributes" => config.ports_attributes = Some(self.value(node, here)),
            "otherPortsAttributes" => config.other_ports_attributes = Some(self.value(node, here)),
            "runArgs" => config.run_args = self.texts(node, here),
            "workspaceMount" => config.workspace_mount = self.text(node, here),
            "workspaceFolder" => config.workspace_folder = self.text(node, here),
            "mounts" => config.mounts = self.mounts(node, here),
            "containerEnv" => config.container_env = self.environment(node, here),
            "remoteEnv" => config.remote_env = self.environment(node, here),
            "containerUser" => config.container_user = self.text(node, here),
            "remoteUser" => config.remote_user = self.text(node, here),
            "updateRemoteUserUID" => config.update_remote_user_uid = self.flag(node, here),
            "userEnvProbe" => config.user_env_probe = self.word(node, here),
            "overrideCommand" => config.override_command = self.flag(node, here),
            "shutdownAction" => config.shutdown_action = self.word(node, here),
            "init" => config.init = self.flag(node, here),
            "privileged" => config.privileged = self.flag(node, here),
            "capAdd" => config.cap_add = self.texts(node, here),
            "securityOpt" => config.security_opt = self.texts(node, here),
            "initializeCommand" => config.initialize_command = self.command(node, here),
            "onCreateCommand" => config.on_create_command = self.command(node, here),
            "updateContentCommand" => config.update_content_command = self.command(node, here),
            "postCreateCommand" => config.post_create_command = self.command(node, here),
            "postStartCommand" => config.post_start_command = self.command(node, here),
            "postAttachCommand" => config.post_attach_command = self.command(node, here),
            "waitFor" => config.wait_for = self.word(node, here),
            "hostRequirements" => config.host_requirements = Some(self.value(node, here)),
            "secrets" => config.secrets = Some(self.value(node, here)),
            "customizations" => self.customizations(config, node, here),
            // Read at the end, since `customizations` may come later.
            "extensions" | "settings" | "devPort" => {}
            _ => config.unknown.push(Spanned::new(member.key.clone(), self.origin(here, &member.key_span))),
        }
    }

    fn customizations(&mut self, config: &mut DevContainer, node: &Node, here: &str) {
        for member in members(node) {
            let here = pointer(here, &member.key);
            let value = self.value(&member.node, &here);
            config.customizations.push((member.key.clone(), value));
            if member.key == "cloister" {
                self.asked(config, &member.node, &here);
            }
        }
    }

    /// Notes where each part stands, down to the items of its lists.
    fn asked(&self, config: &mut DevContainer, node: &Node, here: &str) {
        for member in members(node) {
            let here = pointer(here, &member.key);
            config.asked.insert(here.clone(), self.origin(&here, &member.node.span));
            for (index, item) in items(&member.node).iter().enumerate() {
                let here = pointer(&here, &index.to_string());
                config.asked.insert(here.clone(), self.origin(&here, &item.span));
            }
        }
    }

    fn features(&mut self, node: &Node, here: &str) -> Vec<Spanned<FeatureRequest>> {
        let feature = |member: &Member| {
            let options = self.value(&member.node, &pointer(here, &member.key));
            let origin = Origin { location: self.location(&member.key_span), ..options.origin };
            Spanned::new(FeatureRequest { id: member.key.clone(), options: options.value }, origin)
        };
        members(node).iter().map(feature).collect()
    }

    fn mounts(&mut self, node: &Node, here: &str) -> Vec<Spanned<MountRequest>> {
        let mut mounts = Vec::new();
        for (index, item) in items(node).iter().enumerate() {
            let here = pointer(here, &index.to_string());
            let request = match &item.data {
                Data::Object(fields) => MountRequest::Object(self.fields(fields, &here)),
                _ => match self.text(item, &here) {
                    Some(text) => MountRequest::Text(text.value),
                    None => continue,
                },
            };
            mounts.push(Spanned::new(request, self.origin(&here, &item.span)));
        }
        mounts
    }

    /// Fields of the object form; what is no text is written as JSON, so that a rule sees it.
    fn fields(&mut self, fields: &[Member], here: &str) -> Vec<(String, Text)> {
        let mut texts = Vec::with_capacity(fields.len());
        for field in fields {
            let text = match self.text(&field.node, &pointer(here, &field.key)) {
                Some(text) => text.value,
                None => Text::plain(field.node.to_value().to_string()),
            };
            texts.push((field.key.clone(), text));
        }
        texts
    }

    fn environment(&mut self, node: &Node, here: &str) -> Vec<Variable> {
        let mut variables = Vec::new();
        for member in members(node) {
            let here = pointer(here, &member.key);
            let value = match &member.node.data {
                Data::Text(raw) => Some(self.substituted(raw, &here, &member.node.span)),
                Data::Null => None,
                _ => continue,
            };
            variables.push(Variable { name: member.key.clone(), value, origin: self.origin(&here, &member.node.span) });
        }
        variables
    }

    /// Replaces the variables of one string and keeps the record of what was asked for.
    fn substituted(&mut self, raw: &str, here: &str, span: &Range<usize>) -> Text {
        let outcome = substitute(raw, self.variables);
        for (name, had_default) in outcome.denied {
            let is_set = self.variables.set_names.contains(&name);
            let location = self.location(span);
            self.denied.push(Denied { name, pointer: here.to_owned(), location, had_default, is_set });
        }
        if let (true, Some(location)) = (outcome.nameless, self.location(span)) {
            self.report(Diagnostic {
                level: Level::Error,
                kind: Kind::TypeError,
                pointer: here.to_owned(),
                message: "a variable of the environment has no name".to_owned(),
                label: "in this string".to_owned(),
                location,
                help: Some("write `${localEnv:NAME}` or `${containerEnv:NAME}`".to_owned()),
            });
        }
        Text { raw: raw.to_owned(), value: outcome.value }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < DIAGNOSTIC_LIMIT {
            self.diagnostics.push(diagnostic);
        }
    }

    fn origin(&self, here: &str, span: &Range<usize>) -> Origin {
        Origin { pointer: here.to_owned(), location: self.location(span) }
    }

    fn location(&self, span: &Range<usize>) -> Option<Location> {
        match self.place {
            Place::Text(locator) => Some(locator.locate(span.clone())),
            Place::Label => None,
        }
    }
}

/// Returns the members of an object; none of anything else.
fn members(node: &Node) -> &[Member] {
    match &node.data {
        Data::Object(members) => members,
        _ => &[],
    }
}

/// Returns the items of an array; none of anything else.
fn items(node: &Node) -> &[Node] {
    match &node.data {
        Data::Array(items) => items,
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
