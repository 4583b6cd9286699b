//! temp
/// t
pub fn read(_: &crate::source::Source)->(Option<crate::policy::Policy>,Vec<crate::diagnostic::Diagnostic>){(None,vec![])}
